#include "sim/job.h"

#include <stdio.h>
#include <stdlib.h>

#define JOBS_MAX 1000

static const char *const names[JOB_KINDS] = { "compile", "export", "import", "logs", "events", "batch" };

bool
job_kind_read(struct str name, enum job_kind *ret)
{
	int i;

	for (i = 0; i < JOB_KINDS; i++) {
		if (str_eq(name, str_of(names[i]))) {
			*ret = (enum job_kind)i;
			return true;
		}
	}
	return false;
}

static void
drop(struct jobs *jobs, struct job *job)
{
	list_remove(&job->node);
	jobs->count--;
	blob_unref(job->file);
	buf_fini(&job->outputs);
	buf_fini(&job->errors);
	free(job);
}

void
jobs_init(struct jobs *jobs, long usual_polls)
{
	*jobs = (struct jobs){ .usual_polls = usual_polls };
	list_init(&jobs->list);
	jobs_clear(jobs);
}

void
jobs_clear(struct jobs *jobs)
{
	int i;

	while (!list_empty(&jobs->list))
		drop(jobs, LIST_ITEM(jobs->list.next, struct job, node));
	for (i = 0; i < JOB_KINDS; i++)
		jobs->plans[i] = (struct job_plan){ .times = 0 };
}

struct job_plan
job_take_plan(struct jobs *jobs, enum job_kind kind)
{
	struct job_plan *plan = &jobs->plans[kind];

	if (plan->times == 0)
		return (struct job_plan){ .polls = kind == JOB_BATCH ? 0 : jobs->usual_polls };
	if (plan->times > 0)
		plan->times--;
	return *plan;
}

struct job *
job_start(struct jobs *jobs, enum job_kind kind)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job)
		abort();
	if (jobs->count == JOBS_MAX)
		drop(jobs, LIST_ITEM(jobs->list.next, struct job, node));
	stamp_uuid(job->id);
	stamp_now(job->created);
	stamp_now(job->updated);
	job->kind = kind;
	job->plan = job_take_plan(jobs, kind);
	job->since_ms = stamp_ms();
	buf_init(&job->outputs, (size_t)64 << 20);
	buf_init(&job->errors, (size_t)1 << 20);
	list_append(&jobs->list, &job->node);
	jobs->count++;
	return job;
}

struct job *
job_find(const struct jobs *jobs, enum job_kind kind, struct str id)
{
	struct list *at;

	for (at = jobs->list.next; at != &jobs->list; at = at->next) {
		struct job *job = LIST_ITEM(at, struct job, node);

		if (job->kind == kind && str_eq_nocase(id, str_of(job->id)))
			return job;
	}
	return NULL;
}

int
job_ask(struct job *job)
{
	long elapsed_ms = stamp_ms() - job->since_ms;
	bool asked_enough = job->asked >= job->plan.polls, waited = elapsed_ms >= job->plan.wait_ms;

	if (job->finished)
		return 100;
	if (job->plan.outcome != JOB_NEVER_ENDS && asked_enough && waited) {
		job->finished = true;
		stamp_now(job->updated);
		return 100;
	}
	job->asked++;
	if (!asked_enough)
		return (int)(100 * job->asked / (job->plan.polls + 1));
	return waited ? 99 : (int)(100 * elapsed_ms / (job->plan.wait_ms + 1));
}
