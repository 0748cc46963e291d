/*
 * A piece of a list: one request to the daemon, or calls of Spark without it; asked again while that can
 * help. Each runs in a thread of its own, so that some are under way at once.
 */
#pragma once

#include "tools/http.h"
#include "tools/results.h"

#include <pthread.h>
#include <stdatomic.h>

struct execute_options;

/* What all pieces of a list share; the flags aside it does not change while they run. */
struct haul {
	const char *url;
	const char *target;
	enum cut_form in, out; /* directly: JSON goes in */
	char separator;
	const struct execute_options *direct; /* NULL: through the daemon */
	long timeout_ms;    /* of one request */
	int64_t patience_ms; /* how long it is asked again */
	bool is_quiet;
	atomic_bool is_over; /* nothing is wanted any more */
	atomic_bool is_told; /* that something is asked again */
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

struct piece {
	struct haul *haul;
	struct cspark_blocking *blocking; /* NULL: through the daemon */
	struct buf body;
	bool has_names; /* above its records */
	uint64_t first; /* the number of its first record */
	uint64_t records;
	uint64_t input_end; /* how much of the input has been read with it */
	/* How it went, behind piece_wait(). */
	struct results results;
	enum results_verdict verdict;
	bool is_answered;
	bool is_refused;   /* no record has a result: see <problem> */
	int status;
	int64_t rest_ms;   /* nothing is to be asked before: the answer says so */
	struct buf problem; /* what came with a status that is no 2xx */
	char why[300];      /* !is_answered, or the answer is not usable */
	/* the piece's own */
	pthread_t thread;
	bool is_running;
	bool is_done; /* under the lock */
};

bool haul_init(struct haul *haul);
void haul_fini(struct haul *haul);

void piece_init(struct piece *piece, struct haul *haul);
void piece_fini(struct piece *piece);
/* Before the first thread runs, if it is to go directly. False with a sentence on stderr. */
bool piece_open(struct piece *piece);
/* <record> as it stands in the list; NULL-safe for no names: at == NULL. */
void piece_put(struct piece *piece, struct str names, struct str record);
bool piece_start(struct piece *piece);
/* False: it is not done yet, and <wait_ms> have gone by. */
bool piece_wait(struct piece *piece, int wait_ms);
/* Empty again. */
void piece_clear(struct piece *piece);
