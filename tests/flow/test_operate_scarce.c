/* Each story again and again, with one allocation after the other failing: the caller always gets an answer,
 * and nothing is left behind. */
#include "tests/flow/operating.h"

#include "tests/flow/scarce.h"

TestSuite(operate_scarce, .init = operating_set_up, .fini = operating_tear_down);

struct story {
	const char *method, *path, *query, *body;
	size_t file_len; /* of the last answer, which is a file; 0: it is JSON */
	struct {
		const char *to, *answer; /* a part of the path that Spark is asked by */
	} answers[4];
};

static void
give_file(size_t job, size_t len)
{
	static char bytes[300 * 1024];

	if (fake_upstream_begin(job, 200, -1, "a/b", "inline") && fake_upstream_put(job, bytes, len))
		fake_upstream_answer(job, NULL);
	else
		fake_upstream_fail(job, CSPARK_E_INTERNAL, CSPARK_EXECUTED, 200, NULL);
}

static const char *
answer_to(const struct story *story, const char *path)
{
	for (size_t i = 0; i < sizeof story->answers / sizeof *story->answers && story->answers[i].to; i++) {
		if (strstr(path, story->answers[i].to))
			return story->answers[i].answer;
	}
	cr_assert(false, "nobody knows an answer to %s", path);
	return NULL;
}

/* What is answered is the call's business; that it is, is ours. */
static void
tell(const struct story *story)
{
	struct front_request *request = ask(story->method, story->path, story->query, story->body);

	for (size_t job = 0; !request->replied; job++) {
		if (job == fake_job_count)
			fake_loop_advance(1000); /* what could not be read is asked for again */
		cr_assert_lt(job, fake_job_count, "neither an answer nor a question to Spark");
		if (fake_jobs[job].call.sink)
			give_file(job, story->file_len);
		else
			fake_upstream_answer(job, answer_to(story, fake_jobs[job].request->path));
	}
}

/* The route is looked for before there is a call to speak of: without memory a path may not be found. */
static bool
is_unrouted(const struct front_request *request)
{
	return fake_job_count == 0 && (request->status == 404 || request->status == 405);
}

static void
tell_scarcely(const struct story *story)
{
	struct front_request *request = &requests[0];
	bool has_failed = true;

	tell(story); /* its memory is kept for the others */
	cr_assert_eq(request->status, 200, "%s", request->body);
	fake_front_done(request, FRONT_OK);
	for (unsigned left = 0; has_failed; left++) {
		cr_assert_lt(left, 5000);
		fake_upstream_reset();
		scarce_begin(left);
		tell(story);
		has_failed = scarce_end();
		cr_assert(request->status == 200 || request->status >= 500 || is_unrouted(request),
			"%s %s, allocation %u: %d %s", story->method, story->path, left, request->status,
			request->body);
		cr_assert(has_failed || request->status == 200);
		fake_front_done(request, FRONT_OK);
		cr_assert_eq(desk.admit.in_flight, 0);
		cr_assert_eq(desk.spools.left, desk.spools.max);
	}
}

Test(operate_scarce, creates_a_service_or_says_why_not)
{
	static const struct story STORY = { "PUT", "/services/f%20g/s", "_label=L", "PK", 0,
		{ { "/upload",
			  "{\"response_data\":{\"nodegen_compilation_jobid\":\"j\","
			  "\"original_file_documentid\":\"o\",\"engine_file_documentid\":\"e\"}}" },
			{ "/getcompilation",
				"{\"response_data\":{\"status\":\"Success\",\"progress\":100}}" },
			{ "/publish", "{\"response_data\":{\"version_id\":\"v\"}}" } } };

	tell_scarcely(&STORY);
}

Test(operate_scarce, creates_a_folder_or_says_why_not)
{
	static const struct story STORY = { "POST", "/folders", NULL, "{\"Name\":\"n\"}", 0,
		{ { "/create", "{\"data\":{\"get_product_url\":\"https://h/n%20m\"}}" },
			{ "/GetProduct/n%20m", "{\"data\":{\"id\":\"i\"}}" } } };

	tell_scarcely(&STORY);
}

Test(operate_scarce, exports_or_says_why_not)
{
	static const struct story STORY = { "POST", "/exports", "folders=f", NULL, 300 * 1024,
		{ { "/status",
			  "{\"status\":\"closed\",\"outputs\":{\"files\":[{\"file\":"
			  "\"https://entitystore.my-env.coherent.global/p.zip\"}]}}" },
			{ "/export", "{\"id\":\"i\"}" } } };

	tell_scarcely(&STORY);
}

Test(operate_scarce, transforms_or_says_why_not)
{
	static const struct story STORY = { "POST", "/transform/f/s", "_using=a/b&_purpose=%C3%BC", "[1]", 9,
		{ { NULL, NULL } } };

	tell_scarcely(&STORY);
}

Test(operate_scarce, reads_a_log_or_says_why_not)
{
	static const struct story STORY = { "GET", "/logs/c", "index=1", NULL, 0,
		{ { "/c?index=1", "{\"response_data\":\"{\\\"a\\\":1}\"}" } } };

	tell_scarcely(&STORY);
}

Test(operate_scarce, saves_a_category_or_says_why_not)
{
	static const struct story STORY = { "POST", "/categories", "name=n", NULL, 0,
		{ { "/savecategory", "{\"data\":{\"Metadata.ProductCategories\":[{\"Key\":\"k\"}]}}" } } };

	tell_scarcely(&STORY);
}

Test(operate_scarce, passes_a_drop_in_call_on_or_says_why_not)
{
	static const struct story STORY = { "POST", "/api/v1/product/list", "a=b", "{\"page\":1}", 9,
		{ { NULL, NULL } } };

	tell_scarcely(&STORY);
}
