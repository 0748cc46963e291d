/*
 * A call as a request of the library.
 */
#pragma once

#include "tools/call.h"

/* What the call sends: one of these, or nothing. */
struct direct_body {
	struct cspark_bytes text;
	const struct cspark_source *source;
	const char *type; /* of the source; NULL: the usual one */
};

/* Given, or NULL with an error. The body is borrowed until the request is freed. */
struct cspark_request *direct_request(const struct call *call, const char *tenant,
	const struct direct_body *body, struct cspark_error *ret_error);
