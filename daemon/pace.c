#include "daemon/pace.h"

enum {
	FRUITLESS_RUNS = 16, /* more than it takes from one sign of life to the next */
	PAUSE_MS = 10,
};

void
pace_ran(struct pace *pace, int64_t now_ms)
{
	pace->fruitless++;
	pace->run_ms = now_ms;
}

void
pace_heard(struct pace *pace)
{
	pace->fruitless = 0;
}

int64_t
pace_wait_ms(const struct pace *pace, int64_t now_ms)
{
	int64_t end_ms = pace->run_ms + PAUSE_MS;

	return pace->fruitless < FRUITLESS_RUNS || end_ms <= now_ms ? 0 : end_ms - now_ms;
}
