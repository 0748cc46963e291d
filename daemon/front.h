/*
 * The front: HTTP in and out, on one shard's loop. Only front.c and front_*.c know libmicrohttpd; this
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
 * An answer is bytes in memory, or a file that may still grow (front_source):
 *
 *     front_reply --> front_grow* --> front_finish --> done
 *
 * left() may come while it grows, too: the producer stops, and front_finish() must be called before left()
 * returns. A HEAD is answered without the file: left() comes at once if it still grows.
 *
 * Deadlines that are the front's own business: head, body, idle, write. Limits: connections, head, target,
 * body.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/str.h"
#include "lib/cspark.h"

struct front;
struct front_request;
struct identity;
struct loop;

/* How an exchange ended; names are the log's `end`. */
enum front_end {
	FRONT_OK,          /* the answer was handed over whole */
	FRONT_CALLER_LEFT, /* the caller closed before it had the answer */
	FRONT_CALLER_SLOW, /* a deadline of the front: head, body or write */
	FRONT_STOPPED,     /* the front was shut down */
	FRONT_TORN,        /* the file did not become whole, or could not be read: the connection was cut */
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
	 * sent). Or while its answer grows: front_finish() is owed. */
	void (*left)(void *exchange);
	/* The end. <bytes_out>: of the body; of a file also what was sent of it before the end came. */
	void (*done)(void *exchange, enum front_end end, uint64_t bytes_out);
	/* A connection ended before its TLS handshake was done: why, as far as is known. <arg> as for
	 * begin(); may be NULL if no socket has an identity. */
	void (*unshaken)(void *arg, const char *listener, const char *caller, const char *why);
};

enum { FRONT_SOCKETS_MAX = 16 };

struct front_socket {
	unsigned id;      /* which one it is for front_adopt() */
	int fd;           /* listening, non-blocking; taken; -1: the one of that id which is open already */
	bool is_unix;
	bool is_kept; /* others go on listening: who waits when the front drains is theirs */
	unsigned listener; /* the owner's number, for front_listener_id() */
	unsigned max_connections; /* others wait in the kernel's queue; 0: only the front's limit */
	const char *name; /* for logs: "127.0.0.1:8080"; copied */
	const char *const *allowed_hosts; /* besides loopback; NULL-terminated; may be NULL; borrowed */
	const char *const *allowed_origins; /* of web pages that may ask; the same */
	struct identity *identity; /* its callers speak TLS; counted by the front; NULL: in clear */
};

struct front_options {
	const struct front_socket *sockets; /* copied */
	size_t socket_count;                /* at most FRONT_SOCKETS_MAX; may be 0 */
	unsigned max_connections;    /* of this front */
	unsigned max_per_caller;     /* connections, see crowd.h; more are closed at once; 0: any number */
	size_t max_head;             /* bytes; 431 */
	size_t max_target;           /* bytes; 414 */
	uint64_t max_body;           /* bytes as received; 413 */
	unsigned head_ms, body_ms;   /* body_ms grows by 1 s for each 16 KiB received */
	unsigned idle_ms, write_ms;  /* write_ms grows by 1 s for each 64 KiB of a file that was taken */
};

/* Given; NULL: no memory or libmicrohttpd refused. Registers with the loop, takes the sockets, accepts
 * at once. */
struct front *front_new(struct loop *loop, const struct front_options *options, const struct front_ops *ops,
	void *arg);
/*
 * New settings. From now on the <sockets> are those of the options: one that is new accepts at once, one
 * that is named again is not touched, but for its lists, and one that is not named any more is closed
 * when all who wait at it have come in; their connections are closed after their next answer, or a moment of
 * silence. Numbers hold for what begins from now on; max_connections and max_head stay. False: no memory for
 * a socket, which is closed; the rest is done.
 */
bool front_adopt(struct front *front, const struct front_options *options);
/* Who comes in by the sockets of that owner's number from now on sees another certificate; counted. */
void front_identify(struct front *front, unsigned listener, struct identity *identity);
/* Whether this libmicrohttpd can serve sockets with an identity. */
bool front_can_tls(void);
/* Stops accepting and closes the listening sockets; kept connections are closed after their next answer,
 * or when they stay silent for a moment. */
void front_drain(struct front *front);
unsigned front_connections(const struct front *front);
/* Connections accepted so far. */
uint64_t front_accepted(const struct front *front);
/* Connections closed at once because their caller had too many. */
uint64_t front_turned_away(const struct front *front);
/* All exchanges must have been answered. Those that are still being written are cut: done(FRONT_STOPPED). */
void front_free(struct front *front);

/* ---- what a request says; borrowed until done() ---- */
struct str front_method(const struct front_request *request);
struct str front_path(const struct front_request *request);  /* raw, percent-encoded, begins with "/" */
struct str front_query(const struct front_request *request); /* raw, without "?"; empty if none */
struct str front_header(const struct front_request *request, const char *name); /* at == NULL if absent */
/* The origin of the web page that asks, where the listener allows it; at == NULL: no page asks. */
struct str front_origin(const struct front_request *request);
/* All fields, in their order; names as they were written. */
void front_headers(const struct front_request *request,
	void (*take)(void *arg, struct str name, struct str value), void *arg);
int64_t front_content_length(const struct front_request *request); /* -1: chunked; 0: no body */
const char *front_listener(const struct front_request *request);
unsigned front_listener_id(const struct front_request *request); /* as the socket has it */
/* "127.0.0.1:40312" or "unix:uid=1000,pid=4711" */
const char *front_caller(const struct front_request *request);

/* Who opened the connection, by the kernel's word; false: not by a unix socket. */
struct front_peer {
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* all further ones; given (free()) */
	size_t group_count;
};
bool front_peer(const struct front_request *request, struct front_peer *ret);

/* False: the connection is in clear. */
struct front_tls {
	const char *version; /* "TLS1.3" */
	const char *subject; /* the name in the caller's certificate; NULL: it has none */
};
bool front_tls(const struct front_request *request, struct front_tls *ret);

/* In begin(): the body of this one may have at most <max> bytes, where that is less than the options say.
 * A longer Content-Length is told to ready() before the body is read. */
void front_limit_body(struct front_request *request, uint64_t max);

/* From body() on: no more of the body is wanted for now, so that the caller's socket fills. What has been
 * read from it already may still come. left() may not come meanwhile; a caller that is gone is done(). */
void front_hold(struct front_request *request);
/* Go on; harmless if nothing is held. */
void front_release(struct front_request *request);

/* ---- the answer ---- */
struct front_header {
	const char *name;
	const char *value; /* must hold no control characters; such a header is left out */
};
/* A file, from its first byte. It is whole if <len> is <total>; otherwise it grows until front_finish(). */
struct front_source {
	int fd;        /* borrowed until done(); read with pread() */
	int64_t total; /* -1: not known yet: chunked, or until the end of the connection for HTTP/1.0 */
	uint64_t len;  /* there so far */
};

struct front_reply {
	int status;
	const char *content_type; /* NULL: none */
	const struct front_header *headers;
	size_t header_count;
	struct str body; /* borrowed until done() */
	bool close;      /* close the connection afterwards */
	/* Instead of <body>; copied; may be NULL. Not in the answer to a body that was refused. */
	const struct front_source *source;
};
/* <reply> is copied, its body borrowed until done(). nosniff and no-store are added to every answer. */
void front_reply(struct front_request *request, const struct front_reply *reply);
/* The file that is sent has <len> bytes by now. */
void front_grow(struct front_request *request, uint64_t len);
/*
 * It has all that it will ever have. Not <whole>, or shorter than was promised: the connection is cut,
 * without the last chunk, so that the caller sees it. Owed once for each source that was not whole from the
 * start.
 */
void front_finish(struct front_request *request, bool whole);
