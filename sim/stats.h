/*
 * What the simulator counts, and waiting for a count. Thread-safe.
 */
#pragma once

#include "base/str.h"

#include <pthread.h>
#include <stdbool.h>

struct buf;

enum stat {
#define STAT(name) STAT_##name,
#include "sim/stats.def"
#undef STAT
	STAT_COUNT
};

struct stats {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned waiters;
	long values[STAT_COUNT];
};

void stats_init(struct stats *stats);
void stats_add(struct stats *stats, enum stat stat, long by);
/* An execute call comes or goes: in_flight and its maximum. */
void stats_enter(struct stats *stats);
void stats_leave(struct stats *stats);
/* Counters to zero; the gauges stay, they describe what is there. */
void stats_reset(struct stats *stats);

/* STAT_COUNT if there is none. */
enum stat stats_find(struct str name);
/* Waits until the value is at least (or, if <at_most>, at most) <bound>; false on time-out. */
bool stats_wait(struct stats *stats, enum stat stat, long bound, bool at_most, long timeout_ms);
/* A JSON object. */
void stats_put_json(struct stats *stats, struct buf *out);
