/*
 * One call under way: a machine of named steps, run by its client.
 *
 *     authorize -> hold -> send ... judge -> finish
 *         ^---------------------------- back off
 */
#pragma once

#include "base/list.h"
#include "lib/heap.h"
#include "lib/retry.h"
#include "lib/transport.h"

enum cspark_step {
	CSPARK_STEP_AUTHORIZE, /* find a token, or wait for one */
	CSPARK_STEP_HOLD,      /* wait while Spark asks for silence */
	CSPARK_STEP_SEND,
	CSPARK_STEP_JUDGE,
	CSPARK_STEP_BACK_OFF,
	CSPARK_STEP_FINISH,
	CSPARK_STEPS,
	CSPARK_STEP_PARKED, /* an event will run the job again */
	CSPARK_STEP_OVER,   /* the job is no more */
};

#define JOB_LINES 6

struct cspark_job {
	struct list link;               /* in client.ready or client.waiting */
	struct cspark_heap_node timer;  /* in client.timers */
	struct cspark_client *client;
	const struct cspark_request *request;
	cspark_done_fn *done;
	void *arg;
	int64_t deadline_ms;
	enum cspark_step step;
	int64_t parked_ms;      /* since when */
	int64_t *parked_charge; /* the account in result.timing that pays; NULL: none */
	int64_t wait_ms;        /* what the back-off step shall wait */
	struct cspark_token *token;  /* of the attempt under way */
	uint64_t refused_generation; /* tokens up to this one are of no use */
	struct cspark_retry_state retry;
	unsigned era; /* of the client's breaker, of the attempt under way */
	const char *origin;
	bool abroad; /* not at the client's origin: neither its breaker nor its holds are concerned */
	const struct cspark_sink *sink;
	const char *url;
	const char *lines[JOB_LINES]; /* what goes with every attempt, as put_lines() says */
	/* large, and cleared only in part */
	struct cspark_exchange exchange;
	struct cspark_result result;
	char text[];
};

/* NULL: no memory. */
struct cspark_job *cspark_job_new(struct cspark_client *client, const struct cspark_request *request,
	const struct cspark_call *call, cspark_done_fn *done, void *arg);
/* Runs steps until the job is parked or over. */
void cspark_job_run(struct cspark_job *job);
/* Takes it off every list, for running it. */
void cspark_job_unpark(struct cspark_job *job);
const char *cspark_step_name(enum cspark_step step);
