#include "daemon/loop.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* What happened, one letter an event. */
struct story {
	struct loop *loop;
	char at[64];
	size_t len;
	int left; /* guests' runs until the loop is stopped */
};

static void
tell(struct story *story, char event)
{
	if (story->len < sizeof(story->at) - 1)
		story->at[story->len++] = event;
}

static void
on_ready(void *arg, int fd, int events)
{
	char byte;

	tell(arg, 'd');
	cr_assert_eq(read(fd, &byte, 1), 1);
}

static void
on_due(void *arg)
{
	tell(arg, 't');
}

static void
on_letter(void *arg)
{
	tell(arg, 'm');
}

static int64_t
never(void *arg)
{
	return -1;
}

static int64_t
at_once(void *arg)
{
	return 0;
}

static void
on_guest(void *arg)
{
	struct story *story = arg;

	tell(story, 'g');
	if (--story->left == 0)
		loop_stop(story->loop);
}

static struct story
begin(int runs)
{
	struct story story = { .loop = loop_new(), .left = runs };

	cr_assert_not_null(story.loop);
	return story;
}

static void
add_guest(struct story *story)
{
	cr_assert(loop_add_guest(story->loop, &(struct loop_guest){ never, on_guest, story }));
}

static void
stop(void *arg)
{
	loop_stop(arg);
}

static void
socket_pair(int ends[2])
{
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
}

Test(loop, runs_descriptors_timers_letters_and_guests_in_this_order)
{
	struct story story = begin(1);
	struct loop_timer timer;
	int ends[2];

	socket_pair(ends);
	add_guest(&story);
	cr_assert(loop_post(story.loop, on_letter, &story));
	loop_timer_init(&timer, on_due, &story);
	loop_timer_set(story.loop, &timer, loop_now_ms(story.loop));
	cr_assert(loop_watch(story.loop, ends[0], LOOP_READ, on_ready, &story));
	cr_assert_eq(write(ends[1], "x", 1), 1);
	loop_run(story.loop);
	cr_assert_str_eq(story.at, "dtmg");
	loop_free(story.loop);
}

/* ---- timers ---- */

struct digit {
	struct story *story;
	struct loop_timer timer;
	char what;
};

static void
on_digit(void *arg)
{
	struct digit *digit = arg;

	tell(digit->story, digit->what);
}

Test(loop, runs_timers_by_time_and_equal_ones_in_the_order_of_setting)
{
	struct story story = begin(1);
	int64_t now = loop_now_ms(story.loop);
	int64_t times[] = { now, now - 5, now, now - 9 }; /* the past is now */
	struct digit digits[4];

	add_guest(&story);
	for (int i = 0; i < 4; i++) {
		digits[i] = (struct digit){ .story = &story, .what = (char)('1' + i) };
		loop_timer_init(&digits[i].timer, on_digit, &digits[i]);
		loop_timer_set(story.loop, &digits[i].timer, times[i]);
	}
	loop_run(story.loop);
	cr_assert_str_eq(story.at, "1234g");
	loop_free(story.loop);
}

struct many {
	struct loop *loop;
	struct loop_timer timers[500];
	int64_t last_ms;
	int fired;
	int live;
};

static void
on_many(void *arg)
{
	struct many *many = arg;

	cr_assert(loop_now_ms(many->loop) >= many->last_ms);
	many->last_ms = loop_now_ms(many->loop);
	if (++many->fired == many->live)
		loop_stop(many->loop);
}

Test(loop, keeps_its_timers_sorted_whatever_is_set_moved_and_cleared)
{
	static struct many many;

	many.loop = loop_new();
	srandom(7);
	for (int i = 0; i < 500; i++) {
		loop_timer_init(&many.timers[i], on_many, &many);
		loop_timer_set(many.loop, &many.timers[i], loop_now_ms(many.loop) + random() % 40);
	}
	for (int i = 0; i < 500; i += 2)
		loop_timer_set(many.loop, &many.timers[i], loop_now_ms(many.loop) + random() % 40);
	for (int i = 0; i < 500; i += 5)
		loop_timer_set(many.loop, &many.timers[i], -1);
	many.live = 400;
	loop_run(many.loop);
	cr_assert_eq(many.fired, 400);
	for (int i = 0; i < 500; i++)
		cr_assert_eq(many.timers[i].at_ms, -1);
	loop_free(many.loop);
}

struct again {
	struct story *story;
	struct loop_timer timer;
};

static void
on_again(void *arg)
{
	struct again *again = arg;

	tell(again->story, 't');
	loop_timer_set(again->story->loop, &again->timer, 0);
}

Test(loop, does_not_run_a_timer_twice_in_an_iteration)
{
	struct story story = begin(3);
	struct again again = { .story = &story };

	add_guest(&story);
	loop_timer_init(&again.timer, on_again, &again);
	loop_timer_set(story.loop, &again.timer, 0);
	loop_run(story.loop);
	cr_assert_str_eq(story.at, "tgtgtg");
	loop_timer_set(story.loop, &again.timer, -1);
	loop_free(story.loop);
}

struct killer {
	struct loop *loop;
	struct loop_timer timer, victim;
};

static void
on_kill(void *arg)
{
	struct killer *killer = arg;

	loop_timer_set(killer->loop, &killer->victim, -1);
}

static void
on_victim(void *arg)
{
	cr_assert_fail("a timer ran after it was cleared");
}

Test(loop, does_not_run_a_timer_that_another_has_just_cleared)
{
	struct story story = begin(1);
	struct killer killer = { .loop = story.loop };

	add_guest(&story);
	loop_timer_init(&killer.timer, on_kill, &killer);
	loop_timer_init(&killer.victim, on_victim, NULL);
	loop_timer_set(story.loop, &killer.timer, 0);
	loop_timer_set(story.loop, &killer.victim, 0);
	loop_run(story.loop);
	loop_free(story.loop);
}

Test(loop, sleeps_no_longer_than_the_nearest_timer_and_no_shorter)
{
	struct loop *loop = loop_new();
	int64_t from_us = loop_clock_us();
	struct loop_timer timer;

	loop_timer_init(&timer, stop, loop);
	loop_timer_set(loop, &timer, loop_now_ms(loop) + 30);
	loop_run(loop);
	cr_assert(loop_clock_us() - from_us >= 29 * 1000);
	cr_assert(loop_clock_us() - from_us < 5 * 1000 * 1000);
	loop_free(loop);
}

/* ---- descriptors ---- */

struct stopper {
	struct loop *loop;
	int fd;
	int events;
	int calls;
};

static void
on_stopper(void *arg, int fd, int events)
{
	struct stopper *stopper = arg;

	stopper->fd = fd;
	stopper->events |= events;
	stopper->calls++;
	loop_stop(stopper->loop);
}

static void
fail_ready(void *arg, int fd, int events)
{
	cr_assert_fail("a descriptor nobody watches was reported");
}

Test(loop, reports_only_what_is_wanted_now)
{
	struct stopper stopper = { .loop = loop_new() };
	int ends[2];

	socket_pair(ends);
	cr_assert_eq(write(ends[1], "x", 1), 1);
	cr_assert(loop_watch(stopper.loop, ends[0], LOOP_READ | LOOP_WRITE, on_stopper, &stopper));
	cr_assert(loop_watch(stopper.loop, ends[0], LOOP_WRITE, on_stopper, &stopper));
	loop_run(stopper.loop);
	cr_assert_eq(stopper.events, LOOP_WRITE);
	loop_free(stopper.loop);
}

Test(loop, is_silent_about_a_descriptor_that_is_no_longer_watched)
{
	struct story story = begin(3);
	int ends[2];

	socket_pair(ends);
	cr_assert(loop_watch(story.loop, ends[0], LOOP_READ, fail_ready, NULL));
	cr_assert(loop_watch(story.loop, ends[0], 0, fail_ready, NULL));
	cr_assert_eq(write(ends[1], "x", 1), 1);
	cr_assert(loop_add_guest(story.loop, &(struct loop_guest){ at_once, on_guest, &story }));
	loop_run(story.loop);
	loop_free(story.loop);
}

Test(loop, takes_up_a_watch_again_after_a_pause)
{
	struct stopper stopper = { .loop = loop_new() };
	int ends[2];

	socket_pair(ends);
	cr_assert_eq(write(ends[1], "x", 1), 1);
	cr_assert(loop_watch(stopper.loop, ends[0], LOOP_READ, fail_ready, NULL));
	cr_assert(loop_watch(stopper.loop, ends[0], 0, fail_ready, NULL));
	cr_assert(loop_watch(stopper.loop, ends[0], LOOP_READ, on_stopper, &stopper));
	loop_run(stopper.loop);
	cr_assert_eq(stopper.calls, 1);
	loop_free(stopper.loop);
}

struct reuse {
	struct stopper stopper;
	int ends[2];
	int number;
};

/* Closes a watched descriptor and watches another file that has got the same number, within an iteration. */
static void
on_reuse(void *arg, int fd, int events)
{
	struct reuse *reuse = arg;

	loop_forget(reuse->stopper.loop, fd);
	close(fd);
	socket_pair(reuse->ends);
	cr_assert_eq(reuse->ends[0], fd, "the kernel gives the lowest free number");
	reuse->number = fd;
	cr_assert(loop_watch(reuse->stopper.loop, fd, LOOP_READ, on_stopper, &reuse->stopper));
	cr_assert_eq(write(reuse->ends[1], "x", 1), 1);
}

Test(loop, notices_that_a_number_stands_for_another_file)
{
	struct reuse reuse = { .stopper = { .loop = loop_new() } };
	int ends[2];

	socket_pair(ends);
	cr_assert(loop_watch(reuse.stopper.loop, ends[0], LOOP_READ, on_reuse, &reuse));
	cr_assert_eq(write(ends[1], "x", 1), 1);
	loop_run(reuse.stopper.loop);
	cr_assert_eq(reuse.stopper.fd, reuse.number);
	loop_free(reuse.stopper.loop);
}

Test(loop, forgets_what_it_never_knew)
{
	struct loop *loop = loop_new();

	loop_forget(loop, -1);
	loop_forget(loop, 0);
	loop_forget(loop, 5000);
	loop_free(loop);
}

/* ---- guests ---- */

Test(loop, does_not_sleep_while_a_guest_is_in_a_hurry)
{
	struct story story = begin(5);

	cr_assert(loop_add_guest(story.loop, &(struct loop_guest){ at_once, on_guest, &story }));
	loop_run(story.loop);
	cr_assert_str_eq(story.at, "ggggg");
	loop_free(story.loop);
}

static int64_t
soon(void *arg)
{
	return 10;
}

Test(loop, wakes_when_a_guest_wants_it)
{
	struct story story = begin(2);

	cr_assert(loop_add_guest(story.loop, &(struct loop_guest){ soon, on_guest, &story }));
	loop_run(story.loop);
	cr_assert_str_eq(story.at, "gg");
	loop_free(story.loop);
}

static void
on_suicide(void *arg)
{
	struct story *story = arg;

	tell(story, 's');
	loop_remove_guest(story->loop, story);
}

Test(loop, lets_a_guest_go_from_within_its_own_run)
{
	struct story story = begin(0), other = { .loop = story.loop, .left = 3 };

	cr_assert(loop_add_guest(story.loop, &(struct loop_guest){ at_once, on_suicide, &story }));
	cr_assert(loop_add_guest(story.loop, &(struct loop_guest){ at_once, on_guest, &other }));
	loop_run(story.loop);
	cr_assert_str_eq(story.at, "s");
	cr_assert_str_eq(other.at, "ggg");
	loop_free(story.loop);
}

Test(loop, has_room_for_sixteen_guests)
{
	struct story story = begin(0);

	for (int i = 0; i < 16; i++)
		cr_assert(loop_add_guest(story.loop, &(struct loop_guest){ never, on_guest, &story }));
	cr_assert_not(loop_add_guest(story.loop, &(struct loop_guest){ never, on_guest, &story }));
	loop_free(story.loop);
}

/* ---- mailbox ---- */

enum { POSTERS = 4, LETTERS = 2000 };

struct post {
	struct poster *poster;
	int number;
};

struct office {
	struct loop *loop;
	int open; /* posters whose last letter has not come */
};

struct poster {
	struct office *office;
	pthread_t thread;
	int next; /* expected; the loop's thread only */
	struct post posts[LETTERS];
};

static void
on_post(void *arg)
{
	struct post *post = arg;
	struct poster *poster = post->poster;

	cr_assert_eq(post->number, poster->next, "letters came out of order");
	if (++poster->next == LETTERS && --poster->office->open == 0)
		loop_stop(poster->office->loop);
}

static void *
run_poster(void *arg)
{
	struct poster *poster = arg;

	for (int i = 0; i < LETTERS; i++) {
		poster->posts[i] = (struct post){ poster, i };
		if (!loop_post(poster->office->loop, on_post, &poster->posts[i]))
			abort();
	}
	return NULL;
}

Test(loop, delivers_the_letters_of_many_threads_each_in_order)
{
	static struct poster posters[POSTERS];
	struct office office = { .loop = loop_new(), .open = POSTERS };

	for (int i = 0; i < POSTERS; i++) {
		posters[i].office = &office;
		cr_assert_eq(pthread_create(&posters[i].thread, NULL, run_poster, &posters[i]), 0);
	}
	loop_run(office.loop);
	for (int i = 0; i < POSTERS; i++) {
		pthread_join(posters[i].thread, NULL);
		cr_assert_eq(posters[i].next, LETTERS);
	}
	loop_free(office.loop);
}

static void *
run_stop(void *arg)
{
	loop_stop(arg);
	return NULL;
}

Test(loop, can_be_stopped_from_another_thread_while_it_sleeps)
{
	struct loop *loop = loop_new();
	pthread_t thread;

	cr_assert_eq(pthread_create(&thread, NULL, run_stop, loop), 0);
	loop_run(loop);
	pthread_join(thread, NULL);
	loop_free(loop);
}

static void
post_one_more(void *arg)
{
	struct story *story = arg;

	tell(story, 'a');
	cr_assert(loop_post(story->loop, on_letter, story));
}

Test(loop, keeps_a_letter_that_a_letter_posts_for_the_next_iteration)
{
	struct story story = begin(2);

	add_guest(&story);
	cr_assert(loop_post(story.loop, post_one_more, &story));
	loop_run(story.loop);
	cr_assert_str_eq(story.at, "agmg");
	loop_free(story.loop);
}

Test(loop, refuses_letters_once_it_is_stopped_and_reads_the_rest_when_freed)
{
	struct story story = begin(0);

	cr_assert(loop_post(story.loop, on_letter, &story));
	loop_stop(story.loop);
	cr_assert_not(loop_post(story.loop, on_letter, &story));
	loop_run(story.loop);
	cr_assert_str_eq(story.at, "");
	loop_free(story.loop);
	cr_assert_str_eq(story.at, "m");
}
