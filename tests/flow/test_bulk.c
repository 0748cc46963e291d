/* Lists that take more than one call: the real machine, a virtual clock, and Spark as each test wants it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json_text.h"
#include "daemon/edition.h"
#include "tests/flow/fake_loop.h"
#include "tests/flow/lists.h"
#include "tests/flow/operating.h"

TestSuite(bulk, .init = lists_set_up, .fini = operating_tear_down);

/* [{"n":0},{"n":1},...] */
static struct str
inputs_of(size_t job)
{
	const struct cspark_request *request = fake_jobs[job].request;

	return json_path(str_range(request->body, request->body_len), "inputs");
}

/* Every record's outputs are its inputs. */
static void
echo(size_t job)
{
	struct str inputs = inputs_of(job);
	struct buf answer;

	buf_init(&answer, 65536);
	buf_put_str(&answer, STR("{\"outputs\":"));
	buf_put_str(&answer, inputs);
	buf_put_str(&answer, STR(",\"version\":\"1.0.0\"}"));
	buf_put_char(&answer, '\0');
	fake_upstream_answer(job, answer.data);
	buf_fini(&answer);
}

static void
echo_all(void)
{
	bool any = true;

	while (any) {
		any = false;
		for (size_t i = 0; i < fake_job_count; i++) {
			if (fake_jobs[i].open) {
				echo(i);
				any = true;
			}
		}
		fake_loop_advance(1);
	}
	fake_loop_advance(20); /* a turn for each chunk */
}

static void
fail(size_t job, enum cspark_code code, enum cspark_outcome outcome, int status)
{
	fake_upstream_fail(job, code, outcome, status, "{\"message\":\"no\"}");
	fake_loop_advance(1);
}

Test(bulk, puts_answers_in_order_whatever_their_order)
{
	struct front_request *request = ask("POST", SERVICE, NULL, list(12));

	cr_assert_eq(fake_job_count, 3);
	cr_assert_eq(desk.admit.in_flight, 3);
	echo(2);
	echo(0);
	fake_loop_advance(1);
	cr_assert_not(request->replied);
	echo(1);
	fake_loop_advance(10);
	expect_outputs(request, 12);
}

Test(bulk, sends_no_more_at_a_time_than_is_allowed)
{
	struct front_request *request = ask("POST", SERVICE, NULL, list(40));

	cr_assert_eq(fake_job_count, 3);
	echo(0);
	cr_assert_eq(fake_job_count, 4);
	echo_all();
	expect_outputs(request, 40);
}

Test(bulk, leaves_places_to_others)
{
	config.limits.max_in_flight = 2;
	desk_adopt(&desk, edition_new(NULL, config_ref(&config), NULL));
	struct front_request *request = ask("POST", SERVICE, NULL, list(40));

	cr_assert_eq(desk.admit.in_flight, 2);
	echo_all();
	expect_outputs(request, 40);
}

Test(bulk, waits_while_spark_wants_less_and_loses_nothing)
{
	struct front_request *request = ask("POST", SERVICE, NULL, list(12));
	size_t sent = fake_job_count;

	for (size_t i = 0; i < sent; i++)
		fail(i, CSPARK_E_SPARK_RATE_LIMITED, CSPARK_NOT_SENT, 429);
	cr_assert_eq(fake_job_count, sent);
	cr_assert_eq(desk.admit.in_flight, 0);
	fake_loop_advance(5000);
	cr_assert_gt(fake_job_count, sent);
	echo_all();
	expect_outputs(request, 12);
}

Test(bulk, gives_up_when_nothing_gets_done_for_long)
{
	struct front_request *request = ask("POST", SERVICE, NULL, list(12));

	for (int i = 0; i < 100 && !request->replied; i++) {
		for (size_t job = 0; job < fake_job_count; job++) {
			if (fake_jobs[job].open)
				fail(job, CSPARK_E_SPARK_UNAVAILABLE, CSPARK_NOT_SENT, 503);
		}
		fake_loop_advance(1000);
	}
	expect_problem(request, 503, "spark_unavailable", "");
}

Test(bulk, keeps_what_was_done_when_it_gives_up)
{
	struct front_request *request = ask("POST", SERVICE, NULL, list(12));

	echo(0);
	fail(1, CSPARK_E_CREDENTIALS_REFUSED, CSPARK_NOT_SENT, 401);
	fake_loop_advance(10);
	cr_assert_eq(request->status, 200);
	cr_assert_str_eq(fake_front_header(request, "X-Spark-Failed-Records"), "8");
	ASSERT_HAS(request->body,
		"[{\"n\":0},{\"n\":1},{\"n\":2},{\"n\":3},null,null,null,null,null,null,null,null]");
	ASSERT_HAS(request->body, "\"code\":\"credentials_refused\"");
	fake_front_done(request, FRONT_OK);
}

Test(bulk, ends_at_its_deadline)
{
	struct front_request *request = ask("POST", SERVICE, NULL, list(12));

	cr_assert_eq(fake_jobs[0].call.deadline_ms, fake_jobs[1].call.deadline_ms);
	fake_loop_advance(60000);
	fake_loop_advance(1);
	expect_problem(request, 504, "upstream_timeout", "bulk.timeout_ms");
	cr_assert(fake_jobs[0].cancelled);
}

Test(bulk, cuts_until_the_bad_record_stands_alone)
{
	struct front_request *request = ask("POST", SERVICE, NULL, list(4));
	bool any = true;

	while (any) {
		any = false;
		for (size_t i = 0; i < fake_job_count; i++) {
			if (!fake_jobs[i].open)
				continue;
			any = true;
			if (memmem(inputs_of(i).at, inputs_of(i).len, "{\"n\":2}", 7))
				fail(i, CSPARK_E_SPARK_REJECTED, CSPARK_NOT_SENT, 422);
			else
				echo(i);
		}
		fake_loop_advance(1);
	}
	cr_assert_eq(fake_job_count, 5); /* 4, 2+2, 1+1 */
	ASSERT_HAS(request->body, "[{\"n\":0},{\"n\":1},null,{\"n\":3}]");
	ASSERT_HAS(request->body, "[null,null,[{\"code\":\"spark_rejected\"");
	cr_assert_str_eq(fake_front_header(request, "X-Spark-Failed-Records"), "1");
	fake_front_done(request, FRONT_OK);
}

Test(bulk, takes_over_a_list_that_was_one_call)
{
	struct front_request *request = ask("POST", SERVICE, NULL, list(2));

	cr_assert_eq(fake_job_count, 1);
	fail(0, CSPARK_E_SPARK_REJECTED, CSPARK_NOT_SENT, 422);
	cr_assert_eq(fake_job_count, 3);
	echo(1);
	fail(2, CSPARK_E_SPARK_REJECTED, CSPARK_NOT_SENT, 422);
	fake_loop_advance(1);
	ASSERT_HAS(request->body, "\"outputs\":[{\"n\":0},null]");
	fake_front_done(request, FRONT_OK);
}

Test(bulk, tells_the_first_refusal_when_nothing_is_accepted)
{
	struct front_request *request = ask("POST", SERVICE, NULL, list(2));

	for (size_t i = 0; i < 3; i++)
		fail(i, CSPARK_E_SPARK_REJECTED, CSPARK_NOT_SENT, 422);
	fake_loop_advance(1);
	expect_problem(request, 422, "spark_rejected", "\"message\":\"no\"");
}

Test(bulk, does_not_ask_for_each_record_when_all_are_refused)
{
	struct front_request *request = ask("POST", SERVICE, NULL, list(200));

	for (size_t i = 0; i < 64 && !request->replied; i++) {
		if (i < fake_job_count && fake_jobs[i].open)
			fail(i, CSPARK_E_SPARK_REJECTED, CSPARK_NOT_SENT, 422);
	}
	cr_assert_lt(fake_job_count, 64);
	fake_loop_advance(200);
	expect_problem(request, 422, "spark_rejected", "");
}

Test(bulk, does_not_repeat_what_may_have_been_executed)
{
	struct front_request *request = ask("POST", SERVICE, NULL, list(12));
	size_t sent = fake_job_count;

	fail(0, CSPARK_E_UPSTREAM_UNREACHABLE, CSPARK_MAYBE_EXECUTED, 0);
	echo_all();
	cr_assert_eq(fake_job_count, sent);
	cr_assert_str_eq(fake_front_header(request, "X-Spark-Failed-Records"), "4");
	ASSERT_HAS(request->body, "\"outcome\":\"maybe_executed\"");
	fake_front_done(request, FRONT_OK);
}

Test(bulk, takes_answers_of_another_length_for_failures)
{
	struct front_request *request = ask("POST", SERVICE, NULL, list(8));

	fake_upstream_answer(0, "{\"outputs\":[{\"n\":0}]}");
	echo_all();
	ASSERT_HAS(request->body, "\"code\":\"upstream_garbled\"");
	cr_assert_str_eq(fake_front_header(request, "X-Spark-Failed-Records"), "4");
	fake_front_done(request, FRONT_OK);
}

Test(bulk, is_taken_back_when_the_caller_leaves)
{
	struct front_request *request = ask("POST", SERVICE, NULL, list(12));

	fake_front_left(request);
	cr_assert(fake_jobs[0].cancelled && fake_jobs[2].cancelled);
	fake_front_done(request, FRONT_CALLER_LEFT);
}

Test(bulk, is_taken_back_when_the_connection_is_gone_before_it_is_whole)
{
	struct front_request *request = &(
		struct front_request){ .say = { .method = "POST", .path = SERVICE } };
	struct fake_request say = request->say;

	say.body = list(12);
	fake_front_begin(request, &say, &desk);
	fake_loop_advance(10); /* it has lingered */
	cr_assert_eq(fake_job_count, 3);
	fake_front_done(request, FRONT_CALLER_LEFT);
	cr_assert(fake_jobs[0].cancelled && fake_jobs[2].cancelled);
}

/* The first <count> records of a list of more, with the list's end still to come. */
static struct front_request *
begin(const char *path, const char *query, unsigned count)
{
	struct fake_request say = { .method = "POST", .path = path, .query = query };
	static char body[4096];

	snprintf(body, sizeof body, "%s", list(count));
	body[strlen(body) - 1] = '\0'; /* without "]" */
	say.body = body;
	fake_front_begin(&requests[0], &say, &desk);
	fake_loop_advance(10); /* it has lingered */
	return &requests[0];
}

static void
go_on(struct front_request *request, const char *rest)
{
	call_front_ops.body(request->exchange, rest, strlen(rest));
	call_front_ops.ready(request->exchange, CSPARK_OK, "");
	fake_loop_advance(20);
}

static size_t
open_jobs(void)
{
	size_t open = 0;

	for (size_t i = 0; i < fake_job_count; i++)
		open += fake_jobs[i].open;
	return open;
}

Test(bulk, is_taken_back_when_the_rest_cannot_be_read)
{
	struct front_request *request = begin(SERVICE, NULL, 12);

	cr_assert_eq(open_jobs(), 3);
	fake_cancel_outcome = CSPARK_MAYBE_EXECUTED;
	cr_assert_not(call_front_ops.body(request->exchange, "}", 1));
	cr_assert_eq(open_jobs(), 0);
	cr_assert_eq(desk.admit.in_flight, 0);
	fake_loop_advance(10);
	call_front_ops.ready(request->exchange, CSPARK_OK, "");
	ASSERT_HAS(request->body, "\"outcome\":\"maybe_executed\"");
	expect_problem(request, 400, "bad_json", "");
}

Test(bulk, is_taken_back_when_it_breaks_off)
{
	struct front_request *request = begin(SERVICE, NULL, 12);

	call_front_ops.ready(request->exchange, CSPARK_OK, "");
	cr_assert_eq(open_jobs(), 0);
	fake_loop_advance(10);
	cr_assert_eq(open_jobs(), 0);
	expect_problem(request, 400, "bad_json", "");
}

Test(bulk, is_taken_back_when_the_gateway_ends_before_it_is_whole)
{
	struct front_request *request = begin(SERVICE, NULL, 40);

	cr_assert_eq(open_jobs(), 3);
	desk_enter(&desk, LIFE_CLOSING);
	cr_assert_eq(open_jobs(), 0);
	fake_loop_advance(100);
	cr_assert_eq(open_jobs(), 0);
	go_on(request, ",{\"n\":40}]");
	expect_problem(request, 503, "draining", "");
}

Test(bulk, gives_its_places_to_others_when_its_caller_is_gone)
{
	struct fake_request say = { .method = "POST", .path = SERVICE, .body = "{}" };
	struct front_request *request;

	config.limits.max_in_flight = 1;
	config.limits.max_queue = 2;
	config.limits.queue_ms = 30000;
	desk_adopt(&desk, edition_new(NULL, config_ref(&config), NULL));
	request = begin(SERVICE, NULL, 12);
	cr_assert_eq(open_jobs(), 1);
	fake_front_send(&requests[1], &say, &desk);
	cr_assert_eq(desk.admit.queued, 1);
	fake_front_done(request, FRONT_CALLER_LEFT);
	cr_assert_eq(desk.admit.queued, 0);
	cr_assert_eq(open_jobs(), 1);
	fake_upstream_answer(fake_job_count - 1, "{\"outputs\":[{}]}");
	fake_front_done(&requests[1], FRONT_OK);
}

Test(bulk, gives_its_places_to_others_when_its_time_is_over)
{
	struct fake_request say = { .method = "POST", .path = SERVICE, .body = "{}" };
	struct front_request *request;

	config.limits.max_in_flight = 1;
	config.limits.max_queue = 2;
	config.limits.queue_ms = 30000;
	desk_adopt(&desk, edition_new(NULL, config_ref(&config), NULL));
	request = ask("POST", SERVICE, "_timeout=5000", list(12));
	cr_assert_eq(open_jobs(), 1);
	fake_front_send(&requests[1], &say, &desk);
	fake_loop_advance(5000);
	cr_assert_eq(desk.admit.queued, 0);
	cr_assert_eq(open_jobs(), 1);
	fake_upstream_answer(fake_job_count - 1, "{\"outputs\":[{}]}");
	fake_front_done(&requests[1], FRONT_OK);
	fake_loop_advance(1);
	expect_problem(request, 504, "upstream_timeout", "");
}

Test(bulk, keeps_the_callers_time_when_it_takes_over)
{
	struct front_request *request = ask("POST", SERVICE, "_timeout=8000", list(2));

	fake_loop_advance(6000);
	fail(0, CSPARK_E_SPARK_REJECTED, CSPARK_NOT_SENT, 422);
	fake_loop_advance(2000);
	fake_loop_advance(1);
	expect_problem(request, 422, "spark_rejected", "");
}

static void
time_out(void *arg)
{
	fake_upstream_fail(0, CSPARK_E_UPSTREAM_TIMEOUT, CSPARK_MAYBE_EXECUTED, 0, NULL);
}

Test(bulk, does_not_learn_from_a_callers_short_time)
{
	struct front_request *request;
	struct loop_timer first; /* as that of the call may be */

	loop_timer_init(&first, time_out, NULL);
	loop_timer_set(desk.loop, &first, loop_now_ms(desk.loop) + 5000);
	request = ask("POST", SERVICE, "_timeout=5000", list(12));
	fake_loop_advance(5000);
	fake_loop_advance(1);
	for (size_t i = 0; i < TEMPOS; i++)
		cr_assert_eq(desk.tempos.entries[i].tempo.ceiling, 0);
	expect_problem(request, 504, "upstream_timeout", "");
}

Test(bulk, is_not_strict_about_nothing)
{
	struct front_request *request = begin(SERVICE, "_strict=true", 4);

	echo(0);
	fake_loop_advance(60000); /* its time is over, but nothing is missing */
	go_on(request, "]");
	expect_outputs(request, 4);
}

/* More columns than a table can have; then records go on coming. */
Test(bulk, drops_what_comes_when_there_will_be_no_answer)
{
	struct front_request *request = begin(SERVICE, "_format=csv", 4);
	struct buf answer;

	buf_init(&answer, 1 << 20);
	buf_put_str(&answer, STR("{\"outputs\":[{\"a\":1"));
	for (unsigned i = 0; i < 16400; i++)
		buf_printf(&answer, ",\"%u\":1", i);
	buf_put_str(&answer, STR("},{},{},{}]}"));
	buf_put_char(&answer, '\0');
	fake_upstream_answer(0, answer.data);
	buf_fini(&answer);
	fake_loop_advance(10);
	call_front_ops.body(request->exchange, ",{\"n\":4}", 8);
	fake_loop_advance(10);
	go_on(request, ",{\"n\":5}]");
	expect_problem(request, 406, "not_acceptable", "more than 16384 outputs");
}

Test(bulk, tells_that_a_first_try_may_have_been_executed)
{
	struct front_request *request = ask("POST", SERVICE, NULL, list(4));

	fail(0, CSPARK_E_UPSTREAM_TIMEOUT, CSPARK_MAYBE_EXECUTED, 504);
	echo(2);
	fail(1, CSPARK_E_CREDENTIALS_REFUSED, CSPARK_NOT_SENT, 401);
	fake_loop_advance(20);
	ASSERT_HAS(request->body, "\"outputs\":[null,null,{\"n\":2},{\"n\":3}]");
	ASSERT_HAS(request->body, "\"outcome\":\"maybe_executed\"");
	fake_front_done(request, FRONT_OK);
}

Test(bulk, sends_nothing_for_metadata_that_name_another_service)
{
	static char *services[] = { (char *)"my-folder/*", NULL };
	static const struct fake_request say = { .method = "POST",
		.path = SERVICE,
		.query = "_meta=%7B%22service_uri%22%3A%22secret%2Fother%22%7D" };
	struct fake_request with_body = say;

	listener.services = services;
	with_body.body = "[{},{},{},{},";
	fake_front_begin(&requests[0], &with_body, &desk);
	fake_loop_advance(10);
	cr_assert_eq(fake_job_count, 0);
	if (!requests[0].replied)
		call_front_ops.ready(requests[0].exchange, CSPARK_OK, "");
	expect_problem(&requests[0], 403, "operation_disabled", "secret/other");
}

Test(bulk, ends_when_the_gateway_does)
{
	struct front_request *request = ask("POST", SERVICE, NULL, list(12));

	desk_enter(&desk, LIFE_CLOSING);
	expect_problem(request, 503, "draining", "");
}

Test(bulk, fails_when_nothing_can_be_sent)
{
	struct front_request *request;

	fake_upstream_full = true;
	request = ask("POST", SERVICE, NULL, list(12));
	fake_loop_advance(1);
	expect_problem(request, 503, "overloaded", "");
}

/* ---- what /status says ---- */

static struct front_request *
status(void)
{
	struct fake_request say = { .method = "GET", .path = "/status" };

	listener.allow |= CSPARK_GROUP_OPS;
	fake_front_send(&requests[3], &say, &desk);
	cr_assert_eq(requests[3].status, 200);
	return &requests[3];
}

static struct str
bulks_of(const struct front_request *page)
{
	return json_path(str_of(page->body), "bulks");
}

static void
expect_status(const char *const *wanted)
{
	struct front_request *page = status();

	cr_assert_eq(json_count(bulks_of(page)), 1);
	for (; *wanted; wanted++)
		ASSERT_HAS(page->body, *wanted);
	fake_front_done(page, FRONT_OK);
}

static void
expect_lists(size_t shown, const char *counted)
{
	struct front_request *page = status();

	cr_assert_eq(json_count(bulks_of(page)), shown, "%s", page->body);
	ASSERT_HAS(page->body, counted);
	fake_front_done(page, FRONT_OK);
}

Test(bulk, is_shown_while_it_is_under_way)
{
	struct front_request *request = begin(SERVICE, NULL, 20);
	size_t answered = 3;

	expect_status((const char *[]){ "\"service\":\"my-folder/my-service\"", "\"engine\":\"calls\"",
		"\"records_in\":20", "\"records_done\":0", "\"records_waiting\":8", "\"calls_under_way\":3",
		"\"concurrency\":3", "\"chunk_records\":4", "\"whole\":false", "\"held\":false",
		"\"records_per_s\":0.0", "\"eta_ms\":null", NULL });
	fake_loop_advance(1990);
	echo(2);
	fail(1, CSPARK_E_UPSTREAM_UNREACHABLE, CSPARK_MAYBE_EXECUTED, 0);
	expect_status(
		(const char *[]){ "\"records_done\":8", "\"records_failed\":4", "\"eta_ms\":null", NULL });
	go_on(request, "]");
	expect_status((const char *[]){ "\"records_in\":20", "\"records_done\":8", "\"records_waiting\":0",
		"\"whole\":true", "\"records_per_s\":4.0", "\"elapsed_ms\":2021", "\"eta_ms\":3031", NULL });
	echo(0);
	while (answered < fake_job_count)
		echo(answered++);
	fake_loop_advance(20);
	cr_assert_eq(request->status, 200);
	expect_lists(0, "\"bulks\":0");
	fake_front_done(request, FRONT_OK);
}

Test(bulk, is_not_shown_when_it_is_one_call)
{
	struct front_request *request = ask("POST", SERVICE, NULL, list(2));

	expect_lists(0, "\"bulks\":0");
	echo(0);
	fake_front_done(request, FRONT_OK);
}

Test(bulk, is_not_shown_any_more_when_its_caller_is_gone)
{
	struct front_request *request = ask("POST", SERVICE, NULL, list(12));

	expect_lists(1, "\"bulks\":1");
	fake_front_left(request);
	expect_lists(0, "\"bulks\":0");
	fake_front_done(request, FRONT_CALLER_LEFT);
	expect_lists(0, "\"bulks\":0");
}

Test(bulk, is_counted_where_no_row_is_free_and_shown_when_one_is)
{
	struct board_row *rows[BOARD_ROWS];
	struct front_request *request;

	for (size_t i = 0; i < BOARD_ROWS; i++)
		rows[i] = board_take(&board);
	request = ask("POST", SERVICE, NULL, list(12));
	expect_lists(0, "\"bulks\":1");
	board_leave(&board, rows[7]);
	echo(1);
	expect_lists(1, "\"bulks\":1");
	echo_all();
	expect_lists(0, "\"bulks\":0");
	expect_outputs(request, 12);
}
