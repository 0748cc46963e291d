/*
 * How long a server asks to be left alone: Retry-After (whole seconds or an HTTP date) and
 * x-retry-after (decimal seconds, what Spark's own SDK reads). Pure.
 */
#pragma once

#include <stdint.h>

#include "base/str.h"

#define CSPARK_RETRY_AFTER_MAX_MS (3 * 86400 * INT64_C(1000))

/* The larger of both in milliseconds, at most three days; -1 if neither says anything usable (junk,
 * negative, a date that has passed). A date is measured against the answer's own <date>, or against
 * <wall_s> without one. */
int64_t cspark_retry_after_ms(
	struct str retry_after, struct str x_retry_after, struct str date, int64_t wall_s);

/* "Sun, 06 Nov 1994 08:49:37 GMT" as seconds since 1970; -1 for anything else. */
int64_t cspark_http_date(struct str text);
