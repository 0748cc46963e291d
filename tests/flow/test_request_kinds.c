/* Requests of every kind through the client: to other hosts, into sinks, with forms. */
#include "tests/flow/fake_transport.h"

#include <criterion/criterion.h>
#include <string.h>

static struct world world;
static struct told told;
static struct cspark_request request;

static void
set_up(void)
{
	world_init(&world, NULL);
	told = (struct told){ .world = &world };
	request = (struct cspark_request){ .operation = CSPARK_OP_EXECUTE_V3,
		.method = "GET",
		.path = "/files/a?b=c" };
	world.request = &request;
}

static void
tear_down(void)
{
	told_fini(&told);
	world_fini(&world);
}

TestSuite(request_kinds, .init = set_up, .fini = tear_down);

static struct cspark_result *
run(void)
{
	told_fini(&told);
	cr_assert(world_send(&world, &told, 58000));
	world_run(&world, world.now_ms + 10);
	cr_assert_eq(told.times, 1);
	return &told.result;
}

static bool
has_line(const char *line)
{
	return strstr(world.last_lines, line) != NULL;
}

/* ---- lines ---- */

Test(request_kinds, says_what_is_accepted)
{
	request.accept = "application/zip";
	cr_assert_eq(run()->code, CSPARK_OK);
	cr_assert(has_line("\naccept: application/zip\n"), "%s", world.last_lines);
	request.accept = "a\r\nb: c";
	cr_assert_eq(run()->code, CSPARK_OK);
	cr_assert_not(has_line("accept"), "%s", world.last_lines);
}

Test(request_kinds, describes_a_body_wherever_it_is_but_no_form)
{
	const struct cspark_source source = { .fd = -1, .len = 1 };
	const struct cspark_part part = { .name = "n" };

	request.content_type = "application/zip";
	request.content_encoding = "gzip";
	run();
	cr_assert_not(has_line("\ncontent-"), "%s", world.last_lines);
	request.source = &source;
	run();
	cr_assert(has_line("\ncontent-type: application/zip\n"), "%s", world.last_lines);
	cr_assert(has_line("\ncontent-encoding: gzip\n"), "%s", world.last_lines);
	request.source = NULL;
	request.parts = &part;
	request.part_count = 1;
	run();
	cr_assert_not(has_line("\ncontent-"), "%s", world.last_lines);
}

Test(request_kinds, tells_what_the_head_of_the_last_answer_said)
{
	world.api = SCRIPT({ .status = 302, .location = "https://a.test/b", .disposition = "inline" });
	cr_assert_eq(run()->code, CSPARK_E_SPARK_ERROR);
	cr_assert_str_eq(told.result.location, "https://a.test/b");
	cr_assert_str_eq(told.result.disposition, "inline");
	world.api = SCRIPT({ .status = 502, .location = "x" }, { 0 });
	cr_assert_eq(run()->code, CSPARK_OK);
	cr_assert_str_eq(told.result.location, "");
	cr_assert_str_eq(told.result.content_type, "");
}

/* ---- other hosts ---- */

Test(request_kinds, go_to_another_host_with_our_credentials)
{
	request.origin = "https://utility.test:8443";
	cr_assert_eq(run()->code, CSPARK_OK);
	cr_assert_str_eq(world.last_url, "https://utility.test:8443/files/a?b=c");
	cr_assert(has_line("\nAuthorization: Bearer t1\n"), "%s", world.last_lines);
	cr_assert(has_line("\nx-tenant-name: t\n"), "%s", world.last_lines);
}

Test(request_kinds, tell_another_host_nothing_of_us_if_public)
{
	request.origin = "https://bucket.test";
	request.is_public = true;
	world.api = SCRIPT({ .status = 403 });
	cr_assert_eq(run()->code, CSPARK_E_SPARK_REJECTED);
	cr_assert_not(has_line("Authorization"), "%s", world.last_lines);
	cr_assert_not(has_line("x-tenant-name"), "%s", world.last_lines);
	cr_assert(strstr(told.result.detail, "https://bucket.test answered"), "%s", told.result.detail);
}

Test(request_kinds, are_not_held_by_spark_when_they_go_elsewhere)
{
	int64_t begun = world.now_ms;

	cspark_client_hold(world.client, world.now_ms + 30000);
	request.origin = "https://bucket.test";
	cr_assert_eq(run()->code, CSPARK_OK);
	cr_assert_eq(told.at_ms, begun);
}

Test(request_kinds, hold_nobody_back_when_another_host_asks_for_silence)
{
	int64_t begun;

	request.origin = "https://bucket.test";
	world.api = SCRIPT({ .status = 429, .retry_after = "100" });
	cr_assert_eq(run()->code, CSPARK_E_SPARK_RATE_LIMITED);
	cr_assert_eq(world.held, 0);
	request.origin = "http://spark.test"; /* which is the client's own */
	world.api = (struct script){ 0 };
	begun = world.now_ms;
	cr_assert_eq(run()->code, CSPARK_OK);
	cr_assert_eq(told.at_ms, begun);
	world.api = SCRIPT({ .status = 429, .retry_after = "100" });
	run();
	cr_assert_eq(world.held, 1);
}

static void
fail_often(void)
{
	world.api = SCRIPT({ .end = CSPARK_END_CONNECT, .unsent = true });
	for (int i = 0; i < 100; i++)
		run();
}

Test(request_kinds, do_not_open_the_breaker_for_another_hosts_failures)
{
	world_fini(&world);
	world_init_breaker(&world);
	world.request = &request;
	request.origin = "https://bucket.test";
	fail_often();
	cr_assert_eq(world.opened, 0);
	request.origin = NULL;
	fail_often();
	cr_assert_gt(world.opened, 0);
}

Test(request_kinds, go_elsewhere_while_the_breaker_is_open)
{
	world_fini(&world);
	world_init_breaker(&world);
	world.request = &request;
	fail_often();
	cr_assert_eq(run()->code, CSPARK_E_CIRCUIT_OPEN);
	request.origin = "https://bucket.test";
	world.api = (struct script){ 0 };
	cr_assert_eq(run()->code, CSPARK_OK);
	cr_assert_eq(world.closed, 0);
}

/* ---- sinks ---- */

struct bin {
	char text[64];
	size_t len;
	unsigned begun;
	bool full;
};

static bool
bin_begin(void *arg, const struct cspark_answer_head *head)
{
	struct bin *bin = arg;

	bin->begun++;
	bin->len = 0;
	return !bin->full;
}

static bool
bin_put(void *arg, const char *data, size_t len)
{
	struct bin *bin = arg;

	cr_assert_leq(bin->len + len, sizeof(bin->text));
	memcpy(bin->text + bin->len, data, len);
	bin->len += len;
	return true;
}

static struct bin bin;

static void
open_sink(void)
{
	static const struct cspark_sink SINK = { &bin, bin_begin, bin_put };

	bin = (struct bin){ 0 };
	world.sink = &SINK;
}

Test(request_kinds, receive_into_a_sink_whatever_the_bytes)
{
	open_sink();
	request.expects_json = true;
	world.api = SCRIPT({ .body = "PK, no JSON" });
	cr_assert_eq(run()->code, CSPARK_OK);
	cr_assert_null(told.result.body);
	cr_assert_eq(told.result.body_len, 0);
	cr_assert_eq(told.result.outcome, CSPARK_EXECUTED);
	cr_assert_eq(bin.begun, 1);
	cr_assert_eq(memcmp(bin.text, "PK, no JSON", bin.len), 0);
	cr_assert_eq(bin.len, 11);
}

Test(request_kinds, begin_again_in_the_sink_after_a_torn_answer)
{
	open_sink();
	world.api = SCRIPT(
		{ .end = CSPARK_END_TRUNCATED, .body = "garbage!" }, { .status = 502 }, { .body = "whole" });
	cr_assert_eq(run()->code, CSPARK_OK);
	cr_assert_eq(told.result.attempts, 3);
	cr_assert_eq(bin.begun, 2);
	cr_assert_eq(bin.len, 5);
	cr_assert_eq(memcmp(bin.text, "whole", 5), 0);
}

Test(request_kinds, keep_a_failures_body_from_the_sink)
{
	open_sink();
	world.api = SCRIPT({ .status = 404, .body = "{\"no\":1}" });
	cr_assert_eq(run()->code, CSPARK_E_SPARK_REJECTED);
	cr_assert_str_eq(told.result.body, "{\"no\":1}");
	cr_assert_eq(bin.begun, 0);
}

Test(request_kinds, end_for_good_when_the_sink_is_full)
{
	open_sink();
	bin.full = true;
	cr_assert_eq(run()->code, CSPARK_E_INTERNAL);
	cr_assert_eq(told.result.attempts, 1);
	cr_assert_eq(told.result.outcome, CSPARK_EXECUTED);
	cr_assert_not(told.result.retryable);
	cr_assert(strstr(told.result.detail, "could not be stored"), "%s", told.result.detail);
}
