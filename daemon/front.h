/*
 * The front: HTTP in and out, on one shard's loop. The only file that knows libmicrohttpd is front.c; this
 * interface is so narrow that another server could stand behind it.
 *
 * An exchange is one request and its answer:
 *
 *     begin --> body* --> ready ~parked~ front_reply --> done
 *        `--> front_reply at once (the body, if any, is not read; the connection is closed) --> done
 *
 * begin() is told about every request whose head could be parsed, also one that the guard refused: then
 * <refusal> is not CSPARK_OK and the exchange must be answered at once, with that code. So every request,
 * good or bad, has one answer and one log line by the same road.
 *
 * Between ready() and front_reply() the exchange is parked; left() may come then. done() comes exactly once
 * for every begin() that gave an exchange, and is the only place to free it. front_reply() may be called
 * from begin(), from ready() or any time later on the loop's thread, once.
 *
 * Deadlines that are the front's own business: head, body, idle, write. Limits: connections, head, target,
 * body.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "lib/cspark.h"

struct front;
struct front_request;
struct loop;

/* How an exchange ended; names are the log's `end`. */
enum front_end {
	FRONT_OK,            /* the answer was handed over whole */
	FRONT_CALLER_LEFT,   /* the caller closed before it had the answer */
	FRONT_CALLER_SLOW,   /* a deadline of the front: head, body or write */
	FRONT_STOPPED,       /* the front was shut down */
};

struct front_ops {
	/* The head is complete. Gives the exchange, or NULL (no memory: the connection is closed).
	 * <refusal>, <detail>: the guard's verdict. */
	void *(*begin)(void *arg, struct front_request *request, enum cspark_code refusal,
		const char *detail);
	/* A piece of the body, borrowed. False: no more is wanted (what follows is read and dropped,
	 * then ready()). */
	bool (*body)(void *exchange, const char *data, size_t len);
	/* The request is whole; an answer is owed. <refusal>: the body broke a rule (too large, too slow),
	 * and the exchange must be answered at once. */
	void (*ready)(void *exchange, enum cspark_code refusal, const char *detail);
	/* The caller is gone while its exchange is parked. front_reply() is still owed (it will not be
	 * sent). */
	void (*left)(void *exchange);
	/* The end. <bytes_out>: of the body. */
	void (*done)(void *exchange, enum front_end end, uint64_t bytes_out);
};

enum { FRONT_SOCKETS_MAX = 16 };

struct front_socket {
	int fd;           /* listening, non-blocking; taken */
	bool is_unix;
	const char *name; /* for logs: "127.0.0.1:8080"; copied */
	const char *const *allowed_hosts; /* besides loopback; may be NULL; borrowed */
};

struct front_options {
	const struct front_socket *sockets; /* copied */
	size_t socket_count;                /* at most FRONT_SOCKETS_MAX */
	unsigned max_connections;    /* of this front */
	size_t max_head;             /* bytes; 431 */
	size_t max_target;           /* bytes; 414 */
	uint64_t max_body;           /* bytes as received; 413 */
	unsigned head_ms, body_ms;   /* body_ms grows by 1 s for each 16 KiB received */
	unsigned idle_ms, write_ms;
};

/* Given; NULL: no memory or libmicrohttpd refused. Registers with the loop, takes the sockets, accepts
 * at once. */
struct front *front_new(struct loop *loop, const struct front_options *options, const struct front_ops *ops,
	void *arg);
/* Stops accepting and closes the listening sockets; kept connections are closed after their next answer,
 * or when they stay silent for a moment. */
void front_drain(struct front *front);
unsigned front_connections(const struct front *front);
/* Connections accepted so far. */
uint64_t front_accepted(const struct front *front);
/* All exchanges must have been answered. Those that are still being written are cut: done(FRONT_STOPPED). */
void front_free(struct front *front);

/* ---- what a request says; borrowed until done() ---- */
struct str front_method(const struct front_request *request);
struct str front_path(const struct front_request *request);  /* raw, percent-encoded, begins with "/" */
struct str front_query(const struct front_request *request); /* raw, without "?"; empty if none */
struct str front_header(const struct front_request *request, const char *name); /* at == NULL if absent */
int64_t front_content_length(const struct front_request *request); /* -1: chunked; 0: no body */
const char *front_listener(const struct front_request *request);
unsigned front_listener_index(const struct front_request *request); /* into the options' sockets */
/* "127.0.0.1:40312" or "unix:uid=1000,pid=4711" */
const char *front_caller(const struct front_request *request);

/* ---- the answer ---- */
struct front_header {
	const char *name;
	const char *value; /* must hold no control characters; such a header is left out */
};
struct front_reply {
	int status;
	const char *content_type; /* NULL: none */
	const struct front_header *headers;
	size_t header_count;
	struct str body; /* borrowed until done() */
	bool close;      /* close the connection afterwards */
};
/* <reply> is copied, its body borrowed until done(). nosniff and no-store are added to every answer. */
void front_reply(struct front_request *request, const struct front_reply *reply);
