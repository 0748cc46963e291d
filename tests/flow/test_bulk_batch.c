/* Lists that go by a batch: the real machine, a virtual clock, a small pipeline of Spark's in the test. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/json_text.h"
#include "daemon/edition.h"
#include "tests/flow/fake_batch.h"
#include "tests/flow/fake_loop.h"
#include "tests/flow/lists.h"
#include "tests/flow/operating.h"
#include "tests/flow/scarce.h"

#define BATCH "_engine=batch"

static void
set_up(void)
{
	lists_set_up();
	fake_batch_reset();
}

static void
tear_down(void)
{
	fake_batch_reset();
	operating_tear_down();
}

TestSuite(bulk_batch, .init = set_up, .fini = tear_down);

static void
fail(size_t job, enum cspark_code code, enum cspark_outcome outcome, int status)
{
	fake_upstream_fail(job, code, outcome, status, "{\"message\":\"no batches here\"}");
}

/* ---- lists ---- */

/* And the batch got its end. */
static void
expect_all(struct front_request *request, unsigned records)
{
	expect_outputs(request, records);
	fake_batch_serve_rest();
}

Test(bulk_batch, creates_pushes_pulls_and_closes)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(10));
	const struct cspark_request *created = fake_jobs[0].request;

	cr_assert(fake_batch_asks(0, "POST", "/acme/api/v4/batch"));
	ASSERT_HAS(created->body, "\"service\":\"my-folder/my-service\"");
	ASSERT_HAS(created->body, "\"acceptable_error_percentage\":100");
	ASSERT_HAS(created->body, "\"call_purpose\":\"Async Batch Execution\"");
	cr_assert_eq(desk.admit.in_flight, 1);
	fake_batch_serve(request, 10);
	cr_assert_eq(fake_batch_count("POST", "/api/v4/execute"), 0);
	cr_assert_eq(fake_batch_count("POST", "/chunks"), 1);
	cr_assert_eq(fake_batch.chunk_count, 3);
	ASSERT_HAS(request->body, "\"version_id\":\"v-1\"");
	ASSERT_HAS(fake_jobs[fake_job_count - 1].request->body, "closed");
	expect_all(request, 10);
	cr_assert_eq(fake_batch_count("PATCH", "/b-1"), 1);
}

static void
expect_status(const char *const *wanted)
{
	struct fake_request say = { .method = "GET", .path = "/status" };
	struct front_request *page = &requests[3];

	listener.allow |= CSPARK_GROUP_OPS;
	fake_front_send(page, &say, &desk);
	for (; *wanted; wanted++)
		ASSERT_HAS(page->body, *wanted);
	fake_front_done(page, FRONT_OK);
}

Test(bulk_batch, is_shown_while_it_is_under_way)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(10));

	expect_status((const char *[]){ "\"engine\":\"batch\"", "\"records_in\":10", "\"records_done\":0",
		"\"records_batched\":0", "\"calls_under_way\":0", "\"bulks\":1", NULL });
	fake_batch_serve(request, 10);
	expect_status((const char *[]){ "\"bulks\":[", "\"bulks\":0", NULL });
	expect_all(request, 10);
}

Test(bulk_batch, is_shown_as_calls_when_there_is_no_batch)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(10));

	fail(0, CSPARK_E_SPARK_REJECTED, CSPARK_NOT_SENT, 403);
	expect_status((const char *[]){ "\"engine\":\"calls\"", "\"calls_under_way\":3", NULL });
	fake_batch_serve(request, 10);
	expect_all(request, 10);
}

Test(bulk_batch, keeps_the_order_of_records)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(40));

	fake_batch.reversed = true;
	fake_batch_serve(request, 10);
	expect_all(request, 40);
}

Test(bulk_batch, begins_where_a_list_gets_long)
{
	struct fake_request say = { .method = "POST", .path = SERVICE };
	char body[LIST_MAX];

	config.bulk.batch_above = 10;
	desk_adopt(&desk, edition_new(NULL, config_ref(&config), NULL));
	snprintf(body, sizeof body, "%s", list(9));
	body[strlen(body) - 1] = '\0'; /* without "]" */
	say.body = body;
	fake_front_begin(&requests[0], &say, &desk);
	fake_loop_advance(10); /* it has lingered */
	cr_assert_gt(fake_batch_count("POST", "/api/v4/execute"), 0);
	cr_assert_eq(fake_batch_count("POST", "/api/v4/batch"), 0);
	call_front_ops.body(requests[0].exchange, ",{\"n\":9},{\"n\":10},{\"n\":11}]", 27);
	call_front_ops.ready(requests[0].exchange, CSPARK_OK, "");
	cr_assert_eq(fake_batch_count("POST", "/api/v4/batch"), 1);
	fake_batch_serve(&requests[0], 10);
	cr_assert_gt(fake_batch.chunk_count, 0);
	expect_all(&requests[0], 12);
}

Test(bulk_batch, is_not_used_where_the_caller_says_so)
{
	struct front_request *request;

	config.bulk.batch_above = 10;
	desk_adopt(&desk, edition_new(NULL, config_ref(&config), NULL));
	request = ask("POST", SERVICE, "_engine=sync", list(20));
	fake_batch_serve(request, 10);
	cr_assert_eq(fake_batch_count("POST", "/api/v4/batch"), 0);
	expect_all(request, 20);
}

Test(bulk_batch, goes_on_by_calls_when_there_is_none)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(10));

	fail(0, CSPARK_E_SPARK_REJECTED, CSPARK_NOT_SENT, 403);
	fake_batch_serve(request, 10);
	cr_assert_eq(fake_batch_count("POST", "/api/v4/batch"), 1);
	expect_all(request, 10);
}

Test(bulk_batch, says_that_there_is_none_where_that_is_wanted)
{
	struct front_request *request;

	config.bulk.batch_fallback = false;
	desk_adopt(&desk, edition_new(NULL, config_ref(&config), NULL));
	request = ask("POST", SERVICE, BATCH, list(10));
	fail(0, CSPARK_E_SPARK_REJECTED, CSPARK_NOT_SENT, 403);
	fake_loop_advance(10);
	expect_problem(request, 403, "spark_rejected", "no batches here");
}

Test(bulk_batch, waits_for_one_where_it_must)
{
	struct front_request *request;

	config.bulk.batch_fallback = false;
	desk_adopt(&desk, edition_new(NULL, config_ref(&config), NULL));
	request = ask("POST", SERVICE, BATCH, list(10));
	fail(0, CSPARK_E_SPARK_RATE_LIMITED, CSPARK_NOT_SENT, 429);
	fake_loop_advance(500);
	cr_assert_eq(fake_batch_count("POST", "/api/v4/batch"), 2);
	fake_batch_serve(request, 10);
	expect_all(request, 10);
}

Test(bulk_batch, does_not_wait_for_one_for_ever)
{
	struct front_request *request;

	config.bulk.batch_fallback = false;
	desk_adopt(&desk, edition_new(NULL, config_ref(&config), NULL));
	request = ask("POST", SERVICE, BATCH, list(10));
	for (int i = 0; i < 300 && !request->replied; i++) {
		if (fake_batch_is_asked())
			fail(fake_batch_question(), CSPARK_E_SPARK_RATE_LIMITED, CSPARK_NOT_SENT, 429);
		fake_loop_advance(100);
	}
	expect_problem(request, 503, "spark_unavailable", "batch_fallback");
}

Test(bulk_batch, needs_an_id)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(10));

	fake_upstream_answer(0, "{\"data\":{}}");
	fake_batch_serve(request, 10);
	cr_assert_gt(fake_batch_count("POST", "/api/v4/execute"), 0);
	expect_all(request, 10);
}

Test(bulk_batch, pushes_again_what_has_not_come)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(10));

	fail(fake_batch_until("POST", "/chunks"), CSPARK_E_UPSTREAM_UNREACHABLE, CSPARK_MAYBE_EXECUTED, 0);
	fake_batch_serve(request, 10);
	cr_assert_eq(fake_batch_count("POST", "/api/v4/execute"), 0);
	cr_assert_gt(fake_batch_count("POST", "/chunks"), 1);
	cr_assert_eq(fake_batch.records_in, 10);
	expect_all(request, 10);
}

Test(bulk_batch, does_not_push_again_what_has_come)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(10));
	size_t push = fake_batch_until("POST", "/chunks");

	fake_batch_take_push(push);
	fail(push, CSPARK_E_UPSTREAM_TIMEOUT, CSPARK_MAYBE_EXECUTED, 0);
	fake_batch_serve(request, 10);
	cr_assert_eq(fake_batch_count("POST", "/chunks"), 1);
	cr_assert_eq(fake_batch.records_in, 10);
	expect_all(request, 10);
}

Test(bulk_batch, is_left_when_a_push_came_in_part)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(10));
	size_t push = fake_batch_until("POST", "/chunks");

	fake_batch.records_in = 3;
	fail(push, CSPARK_E_UPSTREAM_UNREACHABLE, CSPARK_MAYBE_EXECUTED, 0);
	fake_batch_serve(request, 10);
	cr_assert_gt(fake_batch_count("POST", "/api/v4/execute"), 0);
	expect_all(request, 10);
	cr_assert_eq(fake_batch_count("PATCH", "/b-1"), 1);
}

Test(bulk_batch, computes_again_what_was_lost_on_its_way)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(10));
	size_t pull = fake_batch_until("GET", "/chunkresults");

	fake_batch_hide();
	fail(pull, CSPARK_E_UPSTREAM_UNREACHABLE, CSPARK_MAYBE_EXECUTED, 0);
	fake_batch_serve(request, 20);
	cr_assert_gt(fake_batch_count("POST", "/api/v4/execute"), 0);
	cr_assert_eq(fake_batch_count("POST", "/api/v4/batch"), 1);
	expect_all(request, 10);
}

Test(bulk_batch, pulls_again_what_was_not_lost)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(10));

	fail(fake_batch_until("GET", "/chunkresults"), CSPARK_E_SPARK_UNAVAILABLE, CSPARK_NOT_SENT, 503);
	fake_batch_serve(request, 10);
	cr_assert_eq(fake_batch_count("POST", "/api/v4/execute"), 0);
	expect_all(request, 10);
}

Test(bulk_batch, takes_no_result_of_another_length)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(4));
	size_t pull = fake_batch_until("GET", "/chunkresults");

	fake_batch.chunks[0].is_there = false;
	fake_upstream_answer(pull,
		"{\"data\":[{\"id\":\"00000000-0000-4000-8000-000000000001\",\"outputs\":[{\"n\":7}]},7,"
		"{\"id\":\"another\",\"outputs\":[]}]}");
	fake_batch_serve(request, 10);
	cr_assert_eq(fake_batch_count("POST", "/api/v4/execute"), 1);
	expect_all(request, 4);
}

Test(bulk_batch, does_without_a_batch_that_has_failed)
{
	static const char *const ends[] = { "failed", "cancelled", "completed_by_timeout", "completed" };

	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		struct front_request *request = ask("POST", SERVICE, BATCH, list(10));
		size_t push = fake_batch_until("POST", "/chunks");

		fake_batch_take_push(push);
		fake_batch_hide();
		fake_batch.state = ends[i];
		fake_upstream_answer(push, "{}");
		fake_batch_serve(request, 10);
		cr_assert_gt(fake_batch_count("POST", "/api/v4/execute"), 0, "%s", ends[i]);
		expect_all(request, 10);
		cr_assert_eq(fake_batch_count("PATCH", "/b-1"), 1, "%s",
			ends[i]); /* closed before; there is nothing to cancel */
		fake_batch_reset();
	}
}

Test(bulk_batch, takes_what_a_batch_gives_that_was_closed)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(10));
	size_t push = fake_batch_until("POST", "/chunks");

	fake_batch.state = "closed_by_timeout";
	fail(push, CSPARK_E_SPARK_ERROR, CSPARK_MAYBE_EXECUTED, 500);
	fake_batch_serve(request, 10);
	cr_assert_eq(fake_batch_count("POST", "/chunks"), 1);
	cr_assert_gt(fake_batch_count("POST", "/api/v4/execute"), 0);
	expect_all(request, 10);
}

Test(bulk_batch, is_left_when_nothing_gets_done)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(10));
	size_t push = fake_batch_until("POST", "/chunks");

	fake_batch_take_push(push);
	fake_batch_hide();
	fake_batch.records_out = 0;
	fake_upstream_answer(push, "{}");
	fake_loop_advance(1);
	fake_batch_serve(request, 30);
	cr_assert_gt(fake_batch_count("GET", "/status"), 3);
	cr_assert_gt(fake_batch_count("POST", "/api/v4/execute"), 0);
	expect_all(request, 10);
	cr_assert_eq(fake_batch_count("PATCH", "/b-1"), 2); /* closed, then cancelled */
}

Test(bulk_batch, is_left_when_it_is_unknown)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(10));
	size_t push = fake_batch_until("POST", "/chunks");

	fake_batch.records_in = 10;
	fake_upstream_answer(push, "{}");
	for (int i = 0; i < 3; i++)
		fail(fake_batch_until("GET", "/status"), CSPARK_E_SPARK_ERROR, CSPARK_MAYBE_EXECUTED, 500);
	fake_batch_serve(request, 10);
	cr_assert_eq(fake_batch_count("GET", "/status"), 3);
	expect_all(request, 10);
}

Test(bulk_batch, waits_for_room)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(40));

	fake_batch.input_left = 600; /* a chunk and what goes with it, perhaps */
	fail(fake_batch_until("POST", "/chunks"), CSPARK_E_SPARK_ERROR, CSPARK_MAYBE_EXECUTED, 500);
	fake_batch_serve(request, 30);
	cr_assert_gt(fake_batch_count("POST", "/chunks"), 2);
	cr_assert_eq(fake_batch_count("POST", "/api/v4/execute"), 0);
	expect_all(request, 40);
}

Test(bulk_batch, pushes_less_when_it_is_too_much)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(40));

	fail(fake_batch_until("POST", "/chunks"), CSPARK_E_SPARK_ERROR, CSPARK_MAYBE_EXECUTED, 500);
	fake_batch_serve(request, 30);
	cr_assert_eq(fake_batch_count("POST", "/api/v4/execute"), 0);
	expect_all(request, 40);
}

Test(bulk_batch, does_not_push_for_ever_what_is_refused)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(40));

	for (int i = 0; i < 40 && !request->replied; i++) {
		while (fake_batch_is_asked()) {
			size_t job = fake_batch_question();

			if (fake_batch_asks(job, "POST", "/chunks"))
				fail(job, CSPARK_E_SPARK_REJECTED, CSPARK_NOT_SENT, 400);
			else
				fake_batch_answer(job);
		}
		fake_loop_advance(1000);
	}
	cr_assert_lt(fake_batch_count("POST", "/chunks"), 12);
	expect_all(request, 40);
}

Test(bulk_batch, makes_rows_of_objects)
{
	struct front_request *request;
	size_t push;

	config.bulk.batch_records = 100;
	desk_adopt(&desk, edition_new(NULL, config_ref(&config), NULL));
	request = ask("POST", SERVICE, BATCH,
		"[{\"n\":0},{\"n\":1},{\"n\":2,\"m\":\"x\"},{\"n\":[3]},{\"n\":4},{}]");
	push = fake_batch_until("POST", "/chunks");
	ASSERT_HAS(fake_jobs[push].request->body, "\"size\":2,\"data\":{\"inputs\":[[\"n\"],[0],[1]]");
	ASSERT_HAS(
		fake_jobs[push].request->body, "\"size\":1,\"data\":{\"inputs\":[[\"n\",\"m\"],[2,\"x\"]]");
	cr_assert_null(
		strstr(fake_jobs[push].request->body, "[4]")); /* it stands behind one that is no row */
	fake_front_left(request);
	fake_front_done(request, FRONT_CALLER_LEFT);
	fake_batch_serve_rest();
}

Test(bulk_batch, is_cancelled_when_the_caller_leaves)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(10));
	size_t pull = fake_batch_until("GET", "/chunkresults");

	fake_cancel_outcome = CSPARK_MAYBE_EXECUTED;
	fake_front_left(request);
	cr_assert(fake_jobs[pull].cancelled);
	cr_assert_eq(desk.admit.in_flight, 0);
	cr_assert(fake_batch_asks(pull + 1, "PATCH", "/b-1"));
	cr_assert_leq(fake_jobs[pull + 1].call.deadline_ms, loop_now_ms(desk.loop) + 2000);
	ASSERT_HAS(fake_jobs[pull + 1].request->body, "cancelled");
	fake_front_done(request, FRONT_CALLER_LEFT);
	cr_assert_not(desk_is_idle(&desk));
	fake_batch_answer(pull + 1);
	fake_loop_advance(1);
	cr_assert(desk_is_idle(&desk));
}

Test(bulk_batch, is_cancelled_when_its_time_is_over)
{
	struct front_request *request = ask("POST", SERVICE, BATCH "&_timeout=5000", list(10));
	size_t push = fake_batch_until("POST", "/chunks");

	fake_batch_take_push(push);
	fake_batch.records_out = 0;
	fake_batch_hide();
	fake_upstream_answer(push, "{}");
	fake_batch_serve(request, 10);
	expect_problem(request, 504, "upstream_timeout", "");
	cr_assert_eq(fake_batch_count("PATCH", "/b-1"), 2); /* closed, then cancelled */
	fake_batch_serve_rest();
}

Test(bulk_batch, wants_a_list)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, "{\"n\":1}");

	expect_problem(request, 400, "bad_request", "_engine=batch");
	expect_problem(ask("POST", SERVICE, BATCH "&_public=true", list(3)), 400, "bad_parameter", "Public");
	expect_problem(
		ask("POST", SERVICE, "_engine=fast", list(3)), 400, "bad_parameter", "auto, sync or batch");
}

Test(bulk_batch, fails_when_nothing_can_be_sent)
{
	struct front_request *request;

	fake_upstream_full = true;
	request = ask("POST", SERVICE, BATCH, list(10));
	fake_loop_advance(20);
	expect_problem(request, 503, "overloaded", "memory");
}

/* With one allocation after the other failing: the caller always gets an answer, nothing is left behind. */
Test(bulk_batch, ends_well_whatever_memory_is_missing)
{
	bool has_failed = true;

	fake_front_done(
		ask("GET", "/livez", NULL, NULL), FRONT_OK); /* its memory is kept for the next call */
	for (unsigned left = 0; has_failed; left++) {
		struct front_request *request;

		scarce_begin(left);
		request = ask("POST", SERVICE, BATCH, list(10));
		fake_batch_serve(request, 30);
		has_failed = scarce_end();
		cr_assert(request->replied, "%u", left);
		fake_front_done(request, FRONT_OK);
		fake_batch_serve_rest();
		cr_assert(desk_is_idle(&desk), "%u", left);
		cr_assert_eq(desk.admit.in_flight, 0, "%u", left);
		fake_batch_reset();
	}
}
