/* The real client with its breaker, on a virtual clock and a scripted transport. */
#include "tests/flow/fake_transport.h"

#include <criterion/criterion.h>
#include <string.h>

static struct world world;
static struct told told;

static void
set_up(void)
{
	world_init_breaker(&world);
	told = (struct told){ .world = &world };
}

static void
tear_down(void)
{
	told_fini(&told);
	world_fini(&world);
}

TestSuite(breaker, .init = set_up, .fini = tear_down);

/* Runs one call to its end and gives it. */
static struct cspark_result *
run(int64_t timeout_ms)
{
	told_fini(&told);
	cr_assert(world_send(&world, &told, timeout_ms));
	world_run(&world, world.now_ms + timeout_ms + 1);
	cr_assert_eq(told.times, 1);
	return &told.result;
}

/* Runs calls of one attempt until the breaker opens; how many it took. */
static unsigned
storm(void)
{
	unsigned calls = 0;

	world.api = SCRIPT({ .status = 504 });
	while (world.opened == 0 && calls++ < 100)
		cr_assert_eq(run(10)->code, CSPARK_E_UPSTREAM_TIMEOUT);
	told_fini(&told);
	return calls;
}

Test(breaker, answers_at_once_while_too_much_fails)
{
	int64_t opened_ms;

	cr_assert_eq(storm(), 20);
	opened_ms = told.at_ms;
	world.api.seen = 0;
	for (int i = 0; i < 100; i++) {
		int64_t begun = world.now_ms;

		cr_assert_eq(run(20)->code, CSPARK_E_CIRCUIT_OPEN);
		cr_assert_eq(told.at_ms, begun);
		cr_assert_eq(told.result.attempts, 0);
		cr_assert_eq(told.result.outcome, CSPARK_NOT_SENT);
		cr_assert(told.result.retryable);
		cr_assert_eq(told.result.retry_after_s, (opened_ms + 4000 - begun + 999) / 1000);
		cr_assert(strstr(told.result.detail, "http://spark.test "), "%s", told.result.detail);
	}
	cr_assert_eq(world.api.seen, 0);
	cr_assert_eq(world.opened, 1);
}

Test(breaker, tries_one_call_at_a_time_until_three_went_well)
{
	struct told other;

	storm();
	world_run(&world, world.now_ms + 4000);
	world.api = SCRIPT({ .after_ms = 100 });
	for (int i = 0; i < 3; i++) {
		cr_assert(world_send(&world, &told, 1000));
		cr_assert(world_send(&world, &other, 1000));
		world_run(&world, world.now_ms + 100);
		cr_assert_eq(told.result.code, CSPARK_OK);
		cr_assert_eq(other.result.code, CSPARK_E_CIRCUIT_OPEN);
		cr_assert_eq(other.result.retry_after_s, 5);
		cr_assert_eq(world.closed, i == 2);
		told_fini(&told);
		told_fini(&other);
	}
	cr_assert_eq(run(1000)->code, CSPARK_OK);
}

Test(breaker, opens_again_when_the_probe_fails)
{
	storm();
	world_run(&world, world.now_ms + 4000);
	world.api = SCRIPT({ .end = CSPARK_END_RESET });
	cr_assert_eq(run(1000)->code, CSPARK_E_UPSTREAM_UNREACHABLE);
	cr_assert_eq(told.result.attempts, 1, "and does not try again");
	cr_assert_eq(world.opened, 2);
	cr_assert_eq(run(1000)->code, CSPARK_E_CIRCUIT_OPEN);
	cr_assert_eq(told.result.retry_after_s, 7, "8 s, of which one has passed");
}

Test(breaker, lets_another_probe_go_when_one_is_cancelled)
{
	struct cspark_job *job;

	storm();
	world_run(&world, world.now_ms + 4000);
	world.api = SCRIPT({ .after_ms = 100 });
	job = world_send(&world, &told, 1000);
	cr_assert(job);
	world_run(&world, world.now_ms + 50);
	cspark_job_cancel(job, NULL, NULL);
	cr_assert_eq(run(1000)->code, CSPARK_OK);
}

Test(breaker, ends_calls_under_way_with_the_failure_they_had)
{
	struct told many[19];

	world.random = 999;
	world.api = SCRIPT({ .status = 503 });
	for (int i = 0; i < 19; i++)
		cr_assert(world_send(&world, &many[i], 58000));
	world_run(&world, world.now_ms + 10);
	cr_assert_eq(world.api.seen, 19, "all wait for their second attempt");
	cr_assert_eq(run(1000)->code, CSPARK_E_SPARK_UNAVAILABLE);
	cr_assert_eq(told.result.attempts, 1);
	cr_assert_eq(world.opened, 1);
	world_run(&world, world.now_ms + 2000);
	cr_assert_eq(world.api.seen, 20);
	for (int i = 0; i < 19; i++) {
		cr_assert_eq(many[i].result.code, CSPARK_E_SPARK_UNAVAILABLE);
		cr_assert_eq(many[i].result.attempts, 1);
		told_fini(&many[i]);
	}
}

/* Two probes in turn find their token refused; with the new one a single probe goes again. */
Test(breaker, takes_a_refused_token_for_no_refusal_of_the_credentials)
{
	struct told other;

	storm();
	world_run(&world, world.now_ms + 4000);
	world.revoked = world.tokens;
	world.token = SCRIPT({ .after_ms = 500 });
	world.api = SCRIPT({ .after_ms = 100 });
	cr_assert(world_send(&world, &told, 5000));
	world_run(&world, world.now_ms + 150);
	cr_assert(world_send(&world, &other, 5000));
	world_run(&world, world.now_ms + 2000);
	cr_assert_eq(told.result.code, CSPARK_OK);
	cr_assert_eq(told.result.attempts, 2);
	cr_assert_eq(other.result.code, CSPARK_E_CIRCUIT_OPEN, "%s", other.result.detail);
	cr_assert_eq(other.result.attempts, 1);
	cr_assert_eq(other.result.outcome, CSPARK_NOT_SENT);
	cr_assert(other.result.retryable);
	told_fini(&other);
}

/* It comes while another call probes. */
Test(breaker, takes_a_late_401_for_no_refusal_of_the_credentials)
{
	struct told late, probe;

	world.api = SCRIPT({ .after_ms = 4500 });
	cr_assert(world_send(&world, &late, 9000));
	world_run(&world, world.now_ms + 1);
	storm();
	world_run(&world, world.now_ms + 4000);
	world.revoked = world.tokens;
	world.api = SCRIPT({ .after_ms = 1000 });
	cr_assert(world_send(&world, &probe, 5000));
	world_run(&world, world.now_ms + 500);
	world.revoked = 0;
	world_run(&world, world.now_ms + 1000);
	cr_assert_eq(probe.result.code, CSPARK_OK);
	cr_assert_eq(late.times, 1);
	cr_assert_eq(late.result.code, CSPARK_E_CIRCUIT_OPEN, "%s", late.result.detail);
	cr_assert_eq(late.result.outcome, CSPARK_NOT_SENT);
	told_fini(&late);
	told_fini(&probe);
}

Test(breaker, is_not_opened_by_what_is_not_sparks_fault)
{
	static const struct reply REPLIES[] = {
		{ .status = 400 },
		{ .status = 401 },
		{ .status = 408 },
		{ .status = 429 },
		{ .status = 500 },
		{ .status = 503, .retry_after = "0" },
		{ .body = "<html>" },
		{ .end = CSPARK_END_CERTIFICATE, .unsent = true },
		{ .end = CSPARK_END_REFUSED, .unsent = true },
		{ .end = CSPARK_END_FAULT, .unsent = true },
	};

	for (size_t i = 0; i < sizeof(REPLIES) / sizeof(REPLIES[0]); i++) {
		world.api = (struct script){ .replies = &REPLIES[i], .count = 1 };
		for (int n = 0; n < 30; n++)
			cr_assert_neq(run(100)->code, CSPARK_E_CIRCUIT_OPEN, "%zu", i);
	}
	cr_assert_eq(world.opened, 0);
}
