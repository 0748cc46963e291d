/*
 * A caller's connection and the one request that it is at, as the front keeps them. Private to the front.
 *
 * libmicrohttpd's types occur as names only: front.c and front_exchange.c know them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/str.h"
#include "daemon/crowd.h"
#include "daemon/deadline.h"
#include "daemon/door.h"
#include "daemon/feed.h"
#include "daemon/front.h"

struct engine;
struct secure;
struct MHD_Connection;
struct MHD_Response;

/* Of the request; zeroed after it. */
struct exchange {
	void *arg;           /* the owner's; NULL before begin() */
	const char *method;
	char *target;        /* in libmicrohttpd's memory, like all text */
	char *hidden;        /* see request_hide_query() */
	char hidden_byte;
	struct str path, query;
	struct str origin;   /* that is allowed */
	int64_t content_length;
	bool has_body;
	bool wants_body;
	bool whole;
	bool parked;
	bool held;           /* the owner wants no more of the body for now */
	bool has_left;
	bool replied;
	bool answers_itself; /* front_reply() writes to the socket: libmicrohttpd cannot during an upload */
	bool is_slow;
	bool is_sent;        /* by ourselves */
	bool is_over;        /* libmicrohttpd has told its end */
	bool http_1_0;
	uint64_t max_body;
	uint64_t received;
	int64_t body_since_ms; /* without the time that the body was held */
	struct MHD_Response *response; /* made, not yet queued */
	unsigned status;
	uint64_t bytes_out;
	struct feed feed;
	int64_t write_since_ms; /* without the time that the caller waited for more of the file */
	int64_t wait_since_ms; /* until the file grows, or the body is wanted again */
};

struct front_request {
	struct front *front;
	struct engine *engine;
	struct MHD_Connection *mhd;
	struct secure *secure; /* NULL: in clear */
	struct door *door;
	struct crowd_member *member; /* NULL: not counted */
	int fd;
	bool hung_up; /* the caller will send no more, or has left */
	struct list all;
	struct list parking;
	struct deadline deadline;
	char caller[CALLER_MAX];
	struct exchange now;
};

/* <member> is taken, also on failure. NULL: no memory. */
struct front_request *request_new(
	struct front *front, struct door *door, struct crowd_member *member, int fd);
void request_free(struct front_request *request); /* accepts NULL */
/* No request is under way, as far as is known. */
bool request_is_idle(const struct front_request *request);

/*
 * libmicrohttpd splits the query in place and keeps a list of its parts in the connection's scarce memory.
 * We want the raw bytes and no list, so it gets to see an empty query, and the byte is put back once it has
 * looked. request_show_target() also finds path and query.
 */
void request_hide_query(struct front_request *request, char *target);
void request_show_target(struct front_request *request);

/* Writes an answer to the socket, as far as it takes it, and says that the connection will be closed. */
void request_send(struct front_request *request, const char *reason, const struct front_reply *reply);
/* The body will not be read to its end: the owner is told, whose answer goes past libmicrohttpd. */
void request_refuse_body(struct front_request *request, const struct front_ops *ops, enum cspark_code refusal,
	const char *detail);
/*
 * libmicrohttpd hears of an event once and stops at the first short read: it never sees an end that came
 * together with bytes. This makes another event; what it has not read yet stays.
 */
void request_show_end(struct front_request *request);
/* The caller hung up: if it is gone, and not just done with sending, the owner of a parked exchange is
 * told. */
void request_leave(struct front_request *request, const struct front_ops *ops);
