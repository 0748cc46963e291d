/* The inside of bulk. Only for bulk*.c. */
#pragma once

#include "daemon/backlog.h"
#include "daemon/bulk.h"
#include "daemon/tempo.h"
#include "daemon/weave.h"

enum chunk_state {
	CHUNK_READY, /* to be sent */
	CHUNK_SENT,
	CHUNK_BOUND,  /* for the batch, which has not got it yet */
	CHUNK_PUSHED, /* the batch has got it */
	CHUNK_DONE, /* has an answer */
	CHUNK_FAILED,
};

/* A run of records: one call, or to become one. */
struct chunk {
	struct list node; /* in input order */
	struct bulk *bulk;
	enum chunk_state state;
	uint64_t records;
	int64_t sent_ms;
	struct buf list; /* as JSON; empty once it is done */
	bool has_names;  /* it is rows under a row of names */
	uint64_t number; /* BOUND, PUSHED: its id in the batch */
	bool in_push;    /* BOUND: of the push under way, or in doubt */
	struct cspark_request *request;
	struct cspark_job *job;
	struct admit_ticket ticket;
	bool is_begun; /* DONE: the weave has borrowed the answer */
	char *body; /* Spark's answer; owned */
	size_t body_len;
	struct cspark_error error; /* FAILED */
	int status;                /* Spark's, with it */
	enum cspark_outcome outcome; /* the most that may have happened */
};

struct bulk {
	struct list node; /* of the desk's, once it has begun */
	struct call *call;
	struct backlog backlog;
	struct bulk_batch *batch; /* NULL: none was wanted yet */
	struct board_row *row;    /* on the shard's board; NULL: it is not shown */
	struct list chunks;     /* the first one is the next to be woven */
	unsigned chunk_count;   /* in that list */
	unsigned sent;          /* of them */
	unsigned made;          /* so far, in all */
	size_t held;            /* bytes of answers that wait for an older one */
	uint64_t records;       /* that have arrived */
	uint64_t answered;      /* records that Spark had an answer for */
	uint64_t succeeded;     /* the same, when it was looked at */
	unsigned refused_alone; /* records, before any has succeeded */
	bool begun;             /* it is more than one call */
	bool whole;             /* the body is there */
	bool over;              /* nothing is sent any more */
	bool is_held;           /* the caller has to wait */
	int64_t linger_ms;      /* until then more records are waited for */
	int64_t hold_ms;        /* until then nothing is sent: Spark has no time */
	int64_t deadline_ms;
	int64_t progress_ms; /* when something got done last */
	unsigned pauses;     /* since then */
	struct loop_timer timer;
	struct loop_timer weaver;
	struct weave weave;
	struct str key;              /* of the tempo; in the call's arena */
	struct tempo spare;          /* if there is no memory for another */
	struct cspark_error fatal;   /* what has no result fails with it */
	struct chunk *rest;          /* that arrived behind it; NULL: nothing */
	struct cspark_error refusal; /* why there will be no answer; code CSPARK_OK: there will be one */
	/* the first failure: told if nothing succeeds */
	struct cspark_error error;
	int error_status;
	bool error_retryable;
	char *error_body;
	size_t error_body_len;
	struct front_source source;
};

/* ---- bulk.c ---- */
struct chunk *bulk_chunk_new(struct bulk *bulk, struct list *before); /* NULL: no memory */
void bulk_chunk_free(struct chunk *chunk);
/* It is more than one call. */
void bulk_begin(struct bulk *bulk);
struct tempo *bulk_tempo(struct bulk *bulk);
struct tempo_limits bulk_tempo_limits(const struct bulk *bulk);
/* Nothing more is sent: what has no result yet fails with <error>. */
void bulk_abort(struct bulk *bulk, const struct cspark_error *error);
/* The same, as its time is over. */
void bulk_expire(struct bulk *bulk);
/* Something has changed: weaves, sends, sets the timers. Results of chunks are looked at later, not in this
 * call. */
void bulk_go_on(struct bulk *bulk);

/* It is done, in whatever way: no timers, no places. */
void bulk_close(struct bulk *bulk);

static inline struct chunk *
bulk_first_chunk(const struct bulk *bulk)
{
	return list_empty(&bulk->chunks) ? NULL : LIST_ITEM(bulk->chunks.next, struct chunk, node);
}

/* ---- bulk_answer.c ---- */
/* All that has come has its place in the document. */
bool bulk_is_woven(const struct bulk *bulk);
/* Takes the first chunk, if it is done, or a piece of what is left in the end. A timer's function: one in
 * each turn of the loop, so that others are served between. */
void bulk_weave(void *bulk);

/* ---- bulk_send.c ---- */
/* Asks Spark one of the list's questions; NULL with an error. The request is borrowed until it is done. */
struct cspark_job *bulk_ask(struct bulk *bulk, const struct cspark_request *request, cspark_done_fn *done,
	void *arg, struct cspark_error *ret_error);
/* The deadline of the list is over. */
bool bulk_is_late(const struct bulk *bulk);
/* How many calls may be under way now. */
unsigned bulk_concurrency(struct bulk *bulk);
/* How many records the next call may hold, with so many calls at a time. */
size_t bulk_next_records(struct bulk *bulk, unsigned concurrency);
/* Sends as much as may be sent now. */
void bulk_send(struct bulk *bulk);
/* No call is under way for it any more; what was sent is to be sent again. */
void bulk_chunk_cancel(struct chunk *chunk);
/* The first failure is told if nothing at all succeeds. The body is taken if it is the first. */
void bulk_keep_failure(struct bulk *bulk, const struct cspark_error *error, int status, char **body,
	size_t *body_len);
/* Its body is the answer. */
void bulk_chunk_done(struct chunk *chunk);
/* Why a call has failed, in a sentence; <body>: what Spark said. ret_error->code is the caller's. */
void bulk_explain(const struct cspark_result *result, struct str body, struct cspark_error *ret_error);
/* It has no result but this; its body is what Spark said. */
void bulk_chunk_fail(struct chunk *chunk, const struct cspark_error *error, enum cspark_outcome outcome);

/* ---- bulk_batch.c ---- */
/* What is still to come goes by a batch: the list is longer than bulk.batch_above, or the caller wants it. */
bool bulk_batch_takes(const struct bulk *bulk);
/* Asks the batch what is to be asked now, if there is one or is to be one. */
void bulk_batch_go_on(struct bulk *bulk);
/* The chunk is not the batch's any more; harmless if it was not. */
void bulk_batch_drop(struct chunk *chunk);
/* The list is over: closes or cancels the batch. Harmless without one, and twice. */
void bulk_batch_end(struct bulk *bulk);
void bulk_batch_free(struct bulk *bulk);
/* There is one, and it has not been left. */
bool bulk_batch_is_open(const struct bulk *bulk);
/* Records that it delivered. */
uint64_t bulk_batch_records(const struct bulk *bulk);

/* ---- bulk_show.c ---- */
/* Tells how the list is now, to whom asks for /status. Harmless if it has not begun or is over. */
void bulk_show(struct bulk *bulk);
void bulk_hide(struct bulk *bulk);

/* ---- bulk_judge.c ---- */
enum bulk_verdict {
	BULK_FAIL,  /* its records have no result */
	BULK_HALVE, /* too many records for one call */
	BULK_CUT,   /* one of its records is at fault */
	BULK_PAUSE, /* not now; it was not executed */
	BULK_ABORT, /* nothing of the list can be done */
};
/* Pure. <status>: Spark's; 0: none. */
const char *bulk_verdict_name(enum bulk_verdict verdict);
enum bulk_verdict bulk_judge(enum cspark_code code, int status, enum cspark_outcome outcome);
