/* Operations of one call, Transforms and drop-in calls. Each test tells one story. */
#include "tests/flow/operating.h"

#include <stdio.h>

static char *globs[4];

TestSuite(operate, .init = operating_set_up, .fini = operating_tear_down);

/* ---- single calls ---- */

Test(operate, gives_the_payload_alone)
{
	struct front_request *request = ask("GET", "/services/f/s/versions", NULL, NULL);

	expect_job(0, "GET", "/api/v1/product/f/engines/getversions/s");
	fake_upstream_answer(0, "{\"status\":\"Success\",\"data\":[{\"revision\":\"1.0\"}],\"count\":12}");
	cr_assert_str_eq(fake_front_header(request, "X-Total-Count"), "12");
	cr_assert_str_eq(request->content_type, "application/json");
	expect_answer(request, 200, "[{\"revision\":\"1.0\"}]");
}

Test(operate, gives_the_original_if_it_is_wanted)
{
	static const char BODY[] = "{ \"status\":\"Success\",\"data\":[ ]}";
	struct front_request *request = ask("GET", "/services/f/s/versions", "_shape=original", NULL);

	fake_upstream_answer(0, BODY);
	expect_answer(request, 200, BODY);
}

Test(operate, finds_failures_in_disguise)
{
	struct front_request *request = ask("GET", "/services/f/s", NULL, NULL);

	fake_upstream_answer(0, "{\"status\":\"Success\",\"response_data\":{\"is_exists\":false}}");
	expect_problem(request, 404, "spark_rejected", "\"is_exists\":false");
	request = ask("POST", "/categories", "name=n", NULL);
	fake_upstream_answer(1, "{\"status\":\"Error\",\"errorCode\":\"CATEGORY_ALREADY_EXISTS\"}");
	expect_problem(request, 409, "spark_rejected", "CATEGORY_ALREADY_EXISTS");
	request = ask("GET", "/imports/i", NULL, NULL);
	fake_upstream_fail(2, CSPARK_E_SPARK_ERROR, CSPARK_MAYBE_EXECUTED, 500,
		"{\"type\":\"x\",\"code\":\"INVALID_JOB_ID\"}");
	expect_problem(request, 404, "spark_rejected", "INVALID_JOB_ID");
	request = ask("GET", "/imports/i", NULL, NULL);
	fake_upstream_fail(3, CSPARK_E_SPARK_ERROR, CSPARK_MAYBE_EXECUTED, 500, "<html>");
	expect_problem(request, 502, "spark_error", "<html>");
}

Test(operate, refuses_before_spark_is_asked)
{
	expect_problem(ask("GET", "/folders", "_page=x", NULL), 400, "bad_parameter", "_page");
	expect_problem(ask("GET", "/services/f/s", "nonsense=1", NULL), 400, "bad_parameter", "nonsense");
	expect_problem(ask("POST", "/batches", "nonsense=1", NULL), 400, "bad_parameter",
		"_timeout, _shape, service, version_id, _date");
	expect_problem(ask("GET", "/services/f/s", "_public=true", NULL), 400, "bad_parameter", "_public");
	expect_problem(ask("GET", "/services/f/s", "_timeout=0", NULL), 400, "bad_parameter", "_timeout");
	expect_problem(ask("GET", "/services/f/s", "_shape=alike", NULL), 400, "bad_parameter", "_shape");
	expect_problem(ask("GET", "/services/f/s", "_tenant=x", NULL), 400, "bad_parameter", "tenant");
	expect_problem(ask("GET", "/services/f/s", "a=%zz", NULL), 400, "bad_parameter", "percent");
	expect_problem(ask("DELETE", "/services/f/s", NULL, "{}"), 400, "bad_request", "no body");
	expect_problem(ask("POST", "/batches", NULL, "{"), 400, "bad_json", "line 1");
	expect_problem(ask("PUT", "/services/f/s", NULL, NULL), 400, "bad_request", "file");
	expect_problem(
		ask("POST", "/transform", NULL, "{\"request_data\":{}}"), 400, "bad_parameter", "_using");
	expect_problem(ask("POST", "/transform", "_using=../x", "{}"), 400, "bad_parameter", "path");
	expect_problem(ask("POST", "/transform", "_using=name", "{}"), 400, "bad_parameter", "folder/name");
	expect_problem(ask("GET", "/logs/c/workbook", "service=../s", NULL), 400, "bad_parameter", "folder");
	expect_problem(
		ask("GET", "/files", "url=https://evil.com/x", NULL), 403, "operation_disabled", "evil.com");
	cr_assert_eq(fake_job_count, 0);
}

Test(operate, takes_a_bounded_number_of_parameters)
{
	char query[400] = "";

	for (unsigned i = 0; i < 45; i++)
		snprintf(query + strlen(query), sizeof query - strlen(query), "a%u=1&", i);
	expect_problem(ask("GET", "/services", query, NULL), 400, "bad_parameter", "more than");
}

Test(operate, does_not_pack_files_into_files)
{
	struct fake_request say = { .method = "PUT",
		.path = "/services/f/s",
		.headers = { "Content-Encoding", "gzip" },
		.body = "PK" };

	fake_front_send(&requests[0], &say, &desk);
	expect_problem(&requests[0], 415, "unsupported_media_type", "gzip");
	say.method = "POST";
	say.path = "/batches";
	fake_front_send(&requests[0], &say, &desk);
	expect_problem(&requests[0], 415, "unsupported_media_type", "gzip");
}

/* ---- what a listener allows ---- */

Test(operate, asks_by_the_group_of_the_row)
{
	listener.allow = CSPARK_GROUP_READ;
	expect_problem(ask("DELETE", "/services/f/s", NULL, NULL), 403, "operation_disabled", "manage");
	expect_problem(ask("POST", "/batches", "service=f/s", NULL), 403, "operation_disabled", "execute");
	expect_problem(ask("GET", "/acme/api/v3/unheard", NULL, NULL), 403, "operation_disabled", "raw");
	expect_problem(ask("POST", "/api/v1/unheard", NULL, "{}"), 403, "operation_disabled", "raw");
	listener.allow = MANAGER | CSPARK_GROUP_RAW;
	ask("GET", "/acme/api/v3/unheard", "a=b", NULL);
	expect_job(0, "GET", "/acme/api/v3/unheard?a=b");
	cr_assert(fake_upstream_begin(0, 200, 2, "text/x", ""));
	cr_assert(fake_upstream_put(0, "ab", 2));
	fake_upstream_answer(0, NULL);
	expect_answer(&requests[0], 200, "ab");
}

/* What the query says does not change what the path names. */
Test(operate, is_not_talked_out_of_the_services_of_a_listener)
{
	globs[0] = (char *)"public/*";
	listener.services = globs;
	expect_problem(ask("GET", "/folders/secret/services", "folder=public", NULL), 403,
		"operation_disabled", "secret");
	expect_problem(ask("GET", "/services", "folder=public", NULL), 403, "operation_disabled", "services");
	expect_problem(ask("GET", "/services/secret/s", NULL, NULL), 403, "operation_disabled", "secret/s");
	expect_problem(ask("GET", "/version/v/schema", NULL, NULL), 403, "operation_disabled", "version/v");
	expect_problem(ask("GET", "/logs/c/workbook", "service=secret/s", NULL), 403, "operation_disabled",
		"secret/s");
	expect_problem(ask("GET", "/logs/c/workbook", "service=public/../secret", NULL), 400, "bad_parameter",
		"service");
	expect_problem(
		ask("POST", "/batches", "service=secret/s", NULL), 403, "operation_disabled", "secret/s");
	expect_problem(ask("POST", "/batches", "service=secret/s", "{\"version_id\":null}"), 403,
		"operation_disabled", "secret/s");
	expect_problem(ask("POST", "/batches", NULL, "{}"), 403, "operation_disabled", "names no service");
	expect_problem(ask("GET", "/files", "url=https://excel.my-env.coherent.global/x", NULL), 403,
		"operation_disabled", "files");
	cr_assert_eq(fake_job_count, 0);
	ask("GET", "/folders/public/services", "folder=x", NULL);
	expect_job(0, "POST", "/api/v1/product/public/engines");
	fake_upstream_answer(0, "{\"data\":[]}");
	expect_answer(&requests[0], 200, "[]");
}

/* A name that is too long to be compared is not let through. */
Test(operate, has_a_longest_name)
{
	char path[400] = "/services/";

	memset(path + strlen(path), 'x', 201);
	memcpy(path + 10 + 201, "/s", 3);
	expect_problem(ask("GET", path, NULL, NULL), 400, "bad_parameter", "longer than");
}

/* ---- Transforms ---- */

Test(operate, transforms)
{
	struct front_request *request = ask(
		"POST", "/transform/f/s%5B1.2%5D", "_using=tf/tn&purpose=P&_source=S", "[1, 2.50]");

	expect_job(0, "POST", "/acme/api/v4/transforms/tf/tn/for/f/s");
	cr_assert_str_eq(fake_jobs[0].request->body, "[1, 2.50]");
	ASSERT_HAS(fake_jobs[0].request->lines[0], "\"call_purpose\":\"P\"");
	ASSERT_HAS(fake_jobs[0].request->lines[0], "\"source_system\":\"S\"");
	ASSERT_HAS(fake_jobs[0].request->lines[0], "\"version\":\"1.2\"");
	cr_assert(fake_upstream_begin(0, 200, -1, "text/csv", ""));
	cr_assert(fake_upstream_put(0, "a,b", 3));
	fake_upstream_answer(0, NULL);
	cr_assert_str_eq(request->content_type, "text/csv");
	expect_answer(request, 200, "a,b");
}

Test(operate, transforms_by_the_services_own_document)
{
	struct front_request *request = ask("POST", "/transform/f/s", NULL, NULL);

	expect_job(0, "POST", "/acme/api/v4/transforms/f/s/for/f/s");
	cr_assert(fake_upstream_begin(0, 200, 0, "application/json", ""));
	fake_upstream_answer(0, NULL);
	expect_answer(request, 200, "");
}

/* ---- drop-in paths ---- */

Test(operate, passes_a_drop_in_answer_on_as_it_is)
{
	struct fake_request say = { .method = "POST",
		.path = "/api/v1/product/list",
		.query = "a=%20&b",
		.headers = { "Content-Type", "application/json; x=y", "Accept", "application/json" },
		.body = "{ \"page\" : 1 }" };
	struct front_request *request = &requests[0];

	fake_front_send(request, &say, &desk);
	expect_job(0, "POST", "/api/v1/product/list?a=%20&b");
	cr_assert_str_eq(fake_jobs[0].request->body, "{ \"page\" : 1 }");
	cr_assert_str_eq(fake_jobs[0].request->content_type, "application/json; x=y");
	cr_assert_str_eq(fake_jobs[0].request->accept, "application/json");
	cr_assert_not(fake_jobs[0].request->expects_json);
	cr_assert(fake_upstream_begin(0, 203, -1, "text/html; charset=x", "inline; filename=y"));
	cr_assert(fake_upstream_put(0, "{\"status\":\"Error\"", 17));
	fake_upstream_answer(0, NULL);
	cr_assert_str_eq(request->content_type, "text/html; charset=x");
	cr_assert_str_eq(fake_front_header(request, "Content-Disposition"), "inline; filename=y");
	expect_answer(request, 200, "{\"status\":\"Error\"");
}

Test(operate, passes_sparks_errors_on_unchanged)
{
	struct front_request *request = ask("GET", "/acme/api/v4/batch/i", NULL, NULL);

	fake_upstream_fail(0, CSPARK_E_SPARK_REJECTED, CSPARK_NOT_SENT, 404, "{\"code\":\"X\"}");
	expect_answer(request, 404, "{\"code\":\"X\"}");
	request = ask("GET", "/acme/api/v4/import/i/status", NULL, NULL);
	fake_upstream_fail(
		1, CSPARK_E_SPARK_ERROR, CSPARK_MAYBE_EXECUTED, 500, "{\"code\":\"INVALID_JOB_ID\"}");
	expect_answer(request, 500, "{\"code\":\"INVALID_JOB_ID\"}");
}

Test(operate, never_shows_what_spark_says_of_our_credentials)
{
	struct front_request *request = ask("GET", "/acme/api/v4/batch/i", NULL, NULL);

	fake_upstream_fail(0, CSPARK_E_CREDENTIALS_REFUSED, CSPARK_NOT_SENT, 401, "{}");
	expect_problem(request, 502, "credentials_refused", "scripted failure");
}

Test(operate, tells_its_own_failures_on_drop_in_paths)
{
	struct front_request *request = ask("GET", "/acme/api/v4/batch/i", NULL, NULL);

	fake_upstream_fail(0, CSPARK_E_UPSTREAM_UNREACHABLE, CSPARK_NOT_SENT, 0, NULL);
	expect_problem(request, 502, "upstream_unreachable", "scripted failure");
}

Test(operate, sends_a_large_drop_in_body_from_a_file)
{
	static char body[300 * 1024];

	memset(body, 'x', sizeof body - 1);
	ask("POST", "/acme/api/v4/import", NULL, body);
	cr_assert_null(fake_jobs[0].request->body);
	cr_assert_eq(fake_jobs[0].request->source->len, sizeof body - 1);
	fake_front_left(&requests[0]);
	fake_front_done(&requests[0], FRONT_CALLER_LEFT);
}
