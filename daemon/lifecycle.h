/*
 * The life of the process: one machine on main's thread, whose state everybody else reads.
 *
 *     STARTING -up-> READY -stop-> LEAVING -due-> STOPPING -idle-> STOPPED
 *                      |              `-stop-.        `-due, stop-.   ^
 *                    drain                    `----> CLOSING <----'   |
 *                      v                                `-idle, due---'
 *                   DRAINING -idle-> DRAINED                 from both: stop -> STOPPING
 *
 * What a state means for probes, callers, the service manager and the log is one row of a table in
 * lifecycle.c; so nobody else decides what "draining" is. Spark and its tokens have no part in it.
 */
#pragma once

#include <stdatomic.h>

#include "daemon/loop.h"

enum lifecycle_state {
	LIFE_STARTING,
	LIFE_READY,
	LIFE_DRAINING, /* asked to drain: new work is refused, open work is finished */
	LIFE_DRAINED,  /* that is done */
	LIFE_LEAVING,  /* asked to stop: not ready, yet all is served for drain_delay_ms */
	LIFE_STOPPING, /* no new connections; open work is finished, for at most drain_ms */
	LIFE_CLOSING,  /* out of patience: open work is answered 503 */
	LIFE_STOPPED,
};

enum lifecycle_event {
	LIFE_UP,     /* the first snapshot is in force everywhere */
	LIFE_DRAIN,  /* an operator asks */
	LIFE_QUIT,   /* an operator asks; once more is the same */
	LIFE_SIGNAL, /* SIGTERM, SIGINT; once more ends the patience */
	LIFE_IDLE,   /* every shard has done what the state waits for */
	LIFE_DUE,    /* the state's time is over */
};

struct lifecycle_facts {
	const char *name;   /* in /status */
	const char *probe;  /* what /readyz says */
	bool is_ready;      /* and whether that is 200, if there is a credential */
	bool takes_work;    /* a request for Spark that begins now is served */
	bool keeps_callers; /* an answer does not end its connection */
	bool may_reload;
	const char *event;    /* of the line in the log; NULL: none */
	const char *sentence; /* there, and for the service manager */
};
const struct lifecycle_facts *lifecycle_facts(enum lifecycle_state state);

/* A state has begun. Main's thread. */
typedef void lifecycle_state_fn(void *arg, enum lifecycle_state state);

struct lifecycle {
	_Atomic int state;    /* enum lifecycle_state */
	_Atomic unsigned cut; /* requests that were let in and not finished */
	struct loop *loop;
	struct loop_timer due;
	unsigned delay_ms, drain_ms;
	int64_t left_ms; /* when the end began */
	lifecycle_state_fn *on_state;
	void *arg;
};

/* <on_state> hears of every state but the first. Of the loop only clock and timers are used. */
void lifecycle_init(struct lifecycle *life, struct loop *loop, lifecycle_state_fn *on_state, void *arg);
/* What the configuration in force allows; for states that begin from now on. */
void lifecycle_allow(struct lifecycle *life, unsigned delay_ms, unsigned drain_ms);
/* An event that means nothing in the present state is ignored. <cause>: for the log. */
void lifecycle_tell(struct lifecycle *life, enum lifecycle_event event, const char *cause);
/* A reload begins: false if it is too late for one. Then its end, good or bad. */
bool lifecycle_reload(struct lifecycle *life);
void lifecycle_reloaded(struct lifecycle *life);
/* When no shard is left: the last line, and the process's exit code. */
int lifecycle_end(struct lifecycle *life);

/* From any thread. */
enum lifecycle_state lifecycle_state(const struct lifecycle *life);
void lifecycle_count_cut(struct lifecycle *life);
