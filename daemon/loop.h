/*
 * The loop of one thread: descriptors, timers, a mailbox and guests.
 *
 * Order of an iteration, always: sleep, descriptors, timers, mailbox, guests. Guests come last, so that
 * whatever became ready in this iteration leaves in it. The clock is read once, after the sleep.
 *
 * All functions belong to the loop's thread but loop_post() and loop_stop(). A callback never runs
 * inside the function that asked for it. The only file that knows libev is loop.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;

enum { LOOP_READ = 1, LOOP_WRITE = 2 }; /* the same numbers as CSPARK_READ, CSPARK_WRITE */

struct loop *loop_new(void); /* NULL: no memory or no descriptors */
void loop_free(struct loop *loop);

void loop_run(struct loop *loop); /* until loop_stop() */
void loop_stop(struct loop *loop); /* any thread */

/* Milliseconds of CLOCK_BOOTTIME (runs during suspend), as of this iteration. */
int64_t loop_now_ms(const struct loop *loop);
/* The same clock, read now, in microseconds: for durations that are shown. */
int64_t loop_clock_us(void);

/* ---- descriptors: one watch each, level-triggered ---- */
typedef void loop_ready_fn(void *arg, int fd, int events);
/* Changes the watch of <fd>; events 0 stops it. False: no memory. */
bool loop_watch(struct loop *loop, int fd, int events, loop_ready_fn *on_ready, void *arg);
/* Must be called before a descriptor that was ever watched is closed. */
void loop_forget(struct loop *loop, int fd);

/* ---- timers: embedded in their owner, one shot ---- */
struct loop_timer {
	int64_t at_ms; /* -1: not set */
	void (*on_due)(void *arg);
	void *arg;
	size_t slot; /* the loop's own */
};
void loop_timer_init(struct loop_timer *timer, void (*on_due)(void *arg), void *arg);
/* (Re)sets; -1 clears. A time that has passed is due when the timers' turn comes next, never inside this
 * call. */
void loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t at_ms);

/* ---- guests: foreign event systems ---- */
struct loop_guest {
	/* How long the loop may sleep for this guest: 0 not at all, -1 for ever. Asked before every sleep.
	 * NULL: for ever. */
	int64_t (*timeout_ms)(void *arg);
	/* Called once at the end of every iteration. */
	void (*run)(void *arg);
	void *arg;
};
bool loop_add_guest(struct loop *loop, const struct loop_guest *guest); /* copied; at most 16 */
void loop_remove_guest(struct loop *loop, const void *arg);

/* ---- mailbox: the one door between threads ---- */
/* Runs <fn>(<arg>) on the loop's thread, in order of posting. Any thread. False: no memory, or the loop has
 * stopped (then <fn> never runs, and <arg> stays the caller's). Letters not run when the loop is freed are
 * run with <fn> by loop_free. */
bool loop_post(struct loop *loop, void (*fn)(void *arg), void *arg);
