#include <criterion/criterion.h>

#include "base/json.h"
#include "base/json_text.h"
#include "daemon/encode.h"

static void
expect_problem(const struct problem *problem, const char *wanted)
{
	struct buf out;

	buf_init(&out, 1 << 16);
	encode_problem(problem, &out);
	cr_expect(json_valid(out.data, out.len, NULL), "%.*s", STR_ARG(buf_text(&out)));
	cr_expect(str_eq(buf_text(&out), str_of(wanted)), "got    %.*s\nwanted %s", STR_ARG(buf_text(&out)),
		wanted);
	buf_fini(&out);
}

Test(problem, has_the_members_of_the_contract_in_order)
{
	struct problem problem = {
		.code = CSPARK_E_UPSTREAM_TIMEOUT,
		.detail = "No answer within \"58\" s.",
		.request_id = "r-1",
		.attempts = 3,
		.outcome = CSPARK_MAYBE_EXECUTED,
		.retryable = true,
		.spark_status = 504,
		.spark_body = STR(" {\"a\":1.0} "),
	};

	expect_problem(&problem,
		"{\"type\":\"urn:csparkd:error:upstream_timeout\",\"title\":\"Spark did not answer in "
		"time\",\"status\":504,"
		"\"code\":\"upstream_timeout\",\"detail\":\"No answer within \\\"58\\\" s.\","
		"\"request_id\":\"r-1\",\"attempts\":3,"
		"\"outcome\":\"maybe_executed\",\"retryable\":true,\"spark\":{\"status\":504,\"body\": "
		"{\"a\":1.0} }}");
}

Test(problem, leaves_spark_out_if_it_said_nothing)
{
	struct problem problem = { .code = CSPARK_E_BAD_JSON, .detail = "d", .request_id = "r" };

	expect_problem(&problem,
		"{\"type\":\"urn:csparkd:error:bad_json\",\"title\":\"The body is not usable "
		"JSON\",\"status\":400,"
		"\"code\":\"bad_json\",\"detail\":\"d\",\"request_id\":\"r\",\"attempts\":0,"
		"\"outcome\":\"not_sent\","
		"\"retryable\":false}");
}

Test(problem, takes_the_status_it_is_given)
{
	struct problem problem = { .code = CSPARK_E_SPARK_REJECTED, .status = 422, .spark_status = 422 };

	expect_problem(&problem,
		"{\"type\":\"urn:csparkd:error:spark_rejected\",\"title\":\"Spark refused the request\","
		"\"status\":422,"
		"\"code\":\"spark_rejected\",\"detail\":null,\"request_id\":null,\"attempts\":0,"
		"\"outcome\":\"not_sent\","
		"\"retryable\":false,\"spark\":{\"status\":422,\"body\":null}}");
}

/* The string that becomes of Spark's <body>. */
static void
read_back(struct str body, struct buf *ret)
{
	struct problem problem = { .code = CSPARK_E_SPARK_ERROR, .spark_status = 500, .spark_body = body };
	struct buf out;

	buf_init(&out, 1 << 16);
	encode_problem(&problem, &out);
	cr_assert(json_valid(out.data, out.len, NULL), "%.*s", STR_ARG(buf_text(&out)));
	buf_clear(ret);
	cr_assert(json_unquote(json_path(buf_text(&out), "spark.body"), ret));
	buf_fini(&out);
}

Test(problem, quotes_a_body_that_is_no_json)
{
	struct buf text;

	buf_init(&text, 1 << 16);
	read_back(STR("<html>\n\"oops\"\xff"), &text);
	cr_expect(str_eq(buf_text(&text), STR("<html>\n\"oops\"\xef\xbf\xbd")));
	read_back(STR("{\"a\":1},\"code\":\"ok\""), &text);
	cr_expect(str_eq(buf_text(&text), STR("{\"a\":1},\"code\":\"ok\"")));
	buf_fini(&text);
}

Test(problem, cuts_a_long_body_at_a_character)
{
	char body[4096];
	struct buf text;

	buf_init(&text, 1 << 16);
	for (size_t shift = 0; shift < 3; shift++) {
		memset(body, 'x', shift);
		for (size_t i = shift; i + 3 <= sizeof body; i += 3)
			memcpy(body + i, "\xe2\x82\xac", 3);
		read_back(str_range(body, sizeof body - 8), &text);
		cr_expect_leq(text.len, 2048);
		cr_expect_gt(text.len, 2045);
		cr_expect_eq(memcmp(text.data, body, text.len), 0);
	}
	buf_fini(&text);
}
