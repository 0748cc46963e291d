/*
 * What is sent to Spark for one ask, and its answer taken apart. Pure.
 *
 * A plan is one call: one record, an envelope, or a list that fits into a call. A longer list is cut into
 * many such asks (bulk.h).
 */
#pragma once

#include "base/buf.h"
#include "daemon/control.h"
#include "daemon/decode.h"
#include "lib/cspark.h"

struct plan {
	enum cspark_api api;
	struct cspark_request *request; /* NULL: an empty list, answered without asking Spark */
	size_t records;                 /* that the answer to a list must have */
};

/* Gives the plan (plan_fini). */
bool plan_make(const char *tenant, const struct cspark_locator *locator, const struct control *control,
	const struct ask *ask, struct plan *ret, struct cspark_error *ret_error);
/* The request for an ask, by itself; given, or NULL with an error. */
struct cspark_request *plan_request(const char *tenant, const struct cspark_locator *locator,
	const struct control *control, const struct ask *ask, struct cspark_error *ret_error);
void plan_fini(struct plan *plan); /* accepts a zeroed plan */

/* The answer to a plan. */
struct joined {
	struct cspark_answer answer; /* borrowed from the body, or from <text> */
	struct str body; /* Spark's own bytes, borrowed; of an empty list a v4 object of our own */
	struct buf text; /* what had to be written */
};
/* <body>: valid JSON, borrowed as long as <ret>; absent for an empty list. False: it is no answer of an
 * execution, or its lists are not as long as what was asked (upstream_garbled); then there is nothing to
 * fini. */
bool plan_join(const struct plan *plan, struct str body, struct joined *ret, struct cspark_error *ret_error);
void joined_fini(struct joined *joined);
/* A member of an answer. */
struct plan_member {
	const char *name;
	size_t at; /* in struct cspark_answer */
};
enum { PLAN_LISTS = 5 };
/* Those of a v4 answer that have an element for each record, in the order of the wire. */
extern const struct plan_member plan_lists[PLAN_LISTS];
struct str plan_value(const struct cspark_answer *answer, const struct plan_member *member);

/* The v4 answer for so many records, taken apart; borrowed. False: it is none (upstream_garbled). */
bool plan_read(struct str body, size_t records, struct cspark_answer *ret, struct cspark_error *ret_error);
