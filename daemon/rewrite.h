/*
 * Spark's absolute URLs in a JSON answer, made to point at this gateway: the official SDKs follow them, and
 * have no credentials of their own. Pure.
 */
#pragma once

#include "base/buf.h"
#include "base/str.h"
#include "lib/cspark_operations.h"

struct rewrite {
	struct cspark_file_policy policy; /* which URLs are Spark's */
	struct str base;                  /* "http://127.0.0.1:8080" */
	struct str tenant;                /* to be named in the URL; at == NULL: not */
};

/* Appends <json>, which is valid, with its URLs rewritten: operations of Spark keep their path, others become
 * /files?url=. False: no memory. */
bool rewrite_urls(const struct rewrite *rewrite, struct str json, struct buf *out);
