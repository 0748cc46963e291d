/* The inside of a list's batch. Only for bulk_batch*.c. */
#pragma once

#include "daemon/batch.h"
#include "daemon/bulk_own.h"

struct bulk_batch {
	struct bulk *bulk;
	struct batch batch;
	struct buf facts;     /* JSON members: what Spark told of the service, for every answer */
	enum batch_step step; /* under way; BATCH_WAIT: none */
	struct cspark_request *request;
	struct cspark_job *job;
	struct admit_ticket ticket;
	struct loop_timer timer;
	size_t chunks;       /* of the push under way or in doubt */
	bool was_refused;    /* that push: neither lost nor at the wrong time */
	uint64_t numbered;   /* chunks */
	size_t bytes;        /* of the records in chunks that are BOUND or PUSHED */
	uint64_t came_bytes; /* of results, for so many records */
	uint64_t came_records;
};

static inline int64_t
bulk_batch_now_ms(const struct bulk_batch *bb)
{
	return loop_now_ms(bb->bulk->call->desk->loop);
}

/* ---- bulk_batch_chunk.c: chunks for it, and what it has for them ---- */

/* What can be pushed now, or will be; makes a chunk if there is none. */
struct batch_supply bulk_batch_supply(struct bulk_batch *bb);
/* Appends the body of a push, of as many chunks as there is room for; their records. */
uint64_t bulk_batch_put_push(struct bulk_batch *bb, struct buf *out);
/* What became of the chunks of a push: they are the batch's, or to be pushed again, or not to be pushed. */
void bulk_batch_settle(struct bulk_batch *bb, enum batch_fate fate);
/* The answer to a pull; the status in it, borrowed, absent if there is none. What is no result of a chunk is
 * computed again, by a call. */
struct str bulk_batch_take_results(struct bulk_batch *bb, struct str answer);
/* Chunks that it has not got, and will not get, go by calls. */
void bulk_batch_drop_bound(struct bulk_batch *bb);
/* The same for all that it has not delivered. */
void bulk_batch_drop_all(struct bulk_batch *bb);

/* ---- bulk_batch_request.c ---- */

/* Given; NULL with an error. */
struct cspark_request *bulk_batch_request(
	struct bulk_batch *bb, enum batch_step step, struct cspark_error *ret_error);
struct cspark_request *bulk_batch_cancel_request(struct bulk_batch *bb);
/* The answer to BATCH_CREATE. False: it is none. */
bool bulk_batch_read(struct bulk_batch *bb, struct str answer);
