/*
 * What of Spark's answer is the local answer: the daemon's shape "simple", for calls without it. Pure.
 */
#pragma once

#include "base/buf.h"
#include "base/str.h"
#include "lib/cspark_operations.h"

#include <stdbool.h>

enum payload_verdict {
	PAYLOAD_GOOD,
	PAYLOAD_FAILED,  /* HTTP 200, but the body tells of an error */
	PAYLOAD_MISSING, /* what was asked for does not exist */
};

/* <body>: a 2xx answer, valid JSON. <ret_text>: borrowed from <body> or <scratch>; <ret_total>: how many
 * there are in all, -1: not said. */
enum payload_verdict payload_take(enum cspark_payload kind, struct str body, struct buf *scratch,
	struct str *ret_text, int64_t *ret_total);
