/*
 * A batch: Spark's pipeline for long lists, as far as it is known here, and what to ask of it next.
 *
 *     create -> push ... push -> close
 *                look, pull, look, pull ...     between pushes, and until nothing more comes
 *
 * One question is under way at a time. Pulling takes results out of the batch, so an answer that is lost on
 * its way is lost for good; and of a push without an answer only the batch's own count tells whether it came.
 * Therefore the batch is trusted with nothing that its owner does not keep: whatever its end is, the owner
 * leaves it and has what it did not deliver done by calls.
 *
 * Pure; the owner brings the clock and asks the questions (bulk_batch.c).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "lib/cspark.h"

/* clang-format off */
enum {
	/* Small enough that a turn of the loop with one of them is not felt by others. */
	BATCH_PUSH_MAX   = 256 * 1024, /* bytes of records in one push; a larger chunk goes alone */
	BATCH_PULL_BYTES = 256 * 1024, /* of results in one pull, as far as can be foretold */
	BATCH_PULL_MAX   = 100,        /* chunks in one pull, says Spark */
};
/* clang-format on */

/* What a status tells (Spark's GET .../status). A number that is missing is 0. */
struct batch_status {
	bool takes_input;   /* the state allows to push */
	bool gives_results; /* the state allows to pull */
	bool is_final;      /* nothing more will be computed */
	uint64_t submitted, completed;    /* records */
	uint64_t available;               /* chunks that can be pulled */
	uint64_t input_left, input_used;  /* bytes */
	uint64_t output_used;             /* bytes */
};
/* <text>: valid JSON, the answer to a look or a push, or the member `status` of a pull. False: it is none. A
 * state that is not known allows all: Spark says what it refuses. */
CSPARK_MUST_CHECK bool batch_status_read(struct str text, struct batch_status *ret);

enum batch_step {
	BATCH_WAIT, /* until batch_next_ms(), or until there is more to push */
	BATCH_CREATE,
	BATCH_PUSH,
	BATCH_LOOK,
	BATCH_PULL,
	BATCH_CLOSE,
	BATCH_LEAVE, /* nothing more is to be had of it: batch_leave() */
};
const char *batch_step_name(enum batch_step step); /* "push" */

struct batch {
	char id[CSPARK_NAME_MAX + 1]; /* "": not created */
	bool is_closed;               /* it was told that nothing more is pushed */
	bool is_left;
	bool in_doubt;              /* whether the last push came is not known */
	bool has_pulled;            /* results, since a status came */
	struct batch_status status; /* as told last */
	uint64_t pushed;            /* records that it has got */
	uint64_t pushing;           /* records of the push under way, or in doubt */
	uint64_t delivered;         /* records whose results are here */
	size_t push_max;            /* bytes of the next push */
	unsigned pull_max;          /* chunks of the next pull */
	unsigned refusals;      /* of pushes, since one came */
	unsigned failures;      /* questions refused, since one was answered */
	unsigned pauses;        /* questions that came at the wrong time, since one was answered */
	unsigned refused_alone; /* pushes of one chunk that an empty batch refused, since one came */
	unsigned barren;        /* looks in a row that found all done, nothing to pull, but results missing */
	int64_t ask_ms;         /* nothing is asked before */
	int64_t look_at_ms;     /* the next look */
	int64_t look_ms;        /* the wait before it */
	int64_t progress_ms;    /* when something got done last */
};

void batch_init(struct batch *batch, int64_t now_ms);

/* What the owner has for it, and how long it bears that nothing gets done. */
struct batch_supply {
	size_t bytes; /* of the next chunk to be pushed; 0: there is none now */
	bool is_all;  /* there is none, and never will be */
	int64_t patience_ms;
};
enum batch_step batch_next(const struct batch *batch, const struct batch_supply *supply, int64_t now_ms);
/* After BATCH_WAIT: when to ask again; -1: when the owner has something new. */
int64_t batch_next_ms(const struct batch *batch, const struct batch_supply *supply, int64_t now_ms);
/* More can be pushed, now or later. */
bool batch_takes_input(const struct batch *batch);
/* Bytes of records that the next push may have; its first chunk may be larger. */
size_t batch_push_room(const struct batch *batch);
/* Chunks that the next pull may have. */
unsigned batch_pull_max(const struct batch *batch);
/* Records whose results are missing. */
static inline uint64_t
batch_missing(const struct batch *batch)
{
	return batch->pushed - batch->delivered;
}

/* ---- what came of a step ---- */

void batch_created(struct batch *batch, struct str id, int64_t now_ms);
/* A push of so many records begins. */
void batch_pushes(struct batch *batch, uint64_t records, int64_t now_ms);

/* Whether a push came; told by its answer, or by the first look after it. */
enum batch_fate {
	BATCH_UNKNOWN, /* still, or there was none */
	BATCH_CAME,
	BATCH_CAME_NOT,
	BATCH_TORN, /* neither all nor nothing: the batch is to be left */
};
/* A status has come, with the answer to <step>. */
enum batch_fate batch_told(
	struct batch *batch, enum batch_step step, const struct batch_status *status, int64_t now_ms);
/* Results of so many records have come. */
void batch_delivered(struct batch *batch, uint64_t records, int64_t now_ms);
void batch_closed(struct batch *batch);
/* It was refused or lost. <is_pause>: Spark is to be left alone for <retry_after_s> (-1: for a while). Says
 * what is known of a push. */
enum batch_fate batch_failed(struct batch *batch, enum batch_step step, bool is_pause,
	enum cspark_outcome outcome, long retry_after_s, int64_t now_ms);
/* A push of so many chunks was refused, and has not come. True: the chunk was alone in an empty batch, it
 * cannot be pushed whatever we do. */
bool batch_push_refused(struct batch *batch, size_t chunks);
void batch_leave(struct batch *batch);
