/*
 * What is sent to Spark for one ask, and how the answers become one again. Pure.
 *
 * A plan has parts; each is one Spark call for a run of records, in input order. One record, an
 * envelope, or a list that fits is one part. join() does not care how many there are.
 */
#pragma once

#include "base/buf.h"
#include "daemon/control.h"
#include "daemon/decode.h"
#include "lib/cspark.h"

struct part {
	struct cspark_request *request;
	size_t first; /* index of its first record */
	size_t records;
};

struct plan {
	enum cspark_api api;
	size_t part_count; /* 0: an empty list, answered without asking Spark */
	struct part *parts;
};

/* Gives the plan (plan_fini). */
bool plan_make(const char *tenant, const struct cspark_locator *locator, const struct control *control,
	const struct ask *ask, struct plan *ret, struct cspark_error *ret_error);
/* The request for an ask, by itself; given, or NULL with an error. */
struct cspark_request *plan_request(const char *tenant, const struct cspark_locator *locator,
	const struct control *control, const struct ask *ask, struct cspark_error *ret_error);
/* A plan of one request, which is taken. False: no memory, and it is freed. */
bool plan_take(struct plan *plan, struct cspark_request *request);
void plan_fini(struct plan *plan); /* accepts a zeroed plan */

/* One answer out of the parts'. */
struct joined {
	struct cspark_answer answer; /* borrowed from the bodies, or from <text> */
	struct str body;             /* Spark's own bytes if there was one part, else the joined v4 object */
	struct buf text;             /* what join itself had to write */
};
/* <bodies>: one for each part, valid JSON, borrowed as long as <ret>; NULL for a plan without parts.
 * False: a body is no execute answer,
 * or its arrays do not have as many elements as the part has records (upstream_garbled); then there is
 * nothing to fini. */
bool plan_join(const struct plan *plan, const struct str *bodies, struct joined *ret,
	struct cspark_error *ret_error);
void joined_fini(struct joined *joined);
/* The v4 answer for so many records, taken apart; borrowed. False: it is none (upstream_garbled). */
bool plan_read(
	struct str body, size_t records, struct cspark_answer *ret, struct cspark_error *ret_error);
