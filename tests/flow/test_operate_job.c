/* Jobs. Each test tells one story. */
#include "tests/flow/operating.h"

#include <unistd.h>

TestSuite(operate_job, .init = operating_set_up, .fini = operating_tear_down);

#define UPLOADED                                                                          \
	"{\"status\":\"Success\",\"response_data\":{\"nodegen_compilation_jobid\":\"j\"," \
	"\"original_file_documentid\":\"o\",\"engine_file_documentid\":\"e\"}}"
#define COMPILING   "{\"status\":\"Success\",\"response_data\":{\"status\":\"InProgress\",\"progress\":40}}"
#define COMPILED    "{\"status\":\"Success\",\"response_data\":{\"status\":\"Success\",\"progress\":100}}"
#define STATUS_PATH "/acme/api/v3/folders/f/services/s/getcompilationprogess/j"

static struct front_request *
create(const char *query)
{
	struct front_request *request = ask("PUT", "/services/f/s", query, "PK-the-workbook");

	expect_job(0, "POST", "/acme/api/v3/folders/f/services/s/upload");
	return request;
}

Test(operate_job, creates_a_service)
{
	struct front_request *request = create("_label=L&_versioning=major");
	const struct cspark_part *file = &fake_jobs[0].request->parts[1];
	char text[32];

	cr_assert_eq(fake_jobs[0].request->part_count, 2);
	ASSERT_HAS(fake_jobs[0].request->parts[0].text.at, "\"version_difference\":\"major\"");
	cr_assert_eq(file->source->len, 15);
	cr_assert_eq(pread(file->source->fd, text, sizeof text, 0), 15);
	cr_assert_eq(memcmp(text, "PK-the-workbook", 15), 0);
	fake_upstream_answer(0, UPLOADED);
	expect_job(1, "GET", STATUS_PATH);
	fake_upstream_answer(1, COMPILING);
	fake_loop_advance(499);
	cr_assert_eq(fake_job_count, 2);
	fake_loop_advance(1);
	expect_job(2, "GET", STATUS_PATH);
	fake_upstream_answer(2, COMPILED);
	expect_job(3, "POST", "/acme/api/v3/folders/f/services/s/publish");
	ASSERT_HAS(fake_jobs[3].request->body, "\"original_file_documentid\":\"o\"");
	ASSERT_HAS(fake_jobs[3].request->body, "\"engine_file_documentid\":\"e\"");
	ASSERT_HAS(fake_jobs[3].request->body, "\"version_label\":\"L\"");
	ASSERT_HAS(fake_jobs[3].request->body, "\"version_difference\":\"major\"");
	fake_upstream_answer(3, "{\"status\":\"Success\",\"response_data\":{\"version_id\":\"v\"}}");
	cr_assert_str_eq(fake_front_header(request, "X-Cspark-Attempts"), "4");
	expect_answer(request, 200,
		"{\"upload\":{\"nodegen_compilation_jobid\":\"j\",\"original_file_documentid\":\"o\","
		"\"engine_file_documentid\":\"e\"},\"compilation\":{\"status\":\"Success\",\"progress\":100},"
		"\"publication\":{\"version_id\":\"v\"}}");
}

Test(operate_job, asks_again_after_growing_waits)
{
	static const int64_t WAITS[] = { 500, 750, 1125, 1687, 2530, 3795, 5000, 5000 };
	struct front_request *request = create(NULL);

	fake_upstream_answer(0, UPLOADED);
	for (size_t i = 0; i < sizeof WAITS / sizeof *WAITS; i++) {
		fake_upstream_answer(1 + i, COMPILING);
		fake_loop_advance(WAITS[i] - 1);
		cr_assert_eq(fake_job_count, i + 2, "asked before %d ms", (int)WAITS[i]);
		fake_loop_advance(1);
		cr_assert_eq(fake_job_count, i + 3, "not asked after %d ms", (int)WAITS[i]);
	}
	cr_assert_eq(desk.admit.in_flight, 0, "a job that waits keeps nobody from calculating");
	fake_front_left(request);
	fake_front_done(request, FRONT_CALLER_LEFT);
}

Test(operate_job, says_which_step_failed)
{
	struct front_request *request = create(NULL);

	fake_upstream_fail(0, CSPARK_E_SPARK_REJECTED, CSPARK_NOT_SENT, 400, "{\"error\":\"bad file\"}");
	ASSERT_HAS(request->body, "\"spark\":{\"status\":400,\"body\":{\"error\":\"bad file\"}}");
	expect_problem(request, 400, "spark_rejected", "\"detail\":\"upload: ");
}

Test(operate_job, says_how_a_compilation_failed)
{
	struct front_request *request = create(NULL);

	fake_upstream_answer(0, UPLOADED);
	fake_upstream_answer(1,
		"{\"status\":\"Success\",\"response_data\":{\"status\":\"Failed\",\"progress\":100,"
		"\"last_error_message\":\"no such function\"}}");
	ASSERT_HAS(request->body, "\"last_error_message\":\"no such function\"");
	ASSERT_HAS(request->body, "no such function");
	ASSERT_HAS(request->body, "\"retryable\":false");
	expect_problem(request, 422, "spark_rejected", "\"detail\":\"compilation: ");
}

Test(operate_job, says_when_the_last_step_failed)
{
	struct front_request *request = create(NULL);

	fake_upstream_answer(0, UPLOADED);
	fake_upstream_answer(1, COMPILED);
	fake_upstream_fail(2, CSPARK_E_UPSTREAM_TIMEOUT, CSPARK_MAYBE_EXECUTED, 0, NULL);
	ASSERT_HAS(request->body, "\"outcome\":\"executed\"");
	expect_problem(request, 504, "upstream_timeout", "\"detail\":\"publication: ");
}

Test(operate_job, does_not_go_on_from_nonsense)
{
	struct front_request *request = create(NULL);

	fake_upstream_answer(0, "{\"status\":\"Success\",\"response_data\":{}}");
	expect_problem(request, 502, "upstream_garbled", "upload: ");
	request = ask("POST", "/exports", "folders=f", NULL);
	fake_upstream_answer(1, "[]");
	expect_problem(request, 502, "upstream_garbled", "start: ");
}

Test(operate_job, gives_up_at_the_deadline)
{
	struct front_request *request;

	tenants[0].job_timeout_ms = 2000;
	request = create(NULL);
	cr_assert_eq(fake_jobs[0].call.deadline_ms, loop_now_ms(desk.loop) + 2000);
	fake_upstream_answer(0, UPLOADED);
	fake_upstream_answer(1, COMPILING);
	fake_loop_advance(500);
	fake_upstream_answer(2, COMPILING);
	fake_loop_advance(750);
	fake_upstream_answer(3, COMPILING); /* the next question would be after 1125 ms more */
	ASSERT_HAS(request->body, "\"progress\":40");
	expect_problem(request, 504, "upstream_timeout", "\"detail\":\"compilation: ");
}

Test(operate_job, gives_up_when_the_caller_says)
{
	struct front_request *request = create("_timeout=600");

	fake_upstream_answer(0, UPLOADED);
	fake_upstream_answer(1, COMPILING);
	fake_loop_advance(500);
	fake_upstream_answer(2, COMPILING);
	expect_problem(request, 504, "upstream_timeout", "600 ms");
}

Test(operate_job, stops_asking_when_the_caller_leaves)
{
	struct front_request *request = create(NULL);

	fake_upstream_answer(0, UPLOADED);
	fake_upstream_answer(1, COMPILING);
	fake_front_left(request);
	cr_assert(request->replied);
	cr_assert_eq(desk.admit.in_flight, 0);
	fake_loop_advance(60000);
	cr_assert_eq(fake_job_count, 2);
	fake_front_done(request, FRONT_CALLER_LEFT);
}

Test(operate_job, takes_a_step_back_when_the_caller_leaves)
{
	struct front_request *request = create(NULL);

	fake_front_left(request);
	cr_assert(fake_jobs[0].cancelled);
	fake_front_done(request, FRONT_CALLER_LEFT);
	request = ask("PUT", "/services/f/s", NULL, "PK");
	fake_upstream_answer(1, UPLOADED);
	fake_upstream_answer(2, COMPILING);
	fake_loop_advance(500);
	fake_front_left(request);
	cr_assert(fake_jobs[3].cancelled);
	fake_front_done(request, FRONT_CALLER_LEFT);
}

Test(operate_job, lets_no_job_outlive_the_drain)
{
	struct front_request *request = create(NULL);

	fake_upstream_answer(0, UPLOADED);
	fake_upstream_answer(1, COMPILING);
	desk_enter(&desk, LIFE_CLOSING);
	cr_assert(request->close);
	expect_problem(request, 503, "draining", "shutting down");
}

Test(operate_job, answers_later_if_the_caller_prefers)
{
	struct front_request *request = ask_async("PUT", "/services/f%20g/s", NULL, "PK");

	fake_upstream_answer(0, UPLOADED);
	cr_assert_str_eq(fake_front_header(request, "Location"), "/services/f%20g/s/compilations/j");
	ASSERT_HAS(request->body, "\"nodegen_compilation_jobid\":\"j\"");
	cr_assert_eq(request->status, 202);
	fake_front_done(request, FRONT_OK);
	cr_assert_eq(fake_job_count, 1);
}

/* The address must lead to the same tenant. */
Test(operate_job, says_where_to_ask_later_of_which_tenant)
{
	struct front_request *request = ask_async("POST", "/exports", "folders=f&_tenant=second", NULL);

	expect_job(0, "POST", "/beta/api/v4/export");
	fake_upstream_answer(0, "{\"id\":\"i\"}");
	cr_assert_str_eq(fake_front_header(request, "Location"), "/exports/i?_tenant=second");
	expect_answer(request, 202, "{\"id\":\"i\"}");
}

Test(operate_job, cannot_answer_later_where_nobody_could_be_asked)
{
	struct front_request *request = ask_async("POST", "/folders", "name=n", NULL);

	fake_upstream_answer(
		0, "{\"status\":\"Success\",\"data\":{\"get_product_url\":\"https://h/n%20m\"}}");
	expect_job(1, "GET", "/api/v1/product/GetProduct/n%20m");
	fake_upstream_answer(1, "{\"status\":\"Success\",\"data\":{\"id\":\"i\"}}");
	expect_answer(request, 200, "{\"id\":\"i\"}");
}

Test(operate_job, fails_cleanly_when_a_step_cannot_be_sent)
{
	struct front_request *request = create(NULL);

	fake_upstream_full = true;
	fake_upstream_answer(0, UPLOADED);
	expect_problem(request, 500, "internal", "no memory");
}

Test(operate_job, fetches_the_file_of_an_export)
{
	struct front_request *request = ask("POST", "/exports", "services=f/s", NULL);

	fake_upstream_answer(0, "{\"id\":\"i\"}");
	fake_upstream_answer(1, "{\"status\":\"created\"}");
	fake_loop_advance(500);
	expect_job(2, "GET", "/acme/api/v4/export/i/status");
	fake_upstream_answer(2,
		"{\"status\":\"closed\",\"outputs\":{\"files\":[{\"file\":"
		"\"https://entitystore.my-env.coherent.global/p.zip\"}]}}");
	expect_job(3, "GET", "/p.zip");
	cr_assert_str_eq(fake_jobs[3].request->origin, "https://entitystore.my-env.coherent.global");
	cr_assert(fake_upstream_begin(3, 200, 2, "application/zip", "attachment; filename=p.zip"));
	cr_assert(fake_upstream_put(3, "PK", 2));
	fake_upstream_answer(3, NULL);
	cr_assert_str_eq(request->content_type, "application/zip");
	expect_answer(request, 200, "PK");
}

Test(operate_job, fetches_no_file_from_elsewhere)
{
	struct front_request *request = ask("GET", "/exports/i/files", NULL, NULL);

	fake_upstream_answer(0,
		"{\"status\":\"closed\",\"outputs\":{\"files\":[{\"file\":\"http://169.254.169.254/x\"}]}}");
	expect_problem(request, 403, "operation_disabled", "169.254.169.254");
	cr_assert_eq(fake_job_count, 1);
}
