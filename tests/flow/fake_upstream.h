/*
 * daemon/upstream.h without Spark: remembers what was sent; a test answers.
 */
#pragma once

#include "daemon/upstream.h"

struct cspark_job {
	bool open; /* neither answered nor cancelled */
	bool cancelled;
	size_t tenant;
	const struct line *line;
	const struct cspark_request *request; /* borrowed while it is open */
	char method[8], path[256]; /* its, for later */
	struct cspark_call call;
	cspark_done_fn *done;
	void *arg;
};

extern struct cspark_job fake_jobs[64];
extern size_t fake_job_count;
/* What a cancelled call is said to have come to. */
extern enum cspark_outcome fake_cancel_outcome;
extern bool fake_upstream_full; /* sends fail */
extern unsigned fake_lines; /* that are open */

void fake_upstream_reset(void);
/* An answer into the sink of a job: its head, then its bytes; false: the sink wants no more. The end is
 * fake_upstream_answer() without a body, or a failure. */
bool fake_upstream_begin(size_t job, int status, int64_t length, const char *type, const char *disposition);
bool fake_upstream_put(size_t job, const void *data, size_t len);
/* 200 with this body. */
void fake_upstream_answer(size_t job, const char *body);
/* A failure; <status> 0: none from Spark. */
void fake_upstream_fail(
	size_t job, enum cspark_code code, enum cspark_outcome outcome, int status, const char *body);
