#include "lib/retry.h"

#include <assert.h>

enum {
	LEAST_MS = 100, /* an attempt with less time than this is not begun */
	NEVER = 0,
	ONCE = 1,
	MORE = 3,
	OFTEN = 255, /* as often as retry.max says */
};

struct rule {
	enum cspark_cause cause;
	bool free; /* counts neither as a retry nor against the budget: a new token, not a new try */
	uint8_t allowed[4];
};

/* class:                                                            READ   EXECUTE CHANGE TAKE */
static const struct rule RULES[CSPARK_EVENTS] = {
	[CSPARK_EVENT_NOT_SENT]     = { CSPARK_CAUSE_CONNECT,      false, { OFTEN, OFTEN, OFTEN, OFTEN } },
	[CSPARK_EVENT_UNAUTHORIZED] = { CSPARK_CAUSE_UNAUTHORIZED, true,  { ONCE,  ONCE,  ONCE,  ONCE  } },
	[CSPARK_EVENT_EXPIRED]      = { CSPARK_CAUSE_UNAUTHORIZED, true,  { MORE,  MORE,  MORE,  MORE  } },
	[CSPARK_EVENT_REFUSED]      = { CSPARK_CAUSE_THROTTLED,    false, { OFTEN, OFTEN, OFTEN, OFTEN } },
	[CSPARK_EVENT_UNCLEAR]      = { CSPARK_CAUSE_STATUS,       false, { OFTEN, OFTEN, NEVER, NEVER } },
	[CSPARK_EVENT_RESET]        = { CSPARK_CAUSE_RESET,        false, { OFTEN, ONCE,  NEVER, NEVER } },
	[CSPARK_EVENT_GARBLED]      = { CSPARK_CAUSE_GARBLED,      false, { OFTEN, ONCE,  NEVER, NEVER } },
	[CSPARK_EVENT_SLOW]         = { CSPARK_CAUSE_TIMEOUT,      false, { ONCE,  NEVER, NEVER, NEVER } },
	[CSPARK_EVENT_FINAL]        = { CSPARK_CAUSE_STATUS,       false, { NEVER, NEVER, NEVER, NEVER } },
};

int64_t
cspark_retry_jitter_ms(int64_t interval_ms, int64_t cap_ms, unsigned n, uint32_t random)
{
	int64_t ceiling = interval_ms;

	for (; n > 0 && ceiling < cap_ms; n--)
		ceiling *= 2;
	if (ceiling > cap_ms)
		ceiling = cap_ms;
	return ceiling <= 0 ? 0 : (int64_t)(random % (uint64_t)(ceiling + 1));
}

/* At least what the server asks for, and a little more, so that not all come back at once. */
static int64_t
wait_of(const struct cspark_retry_options *options, const struct cspark_retry_question *question, unsigned n)
{
	int64_t wait_ms = cspark_retry_jitter_ms(options->interval_ms, options->cap_ms, n, question->random);
	int64_t asked_ms = question->retry_after_ms;

	if (asked_ms < 0 || wait_ms > asked_ms)
		return wait_ms;
	return asked_ms + (int64_t)(question->random % (uint64_t)(asked_ms / 10 + 1));
}

struct cspark_retry_answer
cspark_retry_decide(const struct cspark_retry_options *options, const struct cspark_retry_question *question,
	struct cspark_retry_state *state, struct cspark_budget *budget)
{
	const struct rule *rule = &RULES[question->event];
	struct cspark_retry_answer answer = { .cause = rule->cause };

	if (state->by_event[question->event] >= rule->allowed[question->class])
		return answer;
	if (!rule->free) {
		if (state->retries >= options->max)
			return answer;
		answer.wait_ms = wait_of(options, question, state->retries);
	}
	if (answer.wait_ms + LEAST_MS > question->left_ms)
		return answer;
	if (!rule->free && !cspark_budget_spend(budget, question->now_ms)) {
		answer.denied = true;
		answer.cause = CSPARK_CAUSE_DENIED;
		return answer;
	}
	state->retries += !rule->free;
	state->by_event[question->event]++;
	answer.again = true;
	return answer;
}

const char *
cspark_cause_name(enum cspark_cause cause)
{
	static const char *const NAMES[CSPARK_CAUSES] = {
		[CSPARK_CAUSE_CONNECT] = "connect",
		[CSPARK_CAUSE_UNAUTHORIZED] = "unauthorized",
		[CSPARK_CAUSE_THROTTLED] = "throttled",
		[CSPARK_CAUSE_STATUS] = "status",
		[CSPARK_CAUSE_RESET] = "reset",
		[CSPARK_CAUSE_GARBLED] = "garbled",
		[CSPARK_CAUSE_TIMEOUT] = "timeout",
		[CSPARK_CAUSE_DENIED] = "denied",
	};

	assert((unsigned)cause < CSPARK_CAUSES);
	return NAMES[cause];
}
