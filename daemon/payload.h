/*
 * What is useful in an answer of Spark that is no execution: the payload inside v1's and v3's envelopes,
 * the JSON in a string, yes or no; and the failures that Spark hides in a success or in a 500. Pure.
 */
#pragma once

#include "base/arena.h"
#include "base/str.h"
#include "lib/cspark_operations.h"

struct payload {
	struct str text;  /* JSON; borrowed from the body, or from the arena */
	struct str count; /* of a listing, a JSON number; at == NULL: it has none */
};

/* <body>: valid JSON of a 2xx answer. False: Spark failed all the same, or there is no such thing; then
 * <ret_status> is the status that says so. */
bool payload_read(enum cspark_payload kind, struct str body, struct arena *arena, struct payload *ret,
	int *ret_status, struct cspark_error *ret_error);
/* The status that a 500 of v4 stands for; 0: a failure of Spark's own. */
int payload_status_of_500(struct str body);
