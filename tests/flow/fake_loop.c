/*
 * daemon/loop.h with a virtual clock, for tests: time moves only in fake_loop_advance().
 */
#include "tests/flow/fake_loop.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define TIMERS_MAX 256

struct loop {
	int64_t now_ms;
	struct loop_timer *timers[TIMERS_MAX];
	size_t timer_count;
};

static struct loop the_loop;

struct loop *
loop_new(void)
{
	the_loop = (struct loop){ .now_ms = 1000000 };
	return &the_loop;
}

void
loop_free(struct loop *loop)
{
}

int64_t
loop_now_ms(const struct loop *loop)
{
	return the_loop.now_ms;
}

int64_t
loop_clock_us(void)
{
	return the_loop.now_ms * 1000;
}

void
loop_timer_init(struct loop_timer *timer, void (*on_due)(void *arg), void *arg)
{
	*timer = (struct loop_timer){ .at_ms = -1, .on_due = on_due, .arg = arg };
}

/* A timer that is not set is forgotten: its memory may go. */
void
loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t at_ms)
{
	size_t i = 0;

	timer->at_ms = at_ms;
	while (i < the_loop.timer_count && the_loop.timers[i] != timer)
		i++;
	if (i < the_loop.timer_count) {
		if (at_ms < 0)
			the_loop.timers[i] = the_loop.timers[--the_loop.timer_count];
		return;
	}
	cr_assert_lt(i, TIMERS_MAX);
	if (at_ms >= 0)
		the_loop.timers[the_loop.timer_count++] = timer;
}

static struct loop_timer *
first_due(int64_t until_ms)
{
	struct loop_timer *first = NULL;

	for (size_t i = 0; i < the_loop.timer_count; i++) {
		struct loop_timer *timer = the_loop.timers[i];

		if (timer->at_ms >= 0 && timer->at_ms <= until_ms && (!first || timer->at_ms < first->at_ms))
			first = timer;
	}
	return first;
}

void
fake_loop_advance(int64_t ms)
{
	int64_t until_ms = the_loop.now_ms + ms;
	struct loop_timer *timer;

	while ((timer = first_due(until_ms))) {
		if (timer->at_ms > the_loop.now_ms)
			the_loop.now_ms = timer->at_ms;
		loop_timer_set(&the_loop, timer, -1);
		timer->on_due(timer->arg);
	}
	the_loop.now_ms = until_ms;
}
