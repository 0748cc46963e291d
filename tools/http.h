/*
 * One HTTP/1.1 exchange with the daemon: plain, blocking, with a deadline, bounded. It is no
 * general client; it speaks to csparkd over TCP or a unix socket and closes.
 */
#pragma once

#include "base/buf.h"
#include "base/str.h"

#include <stdbool.h>

struct http_request {
	const char *method;
	const char *target;       /* "/execute/f/s?_timeout=1" */
	const char *accept;       /* NULL: anything */
	const char *content_type; /* NULL: not said */
	struct str body;
	long timeout_ms;          /* for the whole exchange */
};

struct http_response {
	int status;
	char content_type[128];
	struct str body; /* borrowed from <raw> */
	struct buf raw;  /* as received, chunks put together */
};

/* <url>: "http://HOST[:PORT]" or "unix:/PATH". False: no answer, and why. <ret> needs http_response_fini() in
 * any case. */
bool http_exchange(const char *url, const struct http_request *request, struct http_response *ret,
	char *ret_why, size_t why_size) __attribute__((warn_unused_result));
void http_response_fini(struct http_response *response);

enum http_progress { HTTP_MORE, HTTP_WHOLE, HTTP_GARBLED };
/* Looks at what has arrived in <raw>; <at_end>: nothing more will. On HTTP_WHOLE all members are set. */
enum http_progress http_response_read(struct http_response *response, bool at_end);
