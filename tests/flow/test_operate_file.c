/* Answers and uploads that are files. Each test tells one story. */
#include "tests/flow/operating.h"

TestSuite(operate_file, .init = operating_set_up, .fini = operating_tear_down);

#define FILE_PATH "/services/f/s/file"

static struct front_request *
fetch(const char *method)
{
	struct front_request *request = ask(method, FILE_PATH, NULL, NULL);

	expect_job(0, "GET", "/api/v1/product/f/engines/s/download/?filename=&type=");
	return request;
}

static void
put(size_t job, size_t len, bool wanted)
{
	static char zeros[512 * 1024];

	cr_assert_leq(len, sizeof zeros);
	memset(zeros, 'x', sizeof zeros);
	cr_assert_eq(fake_upstream_put(job, zeros, len), wanted);
}

Test(operate_file, keeps_a_small_file_in_memory)
{
	struct front_request *request = fetch("GET");

	cr_assert(fake_upstream_begin(0, 200, 5, "application/x-y", "attachment; filename=\"a b\""));
	cr_assert(fake_upstream_put(0, "he", 2));
	cr_assert_not(request->replied);
	cr_assert(fake_upstream_put(0, "llo", 3));
	fake_upstream_answer(0, NULL);
	cr_assert_not(request->is_file);
	cr_assert_str_eq(request->content_type, "application/x-y");
	cr_assert_str_eq(fake_front_header(request, "Content-Disposition"), "attachment; filename=\"a b\"");
	expect_answer(request, 200, "hello");
}

Test(operate_file, keeps_a_large_file_in_a_file)
{
	struct front_request *request = fetch("GET");

	cr_assert(fake_upstream_begin(0, 200, -1, "", ""));
	put(0, 300 * 1024, true);
	fake_upstream_answer(0, NULL);
	cr_assert(request->is_file && request->finished && !request->torn);
	cr_assert_eq(request->source.total, 300 * 1024);
	cr_assert_eq(request->source.len, 300 * 1024);
	cr_assert_str_eq(request->content_type, "");
	fake_front_done(request, FRONT_OK);
}

Test(operate_file, starts_anew_when_an_answer_is_torn)
{
	struct front_request *request = fetch("GET");

	cr_assert(fake_upstream_begin(0, 200, 5, "a/b", "inline"));
	put(0, 300 * 1024, true);
	cr_assert(fake_upstream_begin(0, 200, 2, "c/d", ""));
	cr_assert(fake_upstream_put(0, "ok", 2));
	fake_upstream_answer(0, NULL);
	cr_assert_str_eq(request->content_type, "c/d");
	cr_assert_null(fake_front_header(request, "Content-Disposition"));
	expect_answer(request, 200, "ok");
}

Test(operate_file, sends_what_comes_slowly_while_it_comes)
{
	struct front_request *request = fetch("GET");

	cr_assert(fake_upstream_begin(0, 200, 9, "a/b", "inline"));
	cr_assert(fake_upstream_put(0, "abc", 3));
	fake_loop_advance(5000);
	cr_assert_not(request->replied);
	fake_loop_advance(1);
	cr_assert(fake_upstream_put(0, "def", 3));
	cr_assert(request->replied && request->is_file && !request->finished);
	cr_assert_eq(request->status, 200);
	cr_assert_eq(request->source.total, 9);
	cr_assert_str_eq(request->body, "abcdef");
	cr_assert_str_eq(fake_front_header(request, "Content-Disposition"), "inline");
	cr_assert(fake_upstream_put(0, "ghi", 3));
	cr_assert_str_eq(request->body, "abcdefghi");
	fake_upstream_answer(0, NULL);
	cr_assert(request->finished && !request->torn);
	fake_front_done(request, FRONT_OK);
}

static struct front_request *
stream(int64_t length)
{
	struct front_request *request = fetch("GET");

	cr_assert(fake_upstream_begin(0, 200, length, "a/b", ""));
	fake_loop_advance(5001);
	cr_assert(fake_upstream_put(0, "abc", 3));
	cr_assert(request->is_file);
	return request;
}

/* The head was the last byte's, too: nothing is owed. */
Test(operate_file, owes_no_end_of_a_file_that_was_whole)
{
	struct front_request *request = stream(3);

	cr_assert(request->finished);
	fake_upstream_answer(0, NULL);
	fake_front_done(request, FRONT_OK);
}

Test(operate_file, tears_the_answer_when_spark_does)
{
	struct front_request *request = stream(-1);

	fake_upstream_fail(0, CSPARK_E_UPSTREAM_GARBLED, CSPARK_EXECUTED, 200, NULL);
	cr_assert(request->finished && request->torn);
	fake_front_done(request, FRONT_TORN);
}

Test(operate_file, takes_no_second_answer_for_the_rest_of_the_first)
{
	struct front_request *request = stream(-1);

	cr_assert_not(fake_upstream_begin(0, 200, -1, "a/b", ""));
	fake_upstream_fail(0, CSPARK_E_INTERNAL, CSPARK_EXECUTED, 200, NULL);
	cr_assert(request->finished && request->torn);
	fake_front_done(request, FRONT_TORN);
}

Test(operate_file, stops_a_stream_when_the_caller_leaves)
{
	struct front_request *request = stream(9);

	fake_front_left(request);
	cr_assert(request->finished && request->torn, "front_finish() is owed before left() returns");
	cr_assert(fake_jobs[0].cancelled);
	fake_front_done(request, FRONT_CALLER_LEFT);
}

Test(operate_file, stops_a_stream_when_the_drain_is_over)
{
	struct front_request *request = stream(-1);

	desk_enter(&desk, LIFE_CLOSING);
	cr_assert(request->finished && request->torn);
	fake_front_done(request, FRONT_TORN);
}

Test(operate_file, does_not_stream_to_a_head)
{
	struct fake_request say = { .method = "HEAD", .path = "/api/v1/product/f/engines/s/download" };
	struct front_request *request = &requests[0];

	listener.allow |= CSPARK_GROUP_RAW;
	fake_front_send(request, &say, &desk);
	cr_assert(fake_upstream_begin(0, 200, -1, "a/b", ""));
	fake_loop_advance(6000);
	cr_assert(fake_upstream_put(0, "abc", 3));
	cr_assert_not(request->replied);
	fake_upstream_answer(0, NULL);
	cr_assert_eq(request->status, 200);
	fake_front_done(request, FRONT_OK);
}

Test(operate_file, says_that_a_file_is_too_large)
{
	struct front_request *request = fetch("GET");

	config.limits.max_download = 1000;
	cr_assert(fake_upstream_begin(0, 200, -1, "a/b", ""));
	put(0, 512 * 1024, true);
	put(0, 512 * 1024, true);
	put(0, 1, false);
	fake_upstream_fail(0, CSPARK_E_INTERNAL, CSPARK_EXECUTED, 200, NULL);
	expect_problem(request, 502, "upstream_garbled", "limits.max_download");
}

Test(operate_file, says_that_there_is_no_room_for_a_file)
{
	struct front_request *request = fetch("GET");

	desk.spools.left = 1000;
	cr_assert(fake_upstream_begin(0, 200, -1, "a/b", ""));
	put(0, 300 * 1024, false);
	fake_upstream_fail(0, CSPARK_E_INTERNAL, CSPARK_EXECUTED, 200, NULL);
	desk.spools.left = desk.spools.max;
	cr_assert_not_null(fake_front_header(request, "Retry-After"));
	expect_problem(request, 503, "overloaded", "\"retryable\":true");
}

Test(operate_file, says_that_an_upload_is_too_large)
{
	static char body[3000];

	config.limits.max_upload = 1000;
	memset(body, 'x', sizeof body - 1);
	expect_problem(ask("PUT", "/services/f/s", NULL, body), 413, "body_too_large", "max_upload");
	cr_assert_eq(requests[0].max_body, 1000);
	cr_assert_eq(fake_job_count, 0);
}

Test(operate_file, says_that_there_is_no_room_for_an_upload)
{
	struct front_request *request;

	desk.spools.left = 10;
	request = ask("PUT", "/services/f/s", NULL, "more than ten bytes");
	desk.spools.left = desk.spools.max;
	expect_problem(request, 503, "overloaded", "max_spool");
	cr_assert_eq(fake_job_count, 0);
}

/* ---- a URL of Spark's ---- */

#define SPARK "url=https%3A%2F%2Fexcel.my-env.coherent.global"

Test(operate_file, fetches_a_url_of_sparks)
{
	struct front_request *request = ask("GET", "/files", SPARK "/docstore/a%2520b?c=d", NULL);

	expect_job(0, "GET", "/docstore/a%20b?c=d");
	cr_assert_null(fake_jobs[0].request->origin);
	cr_assert(fake_upstream_begin(0, 200, -1, "", ""));
	fake_upstream_answer(0, NULL);
	expect_answer(request, 200, "");
	request = ask("GET", "/files", SPARK "/health", NULL);
	expect_job(1, "GET", "/health");
	fake_upstream_fail(1, CSPARK_E_SPARK_REJECTED, CSPARK_NOT_SENT, 404, "gone");
	expect_problem(request, 404, "spark_rejected", "gone");
}

/* Results of a batch are gone once they were asked for. */
Test(operate_file, takes_nothing_by_a_url)
{
	static const char *const TAKING[] = {
		SPARK "/acme/api/v4/batch/i/chunkresults",
		SPARK "/acme/api/v4/batch/i/chunkresults?max=1",
		SPARK "/ACME/API/v4/Batch/i/ChunkResults",
		SPARK "/acme/%2561pi/v4/batch/i/chunkresults",
		SPARK "/acme//api/v4/batch/i/chunkresults",
		SPARK "/x/../acme/api/v4/batch/i/chunkresults",
		SPARK "/x/%252e%252E/acme/api/v4/batch/i/chunkresults",
		SPARK "/./acme/api/v4/batch/i/chunkresults",
	};

	for (size_t i = 0; i < sizeof TAKING / sizeof *TAKING; i++)
		expect_problem(
			ask("GET", "/files", TAKING[i], NULL), 403, "operation_disabled", "by its path");
	cr_assert_eq(fake_job_count, 0);
}
