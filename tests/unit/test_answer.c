#include "lib/cspark.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define V3 \
	"{ \"status\": \"Success\", \"error\": null, \"response_data\": " \
	"{\"outputs\": {\"premium\": 42.50, \"t\": [{}]}," \
	" \"warnings\": null, \"errors\": [{\"message\":\"#DIV/0!\"}], \"service_chain\": [1]}," \
	" \"response_meta\": {\"service_id\":\"s\",\"version_id\":\"v\",\"version\":\"1.2.0\"," \
	"\"process_time\":2," \
	"\"call_id\":\"c\",\"compiler_type\":\"Neuron\",\"compiler_version\":\"1.12.0\"," \
	"\"source_hash\":null," \
	"\"correlation_id\":\"abc-1\",\"system\":\"SPARK\"," \
	"\"request_timestamp\":\"2025-02-01T10:00:00.000Z\"} }"
#define V4                                                                                              \
	"{\"outputs\":[{\"premium\":42.5}],\"process_time\":[2],\"warnings\":[null],\"errors\":[null]," \
	"\"service_chain\":[null],\"service_id\":\"s\",\"call_id\":\"c\"}"

static struct cspark_bytes
bytes(const char *text)
{
	return (struct cspark_bytes){ text, strlen(text) };
}

static void
expect_slice(struct cspark_bytes slice, const char *text)
{
	cr_assert_not_null(slice.at, "want <%s>", text);
	cr_expect(slice.len == strlen(text) && memcmp(slice.at, text, slice.len) == 0,
		"got <%.*s>, want <%s>", (int)slice.len, slice.at, text);
}

static void
expect_shape(enum cspark_api api, const char *body, enum cspark_shape shape, const char *want)
{
	struct cspark_answer answer;
	size_t len;
	char *text;

	cr_assert(cspark_answer_read(api, bytes(body), &answer));
	text = cspark_answer_text(&answer, bytes(body), shape, &len);
	cr_assert_not_null(text);
	cr_expect_str_eq(text, want);
	cr_expect_eq(len, strlen(want));
	free(text);
}

Test(answer, takes_v3_apart)
{
	struct cspark_answer answer;

	cr_assert(cspark_answer_read(CSPARK_V3, bytes(V3), &answer));
	cr_expect_not(answer.failed);
	expect_slice(answer.outputs, "{\"premium\": 42.50, \"t\": [{}]}");
	expect_slice(answer.warnings, "null");
	expect_slice(answer.errors, "[{\"message\":\"#DIV/0!\"}]");
	expect_slice(answer.process_time, "2");
	expect_slice(answer.call_id, "\"c\"");
	expect_slice(answer.version, "\"1.2.0\"");
	expect_slice(answer.error, "null");
	cr_expect_null(answer.inputs.at);
}

Test(answer, takes_v4_apart)
{
	struct cspark_answer answer;

	cr_assert(cspark_answer_read(CSPARK_V4, bytes(V4), &answer));
	expect_slice(answer.outputs, "[{\"premium\":42.5}]");
	expect_slice(answer.service_id, "\"s\"");
	cr_expect_null(answer.version.at);
}

Test(answer, is_simple_by_default)
{
	expect_shape(CSPARK_V3, V3, CSPARK_SIMPLE,
		"{\"outputs\":{\"premium\": 42.50, \"t\": [{}]},\"warnings\":null,"
		"\"errors\":[{\"message\":\"#DIV/0!\"}],"
		"\"service_chain\":[1],\"process_time\":2,\"call_id\":\"c\",\"service_id\":\"s\","
		"\"version_id\":\"v\","
		"\"version\":\"1.2.0\",\"compiler_version\":\"1.12.0\",\"correlation_id\":\"abc-1\","
		"\"request_timestamp\":\"2025-02-01T10:00:00.000Z\"}");
	expect_shape(CSPARK_V3, "{\"response_data\":{}}", CSPARK_SIMPLE,
		"{\"outputs\":null,\"warnings\":null,\"errors\":null,\"service_chain\":null,"
		"\"process_time\":null,\"call_id\":null,"
		"\"service_id\":null,\"version_id\":null,\"version\":null,\"compiler_version\":null,"
		"\"correlation_id\":null,"
		"\"request_timestamp\":null}");
}

Test(answer, shows_echoed_inputs_to_who_asked)
{
	expect_shape(CSPARK_V3, "{\"response_data\":{\"outputs\":{},\"inputs\":{\"a\":1}}}", CSPARK_SIMPLE,
		"{\"outputs\":{},\"warnings\":null,\"errors\":null,\"service_chain\":null,"
		"\"process_time\":null,\"call_id\":null,"
		"\"service_id\":null,\"version_id\":null,\"version\":null,\"compiler_version\":null,"
		"\"correlation_id\":null,"
		"\"request_timestamp\":null,\"inputs\":{\"a\":1}}");
}

Test(answer, is_alike_as_the_python_sdk_has_it)
{
	expect_shape(CSPARK_V3, V3, CSPARK_ALIKE,
		"{\"outputs\":[{\"premium\": 42.50, \"t\": [{}]}],\"process_time\":[2],\"warnings\":[null],"
		"\"errors\":[[{\"message\":\"#DIV/0!\"}]],\"service_chain\":[null],\"service_id\":\"s\","
		"\"version_id\":\"v\","
		"\"version\":\"1.2.0\",\"call_id\":\"c\",\"compiler_version\":\"1.12.0\","
		"\"correlation_id\":\"abc-1\","
		"\"request_timestamp\":\"2025-02-01T10:00:00.000Z\"}");
}

Test(answer, leaves_originals_and_v4_alone)
{
	expect_shape(CSPARK_V3, V3, CSPARK_ORIGINAL, V3);
	expect_shape(CSPARK_V4, V4, CSPARK_ORIGINAL, V4);
	expect_shape(CSPARK_V4, V4, CSPARK_SIMPLE, V4);
	expect_shape(CSPARK_V4, V4, CSPARK_ALIKE, V4);
}

Test(answer, takes_the_last_of_doubled_members)
{
	struct cspark_answer answer;

	cr_assert(cspark_answer_read(CSPARK_V3,
		bytes("{\"response_data\":{\"outputs\":1,\"outputs\":{}},\"st\\u0061tus\":\"Error\"}"),
		&answer));
	expect_slice(answer.outputs, "{}");
	cr_expect(answer.failed);
}

Test(answer, tells_a_failure_behind_200)
{
	struct cspark_answer answer;

	cr_assert(cspark_answer_read(CSPARK_V3,
		bytes("{\"status\":\"Error\",\"response_data\":null,\"response_meta\":null,"
			"\"error\":{\"message\":\"M\"}}"),
		&answer));
	cr_expect(answer.failed);
	cr_expect_null(answer.outputs.at);
	expect_slice(answer.error, "{\"message\":\"M\"}");
}

Test(answer, knows_what_is_no_answer)
{
	static const char *const BODIES[] = {
		"[]",
		"null",
		"1",
		"\"x\"",
		"{}",
		"{\"response_data\":null}",
		"{\"response_data\":\"x\"}",
		"{\"status\":\"Success\"}",
		"{\"outputs\":{}}",
		"{\"outputs\":null}",
	};
	struct cspark_answer answer;

	for (size_t i = 0; i < sizeof(BODIES) / sizeof(BODIES[0]); i++) {
		cr_expect_not(cspark_answer_read(CSPARK_V3, bytes(BODIES[i]), &answer), "%s", BODIES[i]);
		cr_expect_not(cspark_answer_read(CSPARK_V4, bytes(BODIES[i]), &answer), "%s", BODIES[i]);
	}
	cr_expect_not(cspark_answer_read(CSPARK_V3, (struct cspark_bytes){ NULL, 0 }, &answer));
}

Test(answer, complains_in_one_line_whatever_the_shape)
{
	static const char *const ROWS[][2] = {
		{ "{\"status\":\"Error\",\"error\":{\"error_category\":\"a\","
			"\"message\":\"TENANT_MISMATCH\",\"additional_details\":null}}",
			"TENANT_MISMATCH" },
		{ "{\"error\":{\"message\":\"bad\",\"additional_details\":{\"a\":[\"b\"]}}}",
			"bad {\"a\":[\"b\"]}" },
		{ "{\"type\":\"invalid_input\",\"code\":\"SERVICE_NOT_FOUND\",\"message\":\"no such "
			"service\"}",
			"SERVICE_NOT_FOUND: no such service" },
		{ "{\"status\":\"Error\",\"errorCode\":\"INVALID_TOKEN\"}", "INVALID_TOKEN" },
		{ "{\"status\":\"Error\",\"data\":null,\"message\":\"exists\","
			"\"errorCode\":\"PRODUCT_ALREADY_EXISTS\"}",
			"PRODUCT_ALREADY_EXISTS: exists" },
		{ "{\"error\":\"invalid_client\",\"error_description\":\"Invalid client\\nsecret\"}",
			"invalid_client: Invalid client secret" },
		{ "<html>\n<head><title>502 Bad Gateway</title></head>\r\n</html>", "502 Bad Gateway" },
		{ "plain\ttext \x01\xff", "plain text ?" },
		{ "{\"x\":1}", "{\"x\":1}" },
		{ "", "" },
	};
	char text[100];

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		cspark_answer_complaint(bytes(ROWS[i][0]), text, sizeof(text));
		cr_expect_str_eq(text, ROWS[i][1]);
	}
	cspark_answer_complaint((struct cspark_bytes){ NULL, 0 }, text, sizeof(text));
	cr_expect_str_eq(text, "");
}

Test(answer, cuts_a_complaint_between_characters)
{
	char text[6];

	cspark_answer_complaint(bytes("abc\xe2\x82\xac"
				      "def"),
		text, sizeof(text));
	cr_expect_str_eq(text, "abc");
	cspark_answer_complaint(bytes("ab\xe2\x82\xac"
				      "def"),
		text, sizeof(text));
	cr_expect_str_eq(text, "ab\xe2\x82\xac");
	cspark_answer_complaint(bytes("x"), text, 1);
	cr_expect_str_eq(text, "");
}
