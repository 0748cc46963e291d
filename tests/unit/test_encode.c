#include "daemon/encode.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json_text.h"
#include "tests/unit/bodies.h"

static struct cspark_error error;
static struct encoded encoded;
static struct joined joined;
static struct buf out;

static const char one[] =
	"{\"status\":\"Success\",\"response_data\":{\"outputs\":{\"volume\":113.097},"
	"\"warnings\":[{\"m\":1},{}],"
	"\"errors\":null},\"response_meta\":{\"call_id\":\"c-1\",\"version\":\"0.1.0\",\"process_time\":9}}";
static const char many[] =
	"{\"outputs\":[{\"a\":1.0},{\"b\":\"x,\\\"y\\\"\",\"a\":null},null],\"process_time\":[1,2,3],"
	"\"warnings\":[null,[{}],null],\"errors\":[null,[],[{\"message\":\"m\"}]],\"call_id\":\"c-4\"}";

/* <records>: 0 = a v3 answer. */
static bool
encode(const struct control *control, const char *body, size_t records)
{
	struct plan plan = { .api = records ? CSPARK_V4 : CSPARK_V3, .records = records };

	cr_assert(plan_join(&plan, str_of(body), &joined, &error), "%s", error.detail);
	buf_init(&out, 1 << 20);
	return encode_answer(control, records > 0, &joined, &out, &encoded, &error);
}

static void
forget(void)
{
	joined_fini(&joined);
	buf_fini(&out);
}

static void
expect_body(enum control_format format, const char *body, size_t records, const char *wanted)
{
	struct control control = { .format = format, .dialect = CSV_USUAL };

	cr_assert(encode(&control, body, records), "%s", error.detail);
	cr_expect_eq(encoded.status, 200);
	cr_expect_str_eq(encoded.content_type, control_format_type(format));
	cr_expect(str_eq(encoded.body, str_of(wanted)), "got    %.*s\nwanted %s", STR_ARG(encoded.body),
		wanted);
	forget();
}

static void
expect_refused(const struct control *control, const char *body, size_t records, int status, const char *words)
{
	cr_assert_not(encode(control, body, records), "%s", body);
	cr_expect_eq(encoded.status, status, "%d", encoded.status);
	cr_expect_not_null(strstr(error.detail, words), "%s", error.detail);
	forget();
}

/* -- JSON ------------------------------------------------------------------------ */

Test(encode, gives_the_simple_shape)
{
	expect_body(FORMAT_JSON, one, 0,
		"{\"outputs\":{\"volume\":113.097},\"warnings\":[{\"m\":1},{}],\"errors\":null,"
		"\"service_chain\":null,"
		"\"process_time\":9,\"call_id\":\"c-1\",\"service_id\":null,\"version_id\":null,"
		"\"version\":\"0.1.0\","
		"\"compiler_version\":null,\"correlation_id\":null,\"request_timestamp\":null}");
}

Test(encode, gives_the_alike_shape)
{
	struct control control = { .shape = CSPARK_ALIKE };

	cr_assert(encode(&control, one, 0));
	cr_expect(str_starts(encoded.body, STR("{\"outputs\":[{\"volume\":113.097}],\"process_time\":[9],")),
		"%.*s", STR_ARG(encoded.body));
	forget();
}

Test(encode, gives_the_original_and_lists_untouched)
{
	struct control original = { .shape = CSPARK_ORIGINAL };
	struct control alike = { .shape = CSPARK_ALIKE };

	cr_assert(encode(&original, one, 0));
	cr_expect_eq(encoded.body.at, (const char *)one);
	forget();
	cr_assert(encode(&alike, many, 3));
	cr_expect_eq(encoded.body.at, (const char *)many);
	cr_expect_eq(encoded.body.len, sizeof many - 1);
	forget();
}

Test(encode, tells_the_facts)
{
	struct control control = { .format = FORMAT_JSON };

	cr_assert(encode(&control, one, 0));
	cr_expect_eq(encoded.warnings, 2);
	cr_expect_eq(encoded.errors, 0);
	cr_expect(str_eq(encoded.call_id, STR("c-1")));
	cr_expect(str_eq(encoded.version, STR("0.1.0")));
	forget();
	cr_assert(encode(&control, many, 3));
	cr_expect_eq(encoded.warnings, 1);
	cr_expect_eq(encoded.errors, 1);
	cr_expect(str_eq(encoded.call_id, STR("c-4")));
	cr_expect_null(encoded.version.at);
	forget();
}

Test(encode, keeps_odd_ids_out_of_headers)
{
	struct cspark_answer answer = {
		.api = CSPARK_V4, .call_id = { "\"a\\nb\"", 6 }, .version = { "7", 1 }
	};

	encode_facts(&answer, &encoded);
	cr_expect_null(encoded.call_id.at);
	cr_expect_null(encoded.version.at);
}

Test(encode, gives_a_failure_that_came_with_200_as_an_answer_with_errors)
{
	struct control control = { .format = FORMAT_JSON };

	cr_assert(encode(
		&control, "{\"status\":\"Error\",\"response_data\":null,\"error\":{\"message\":\"m\"}}", 0));
	cr_expect_eq(encoded.errors, 1);
	cr_expect(str_starts(
		encoded.body, STR("{\"outputs\":null,\"warnings\":null,\"errors\":[{\"message\":\"m\"}],")));
	forget();
}

/* -- the vendor's own answers ----------------------------------------------------------- */

static FILE *
open_golden(void)
{
	const char *shared = getenv("CSPARKD_SHARED");
	const char *srcdir = getenv("srcdir");
	char path[4096];

	if (shared)
		snprintf(path, sizeof path, "%s/golden/volume-cylinder.ndjson", shared);
	else
		snprintf(path, sizeof path, "%s/../shared/golden/volume-cylinder.ndjson",
			srcdir ? srcdir : ".");
	return fopen(path, "r");
}

/* Inputs and response of one line come out as they went in. */
static void
expect_golden(struct str line)
{
	struct str response = json_member(line, STR("response"));
	struct control simple = { .format = FORMAT_JSON };
	struct decoded inputs = decoded_whole(DECODE_JSON, json_member(line, STR("inputs")));
	struct plan plan = { .api = CSPARK_V3 };
	struct str wanted;

	cr_assert(inputs.ok, "%s", inputs.error.detail);
	cr_expect(str_eq(inputs.ask.inputs, json_member(line, STR("inputs"))));
	decoded_fini(&inputs);
	cr_assert(plan_join(&plan, response, &joined, &error), "%s", error.detail);
	buf_init(&out, 1 << 20);
	cr_assert(encode_answer(&simple, false, &joined, &out, &encoded, &error), "%s", error.detail);
	wanted = json_path(response, "response_data.outputs");
	cr_expect(str_eq(json_member(encoded.body, STR("outputs")), wanted), "%.*s", STR_ARG(encoded.body));
	cr_expect_eq(encoded.warnings, json_count(json_path(response, "response_data.warnings")));
	forget();
}

Test(encode, keeps_the_bytes_of_every_recorded_answer)
{
	FILE *golden = open_golden();
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	if (!golden)
		cr_skip_test("the recorded answers are not here");
	while ((len = getline(&line, &cap, golden)) > 0)
		expect_golden(str_range(line, (size_t)len));
	free(line);
	fclose(golden);
}

/* -- lines --------------------------------------------------------------------------- */

Test(encode, writes_a_line_a_record)
{
	expect_body(FORMAT_NDJSON, one, 0,
		"{\"outputs\":{\"volume\":113.097},\"warnings\":[{\"m\":1},{}],\"errors\":null,"
		"\"process_time\":9}\n");
	expect_body(FORMAT_NDJSON, many, 3,
		"{\"outputs\":{\"a\":1.0},\"warnings\":null,\"errors\":null,\"process_time\":1}\n"
		"{\"outputs\":{\"b\":\"x,\\\"y\\\"\",\"a\":null},\"warnings\":[{}],\"errors\":[],"
		"\"process_time\":2}\n"
		"{\"outputs\":null,\"warnings\":null,\"errors\":[{\"message\":\"m\"}],\"process_time\":3}\n");
	expect_body(FORMAT_NDJSON, "{\"outputs\":[{\r\n\t\"a\": 1\n}]}", 1,
		"{\"outputs\":{\t\"a\": 1},\"warnings\":null,\"errors\":null,\"process_time\":null}\n");
}

Test(encode, writes_csv)
{
	expect_body(FORMAT_CSV, one, 0, "volume\r\n113.097\r\n");
	expect_body(FORMAT_CSV, many, 3,
		"a,b,_error\r\n1.0,,\r\n,\"x,\"\"y\"\"\",\r\n,,\"[{\"\"message\"\":\"\"m\"\"}]\"\r\n");
	expect_body(FORMAT_CSV, "{\"outputs\":[{\"t\":[1,\n2],\"e\":\"\",\"n\\u00e9,\":\"l\\nm\"}]}", 1,
		"t,e,\"n\xc3\xa9,\"\r\n\"[1,2]\",\"\",\"l\nm\"\r\n");
}

Test(encode, finds_columns_among_many)
{
	struct control control = { .format = FORMAT_CSV, .dialect = CSV_USUAL };
	struct buf body;
	struct buf header;

	buf_init(&body, 1 << 16);
	buf_init(&header, 1 << 16);
	for (int i = 0; i < 100; i++) {
		buf_printf(&body, "%s{\"c%d\":%d,\"z\":1}", i ? "," : "{\"outputs\":[", 99 - i, i);
		buf_printf(&header, "c%d%s", 99 - i, i == 0 ? ",z," : i < 99 ? "," : "\r\n");
	}
	buf_put(&body, "]}", 3);
	cr_assert(encode(&control, body.data, 100));
	cr_expect(str_starts(encoded.body, buf_text(&header)), "%.*s", STR_ARG(encoded.body));
	cr_expect(str_ends(encoded.body, STR(",99\r\n")));
	forget();
	buf_fini(&header);
	buf_fini(&body);
}

Test(encode, writes_the_bare_value)
{
	expect_body(FORMAT_TEXT, one, 0, "113.097\n");
	expect_body(FORMAT_TEXT, "{\"outputs\":[{\"a\":\"x\\ny\"},{\"b\":[1, 2]},{\"a\":null},null]}", 4,
		"x\ny\n[1, 2]\nnull\nnull\n");
}

Test(encode, refuses_text_for_anything_but_one_output)
{
	struct control control = { .format = FORMAT_TEXT };

	expect_refused(&control, "{\"outputs\":[{\"a\":1},{\"a\":1,\"b\":2}]}", 2, 406, "_outputs");
	cr_expect_eq(error.code, CSPARK_E_NOT_ACCEPTABLE);
	expect_refused(&control, "{\"outputs\":[{}]}", 1, 406, "none");
}

Test(encode, gives_an_empty_list_in_every_format)
{
	struct plan plan = { .api = CSPARK_V4 };

	for (int format = FORMAT_NDJSON; format <= FORMAT_TEXT; format++) {
		struct control control = { .format = (enum control_format)format,
			.strict = true,
			.dialect = CSV_USUAL };

		cr_assert(plan_join(&plan, (struct str){ 0 }, &joined, &error));
		buf_init(&out, 1 << 16);
		cr_assert(encode_answer(&control, true, &joined, &out, &encoded, &error));
		cr_expect_not_null(encoded.body.at);
		cr_expect_eq(encoded.body.len, 0);
		forget();
	}
}

/* -- _strict ------------------------------------------------------------------------------ */

Test(encode, is_strict_if_told_so)
{
	struct control strict = { .strict = true };

	cr_expect(encode(&strict, one, 0));
	forget();
	expect_refused(&strict, many, 3, 422, "record 2 has errors: [{\"message\":\"m\"}]");
	cr_expect_eq(error.code, CSPARK_E_SPARK_REJECTED);
	expect_refused(&strict, "{\"response_data\":{\"outputs\":{\"a\":1,\"v\":\"#VALUE!\"}}}", 0, 422,
		"\"v\" is #VALUE!");
	expect_refused(&strict, "{\"response_data\":{\"outputs\":{\"t\":[{\"x\":[\"#N/A\"]}]}}}", 0, 422,
		"\"t\" is #N/A");
	expect_refused(&strict, "{\"outputs\":[{\"v\":1},{\"v\":\"#DIV/0!\"}]}", 2, 422,
		"in record 1 the output \"v\" is #DIV/0!");
	expect_refused(&strict, "{\"status\":\"Error\",\"error\":{\"message\":\"m\"}}", 0, 422, "errors");
}

Test(encode, is_not_strict_about_text_that_only_looks_alike)
{
	struct control strict = { .strict = true };

	cr_expect(encode(&strict,
		"{\"response_data\":{\"outputs\":{\"#N/A\":1,\"b\":\"#N/A \",\"c\":\"\\\"#N/A\","
		"\"d\":{\"#REF!\" :2}}}}",
		0));
	forget();
}

Test(encode, passes_the_maximum_on_as_a_failure)
{
	struct control control = { .format = FORMAT_NDJSON };
	struct plan plan = { .api = CSPARK_V3 };
	struct str text = str_of(one);

	for (size_t max = 0; max < 60; max++) {
		cr_assert(plan_join(&plan, text, &joined, &error));
		for (int format = FORMAT_JSON; format <= FORMAT_TEXT; format++) {
			control.format = (enum control_format)format;
			buf_init(&out, max);
			if (!encode_answer(&control, false, &joined, &out, &encoded, &error))
				cr_expect_eq(error.code, CSPARK_E_OVERLOADED);
			buf_fini(&out);
		}
		joined_fini(&joined);
	}
}

Test(encode, tells_no_id_that_is_too_long_for_a_header)
{
	struct control control = { .format = FORMAT_JSON };
	char body[2048], id[1024];

	memset(id, 'c', sizeof(id) - 1);
	id[sizeof(id) - 1] = '\0';
	snprintf(body, sizeof(body),
		"{\"status\":\"Success\",\"response_data\":{\"outputs\":{}},"
		"\"response_meta\":{\"call_id\":\"%s\",\"version\":\"1.0\"}}",
		id);
	cr_assert(encode(&control, body, 0));
	cr_expect_null(encoded.call_id.at);
	cr_expect(str_eq(encoded.version, STR("1.0")));
	forget();
}
