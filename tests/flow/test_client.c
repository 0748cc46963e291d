/* The real client, its jobs and its authority, on a virtual clock and a scripted transport. */
#include "tests/flow/fake_transport.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct world world;
static struct told told;

static void
set_up(void)
{
	world_init(&world, NULL);
	told = (struct told){ .world = &world };
}

static void
tear_down(void)
{
	told_fini(&told);
	world_fini(&world);
}

TestSuite(client, .init = set_up, .fini = tear_down);

/* Runs one call to its end and gives it. */
static struct cspark_result *
run(int64_t timeout_ms)
{
	cr_assert(world_send(&world, &told, timeout_ms));
	cr_assert_eq(told.times, 0, "nothing happens inside send");
	world_run(&world, world.now_ms + timeout_ms + 1);
	cr_assert_eq(told.times, 1);
	return &told.result;
}

Test(client, fetches_a_token_and_sends)
{
	struct cspark_result *result = run(58000);

	cr_assert_eq(result->code, CSPARK_OK, "%s", result->detail);
	cr_assert_eq(result->status, 200);
	cr_assert_eq(result->attempts, 1);
	cr_assert_eq(result->outcome, CSPARK_EXECUTED);
	cr_assert_str_eq(result->body, "{}");
	cr_assert_str_eq(world.last_id, "id-1");
	cr_assert_eq(world.token.seen, 1);
}

Test(client, remembers_that_an_earlier_attempt_may_have_run)
{
	world.api = SCRIPT({ .end = CSPARK_END_RESET }, { .end = CSPARK_END_CONNECT, .unsent = true });
	cr_assert_eq(run(58000)->outcome, CSPARK_MAYBE_EXECUTED);
	cr_assert_eq(told.result.attempts, 3);
}

Test(client, waits_at_least_as_long_as_asked)
{
	int64_t begun = world.now_ms;

	world.api = SCRIPT({ .status = 429, .retry_after = "7" }, { 0 });
	cr_assert_eq(run(58000)->code, CSPARK_OK);
	cr_assert_geq(told.at_ms - begun, 7000);
	cr_assert_leq(told.at_ms - begun, 7700);
	cr_assert_eq(world.held, 1);
	cr_assert_eq(told.result.timing.wait_ms, told.at_ms - begun);
	cr_assert_eq(told.result.retries_by_cause[CSPARK_CAUSE_THROTTLED], 1);
}

Test(client, passes_a_long_wait_on_instead_of_waiting)
{
	world.api = SCRIPT({ .status = 429, .retry_after = "100" });
	cr_assert_eq(run(58000)->code, CSPARK_E_SPARK_RATE_LIMITED);
	cr_assert_eq(told.result.retry_after_s, 100);
	cr_assert_eq(told.result.attempts, 1);
}

Test(client, holds_back_other_calls_while_spark_asks_for_silence)
{
	struct told other;
	int64_t begun = world.now_ms;

	world.api = SCRIPT({ .status = 429, .retry_after = "5" }, { 0 });
	cr_assert(world_send(&world, &told, 58000));
	world_run(&world, begun + 100);
	cr_assert_eq(world.api.seen, 1);
	cr_assert(world_send(&world, &other, 58000));
	world_run(&world, begun + 4999);
	cr_assert_eq(world.api.seen, 1, "nothing is sent while the gate is closed");
	world_run(&world, begun + 10000);
	cr_assert_eq(other.result.code, CSPARK_OK);
	cr_assert_geq(other.at_ms, begun + 5000);
	cr_assert_eq(other.result.timing.wait_ms, other.at_ms - begun - 100);
	told_fini(&other);
}

Test(client, refuses_at_once_what_a_hold_outlasts)
{
	cspark_client_hold(world.client, world.now_ms + 60000);
	cr_assert_eq(run(5000)->code, CSPARK_E_SPARK_RATE_LIMITED);
	cr_assert_eq(told.result.attempts, 0);
	cr_assert_eq(told.result.outcome, CSPARK_NOT_SENT);
	cr_assert_eq(told.result.retry_after_s, 60);
	cr_assert_eq(world.api.seen, 0);
}

Test(client, asks_again_for_a_token_when_the_question_may_be_lost)
{
	struct told second, third;

	world.token = SCRIPT({ .after_ms = 99999 });
	cr_assert(world_send(&world, &told, 5000));
	world_run(&world, world.now_ms + 100);
	cr_assert(world_send(&world, &second, 5000));
	world_run(&world, world.now_ms + 1000);
	cr_assert_eq(world.wants, 1);
	cr_assert(world_send(&world, &third, 5000));
	world_run(&world, world.now_ms + 5000);
	cr_assert_eq(world.wants, 2);
	told_fini(&second);
	told_fini(&third);
}

Test(client, believes_no_hold_of_days)
{
	cspark_client_hold(world.client, world.now_ms + 3 * 86400 * INT64_C(1000));
	cr_assert_eq(run(5000)->code, CSPARK_E_SPARK_RATE_LIMITED);
	world_run(&world, world.now_ms + 300000);
	cr_assert_eq(run(5000)->code, CSPARK_OK);
}

Test(client, keeps_the_deadline_over_all_attempts)
{
	int64_t begun = world.now_ms;

	world.random = 999;
	world.api = SCRIPT({ .status = 502, .after_ms = 400 });
	cr_assert_eq(run(2000)->code, CSPARK_E_SPARK_UNAVAILABLE);
	cr_assert_leq(told.at_ms, begun + 2000);
	cr_assert_eq(told.result.attempts, 2, "400 + 999 + 400 ms are gone: too little is left for a third");
}

Test(client, stops_when_the_budget_is_empty)
{
	struct told many[40];
	unsigned denied = 0, sent = 0;

	world.api = SCRIPT({ .status = 502 });
	for (int i = 0; i < 40; i++)
		cr_assert(world_send(&world, &many[i], 58000));
	world_run(&world, world.now_ms + 100);
	for (int i = 0; i < 40; i++) {
		cr_assert_eq(many[i].times, 1);
		denied += many[i].result.retries_by_cause[CSPARK_CAUSE_DENIED];
		sent += many[i].result.attempts;
		told_fini(&many[i]);
	}
	cr_assert_leq(sent, 40 + 20 + 4 + 1, "%u", sent);
	cr_assert_geq(denied, 18, "%u", denied);
}

/* ---- tokens ---- */

Test(client, makes_one_fetch_for_a_thousand_waiting_calls)
{
	struct told *many = calloc(1000, sizeof(*many));

	world.token = SCRIPT({ .after_ms = 300 });
	for (int i = 0; i < 1000; i++)
		cr_assert(world_send(&world, &many[i], 58000));
	world_run(&world, world.now_ms + 1000);
	for (int i = 0; i < 1000; i++) {
		cr_assert_eq(many[i].result.code, CSPARK_OK);
		cr_assert_eq(many[i].result.timing.token_ms, 300);
		told_fini(&many[i]);
	}
	cr_assert_eq(world.token.seen, 1);
	cr_assert_leq(world.wants, 1);
	free(many);
}

Test(client, makes_one_fetch_for_a_storm_of_401)
{
	struct told many[200];

	cr_assert_eq(run(58000)->code, CSPARK_OK);
	world.now_ms += 20000;
	world.revoked = 1;
	world.token = SCRIPT({ .after_ms = 50 });
	world.token.seen = 0;
	for (int i = 0; i < 200; i++)
		cr_assert(world_send(&world, &many[i], 58000));
	world_run(&world, world.now_ms + 1000);
	for (int i = 0; i < 200; i++) {
		cr_assert_eq(many[i].result.code, CSPARK_OK);
		cr_assert_eq(many[i].result.attempts, 2);
		cr_assert_eq(many[i].result.retries_by_cause[CSPARK_CAUSE_UNAUTHORIZED], 1);
		told_fini(&many[i]);
	}
	cr_assert_eq(world.token.seen, 1);
}

Test(client, replays_a_401_at_once_if_a_newer_token_is_there)
{
	struct told slow;

	world.api = SCRIPT({ .after_ms = 5000 });
	world.expires_in = "10";
	cr_assert(world_send(&world, &slow, 58000));
	world_run(&world, world.now_ms + 10);
	world.revoked = 1;
	world_run(&world, world.now_ms + 20000);
	cr_assert_eq(slow.result.code, CSPARK_OK);
	cr_assert_eq(slow.result.attempts, 2);
	told_fini(&slow);
}

Test(client, gives_up_when_a_renewed_token_is_refused_too)
{
	unsigned fetches;

	world.revoked = 1000;
	cr_assert_eq(run(58000)->code, CSPARK_E_CREDENTIALS_REFUSED);
	cr_assert_eq(told.result.attempts, 2);
	cr_assert_eq(told.result.status, 401);
	cr_assert_eq(told.result.outcome, CSPARK_NOT_SENT);
	for (int i = 0; i < 100; i++) {
		told_fini(&told);
		cr_assert(world_send(&world, &told, 1000));
		world_run(&world, world.now_ms + 1000);
	}
	fetches = (unsigned)world.token.seen;
	cr_assert_leq(fetches, 2 + 100 / 10 + 5, "fetching for ever does not help: %u", fetches);
}

Test(client, does_not_blame_the_credentials_for_tokens_that_die_on_the_way)
{
	world.expires_in = "1";
	world.revoked = 2;
	cr_assert_eq(run(58000)->code, CSPARK_OK);
	cr_assert_eq(told.result.attempts, 3);
	told_fini(&told);
	world.revoked = 1000;
	cr_assert_eq(run(58000)->code, CSPARK_E_CREDENTIALS_REFUSED);
	cr_assert_eq(told.result.attempts, 4);
}

Test(client, never_fails_while_tokens_expire_under_load)
{
	struct told many[64];
	int64_t begun = world.now_ms;

	world.expires_in = "1";
	world.token = SCRIPT({ .after_ms = 20 });
	for (int round = 0; round < 200; round++) {
		for (int i = 0; i < 64; i++)
			cr_assert(world_send(&world, &many[i], 58000));
		world_run(&world, world.now_ms + 100);
		for (int i = 0; i < 64; i++) {
			cr_assert_eq(many[i].times, 1);
			cr_assert_eq(many[i].result.code, CSPARK_OK);
			told_fini(&many[i]);
		}
	}
	cr_assert_leq(world.token.seen, (size_t)((world.now_ms - begun) / 1000 + 1));
	cr_assert_geq(world.token.seen, 19);
}

Test(client, waits_for_a_token_only_until_the_deadline)
{
	world.token = SCRIPT({ .status = 503, .retry_after = "30" });
	cr_assert_eq(run(5000)->code, CSPARK_E_TOKEN_UNAVAILABLE);
	cr_assert_eq(told.result.outcome, CSPARK_NOT_SENT);
	cr_assert(told.result.retryable);
	cr_assert_eq(told.result.attempts, 0);
	cr_assert_eq(told.result.retry_after_s, 25);
	cr_assert_eq(told.result.timing.token_ms, 5000);
	cr_assert(strstr(told.result.detail, "503"), "%s", told.result.detail);
}

Test(client, says_at_once_that_credentials_are_refused)
{
	int64_t begun = world.now_ms;

	world.token = SCRIPT({ .status = 401, .body = "{\"error\":\"invalid_client\"}" });
	cr_assert_eq(run(58000)->code, CSPARK_E_CREDENTIALS_REFUSED);
	cr_assert_eq(told.at_ms, begun);
	cr_assert_not(told.result.retryable);
	cr_assert(strstr(told.result.detail, "invalid_client"), "%s", told.result.detail);
	told_fini(&told);
	begun = world.now_ms;
	cr_assert_eq(run(58000)->code, CSPARK_E_CREDENTIALS_REFUSED);
	cr_assert_eq(told.at_ms, begun);
	cr_assert_eq(world.token.seen, 1);
}

Test(client, sends_an_api_key_and_takes_401_as_final)
{
	world_credentials(&world, CSPARK_AUTH_API_KEY);
	world.api = SCRIPT({ .status = 401 });
	cr_assert_eq(run(58000)->code, CSPARK_E_CREDENTIALS_REFUSED);
	cr_assert_eq(told.result.attempts, 1);
	cr_assert_eq(world.token.seen, 0);
}

Test(client, sends_public_requests_without_asking_for_a_token)
{
	const struct cspark_request request = {
		.operation = CSPARK_OP_EXECUTE_V3, .is_public = true, .method = "GET", .path = "/t/p"
	};
	struct cspark_call call = { .deadline_ms = world.now_ms + 1000 };

	world.token = SCRIPT({ .status = 503 });
	world.api = SCRIPT({ .status = 401 });
	cr_assert(cspark_client_send(world.client, &request, &call, world_done, &told));
	world_run(&world, world.now_ms + 10);
	cr_assert_eq(told.result.code, CSPARK_E_SPARK_REJECTED);
	cr_assert_eq(told.result.status, 401);
}

/* ---- cancelling ---- */

Test(client, cancels_at_every_step)
{
	static const struct {
		const char *what;
		struct reply token, api;
		int64_t hold_ms;
		int64_t after_ms; /* -1: at once */
		enum cspark_outcome outcome;
		unsigned attempts;
	} STEPS[] = {
		{ "not begun", { 0 }, { 0 }, 0, -1, CSPARK_NOT_SENT, 0 },
		{ "waiting for a token", { .after_ms = 500 }, { 0 }, 0, 100, CSPARK_NOT_SENT, 0 },
		{ "held", { 0 }, { 0 }, 500, 100, CSPARK_NOT_SENT, 0 },
		{ "sent", { 0 }, { .after_ms = 500 }, 0, 100, CSPARK_MAYBE_EXECUTED, 1 },
		{ "backing off", { 0 }, { .status = 429, .retry_after = "1" }, 0, 100, CSPARK_NOT_SENT, 1 },
	};

	for (size_t i = 0; i < sizeof(STEPS) / sizeof(STEPS[0]); i++) {
		enum cspark_outcome outcome;
		unsigned attempts;
		struct cspark_job *job;

		world_fini(&world);
		world_init(&world, NULL);
		world.token = (struct script){ .replies = &STEPS[i].token, .count = 1 };
		world.api = (struct script){ .replies = &STEPS[i].api, .count = 1 };
		if (STEPS[i].hold_ms)
			cspark_client_hold(world.client, world.now_ms + STEPS[i].hold_ms);
		job = world_send(&world, &told, 10000);
		cr_assert(job);
		if (STEPS[i].after_ms >= 0)
			world_run(&world, world.now_ms + STEPS[i].after_ms);
		cspark_job_cancel(job, &outcome, &attempts);
		cr_assert_eq(outcome, STEPS[i].outcome, "%s", STEPS[i].what);
		cr_assert_eq(attempts, STEPS[i].attempts, "%s", STEPS[i].what);
		world_run(&world, world.now_ms + 20000);
		cr_assert_eq(told.times, 0, "%s", STEPS[i].what);
	}
}

Test(client, survives_a_done_function_that_cancels_and_sends)
{
	struct told many[3];
	struct cspark_job *jobs[3];

	/* All three become ready with the same token; what the first does must not confuse the walk over the
	 * rest. */
	world.token = SCRIPT({ .status = 400, .body = "{\"error\":\"invalid_client\"}", .after_ms = 10 });
	for (int i = 0; i < 3; i++) {
		jobs[i] = world_send(&world, &many[i], 1000);
		cr_assert(jobs[i]);
	}
	world_run(&world, world.now_ms + 5);
	cspark_job_cancel(jobs[1], NULL, NULL);
	world_run(&world, world.now_ms + 100);
	cr_assert_eq(many[0].times, 1);
	cr_assert_eq(many[1].times, 0);
	cr_assert_eq(many[2].times, 1);
}
