/* The token authority on a virtual clock: the rows T1-T20 of its faults. */
#include "tests/flow/fake_transport.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct world world;
static int64_t begun;

static void
set_up(void)
{
	world_init(&world, NULL);
	begun = world.now_ms;
}

static void
tear_down(void)
{
	world_fini(&world);
}

TestSuite(authority, .init = set_up, .fini = tear_down);

static void
run(int64_t ms)
{
	world_run(&world, world.now_ms + ms);
}

Test(authority, fetches_from_the_first_due)
{
	cr_assert_eq(world.token.seen, 0);
	run(0);
	cr_assert_eq(world.token.seen, 1);
	cr_assert_eq(world.news.state, CSPARK_TOKEN_VALID);
	cr_assert(world.news.fetched && !world.news.failed);
	cr_assert_eq(world.news_count, 1);
}

Test(authority, renews_at_a_random_point_in_70_to_85_percent)
{
	world.expires_in = "1000";
	world.random = 0;
	run(700000 - 1);
	cr_assert_eq(world.token.seen, 1);
	run(1);
	cr_assert_eq(world.token.seen, 2);
	world.random = 150000;
	run(700000); /* the second was planned with 0 */
	cr_assert_eq(world.token.seen, 3);
	run(849999);
	cr_assert_eq(world.token.seen, 3);
	run(1);
	cr_assert_eq(world.token.seen, 4);
}

Test(authority, keeps_the_old_token_until_it_truly_expires)
{
	world.expires_in = "100";
	world.token = SCRIPT({ 0 }, { .status = 503 });
	run(99999);
	cr_assert_gt(world.failures, 3);
	cr_assert_eq(world.news.state, CSPARK_TOKEN_VALID);
	run(2);
	cr_assert_eq(world.news.state, CSPARK_TOKEN_NONE);
	cr_assert_eq(world.news.error.code, CSPARK_E_TOKEN_UNAVAILABLE);
}

Test(authority, backs_off_from_one_second_to_sixty)
{
	static const int64_t CEILINGS[] = { 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000 };

	world.token = SCRIPT({ .status = 500 });
	world.random = UINT32_MAX;
	run(600000);
	cr_assert_geq(world.token.seen, 9);
	for (int i = 0; i < 8; i++) {
		int64_t wait = world.token_times[i + 1] - world.token_times[i];

		cr_assert_geq(wait, 500, "%d: %ld", i, (long)wait);
		cr_assert_leq(wait, CEILINGS[i] + 500, "%d: %ld", i, (long)wait);
	}
}

Test(authority, honours_retry_after)
{
	world.token = SCRIPT({ .status = 429, .retry_after = "90" }, { 0 });
	run(89999);
	cr_assert_eq(world.token.seen, 1);
	cr_assert_str_eq(world.news.reason, "limited");
	cr_assert_eq(world.news.retry_at_ms, begun + 90000);
	run(1);
	cr_assert_eq(world.token.seen, 2);
	cr_assert_eq(world.news.state, CSPARK_TOKEN_VALID);
}

Test(authority, times_out)
{
	world.token = SCRIPT({ .after_ms = 60000 });
	run(10000);
	cr_assert_eq(world.failures, 1);
	cr_assert_str_eq(world.news.reason, "timeout");
}

Test(authority, latches_when_the_credentials_are_refused)
{
	world.token = SCRIPT(
		{ .status = 401, .body = "{\"error\":\"invalid_client\",\"error_description\":\"<b>\"}" });
	run(0);
	cr_assert_eq(world.news.state, CSPARK_TOKEN_LATCHED);
	cr_assert_str_eq(world.news.reason, "refused");
	cr_assert(strstr(world.news.error.detail, "invalid_client"));
	for (int i = 0; i < 100; i++) {
		cspark_authority_refused(world.authority, 0);
		run(1000);
	}
	cr_assert_eq(world.token.seen, 1);
	run(3600000 - 100000);
	cr_assert_leq(world.token.seen, 13, "one probe in five minutes at most");
}

Test(authority, stays_latched_when_a_probe_fails_otherwise)
{
	world.token = SCRIPT({ .status = 400, .body = "{\"error\":\"unauthorized_client\"}" },
		{ .end = CSPARK_END_CONNECT, .unsent = true });
	run(3600000);
	cr_assert_leq(world.token.seen, 13);
	cr_assert_eq(world.news.state, CSPARK_TOKEN_LATCHED);
}

Test(authority, opens_the_latch_with_new_credentials)
{
	struct cspark_credentials fresh = { CSPARK_AUTH_OAUTH, "new", "id" };

	world.token = SCRIPT({ .status = 401, .body = "{\"error\":\"invalid_client\"}" }, { 0 });
	run(1000);
	cr_assert_eq(world.news.state, CSPARK_TOKEN_LATCHED);
	cr_assert(cspark_authority_rotate(world.authority, &fresh));
	run(0);
	cr_assert_eq(world.token.seen, 2);
	cr_assert_eq(world.news.state, CSPARK_TOKEN_VALID);
}

Test(authority, does_not_let_an_old_refusal_latch_new_credentials)
{
	struct cspark_credentials fresh = { CSPARK_AUTH_OAUTH, "new", "id" };

	world.token = SCRIPT(
		{ .status = 401, .body = "{\"error\":\"invalid_client\"}", .after_ms = 100 }, { 0 });
	run(50);
	cr_assert(cspark_authority_rotate(world.authority, &fresh));
	run(50);
	cr_assert_eq(world.token.seen, 2);
	cr_assert_eq(world.news.state, CSPARK_TOKEN_VALID);
}

Test(authority, keeps_the_old_token_while_a_new_secret_is_tried)
{
	struct cspark_credentials fresh = { CSPARK_AUTH_OAUTH, "new", "id" };

	world.token = SCRIPT({ 0 }, { .status = 401, .body = "{\"error\":\"invalid_client\"}" });
	run(1000);
	cr_assert(cspark_authority_rotate(world.authority, &fresh));
	run(1000);
	cr_assert_eq(world.token.seen, 2);
	cr_assert_eq(world.news.state, CSPARK_TOKEN_VALID);
	cr_assert_eq(world.news.error.code, CSPARK_E_CREDENTIALS_REFUSED);
	run(300000);
	cr_assert_eq(world.news.state, CSPARK_TOKEN_LATCHED);
}

Test(authority, survives_every_useless_answer)
{
	static const struct reply USELESS[] = { { .body = "" }, { .body = "<html>" },
		{ .body = "{\"access_token\":" }, { .body = "{}" }, { .body = "{\"access_token\":\"\"}" },
		{ .body = "{\"access_token\":7}" }, { .body = "{\"access_token\":\"a b\"}" },
		{ .body = "{\"access_token\":\"a\\r\\nb\"}" }, { .end = CSPARK_END_TOO_LARGE },
		{ .end = CSPARK_END_TRUNCATED }, { .end = CSPARK_END_RESET },
		{ .end = CSPARK_END_DNS, .unsent = true }, { .end = CSPARK_END_CERTIFICATE, .unsent = true },
		{ .status = 404, .body = "no" },
		{ .status = 400, .body = "{\"error\":\"temporarily_unavailable\"}" } };

	for (size_t i = 0; i < sizeof(USELESS) / sizeof(USELESS[0]); i++) {
		struct reply replies[2] = { USELESS[i] };

		world_fini(&world);
		world_init(&world, NULL);
		world.token = (struct script){ .replies = replies, .count = 2 };
		run(0);
		cr_assert_eq(world.news.state, CSPARK_TOKEN_NONE, "%zu", i);
		cr_assert(world.news.failed && world.news.reason[0], "%zu", i);
		run(61000);
		cr_assert_eq(world.news.state, CSPARK_TOKEN_VALID, "%zu: refresh goes on", i);
	}
}

Test(authority, fetches_at_most_once_a_second_however_short_tokens_live)
{
	static const char *const LIVES[] = { "0", "-1", "1", "0.001" };

	for (size_t i = 0; i < sizeof(LIVES) / sizeof(LIVES[0]); i++) {
		world_fini(&world);
		world_init(&world, NULL);
		world.expires_in = LIVES[i];
		run(20000);
		cr_assert_leq(world.token.seen, 21, "%s", LIVES[i]);
		cr_assert(world.news_count > 19 && world.failures == 0, "%s", LIVES[i]);
	}
}

Test(authority, asks_again_when_a_token_is_refused_but_ever_less_often)
{
	run(30000);
	cspark_authority_refused(world.authority, 1);
	run(0);
	cr_assert_eq(world.token.seen, 2);
	for (int i = 0; i < 100; i++) {
		cspark_authority_refused(world.authority, world.tokens);
		run(1000);
	}
	cr_assert_leq(world.token.seen, 2 + 5 + 100 / 10, "%zu", world.token.seen);
}

Test(authority, announces_a_newer_token_again_instead_of_fetching)
{
	unsigned before;

	run(100);
	before = world.news_count;
	cspark_authority_refused(world.authority, 0);
	cr_assert_eq(world.news_count, before, "news never come from inside");
	run(0);
	cr_assert_eq(world.news_count, before + 1);
	cr_assert_eq(world.token.seen, 1);
}

Test(authority, announces_fixed_credentials)
{
	struct cspark_credentials bad = { CSPARK_AUTH_API_KEY, "two words", NULL };
	struct cspark_credentials good = { CSPARK_AUTH_BEARER, " bearer abc ", NULL };

	world_credentials(&world, CSPARK_AUTH_API_KEY);
	run(0);
	cr_assert_eq(world.news.state, CSPARK_TOKEN_VALID);
	cr_assert_eq(cspark_token_expires_ms(world.news.token), -1);
	cr_assert_not(cspark_authority_rotate(world.authority, &bad));
	cr_assert(cspark_authority_rotate(world.authority, &good));
	run(0);
	cr_assert_eq(cspark_token_generation(world.news.token), 2);
	cr_assert_eq(world.token.seen, 0);
}
