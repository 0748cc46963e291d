/*
 * Asynchronous batches: chunks of records go in, are calculated as an execute call would, and wait until they
 * are pulled. Work is done whenever a batch is looked at, as its plan allows, and only as long as the output
 * has room: so a caller who does not pull finds the input full some day. Under the store's lock.
 */
#pragma once

#include "base/buf.h"
#include "base/list.h"
#include "sim/chunk.h"
#include "sim/job.h"
#include "sim/services.h"

#include <stdbool.h>

enum batch_status {
	BATCH_CREATED,
	BATCH_IN_PROGRESS,
	BATCH_CLOSED,
	BATCH_CLOSED_BY_TIMEOUT,
	BATCH_COMPLETED,
	BATCH_COMPLETED_BY_TIMEOUT,
	BATCH_FAILED,
	BATCH_CANCELLED,
	BATCH_STATUSES
};

#define WORKERS_MAX 100

struct batches;
struct limits;

struct batch {
	struct list node;
	struct batches *owner;
	char id[UUID_BYTES];
	struct callee callee;
	char uri[3 * NAME_BYTES];
	enum batch_status status;
	struct job_plan plan;
	long asked; /* since the last push */
	long since_ms;
	long created_ms;
	long touched_ms;           /* something was pushed or pulled */
	long workers[WORKERS_MAX]; /* until when each is busy, by stamp_us() */
	char created[STAMP_BYTES];
	char updated[STAMP_BYTES];
	char purpose[NAME_BYTES];
	char source[NAME_BYTES];
	char correlation[NAME_BYTES];
	char key[NAME_BYTES];
	struct str output; /* what is wanted, raw JSON in <wish> */
	struct buf wish;   /* the body that made it */
	long initial_workers;
	long max_workers;
	long chunks_per_request;
	long threads;
	long acceptable_errors; /* per cent */
	size_t input_max;
	size_t output_max;
	size_t input_used;
	size_t output_used;
	size_t input_bytes; /* in all */
	size_t output_bytes;
	struct list queue;
	struct list ready;
	struct buf ids; /* of all chunks there ever were, a line each */
	unsigned chunks_submitted;
	unsigned chunks_completed;
	unsigned chunks_failed;
	unsigned chunks_ready;
	unsigned records_submitted;
	unsigned records_completed;
	unsigned records_failed;
	unsigned records_ready;
	long compute_ms;
};

struct batches {
	struct list list; /* oldest first */
	unsigned count;
	const struct limits *limits;
	struct flaws *flaws;
};

/* <limits>, <flaws> borrowed for good. */
void batches_init(struct batches *batches, const struct limits *limits, struct flaws *flaws);
void batches_clear(struct batches *batches);
struct batch *batch_new(struct batches *batches, const struct callee *callee, struct str wish);
struct batch *batch_find(const struct batches *batches, struct str id); /* NULL if there is none */

const char *batch_status_name(enum batch_status status);
/* False if no status is called so. */
bool batch_status_read(struct str name, enum batch_status *ret);
/* Whether it takes input; whether it is over and nothing will become of what is still queued. */
bool batch_is_open(const struct batch *batch);
bool batch_is_over(const struct batch *batch);

/* Whether a chunk of this id has ever been pushed. */
bool batch_knows(const struct batch *batch, const char *id);
/* <data>: {"inputs":..., "parameters":..., "summary":...}, known to be sound. */
void batch_push(struct batch *batch, const char *id, struct str data);
/* The oldest finished chunk, to be given back to chunk_free(); NULL if there is none. */
struct chunk *batch_pull(struct batch *batch);
/* Somebody looks: what can be done is done. */
void batch_work(struct batch *batch);
void batch_cancel(struct batch *batch);
