/* Lists that go by a batch: the real machine, a virtual clock, a small pipeline of Spark's in the test. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json_text.h"
#include "daemon/edition.h"
#include "tests/flow/fake_loop.h"
#include "tests/flow/operating.h"

#define SERVICE "/execute/my-folder/my-service"
#define BATCH   "_engine=batch"

/* ---- the pipeline ---- */

enum { CHUNKS_MAX = 64 };

static struct chunk {
	char *text; /* as pushed */
	bool is_there;
} chunks[CHUNKS_MAX];
static unsigned chunk_count, records_in, records_out;
static const char *state;
static unsigned long input_left;
static bool reversed;

static void
set_up(void)
{
	operating_set_up();
	config.limits.max_in_flight = 8;
	config.bulk.max_body = config.bulk.max_record = 65536;
	config.bulk.single_records = 2;
	config.bulk.chunk_records = 4;
	config.bulk.chunk_bytes = 4096;
	config.bulk.target_ms = 8000;
	config.bulk.max_concurrency = 3;
	config.bulk.timeout_ms = 60000;
	config.bulk.stall_ms = 10000;
	config.bulk.batch_records = 4;
	config.bulk.batch_fallback = true;
	desk_adopt(&desk, edition_new(NULL, config_ref(&config), NULL));
	chunk_count = records_in = records_out = 0;
	state = "in_progress";
	input_left = 1000000;
	reversed = false;
}

static void
tear_down(void)
{
	for (unsigned i = 0; i < chunk_count; i++)
		free(chunks[i].text);
	operating_tear_down();
}

TestSuite(bulk_batch, .init = set_up, .fini = tear_down);

static unsigned
available(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < chunk_count; i++)
		count += chunks[i].is_there;
	return count;
}

static void
put_status(struct buf *out)
{
	buf_printf(out,
		"{\"batch_status\":\"%s\",\"record_submitted\":%u,\"records_completed\":%u,"
		"\"chunks_available\":%u,\"input_buffer_remaining_bytes\":%lu,"
		"\"input_buffer_used_bytes\":%d,\"output_buffer_used_bytes\":100}",
		state, records_in, records_out, available(), input_left, records_in > records_out);
}

/* It takes what the job pushes, and has it computed. */
static void
take_push(size_t job)
{
	const struct cspark_request *request = fake_jobs[job].request;
	struct json_walk walk;
	struct str chunk;

	json_walk_init(&walk, json_member(str_range(request->body, request->body_len), STR("chunks")));
	while (json_walk_next(&walk, NULL, &chunk)) {
		uint64_t size;

		cr_assert_lt(chunk_count, CHUNKS_MAX);
		cr_assert(str_to_u64(json_member(chunk, STR("size")), 1000, &size));
		chunks[chunk_count].text = strndup(chunk.at, chunk.len);
		chunks[chunk_count++].is_there = true;
		records_in += (unsigned)size;
		records_out += (unsigned)size;
	}
}

/* Every record's outputs are {"n": its first cell}. */
static void
put_result(const struct chunk *chunk, struct buf *out)
{
	struct str text = str_of(chunk->text), row;
	struct json_walk walk;
	bool first = true;

	buf_printf(out, "{\"id\":%.*s,\"outputs\":[", STR_ARG(json_member(text, STR("id"))));
	json_walk_init(&walk, json_path(text, "data.inputs"));
	json_walk_next(&walk, NULL, &row);
	cr_assert(str_eq(row, STR("[\"n\"]")), "%.*s", STR_ARG(row));
	while (json_walk_next(&walk, NULL, &row)) {
		buf_printf(out, "%s{\"n\":%.*s}", first ? "" : ",", (int)row.len - 2, row.at + 1);
		first = false;
	}
	buf_put_str(out, STR("],\"process_time\":null}"));
}

static void
put_results(struct buf *out)
{
	bool first = true;

	buf_put_str(out, STR("{\"data\":["));
	for (unsigned i = 0; i < chunk_count; i++) {
		struct chunk *chunk = &chunks[reversed ? chunk_count - 1 - i : i];

		if (!chunk->is_there)
			continue;
		chunk->is_there = false;
		buf_put_str(out, first ? STR("") : STR(","));
		put_result(chunk, out);
		first = false;
	}
	buf_put_str(out, STR("],\"status\":"));
	put_status(out);
	buf_put_char(out, '}');
}

static bool
asks(size_t job, const char *method, const char *path)
{
	const char *asked = fake_jobs[job].path, *end = strchr(asked, '?');
	size_t len = end ? (size_t)(end - asked) : strlen(asked);

	return strcmp(fake_jobs[job].method, method) == 0 && len >= strlen(path) &&
		memcmp(asked + len - strlen(path), path, strlen(path)) == 0;
}

static void
answer(size_t job)
{
	struct buf out;

	buf_init(&out, 65536);
	if (asks(job, "POST", "/api/v4/batch")) {
		buf_put_str(
			&out, STR("{\"object\":\"batch\",\"id\":\"b-1\",\"data\":{\"version_id\":\"v-1\"}}"));
	} else if (asks(job, "POST", "/b-1/chunks")) {
		take_push(job);
		put_status(&out);
	} else if (asks(job, "GET", "/b-1/chunkresults")) {
		put_results(&out);
	} else if (asks(job, "GET", "/b-1/status")) {
		put_status(&out);
	} else if (asks(job, "PATCH", "/b-1")) {
		buf_put_str(&out, STR("{}"));
	} else { /* a call */
		struct str body = str_range(fake_jobs[job].request->body, fake_jobs[job].request->body_len);
		struct str inputs = json_member(body, STR("inputs"));
		struct json_walk walk;
		struct str row;
		bool first = true;

		cr_assert(asks(job, "POST", "/api/v4/execute"), "%s", fake_jobs[job].path);
		buf_put_str(&out, STR("{\"outputs\":["));
		json_walk_init(&walk, inputs);
		while (json_walk_next(&walk, NULL, &row)) {
			bool is_row = json_kind_of(row) == JSON_ARRAY;

			if (is_row && str_find(row, '"') >= 0)
				continue; /* of names */
			buf_put_str(&out, first ? STR("") : STR(","));
			if (is_row)
				buf_printf(&out, "{\"n\":%.*s}", (int)row.len - 2, row.at + 1);
			else
				buf_put_str(&out, row);
			first = false;
		}
		buf_put_str(&out, STR("]}"));
	}
	buf_put_char(&out, '\0');
	fake_upstream_answer(job, out.data);
	buf_fini(&out);
}

/* The job that is open; there is to be one. */
static size_t
open_job(void)
{
	for (size_t i = 0; i < fake_job_count; i++) {
		if (fake_jobs[i].open)
			return i;
	}
	cr_assert_fail("nothing is asked");
	return 0;
}

static bool
is_any_open(void)
{
	for (size_t i = 0; i < fake_job_count; i++) {
		if (fake_jobs[i].open)
			return true;
	}
	return false;
}

/* Until the list is answered, for <seconds> at most. */
static void
serve(struct front_request *request, int seconds)
{
	for (int i = 0; i < seconds * 10 && !request->replied; i++) {
		while (is_any_open())
			answer(open_job());
		fake_loop_advance(100);
	}
}

/* Whoever still wants something of Spark gets it. */
static void
serve_rest(void)
{
	while (is_any_open())
		answer(open_job());
	fake_loop_advance(1);
}

static size_t
count(const char *method, const char *path)
{
	size_t found = 0;

	for (size_t i = 0; i < fake_job_count; i++)
		found += asks(i, method, path);
	return found;
}

/* Asked and answered up to the first question of this kind, which is returned unanswered. */
static size_t
until(const char *method, const char *path)
{
	for (int i = 0; i < 200; i++) {
		while (is_any_open()) {
			size_t job = open_job();

			if (asks(job, method, path))
				return job;
			answer(job);
		}
		fake_loop_advance(100);
	}
	cr_assert_fail("%s %s is never asked", method, path);
	return 0;
}

static void
fail(size_t job, enum cspark_code code, enum cspark_outcome outcome, int status)
{
	fake_upstream_fail(job, code, outcome, status, "{\"message\":\"no batches here\"}");
}

/* ---- lists ---- */

static const char *
list(unsigned records)
{
	static char text[8192];
	size_t len = 0;

	for (unsigned i = 0; i < records; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, "%s{\"n\":%u}", i ? "," : "[", i);
	snprintf(text + len, sizeof text - len, "]");
	return text;
}

static void
expect_outputs(struct front_request *request, unsigned records)
{
	struct json_walk walk;
	struct str value;
	unsigned i = 0;

	cr_assert(request->replied);
	cr_assert_eq(request->status, 200, "%d: %s", request->status, request->body);
	json_walk_init(&walk, json_path(str_of(request->body), "outputs"));
	while (json_walk_next(&walk, NULL, &value)) {
		char wanted[32];

		snprintf(wanted, sizeof wanted, "{\"n\":%u}", i++);
		cr_assert(str_eq(value, str_of(wanted)), "%s", request->body);
	}
	cr_assert_eq(i, records);
	fake_front_done(request, FRONT_OK);
	serve_rest();
}

Test(bulk_batch, creates_pushes_pulls_and_closes)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(10));
	const struct cspark_request *created = fake_jobs[0].request;

	cr_assert(asks(0, "POST", "/acme/api/v4/batch"));
	ASSERT_HAS(created->body, "\"service\":\"my-folder/my-service\"");
	ASSERT_HAS(created->body, "\"acceptable_error_percentage\":100");
	ASSERT_HAS(created->body, "\"call_purpose\":\"Async Batch Execution\"");
	cr_assert_eq(desk.admit.in_flight, 1);
	serve(request, 10);
	cr_assert_eq(count("POST", "/api/v4/execute"), 0);
	cr_assert_eq(count("POST", "/chunks"), 1);
	cr_assert_eq(chunk_count, 3);
	ASSERT_HAS(request->body, "\"version_id\":\"v-1\"");
	ASSERT_HAS(fake_jobs[fake_job_count - 1].request->body, "closed");
	expect_outputs(request, 10);
	cr_assert_eq(count("PATCH", "/b-1"), 1);
}

Test(bulk_batch, keeps_the_order_of_records)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(40));

	reversed = true;
	serve(request, 10);
	expect_outputs(request, 40);
}

Test(bulk_batch, begins_where_a_list_gets_long)
{
	struct fake_request say = { .method = "POST", .path = SERVICE };
	char body[4096];

	config.bulk.batch_above = 10;
	desk_adopt(&desk, edition_new(NULL, config_ref(&config), NULL));
	snprintf(body, sizeof body, "%s", list(9));
	body[strlen(body) - 1] = '\0'; /* without "]" */
	say.body = body;
	fake_front_begin(&requests[0], &say, &desk);
	fake_loop_advance(10); /* it has lingered */
	cr_assert_gt(count("POST", "/api/v4/execute"), 0);
	cr_assert_eq(count("POST", "/api/v4/batch"), 0);
	call_front_ops.body(requests[0].exchange, ",{\"n\":9},{\"n\":10},{\"n\":11}]", 27);
	call_front_ops.ready(requests[0].exchange, CSPARK_OK, "");
	cr_assert_eq(count("POST", "/api/v4/batch"), 1);
	serve(&requests[0], 10);
	cr_assert_gt(chunk_count, 0);
	expect_outputs(&requests[0], 12);
}

Test(bulk_batch, is_not_used_where_the_caller_says_so)
{
	struct front_request *request;

	config.bulk.batch_above = 10;
	desk_adopt(&desk, edition_new(NULL, config_ref(&config), NULL));
	request = ask("POST", SERVICE, "_engine=sync", list(20));
	serve(request, 10);
	cr_assert_eq(count("POST", "/api/v4/batch"), 0);
	expect_outputs(request, 20);
}

Test(bulk_batch, goes_on_by_calls_when_there_is_none)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(10));

	fail(0, CSPARK_E_SPARK_REJECTED, CSPARK_NOT_SENT, 403);
	serve(request, 10);
	cr_assert_eq(count("POST", "/api/v4/batch"), 1);
	expect_outputs(request, 10);
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
	cr_assert_eq(count("POST", "/api/v4/batch"), 2);
	serve(request, 10);
	expect_outputs(request, 10);
}

Test(bulk_batch, does_not_wait_for_one_for_ever)
{
	struct front_request *request;

	config.bulk.batch_fallback = false;
	desk_adopt(&desk, edition_new(NULL, config_ref(&config), NULL));
	request = ask("POST", SERVICE, BATCH, list(10));
	for (int i = 0; i < 300 && !request->replied; i++) {
		if (is_any_open())
			fail(open_job(), CSPARK_E_SPARK_RATE_LIMITED, CSPARK_NOT_SENT, 429);
		fake_loop_advance(100);
	}
	expect_problem(request, 503, "spark_unavailable", "batch_fallback");
}

Test(bulk_batch, needs_an_id)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(10));

	fake_upstream_answer(0, "{\"data\":{}}");
	serve(request, 10);
	cr_assert_gt(count("POST", "/api/v4/execute"), 0);
	expect_outputs(request, 10);
}

Test(bulk_batch, pushes_again_what_has_not_come)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(10));

	fail(until("POST", "/chunks"), CSPARK_E_UPSTREAM_UNREACHABLE, CSPARK_MAYBE_EXECUTED, 0);
	serve(request, 10);
	cr_assert_eq(count("POST", "/api/v4/execute"), 0);
	cr_assert_gt(count("POST", "/chunks"), 1);
	cr_assert_eq(records_in, 10);
	expect_outputs(request, 10);
}

Test(bulk_batch, does_not_push_again_what_has_come)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(10));
	size_t push = until("POST", "/chunks");

	take_push(push);
	fail(push, CSPARK_E_UPSTREAM_TIMEOUT, CSPARK_MAYBE_EXECUTED, 0);
	serve(request, 10);
	cr_assert_eq(count("POST", "/chunks"), 1);
	cr_assert_eq(records_in, 10);
	expect_outputs(request, 10);
}

Test(bulk_batch, is_left_when_a_push_came_in_part)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(10));
	size_t push = until("POST", "/chunks");

	records_in = 3;
	fail(push, CSPARK_E_UPSTREAM_UNREACHABLE, CSPARK_MAYBE_EXECUTED, 0);
	serve(request, 10);
	cr_assert_gt(count("POST", "/api/v4/execute"), 0);
	expect_outputs(request, 10);
	cr_assert_eq(count("PATCH", "/b-1"), 1);
}

Test(bulk_batch, computes_again_what_was_lost_on_its_way)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(10));
	size_t pull = until("GET", "/chunkresults");

	for (unsigned i = 0; i < chunk_count; i++)
		chunks[i].is_there = false;
	fail(pull, CSPARK_E_UPSTREAM_UNREACHABLE, CSPARK_MAYBE_EXECUTED, 0);
	serve(request, 20);
	cr_assert_gt(count("POST", "/api/v4/execute"), 0);
	cr_assert_eq(count("POST", "/api/v4/batch"), 1);
	expect_outputs(request, 10);
}

Test(bulk_batch, pulls_again_what_was_not_lost)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(10));

	fail(until("GET", "/chunkresults"), CSPARK_E_SPARK_UNAVAILABLE, CSPARK_NOT_SENT, 503);
	serve(request, 10);
	cr_assert_eq(count("POST", "/api/v4/execute"), 0);
	expect_outputs(request, 10);
}

Test(bulk_batch, takes_no_result_of_another_length)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(4));
	size_t pull = until("GET", "/chunkresults");

	chunks[0].is_there = false;
	fake_upstream_answer(pull,
		"{\"data\":[{\"id\":\"00000000-0000-4000-8000-000000000001\",\"outputs\":[{\"n\":7}]},7,"
		"{\"id\":\"another\",\"outputs\":[]}]}");
	serve(request, 10);
	cr_assert_eq(count("POST", "/api/v4/execute"), 1);
	expect_outputs(request, 4);
}

Test(bulk_batch, does_without_a_batch_that_has_failed)
{
	static const char *const ends[] = { "failed", "cancelled", "completed_by_timeout", "completed" };

	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		struct front_request *request = ask("POST", SERVICE, BATCH, list(10));
		size_t push = until("POST", "/chunks");

		take_push(push);
		for (unsigned chunk = 0; chunk < chunk_count; chunk++)
			chunks[chunk].is_there = false;
		state = ends[i];
		fake_upstream_answer(push, "{}");
		serve(request, 10);
		cr_assert_gt(count("POST", "/api/v4/execute"), 0, "%s", ends[i]);
		expect_outputs(request, 10);
		cr_assert_eq(count("PATCH", "/b-1"), 1, "%s",
			ends[i]); /* closed before; there is nothing to cancel */
		fake_upstream_reset();
		records_in = records_out = 0;
		state = "in_progress";
	}
}

Test(bulk_batch, takes_what_a_batch_gives_that_was_closed)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(10));
	size_t push = until("POST", "/chunks");

	state = "closed_by_timeout";
	fail(push, CSPARK_E_SPARK_ERROR, CSPARK_MAYBE_EXECUTED, 500);
	serve(request, 10);
	cr_assert_eq(count("POST", "/chunks"), 1);
	cr_assert_gt(count("POST", "/api/v4/execute"), 0);
	expect_outputs(request, 10);
}

Test(bulk_batch, is_left_when_nothing_gets_done)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(10));
	size_t push = until("POST", "/chunks");

	take_push(push);
	for (unsigned i = 0; i < chunk_count; i++)
		chunks[i].is_there = false;
	records_out = 0;
	fake_upstream_answer(push, "{}");
	fake_loop_advance(1);
	serve(request, 30);
	cr_assert_gt(count("GET", "/status"), 3);
	cr_assert_gt(count("POST", "/api/v4/execute"), 0);
	expect_outputs(request, 10);
	cr_assert_eq(count("PATCH", "/b-1"), 2); /* closed, then cancelled */
}

Test(bulk_batch, is_left_when_it_is_unknown)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(10));
	size_t push = until("POST", "/chunks");

	records_in = 10;
	fake_upstream_answer(push, "{}");
	for (int i = 0; i < 3; i++)
		fail(until("GET", "/status"), CSPARK_E_SPARK_ERROR, CSPARK_MAYBE_EXECUTED, 500);
	serve(request, 10);
	cr_assert_eq(count("GET", "/status"), 3);
	expect_outputs(request, 10);
}

Test(bulk_batch, waits_for_room)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(40));

	input_left = 600; /* a chunk and what goes with it, perhaps */
	fail(until("POST", "/chunks"), CSPARK_E_SPARK_ERROR, CSPARK_MAYBE_EXECUTED, 500);
	serve(request, 30);
	cr_assert_gt(count("POST", "/chunks"), 2);
	cr_assert_eq(count("POST", "/api/v4/execute"), 0);
	expect_outputs(request, 40);
}

Test(bulk_batch, pushes_less_when_it_is_too_much)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(40));

	fail(until("POST", "/chunks"), CSPARK_E_SPARK_ERROR, CSPARK_MAYBE_EXECUTED, 500);
	serve(request, 30);
	cr_assert_eq(count("POST", "/api/v4/execute"), 0);
	expect_outputs(request, 40);
}

Test(bulk_batch, does_not_push_for_ever_what_is_refused)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(40));

	for (int i = 0; i < 40 && !request->replied; i++) {
		while (is_any_open()) {
			size_t job = open_job();

			if (asks(job, "POST", "/chunks"))
				fail(job, CSPARK_E_SPARK_REJECTED, CSPARK_NOT_SENT, 400);
			else
				answer(job);
		}
		fake_loop_advance(1000);
	}
	cr_assert_lt(count("POST", "/chunks"), 12);
	expect_outputs(request, 40);
}

Test(bulk_batch, makes_rows_of_objects)
{
	struct front_request *request;
	size_t push;

	config.bulk.batch_records = 100;
	desk_adopt(&desk, edition_new(NULL, config_ref(&config), NULL));
	request = ask("POST", SERVICE, BATCH,
		"[{\"n\":0},{\"n\":1},{\"n\":2,\"m\":\"x\"},{\"n\":[3]},{\"n\":4},{}]");
	push = until("POST", "/chunks");
	ASSERT_HAS(fake_jobs[push].request->body, "\"size\":2,\"data\":{\"inputs\":[[\"n\"],[0],[1]]");
	ASSERT_HAS(
		fake_jobs[push].request->body, "\"size\":1,\"data\":{\"inputs\":[[\"n\",\"m\"],[2,\"x\"]]");
	cr_assert_null(
		strstr(fake_jobs[push].request->body, "[4]")); /* it stands behind one that is no row */
	fake_front_left(request);
	fake_front_done(request, FRONT_CALLER_LEFT);
	serve_rest();
}

Test(bulk_batch, is_cancelled_when_the_caller_leaves)
{
	struct front_request *request = ask("POST", SERVICE, BATCH, list(10));
	size_t pull = until("GET", "/chunkresults");

	fake_cancel_outcome = CSPARK_MAYBE_EXECUTED;
	fake_front_left(request);
	cr_assert(fake_jobs[pull].cancelled);
	cr_assert_eq(desk.admit.in_flight, 0);
	cr_assert(asks(pull + 1, "PATCH", "/b-1"));
	cr_assert_leq(fake_jobs[pull + 1].call.deadline_ms, loop_now_ms(desk.loop) + 2000);
	ASSERT_HAS(fake_jobs[pull + 1].request->body, "cancelled");
	fake_front_done(request, FRONT_CALLER_LEFT);
	cr_assert_not(desk_is_idle(&desk));
	answer(pull + 1);
	fake_loop_advance(1);
	cr_assert(desk_is_idle(&desk));
}

Test(bulk_batch, is_cancelled_when_its_time_is_over)
{
	struct front_request *request = ask("POST", SERVICE, BATCH "&_timeout=5000", list(10));
	size_t push = until("POST", "/chunks");

	take_push(push);
	records_out = 0;
	for (unsigned i = 0; i < chunk_count; i++)
		chunks[i].is_there = false;
	fake_upstream_answer(push, "{}");
	serve(request, 10);
	expect_problem(request, 504, "upstream_timeout", "");
	cr_assert_eq(count("PATCH", "/b-1"), 2); /* closed, then cancelled */
	serve_rest();
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
