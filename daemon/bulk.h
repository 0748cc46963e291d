/*
 * Bulk: a list of records in one request, done in many calls.
 *
 *     body -> decode -> backlog -> chunk -> Spark -> chunk -> weave -> reply
 *                          |         ^        |
 *              held when full        `--------'  cut in two, or sent again later
 *
 * What is more than bulk.batch_above records goes by one of Spark's batches (batch.h) instead of by calls, if
 * Spark lets us have one; chunks that it does not deliver come back and go by calls.
 *
 * Records are cut into chunks when a chunk can be sent, not when they arrive: so a chunk holds what suits the
 * service (tempo.h) and the number of calls that may begin. Chunks are kept in input order; their results are
 * woven in that order. Every record has one result in the end: outputs, or an error of its own. What fails is
 * cut in two until the record that is at fault stands alone; what Spark cannot take now is sent again later.
 *
 * Memory is bounded: by the backlog, above which the caller's socket is not read, by the chunks that may be
 * under way or wait for an older one, and by the spools of the weave.
 *
 * A list of few records is one call like any other; it comes here only when that call fails.
 *
 * Everything runs on the shard's thread.
 */
#pragma once

#include "daemon/call.h"

/* In the head's step: what the body holds of lists comes here. */
void bulk_prepare(struct call *call);
/* A piece of the body was decoded: sends what can be sent. Harmless without a list. */
void bulk_fed(struct call *call);
/* The body is whole, and a list: the next step. */
enum call_step bulk_whole(struct call *call);
/* The call for a list has failed: whether it goes on here. */
bool bulk_takes_over(struct call *call);
/* The caller left, or we close: nothing is wanted any more. */
void bulk_cancel(struct call *call);
void bulk_fini(struct call *call); /* harmless without one */

/* What the reply and the log tell of it. */
struct bulk_summary {
	uint64_t records, failed;
	uint64_t batched; /* of the records: by a batch */
	unsigned calls;
	const struct front_source *source; /* NULL: the body is in memory */
};
bool bulk_summary(const struct call *call, struct bulk_summary *ret);

/* Places have become free. */
void bulks_pump(struct desk *desk);
