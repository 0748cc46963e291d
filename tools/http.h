/*
 * One HTTP/1.1 exchange with the daemon: plain, blocking, with a deadline. Bodies of any size go from a
 * descriptor and to a sink; without these they are texts, and bounded. It is no general client; it speaks to
 * csparkd over TCP, by TLS or in clear, or a unix socket, and closes.
 */
#pragma once

#include "base/buf.h"
#include "base/str.h"

#include <stdatomic.h>
#include <stdbool.h>

struct progress;

/* A body in a descriptor, from where that stands now. */
struct http_source {
	int fd;
	int64_t len; /* -1: to its end, however far */
};

struct http_response {
	int status;
	char content_type[128];
	char disposition[512]; /* "": not said; so are the others */
	char location[512];
	int64_t total;         /* X-Total-Count; -1: not said */
	int64_t length;        /* of the body; -1: not said */
	int64_t retry_after_s; /* Retry-After, if it is a number; -1: not said */
	struct str body;       /* borrowed from <raw>; empty if the sink had it */
	struct buf raw;
};

/* Where the body of a 2xx answer goes instead of into <raw>. False from either ends the exchange. */
struct http_sink {
	void *arg;
	/* The head is there. */
	bool (*begin)(void *arg, const struct http_response *response);
	bool (*put)(void *arg, const char *data, size_t len);
};

struct http_request {
	const char *method;
	const char *target;       /* "/execute/f/s?_timeout=1" */
	const char *accept;       /* NULL: anything */
	const char *content_type; /* NULL: not said */
	const char *prefer;       /* NULL: not said */
	struct str body;
	const struct http_source *source; /* NULL: <body> */
	const struct http_sink *sink;     /* NULL: memory */
	struct progress *progress;        /* NULL: not shown */
	long timeout_ms;                  /* for the whole exchange */
	bool is_patient;                  /* for each wait in it */
	const atomic_bool *is_over;       /* NULL, or set from outside: the answer is not wanted any more */
};

/* <url>: "http://HOST[:PORT]", "https://HOST[:PORT]" or "unix:/PATH". False: no whole answer, and why. <ret>
 * needs http_response_fini() in any case. */
bool http_exchange(const char *url, const struct http_request *request, struct http_response *ret,
	char *ret_why, size_t why_size) __attribute__((warn_unused_result));
void http_response_fini(struct http_response *response);
