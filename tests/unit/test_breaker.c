#include "lib/breaker.h"

#include <criterion/criterion.h>

enum { JITTER_NONE = 200 }; /* a random number that gives 100 % */

static struct cspark_breaker breaker;
static int64_t now_ms;

static void
set_up(void)
{
	cspark_breaker_init(&breaker, false);
	now_ms = 1000000;
}

TestSuite(breaker, .init = set_up);

/* One attempt, begun and ended. True: the breaker has opened or closed. */
static bool
attempt(enum cspark_sign sign)
{
	cr_assert_eq(cspark_breaker_left_ms(&breaker, now_ms), 0);
	return cspark_breaker_end(
		&breaker, cspark_breaker_begin(&breaker, now_ms), sign, now_ms, JITTER_NONE);
}

static void
attempts(unsigned count, enum cspark_sign sign)
{
	for (unsigned i = 0; i < count; i++)
		cr_assert_not(attempt(sign), "attempt %u", i);
}

static void
open_it(void)
{
	attempts(4, CSPARK_UNREACHED);
	cr_assert(attempt(CSPARK_UNREACHED));
}

static void
pass_open_time(void)
{
	now_ms += cspark_breaker_left_ms(&breaker, now_ms);
}

/* ---- closed ---- */

Test(breaker, opens_when_half_of_twenty_fail)
{
	attempts(10, CSPARK_WELL);
	attempts(9, CSPARK_ILL);
	cr_assert(attempt(CSPARK_ILL));
	cr_assert(cspark_breaker_is_open(&breaker));
	cr_assert_eq(cspark_breaker_left_ms(&breaker, now_ms), 5000);
}

Test(breaker, stays_closed_when_less_than_half_fail)
{
	for (int i = 0; i < 1000; i++) {
		attempts(11, CSPARK_WELL);
		attempts(9, CSPARK_ILL);
		now_ms += 100;
	}
	cr_assert_not(cspark_breaker_is_open(&breaker));
}

Test(breaker, draws_no_conclusion_from_a_few)
{
	attempts(19, CSPARK_ILL);
	now_ms += 10000;
	attempts(19, CSPARK_ILL);
	cr_assert(attempt(CSPARK_ILL));
}

Test(breaker, forgets_a_second_at_a_time)
{
	for (int i = 0; i < 30; i++) {
		attempts(1, CSPARK_ILL);
		now_ms += 1000;
	}
	attempts(9, CSPARK_ILL);
	now_ms += 9000;
	attempts(10, CSPARK_ILL); /* ten of the last two */
	cr_assert_not(cspark_breaker_is_open(&breaker));
}

Test(breaker, forgets_all_after_a_long_silence)
{
	attempts(19, CSPARK_ILL);
	now_ms += 86400000;
	attempts(19, CSPARK_ILL);
}

Test(breaker, is_not_opened_by_a_success)
{
	attempts(19, CSPARK_ILL);
	attempts(1, CSPARK_WELL);
	cr_assert(attempt(CSPARK_ILL));
}

Test(breaker, opens_when_five_in_a_row_find_no_connection)
{
	attempts(1000, CSPARK_WELL);
	open_it();
	cr_assert(cspark_breaker_is_open(&breaker));
}

Test(breaker, counts_only_an_unbroken_row_within_the_window)
{
	attempts(4, CSPARK_UNREACHED);
	attempts(1, CSPARK_WELL);
	attempts(4, CSPARK_UNREACHED);
	attempts(1, CSPARK_ILL);
	attempts(4, CSPARK_UNREACHED);
	now_ms += 10000;
	attempts(4, CSPARK_UNREACHED);
	attempts(100, CSPARK_NO_SIGN); /* does not break it */
	cr_assert(attempt(CSPARK_UNREACHED));
}

Test(breaker, ignores_what_says_nothing)
{
	attempts(1000, CSPARK_NO_SIGN);
	attempts(19, CSPARK_ILL);
}

/* ---- open ---- */

Test(breaker, is_open_for_five_seconds_more_or_less)
{
	static const struct {
		uint32_t random;
		int64_t open_ms;
	} ROWS[] = { { 0, 4000 }, { 400, 6000 }, { 401, 4000 }, { 200, 5000 } };

	for (unsigned i = 0; i < 4; i++) {
		set_up();
		attempts(4, CSPARK_UNREACHED);
		cr_assert(cspark_breaker_end(&breaker, 0, CSPARK_UNREACHED, now_ms, ROWS[i].random));
		cr_assert_eq(cspark_breaker_left_ms(&breaker, now_ms), ROWS[i].open_ms);
		cr_assert_eq(cspark_breaker_left_ms(&breaker, now_ms + ROWS[i].open_ms - 1), 1);
		cr_assert_eq(cspark_breaker_left_ms(&breaker, now_ms + ROWS[i].open_ms), 0);
		cr_assert(cspark_breaker_is_open(&breaker), "until a probe has shown better");
	}
}

Test(breaker, ignores_the_ends_of_earlier_attempts)
{
	unsigned era = cspark_breaker_begin(&breaker, now_ms);

	open_it();
	cr_assert_not(cspark_breaker_end(&breaker, era, CSPARK_WELL, now_ms, 0));
	pass_open_time();
	attempts(2, CSPARK_WELL);
	cr_assert_not(cspark_breaker_end(&breaker, era, CSPARK_WELL, now_ms, 0));
	cr_assert_not(cspark_breaker_end(&breaker, era, CSPARK_ILL, now_ms, 0));
	cr_assert(attempt(CSPARK_WELL));
	for (int i = 0; i < 100; i++)
		cr_assert_not(cspark_breaker_end(&breaker, era, CSPARK_ILL, now_ms, 0));
}

/* ---- probing ---- */

Test(breaker, lets_one_probe_at_a_time_through)
{
	unsigned era;

	open_it();
	pass_open_time();
	era = cspark_breaker_begin(&breaker, now_ms);
	cr_assert_gt(cspark_breaker_left_ms(&breaker, now_ms), 0);
	now_ms += 100;
	cr_assert_not(cspark_breaker_end(&breaker, era, CSPARK_WELL, now_ms, 0));
	cr_assert_eq(cspark_breaker_left_ms(&breaker, now_ms), 0);
}

Test(breaker, does_not_wait_for_ever_for_a_probe)
{
	open_it();
	pass_open_time();
	cspark_breaker_begin(&breaker, now_ms);
	cr_assert_eq(cspark_breaker_left_ms(&breaker, now_ms + 4999), 1);
	cr_assert_eq(cspark_breaker_left_ms(&breaker, now_ms + 5000), 0);
}

Test(breaker, closes_after_three_successes)
{
	open_it();
	pass_open_time();
	attempts(2, CSPARK_WELL);
	cr_assert(cspark_breaker_is_open(&breaker));
	cr_assert(attempt(CSPARK_WELL));
	cr_assert_not(cspark_breaker_is_open(&breaker));
	attempts(4, CSPARK_UNREACHED); /* with a clean slate */
	attempts(15, CSPARK_ILL);
	cr_assert(attempt(CSPARK_ILL));
	cr_assert_eq(cspark_breaker_left_ms(&breaker, now_ms), 5000);
}

Test(breaker, learns_nothing_from_a_probe_that_is_cancelled)
{
	open_it();
	pass_open_time();
	attempts(2, CSPARK_WELL);
	attempts(10, CSPARK_NO_SIGN);
	cr_assert(attempt(CSPARK_WELL));
}

Test(breaker, wants_its_successes_in_a_row)
{
	open_it();
	pass_open_time();
	attempts(2, CSPARK_WELL);
	cr_assert(attempt(CSPARK_ILL));
	pass_open_time();
	attempts(2, CSPARK_WELL);
	cr_assert(attempt(CSPARK_WELL));
}

Test(breaker, opens_for_longer_each_time_a_probe_fails)
{
	static const int64_t TIMES_MS[] = { 5000, 10000, 20000, 40000, 60000, 60000 };

	open_it();
	for (unsigned i = 0; i < sizeof(TIMES_MS) / sizeof(TIMES_MS[0]); i++) {
		cr_assert_eq(cspark_breaker_left_ms(&breaker, now_ms), TIMES_MS[i]);
		pass_open_time();
		cr_assert(attempt(i % 2 ? CSPARK_ILL : CSPARK_UNREACHED));
	}
}

/* ---- off ---- */

Test(breaker, never_opens_when_it_is_off)
{
	cspark_breaker_init(&breaker, true);
	attempts(100, CSPARK_UNREACHED);
	attempts(100, CSPARK_ILL);
	cr_assert_not(cspark_breaker_is_open(&breaker));
}
