#include "sim/stats.h"

#include "base/buf.h"

#include <time.h>

static const char *const names[STAT_COUNT] = {
#define STAT(name) #name,
#include "sim/stats.def"
#undef STAT
};

void
stats_init(struct stats *stats)
{
	pthread_condattr_t attr;

	*stats = (struct stats){ .waiters = 0 };
	pthread_mutex_init(&stats->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&stats->changed, &attr);
	pthread_condattr_destroy(&attr);
}

static void
unlock_changed(struct stats *stats)
{
	if (stats->waiters)
		pthread_cond_broadcast(&stats->changed);
	pthread_mutex_unlock(&stats->lock);
}

void
stats_add(struct stats *stats, enum stat stat, long by)
{
	pthread_mutex_lock(&stats->lock);
	stats->values[stat] += by;
	unlock_changed(stats);
}

void
stats_enter(struct stats *stats)
{
	long *values = stats->values;

	pthread_mutex_lock(&stats->lock);
	if (++values[STAT_in_flight] > values[STAT_in_flight_max])
		values[STAT_in_flight_max] = values[STAT_in_flight];
	unlock_changed(stats);
}

void
stats_leave(struct stats *stats)
{
	stats_add(stats, STAT_in_flight, -1);
}

void
stats_reset(struct stats *stats)
{
	long open, in_flight;

	pthread_mutex_lock(&stats->lock);
	open = stats->values[STAT_connections_open];
	in_flight = stats->values[STAT_in_flight];
	memset(stats->values, 0, sizeof(stats->values));
	stats->values[STAT_connections_open] = open;
	stats->values[STAT_in_flight] = in_flight;
	unlock_changed(stats);
}

enum stat
stats_find(struct str name)
{
	unsigned i;

	for (i = 0; i < STAT_COUNT; i++)
		if (str_eq(name, str_of(names[i])))
			return (enum stat)i;
	return STAT_COUNT;
}

bool
stats_wait(struct stats *stats, enum stat stat, long bound, bool at_most, long timeout_ms)
{
	struct timespec until;
	bool reached;
	int rc = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += timeout_ms % 1000 * 1000000;
	until.tv_sec += timeout_ms / 1000 + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&stats->lock);
	stats->waiters++;
	for (;;) {
		long value = stats->values[stat];

		reached = at_most ? value <= bound : value >= bound;
		if (reached || rc != 0)
			break;
		rc = pthread_cond_timedwait(&stats->changed, &stats->lock, &until);
	}
	stats->waiters--;
	pthread_mutex_unlock(&stats->lock);
	return reached;
}

void
stats_put_json(struct stats *stats, struct buf *out)
{
	long values[STAT_COUNT];
	unsigned i;

	pthread_mutex_lock(&stats->lock);
	memcpy(values, stats->values, sizeof(values));
	pthread_mutex_unlock(&stats->lock);
	for (i = 0; i < STAT_COUNT; i++)
		buf_printf(out, "%c\"%s\":%ld", i ? ',' : '{', names[i], values[i]);
	buf_put_str(out, STR("}\n"));
}
