#include "lib/retry.h"

#include <criterion/criterion.h>

static const struct cspark_retry_options OPTIONS = {
	.max = 9, .interval_ms = 1000, .cap_ms = 30000, .budget = 20, .budget_floor_s = 1
};

/* How many retries an event gets, if it happens again and again. */
static unsigned
grants(enum cspark_class class, enum cspark_event event)
{
	struct cspark_retry_state state = { 0 };
	struct cspark_budget budget;
	struct cspark_retry_question question = { .class = class, .event = event, .retry_after_ms = -1,
		.left_ms = 1000000 };
	unsigned count = 0;

	cspark_budget_init(&budget, 100, 0);
	while (cspark_retry_decide(&OPTIONS, &question, &state, &budget).again)
		count++;
	return count;
}

Test(retry, follows_the_table)
{
	static const struct {
		enum cspark_event event;
		unsigned grants[4];
	} ROWS[] = {
		{ CSPARK_EVENT_NOT_SENT, { 9, 9, 9, 9 } },
		{ CSPARK_EVENT_UNAUTHORIZED, { 1, 1, 1, 1 } },
		{ CSPARK_EVENT_EXPIRED, { 3, 3, 3, 3 } },
		{ CSPARK_EVENT_REFUSED, { 9, 9, 9, 9 } },
		{ CSPARK_EVENT_UNCLEAR, { 9, 9, 0, 0 } },
		{ CSPARK_EVENT_RESET, { 9, 1, 0, 0 } },
		{ CSPARK_EVENT_GARBLED, { 9, 1, 0, 0 } },
		{ CSPARK_EVENT_SLOW, { 1, 0, 0, 0 } },
		{ CSPARK_EVENT_FINAL, { 0, 0, 0, 0 } },
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		for (int class = CSPARK_CLASS_READ; class <= CSPARK_CLASS_TAKE; class++)
			cr_assert_eq(grants(class, ROWS[i].event), ROWS[i].grants[class], "event %d class %d",
				ROWS[i].event, class);
	}
}

Test(retry, jitters_fully_below_a_doubling_ceiling)
{
	static const int64_t CEILINGS[] = { 1000, 2000, 4000, 8000, 16000, 30000, 30000 };

	for (unsigned n = 0; n < 7; n++) {
		cr_assert_eq(cspark_retry_jitter_ms(1000, 30000, n, 0), 0);
		cr_assert_eq(cspark_retry_jitter_ms(1000, 30000, n, (uint32_t)CEILINGS[n]), CEILINGS[n]);
		cr_assert_eq(cspark_retry_jitter_ms(1000, 30000, n, (uint32_t)CEILINGS[n] + 1), 0);
	}
	cr_assert_eq(cspark_retry_jitter_ms(1000, 30000, 4000000000u, 7), 7);
	cr_assert_eq(cspark_retry_jitter_ms(0, 30000, 3, 7), 0);
}

Test(retry, waits_at_least_as_asked_and_at_most_a_tenth_longer)
{
	struct cspark_retry_question question = { .event = CSPARK_EVENT_REFUSED, .retry_after_ms = 20000,
		.left_ms = 58000 };

	for (uint32_t random = 0; random < 5000; random += 7) {
		struct cspark_retry_state state = { 0 };
		struct cspark_budget budget;
		struct cspark_retry_answer answer;

		cspark_budget_init(&budget, 20, 1);
		question.random = random;
		answer = cspark_retry_decide(&OPTIONS, &question, &state, &budget);
		cr_assert(answer.again && answer.wait_ms >= 20000 && answer.wait_ms <= 22000);
	}
}

Test(retry, does_not_begin_what_the_deadline_will_cut)
{
	struct cspark_retry_question question = { .event = CSPARK_EVENT_REFUSED, .retry_after_ms = 5000 };
	struct cspark_retry_state state = { 0 };
	struct cspark_budget budget;

	cspark_budget_init(&budget, 20, 1);
	question.left_ms = 5099;
	cr_assert_not(cspark_retry_decide(&OPTIONS, &question, &state, &budget).again);
	cr_assert_eq(budget.tokens, 20, "nothing was spent");
	question.left_ms = 5100;
	cr_assert(cspark_retry_decide(&OPTIONS, &question, &state, &budget).again);
}

Test(retry, says_that_the_budget_denied_it)
{
	struct cspark_retry_question question = {
		.event = CSPARK_EVENT_NOT_SENT, .retry_after_ms = -1, .left_ms = 58000
	};
	struct cspark_retry_state state = { 0 };
	struct cspark_budget budget;
	struct cspark_retry_answer answer;

	cspark_budget_init(&budget, 0, 0);
	answer = cspark_retry_decide(&OPTIONS, &question, &state, &budget);
	cr_assert(!answer.again && answer.denied && answer.cause == CSPARK_CAUSE_DENIED);
}

Test(retry, renews_a_token_even_where_retries_are_switched_off)
{
	struct cspark_retry_options none = OPTIONS;
	struct cspark_retry_question question = { .event = CSPARK_EVENT_UNAUTHORIZED, .retry_after_ms = -1,
		.left_ms = 58000, .random = 500 };
	struct cspark_retry_state state = { 0 };
	struct cspark_budget budget;
	struct cspark_retry_answer answer;

	none.max = 0;
	cspark_budget_init(&budget, 0, 0);
	answer = cspark_retry_decide(&none, &question, &state, &budget);
	cr_assert(answer.again && answer.wait_ms == 0);
	cr_assert_not(cspark_retry_decide(&none, &question, &state, &budget).again);
}
