/*
 * The real call machine, desk and pure parts; front, loop and upstream are fakes. Each test tells one story.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/call.h"
#include "daemon/edition.h"
#include "daemon/log.h"
#include "lib/cspark_operations.h"
#include "tests/flow/fake_front.h"
#include "tests/flow/fake_loop.h"
#include "tests/flow/fake_upstream.h"

static const char V3_ANSWER[] =
	"{\"status\":\"Success\",\"error\":null,\"response_data\":{\"outputs\":{\"volume\":113.097},"
	"\"warnings\":null,\"errors\":null,\"service_chain\":null},"
	"\"response_meta\":{\"call_id\":\"c-1\",\"version\":\"0.1.0\",\"process_time\":2}}";
static const char V4_ANSWER[] = "{\"outputs\":[{\"volume\":1},{\"volume\":2}],\"process_time\":[1,1],"
				"\"warnings\":[null,null],\"errors\":[null,null]}";

static struct config_listener listener = { .address = (char *)"127.0.0.1:1" };
static struct config_tenant tenants[] = {
	{ .name = (char *)"default",
		.origin = (char *)"http://127.0.0.1:9",
		.tenant = (char *)"acme",
		.base_url = (char *)"http://127.0.0.1:9/acme",
		.timeout_ms = 58000 },
	{ .name = (char *)"second",
		.origin = (char *)"http://127.0.0.1:9",
		.tenant = (char *)"beta",
		.base_url = (char *)"http://127.0.0.1:9/beta",
		.timeout_ms = 5000,
		.slot = 1,
		.account = 1 },
};
static const char *const tenant_names[] = { "default", "second" };
static struct admin_tenant tokens[2];
static struct config config;
static struct metrics *metrics;
static struct lifecycle life;
static struct board board;
static struct admin admin;
static struct desk desk;
static unsigned idle_told;
static struct front_request requests[16];

static void
count_idle(void *arg)
{
	idle_told++;
}

static char *no_globs[] = { NULL };

static void
set_up(void)
{
	listener.allow = CSPARK_GROUP_EXECUTE | CSPARK_GROUP_OPS;
	listener.services = no_globs;
	cr_assert(route_init());
	log_open(&(struct log_options){ .level = LOG_ERROR_LEVEL, .file = "/dev/null" });
	config = (struct config){ .refs = 1, /* never the last */
		.workers = 1,
		.listeners = &listener,
		.listener_count = 1,
		.tenants = tenants,
		.tenant_count = 2 };
	config.limits.max_body = 65536;
	config.limits.max_answer = 65536;
	config.limits.max_records = 1000;
	config.bulk.single_records = config.bulk.chunk_records = 1000;
	config.bulk.max_body = config.bulk.max_record = config.bulk.chunk_bytes = 65536;
	config.limits.max_in_flight = 2;
	config.limits.max_queue = 2;
	config.limits.queue_ms = 1000;
	metrics = metrics_new(
		&(struct metrics_names){ route_operation_names, ROUTE_OPERATIONS, tenant_names, 2 });
	board = (struct board){ 0 };
	admin = (struct admin){ .metrics = &metrics,
		.metrics_count = 1,
		.tenants = tokens,
		.boards = &board,
		.workers = 1,
		.life = &life };
	desk = (struct desk){ .loop = loop_new(),
		.admin = &admin,
		.metrics = metrics,
		.on_idle = count_idle };
	cr_assert(desk_init(&desk, &config, 0, 1));
	fake_upstream_reset();
	desk_adopt(&desk, edition_new(NULL, config_ref(&config), NULL));
	idle_told = 0;
}

static void
tear_down(void)
{
	cr_assert_eq(desk.open, 0, "a call was left open");
	cr_assert_eq(desk.admit.in_flight, 0, "a place was not given back");
	cr_assert_eq(desk.admit.queued, 0);
	desk_fini(&desk);
	cr_assert_eq(fake_lines, 0, "a line was left open");
	cr_assert_not(config_is_shared(&config), "a snapshot was not given back");
	metrics_free(metrics);
}

TestSuite(call, .init = set_up, .fini = tear_down);

static struct front_request *
post(unsigned slot, const char *path, const char *body)
{
	struct fake_request say = { .method = "POST",
		.path = path,
		.headers = { "Content-Type", "application/json" },
		.body = body };

	fake_front_send(&requests[slot], &say, &desk);
	return &requests[slot];
}

static struct front_request *
get(unsigned slot, const char *path, const char *query)
{
	struct fake_request say = { .method = "GET", .path = path, .query = query };

	fake_front_send(&requests[slot], &say, &desk);
	return &requests[slot];
}

#define ASSERT_HAS(text, part) cr_assert(strstr(text, part), "no %s in %s", part, text)

static void
expect_problem(struct front_request *request, int status, const char *code)
{
	char member[80];

	cr_assert(request->replied);
	cr_assert_eq(request->status, status, "%d: %s", request->status, request->body);
	cr_assert_str_eq(request->content_type, "application/problem+json");
	snprintf(member, sizeof member, "\"code\":\"%s\"", code);
	ASSERT_HAS(request->body, member);
	fake_front_done(request, FRONT_OK);
}

Test(call, executes_a_record)
{
	struct front_request *request = post(
		0, "/execute/my-folder/volume-cylinder", "{\"radius\":3.00,\"height\":4}");

	cr_assert_not(request->replied);
	cr_assert_eq(fake_job_count, 1);
	cr_assert_str_eq(fake_jobs[0].request->path,
		"/acme/api/v3/folders/my-folder/services/volume-cylinder/execute");
	ASSERT_HAS(fake_jobs[0].request->body, "{\"radius\":3.00,\"height\":4}");
	fake_upstream_answer(0, V3_ANSWER);
	cr_assert_eq(request->status, 200);
	ASSERT_HAS(request->body, "\"outputs\":{\"volume\":113.097}");
	cr_assert_str_eq(fake_front_header(request, "X-Spark-Call-Id"), "c-1");
	cr_assert_str_eq(fake_front_header(request, "X-Spark-Version"), "0.1.0");
	cr_assert_str_eq(fake_front_header(request, "X-Cspark-Attempts"), "1");
	cr_assert_not_null(fake_front_header(request, "Server-Timing"));
	fake_front_done(request, FRONT_OK);
	cr_assert_eq(idle_told, 1);
}

Test(call, executes_a_get)
{
	struct front_request *request = get(0, "/execute/f/s", "radius=3&name=x&_correlation=a1");

	ASSERT_HAS(fake_jobs[0].request->body, "{\"radius\":3,\"name\":\"x\"}");
	ASSERT_HAS(fake_jobs[0].request->body, "\"correlation_id\":\"a1\"");
	fake_upstream_answer(0, V3_ANSWER);
	cr_assert_eq(request->status, 200);
	fake_front_done(request, FRONT_OK);
}

Test(call, executes_a_list_as_one_call)
{
	struct front_request *request = post(0, "/execute/f/s", "[{\"radius\":1},{\"radius\":2}]");

	cr_assert_eq(fake_job_count, 1);
	cr_assert_str_eq(fake_jobs[0].request->path, "/acme/api/v4/execute");
	fake_upstream_answer(0, V4_ANSWER);
	cr_assert_eq(request->status, 200);
	cr_assert_str_eq(request->body, V4_ANSWER);
	fake_front_done(request, FRONT_OK);
}

Test(call, answers_an_empty_list_without_spark)
{
	struct front_request *request = post(0, "/execute/f/s", "[]");

	cr_assert_eq(fake_job_count, 0);
	cr_assert_eq(request->status, 200);
	ASSERT_HAS(request->body, "\"outputs\":[]");
	fake_front_done(request, FRONT_OK);
}

Test(call, keeps_the_callers_id_and_makes_one_otherwise)
{
	struct fake_request say = {
		.method = "GET", .path = "/execute/f/s", .headers = { "X-Request-Id", "order-1" }
	};
	struct front_request *request = &requests[0];

	fake_front_send(request, &say, &desk);
	cr_assert_str_eq(fake_jobs[0].call.request_id, "order-1");
	fake_upstream_answer(0, V3_ANSWER);
	cr_assert_str_eq(fake_front_header(request, "X-Request-Id"), "order-1");
	fake_front_done(request, FRONT_OK);
	request = get(1, "/execute/f/s", "");
	cr_assert_eq(strlen(fake_jobs[1].call.request_id), 36);
	fake_upstream_answer(1, V3_ANSWER);
	fake_front_done(request, FRONT_OK);
}

Test(call, refuses_what_it_cannot_route)
{
	expect_problem(get(0, "/nothing", ""), 404, "no_such_route");
	expect_problem(get(1, "/execute/only-one", ""), 400, "bad_locator");
	expect_problem(post(2, "/execute/f/s", "{\"a\":1"), 400, "bad_json");
	expect_problem(get(3, "/execute/f/s", "_tenant=nobody"), 400, "bad_parameter");
	cr_assert_eq(fake_job_count, 0);
}

Test(call, chooses_the_tenant)
{
	struct front_request *request = get(0, "/execute/f/s", "_tenant=second");

	cr_assert_eq(fake_jobs[0].tenant, 1);
	cr_assert_str_eq(fake_jobs[0].request->path, "/beta/api/v3/folders/f/services/s/execute");
	fake_upstream_answer(0, V3_ANSWER);
	fake_front_done(request, FRONT_OK);
}

Test(call, gives_spark_the_whole_deadline_or_less)
{
	int64_t now_ms = loop_now_ms(desk.loop);

	get(0, "/execute/f/s", "");
	get(1, "/execute/f/s", "_timeout=1500");
	cr_assert_eq(fake_jobs[0].call.deadline_ms, now_ms + 58000);
	cr_assert_eq(fake_jobs[1].call.deadline_ms, now_ms + 1500);
	fake_upstream_answer(0, V3_ANSWER);
	fake_upstream_answer(1, V3_ANSWER);
	fake_front_done(&requests[0], FRONT_OK);
	fake_front_done(&requests[1], FRONT_OK);
}

Test(call, passes_sparks_refusal_on_with_its_words)
{
	struct front_request *request = get(0, "/execute/f/s", "");

	fake_upstream_fail(0, CSPARK_E_SPARK_REJECTED, CSPARK_EXECUTED, 404, "{\"error\":\"gone\"}");
	ASSERT_HAS(request->body, "\"spark\":{\"status\":404,\"body\":{\"error\":\"gone\"}}");
	expect_problem(request, 404, "spark_rejected");
}

Test(call, says_what_may_have_happened)
{
	struct front_request *request = get(0, "/execute/f/s", "");

	fake_upstream_fail(0, CSPARK_E_UPSTREAM_TIMEOUT, CSPARK_MAYBE_EXECUTED, 0, NULL);
	ASSERT_HAS(request->body, "\"outcome\":\"maybe_executed\"");
	ASSERT_HAS(request->body, "\"retryable\":true");
	expect_problem(request, 504, "upstream_timeout");
}

Test(call, says_when_to_come_back)
{
	struct front_request *request = get(0, "/execute/f/s", "");

	fake_upstream_fail(0, CSPARK_E_TOKEN_UNAVAILABLE, CSPARK_NOT_SENT, 0, NULL);
	cr_assert_str_eq(fake_front_header(request, "Retry-After"), "1");
	expect_problem(request, 503, "token_unavailable");
}

Test(call, queues_and_lets_in_by_age)
{
	for (unsigned i = 0; i < 4; i++)
		get(i, "/execute/f/s", "");
	cr_assert_eq(fake_job_count, 2);
	cr_assert_eq(desk.admit.queued, 2);
	fake_upstream_answer(0, V3_ANSWER);
	cr_assert_eq(fake_job_count, 3);
	fake_upstream_answer(1, V3_ANSWER);
	fake_upstream_answer(2, V3_ANSWER);
	fake_upstream_answer(3, V3_ANSWER);
	for (unsigned i = 0; i < 4; i++) {
		cr_assert_eq(requests[i].status, 200);
		fake_front_done(&requests[i], FRONT_OK);
	}
	cr_assert_eq(idle_told, 1);
}

Test(call, refuses_when_the_queue_is_full)
{
	for (unsigned i = 0; i < 5; i++)
		get(i, "/execute/f/s", "");
	cr_assert_str_eq(fake_front_header(&requests[4], "Retry-After"), "1");
	ASSERT_HAS(requests[4].body, "\"outcome\":\"not_sent\"");
	expect_problem(&requests[4], 503, "overloaded");
	for (size_t i = 0; i < 4; i++)
		fake_upstream_answer(i, V3_ANSWER);
	for (unsigned i = 0; i < 4; i++)
		fake_front_done(&requests[i], FRONT_OK);
}

Test(call, does_not_wait_in_the_queue_for_ever)
{
	for (unsigned i = 0; i < 3; i++)
		get(i, "/execute/f/s", "");
	fake_loop_advance(999);
	cr_assert_not(requests[2].replied);
	fake_loop_advance(1);
	expect_problem(&requests[2], 503, "overloaded");
	fake_upstream_answer(0, V3_ANSWER);
	fake_upstream_answer(1, V3_ANSWER);
	fake_front_done(&requests[0], FRONT_OK);
	fake_front_done(&requests[1], FRONT_OK);
}

Test(call, takes_the_call_back_when_the_caller_leaves)
{
	struct front_request *request = get(0, "/execute/f/s", "");

	fake_cancel_outcome = CSPARK_MAYBE_EXECUTED;
	fake_front_left(request);
	cr_assert(fake_jobs[0].cancelled);
	cr_assert(request->replied, "the front is owed an answer, sent or not");
	cr_assert_eq(desk.admit.in_flight, 0);
	fake_front_done(request, FRONT_CALLER_LEFT);
	cr_assert_eq(metrics_sum(&metrics, 1, METRIC_CALLER_LEFT), 1);
}

Test(call, lets_the_next_in_when_a_caller_leaves)
{
	for (unsigned i = 0; i < 3; i++)
		get(i, "/execute/f/s", "");
	fake_front_left(&requests[0]);
	cr_assert_eq(fake_job_count, 3);
	fake_front_left(&requests[2]);
	fake_front_left(&requests[1]);
	for (unsigned i = 0; i < 3; i++)
		fake_front_done(&requests[i], FRONT_CALLER_LEFT);
}

Test(call, survives_a_caller_that_leaves_the_queue)
{
	for (unsigned i = 0; i < 3; i++)
		get(i, "/execute/f/s", "");
	fake_front_left(&requests[2]);
	cr_assert_eq(desk.admit.queued, 0);
	cr_assert_eq(fake_job_count, 2);
	fake_upstream_answer(0, V3_ANSWER);
	fake_upstream_answer(1, V3_ANSWER);
	for (unsigned i = 0; i < 3; i++)
		fake_front_done(&requests[i], FRONT_OK);
}

Test(call, answers_everyone_when_the_drain_is_over)
{
	for (unsigned i = 0; i < 3; i++)
		get(i, "/execute/f/s", "");
	desk_enter(&desk, LIFE_CLOSING);
	for (unsigned i = 0; i < 3; i++) {
		cr_assert(requests[i].close);
		expect_problem(&requests[i], 503, "draining");
	}
	expect_problem(get(3, "/execute/f/s", ""), 503, "draining");
}

Test(call, fails_cleanly_when_nothing_can_be_sent)
{
	fake_upstream_full = true;
	expect_problem(get(0, "/execute/f/s", ""), 500, "internal");
}

Test(call, passes_drop_in_calls_through_unchanged)
{
	struct front_request *request = post(
		0, "/acme/api/v3/folders/f/services/s/execute", "{\"request_data\":{\"inputs\":{}}}");

	cr_assert_str_eq(fake_jobs[0].request->path, "/acme/api/v3/folders/f/services/s/execute");
	cr_assert_str_eq(fake_jobs[0].request->body, "{\"request_data\":{\"inputs\":{}}}");
	fake_upstream_answer(0, V3_ANSWER);
	cr_assert_eq(request->status, 200);
	cr_assert_str_eq(request->body, V3_ANSWER);
	fake_front_done(request, FRONT_OK);
}

Test(call, passes_the_query_of_a_drop_in_call_through)
{
	struct fake_request say = {
		.method = "POST", .path = "/acme/api/v4/execute", .query = "a=%20b&c", .body = "{}"
	};

	fake_front_send(&requests[0], &say, &desk);
	cr_assert_str_eq(fake_jobs[0].request->path, "/acme/api/v4/execute?a=%20b&c");
	fake_upstream_answer(0, "{}");
	fake_front_done(&requests[0], FRONT_OK);
}

Test(call, passes_sparks_errors_through_on_drop_in_paths)
{
	struct front_request *request = post(0, "/acme/api/v4/execute", "{}");

	fake_upstream_fail(0, CSPARK_E_SPARK_ERROR, CSPARK_EXECUTED, 500, "{\"code\":\"X\"}");
	cr_assert_eq(request->status, 500);
	cr_assert_str_eq(request->body, "{\"code\":\"X\"}");
	fake_front_done(request, FRONT_OK);
}

Test(call, never_shows_401_for_its_own_credentials)
{
	struct front_request *request = post(0, "/acme/api/v4/execute", "{}");

	fake_upstream_fail(0, CSPARK_E_CREDENTIALS_REFUSED, CSPARK_NOT_SENT, 401, "{}");
	expect_problem(request, 502, "credentials_refused");
}

Test(call, knows_only_the_tenants_that_are_configured)
{
	expect_problem(post(0, "/other/api/v4/execute", "{}"), 404, "no_such_route");
}

Test(call, does_only_what_the_listener_allows)
{
	struct front_request *request;

	listener.allow = CSPARK_GROUP_OPS;
	ASSERT_HAS(get(0, "/execute/f/s", "")->body, "add \\\"execute\\\" to allow");
	expect_problem(&requests[0], 403, "operation_disabled");
	expect_problem(post(1, "/acme/api/v4/execute", "{}"), 403, "operation_disabled");
	listener.allow = CSPARK_GROUP_EXECUTE;
	expect_problem(get(2, "/metrics", ""), 403, "operation_disabled");
	request = get(3, "/healthz", "");
	cr_assert_eq(request->status, 200);
	fake_front_done(request, FRONT_OK);
}

Test(call, turns_excel_errors_into_422_if_strict)
{
	struct front_request *request = get(0, "/execute/f/s", "_strict=true");

	fake_upstream_answer(0,
		"{\"status\":\"Success\",\"response_data\":{\"outputs\":{\"volume\":\"#VALUE!\"}},"
		"\"response_meta\":{}}");
	ASSERT_HAS(request->body, "\"outcome\":\"executed\"");
	ASSERT_HAS(request->body, "\"outputs\":{\"volume\":\"#VALUE!\"}");
	expect_problem(request, 422, "spark_rejected");
}

Test(call, serves_the_local_pages)
{
	struct front_request *request = get(0, "/healthz", "");

	cr_assert_eq(request->status, 200);
	fake_front_done(request, FRONT_OK);
	request = get(1, "/readyz", "");
	cr_assert_eq(request->status, 503);
	fake_front_done(request, FRONT_OK);
	tokens[0].state = CSPARK_TOKEN_VALID;
	tokens[0].expires_ms = -1;
	tokens[0].since_ms = 1;
	life.state = LIFE_READY;
	request = get(2, "/readyz", "");
	cr_assert_eq(request->status, 200);
	fake_front_done(request, FRONT_OK);
	request = get(3, "/status", "");
	ASSERT_HAS(request->body, "\"tenants\"");
	fake_front_done(request, FRONT_OK);
	request = get(4, "/metrics", "");
	ASSERT_HAS(request->body, "cspark_requests_total");
	fake_front_done(request, FRONT_OK);
}

/* ---- reloads ---- */

static struct config later; /* the same tenants, with other limits */

static void
reload(void)
{
	later = config;
	later.refs = 1;
	later.limits.max_in_flight = 1;
	desk_adopt(&desk, edition_new(NULL, config_ref(&later), desk.edition));
}

Test(call, keeps_its_snapshot_over_a_reload)
{
	struct front_request *before = post(0, "/execute/f/s", "{}");
	struct front_request *after;

	reload();
	cr_assert(config_is_shared(&config), "a call began with it");
	after = post(1, "/execute/f/s", "{}");
	cr_assert_eq(fake_job_count, 1, "only one place is left");
	fake_upstream_answer(0, V3_ANSWER);
	cr_assert_eq(before->status, 200);
	cr_assert(config_is_shared(&config), "until it is done");
	fake_front_done(before, FRONT_OK);
	cr_assert_not(config_is_shared(&config));
	fake_upstream_answer(1, V3_ANSWER);
	fake_front_done(after, FRONT_OK);
	cr_assert(config_is_shared(&later), "it is in force");
}

Test(call, shares_the_line_of_a_tenant_that_stays)
{
	struct front_request *before = post(0, "/execute/f/s", "{}");
	struct front_request *after;

	reload();
	cr_assert_eq(fake_lines, 2);
	after = post(1, "/execute/f/s", "{}");
	fake_upstream_answer(0, V3_ANSWER);
	cr_assert_eq(fake_jobs[0].line, fake_jobs[1].line);
	fake_upstream_answer(1, V3_ANSWER);
	fake_front_done(before, FRONT_OK);
	fake_front_done(after, FRONT_OK);
}

Test(call, opens_a_line_of_its_own_for_a_tenant_that_changed)
{
	struct front_request *before = post(0, "/execute/f/s", "{}");

	later = config;
	later.refs = 1;
	later.limits.max_answer++;
	desk_adopt(&desk, edition_new(NULL, config_ref(&later), desk.edition));
	cr_assert_eq(fake_lines, 4, "the old ones are needed still");
	fake_upstream_answer(0, V3_ANSWER);
	fake_front_done(before, FRONT_OK);
	cr_assert_eq(fake_lines, 2);
}

Test(call, lets_more_in_after_a_reload_with_more_places)
{
	struct front_request *waiting[3];

	for (unsigned i = 0; i < 3; i++)
		waiting[i] = post(i, "/execute/f/s", "{}");
	cr_assert_eq(fake_job_count, 2);
	later = config;
	later.refs = 1;
	later.limits.max_in_flight = 3;
	desk_adopt(&desk, edition_new(NULL, config_ref(&later), desk.edition));
	cr_assert_eq(fake_job_count, 3);
	for (unsigned i = 0; i < 3; i++) {
		fake_upstream_answer(i, V3_ANSWER);
		fake_front_done(waiting[i], FRONT_OK);
	}
}

Test(call, is_refused_on_a_listener_that_is_gone)
{
	static struct config_listener other = { .id = 7, .address = (char *)"127.0.0.1:2" };

	later = config;
	later.refs = 1;
	later.listeners = &other;
	desk_adopt(&desk, edition_new(NULL, config_ref(&later), desk.edition));
	expect_problem(post(0, "/execute/f/s", "{}"), 503, "draining");
}
