/*
 * What Spark does in the background: compilations, exports, imports, downloads of logs and events. A job
 * proceeds when it is asked about, or with time, as its plan says. Under the store's lock.
 */
#pragma once

#include "base/buf.h"
#include "base/list.h"
#include "sim/stamp.h"
#include "sim/store.h"

#include <stdbool.h>

struct world;

enum job_kind { JOB_COMPILE, JOB_EXPORT, JOB_IMPORT, JOB_LOGS, JOB_EVENTS, JOB_BATCH, JOB_KINDS };
enum job_outcome { JOB_SUCCEEDS, JOB_FAILS, JOB_NEVER_ENDS };

/* How jobs of a kind go. */
struct job_plan {
	enum job_outcome outcome;
	long polls;   /* so many questions are answered with "not yet" */
	long wait_ms; /* and so long it takes at least */
	long times;   /* so many jobs go this way, then as usual; below 0: all */
	char message[200];
	/* of batches alone */
	long after;    /* the outcome comes once so many chunks are done; 0: at its end */
	long lose;     /* of every so many results one never turns up; 0: of none */
	long withhold; /* so many pulls bring nothing */
	bool reverse;  /* what was done last is pulled first */
};

struct job {
	struct list node;
	char id[UUID_BYTES];
	enum job_kind kind;
	struct job_plan plan;
	long asked;
	long since_ms;
	bool cancelled;
	bool finished;
	char created[STAMP_BYTES];
	char updated[STAMP_BYTES];
	char source[NAME_BYTES];
	char correlation[NAME_BYTES];
	char file_name[NAME_BYTES];
	struct blob *file;  /* what it makes, NULL if that is no file */
	char url[2048];     /* where that is, once it was asked for */
	struct buf outputs; /* JSON, the rest of what is told about it */
	struct buf errors;  /* JSON, empty for none */
};

struct jobs {
	struct list list; /* newest last */
	unsigned count;
	struct job_plan plans[JOB_KINDS];
	long usual_polls;
};

void jobs_init(struct jobs *jobs, long usual_polls);
/* Forgets all jobs and plans. */
void jobs_clear(struct jobs *jobs);
/* False if no kind is called so. */
bool job_kind_read(struct str name, enum job_kind *ret);

/* Begins, as the plan of its kind has it. */
struct job *job_start(struct jobs *jobs, enum job_kind kind);
struct job *job_find(const struct jobs *jobs, enum job_kind kind, struct str id); /* NULL if there is none */
/* Asks: 0 to 100. At 100 it is finished, well or not. */
int job_ask(struct job *job);
/* The plan of a kind is used up by one. */
struct job_plan job_take_plan(struct jobs *jobs, enum job_kind kind);
