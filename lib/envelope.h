/* The bodies of execute requests: Spark's v3 and v4 envelopes around the caller's own bytes. */
#pragma once

#include "lib/cspark.h"

#include <stdbool.h>

struct buf;

/* Appends the body. False with an error if a text is not what it should be, or a field has no place. */
bool cspark_envelope_put(const struct cspark_execute *execute, struct buf *out,
	struct cspark_error *ret_error);
