#include "daemon/decode.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/json_text.h"
#include "tests/unit/bodies.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* -- the head ----------------------------------------------------------------- */

static void
expect_form(const char *type, enum decode_form wanted)
{
	struct cspark_error error;
	enum decode_form form;

	cr_assert(decode_form_of(str_of(type), &form, &error), "%s: %s", type, error.detail);
	cr_expect_eq(form, wanted, "%s", type);
}

Test(decode, knows_the_types_of_the_contract)
{
	expect_form(NULL, DECODE_JSON);
	expect_form("", DECODE_JSON);
	expect_form("application/json", DECODE_JSON);
	expect_form("Application/JSON; charset=\"UTF-8\"", DECODE_JSON);
	expect_form("application/vnd.acme+json;charset=us-ascii", DECODE_JSON);
	expect_form("application/x-ndjson", DECODE_NDJSON);
	expect_form("application/jsonl", DECODE_NDJSON);
	expect_form("text/csv; header=present", DECODE_CSV);
	expect_form("application/x-www-form-urlencoded", DECODE_FORM);
}

Test(decode, refuses_other_types_and_charsets)
{
	static const char *const types[] = { "text/xml", "+json", "application/json; charset=latin1",
		"text/csv;header=absent", "application", "multipart/form-data; boundary=x" };
	struct cspark_error error;
	enum decode_form form;

	for (size_t i = 0; i < COUNT(types); i++) {
		cr_expect_not(decode_form_of(str_of(types[i]), &form, &error), "%s", types[i]);
		cr_expect_eq(error.code, CSPARK_E_UNSUPPORTED_MEDIA_TYPE);
	}
}

Test(decode, knows_the_codings)
{
	struct cspark_error error;
	enum decode_coding coding;

	cr_expect(decode_coding_of(str_of(NULL), &coding, &error) && coding == DECODE_IDENTITY);
	cr_expect(decode_coding_of(STR("identity"), &coding, &error) && coding == DECODE_IDENTITY);
	cr_expect(decode_coding_of(STR(" GZIP "), &coding, &error) && coding == DECODE_GZIP);
	cr_expect(decode_coding_of(STR("deflate"), &coding, &error) && coding == DECODE_DEFLATE);
	cr_expect_not(decode_coding_of(STR("br"), &coding, &error));
	cr_expect_not(decode_coding_of(STR("gzip, gzip"), &coding, &error));
	cr_expect_eq(error.code, CSPARK_E_UNSUPPORTED_MEDIA_TYPE);
}

/* -- JSON ------------------------------------------------------------------------ */

Test(decode, takes_an_object_byte_for_byte)
{
	expect_inputs(DECODE_JSON, STR("{\"b\":1.50,\"a\":18446744073709551617, \"a\":-0}"), ASK_ONE, 0,
		"{\"b\":1.50,\"a\":18446744073709551617, \"a\":-0}");
	expect_inputs(DECODE_JSON, STR(" \r\n{ } \n"), ASK_ONE, 0, "{ }");
}

Test(decode, takes_an_empty_body_for_a_record_without_inputs)
{
	expect_inputs(DECODE_JSON, STR(""), ASK_ONE, 0, NULL);
	expect_inputs(DECODE_FORM, STR(""), ASK_ONE, 0, NULL);
	expect_refusal(DECODE_JSON, STR(" "), CSPARK_E_BAD_JSON, "line 1, column 2");
}

Test(decode, takes_lists)
{
	expect_inputs(DECODE_JSON, STR("[]"), ASK_MANY, 0, "[]");
	expect_inputs(DECODE_JSON, STR("[{\"a\":1}]"), ASK_MANY, 1, "[{\"a\":1}]");
	expect_inputs(DECODE_JSON, STR("[{\"a\":[1]}, {}]"), ASK_MANY, 2, "[{\"a\":[1]}, {}]");
	expect_inputs(DECODE_JSON, STR("[[\"a\",\"b\"]]"), ASK_MANY, 0, "[[\"a\",\"b\"]]");
	expect_inputs(DECODE_JSON, STR("[[\"a\",\"b\"],[1,[2,3]],[ {} , null ]]"), ASK_MANY, 2,
		"[[\"a\",\"b\"],[1,[2,3]],[ {} , null ]]");
}

Test(decode, refuses_lists_that_are_neither)
{
	expect_refusal(DECODE_JSON, STR("[1]"), CSPARK_E_BAD_JSON, "element 0 is a number");
	expect_refusal(DECODE_JSON, STR("[{},[]]"), CSPARK_E_BAD_JSON,
		"element 1 is an array, but element 0 is an object");
	expect_refusal(DECODE_JSON, STR("[[\"a\"],{}]"), CSPARK_E_BAD_JSON, "element 1 is an object");
	expect_refusal(DECODE_JSON, STR("[{},null]"), CSPARK_E_BAD_JSON, "element 1 is null");
	expect_refusal(DECODE_JSON, STR("[[1,2]]"), CSPARK_E_BAD_JSON, "name 0 is a number");
	expect_refusal(DECODE_JSON, STR("[[]]"), CSPARK_E_BAD_JSON, "it is empty");
	expect_refusal(DECODE_JSON, STR("[[\"a\",\"b\"],[1,2],[1]]"), CSPARK_E_BAD_JSON, "row 2 has 1 cells");
	expect_refusal(DECODE_JSON, STR("\"x\""), CSPARK_E_BAD_JSON, "the body is a string");
}

Test(decode, says_where_json_is_bad)
{
	expect_refusal(DECODE_JSON, STR("{\"a\":1,\n\"b\":2\n   \"c\":3}"), CSPARK_E_BAD_JSON,
		"line 3, column 4: expected");
	expect_refusal(DECODE_JSON, STR("{} x"), CSPARK_E_BAD_JSON, "line 1, column 4");
	expect_refusal(DECODE_JSON, STR("{\"a\":NaN}"), CSPARK_E_BAD_JSON, "line 1, column 6");
	expect_refusal(DECODE_JSON, STR("{\"a\":\"\xff\"}"), CSPARK_E_BAD_JSON, "UTF-8");
	expect_refusal(DECODE_JSON, STR("{\"a\":1"), CSPARK_E_BAD_JSON, "ends inside an object");
	/* no way out of the envelope */
	expect_refusal(DECODE_JSON, STR("{}},\"request_meta\":{"), CSPARK_E_BAD_JSON, "column 3");
}

/* -- Spark's envelope --------------------------------------------------------------- */

static void
expect_envelope(struct str text, const char *data, const char *meta)
{
	struct decoded decoded = decoded_whole(DECODE_JSON, text);

	cr_assert(decoded.ok, "%s: %s", text.at, decoded.error.detail);
	cr_expect_eq(decoded.ask.kind, ASK_ENVELOPE);
	expect_slice(decoded.ask.request_data, data, "request_data");
	expect_slice(decoded.ask.request_meta, meta, "request_meta");
	decoded_fini(&decoded);
}

Test(decode, takes_an_envelope)
{
	expect_envelope(STR("{\"request_data\":{\"inputs\":{\"a\":1}}}"), "{\"inputs\":{\"a\":1}}", NULL);
	expect_envelope(STR("{\"request_meta\": {\"x\":1} , \"request_data\": {} }"), "{}", "{\"x\":1}");
	expect_envelope(STR("{\"request_data\":{},\"request_meta\":null}"), "{}", NULL);
	expect_envelope(STR("{\"request\\u005fdata\":{}}"), "{}", NULL);
}

Test(decode, takes_an_input_of_the_envelopes_name_for_an_input)
{
	expect_inputs(DECODE_JSON, STR("{\"request_data\":1,\"request_meta\":{}}"), ASK_ONE, 0,
		"{\"request_data\":1,\"request_meta\":{}}");
	expect_inputs(DECODE_JSON, STR("{\"request_data\":1,\"request_data\":2}"), ASK_ONE, 0,
		"{\"request_data\":1,\"request_data\":2}");
	expect_inputs(DECODE_JSON, STR("{\"x\":{\"request_data\":{}}}"), ASK_ONE, 0,
		"{\"x\":{\"request_data\":{}}}");
}

Test(decode, refuses_a_doubtful_envelope)
{
	expect_refusal(
		DECODE_JSON, STR("{\"request_data\":{},\"request_data\":{}}"), CSPARK_E_BAD_JSON, "twice");
	expect_refusal(
		DECODE_JSON, STR("{\"request_data\":{},\"request_data\":1}"), CSPARK_E_BAD_JSON, "twice");
	expect_refusal(DECODE_JSON, STR("{\"request_data\":{},\"request_meta\":{},\"request_meta\":{}}"),
		CSPARK_E_BAD_JSON, "request_meta is there twice");
	expect_refusal(DECODE_JSON, STR("{\"request_data\":{},\"request_meta\":[]}"), CSPARK_E_BAD_JSON,
		"must be an object");
	expect_refusal(DECODE_JSON, STR("{\"request_data\":{},\"radius\":3}"), CSPARK_E_BAD_JSON,
		"request_data.inputs");
}

/* -- NDJSON ----------------------------------------------------------------------------- */

Test(decode, strings_lines_together)
{
	expect_inputs(DECODE_NDJSON, STR(""), ASK_MANY, 0, "[]");
	expect_inputs(DECODE_NDJSON, STR("\n \r\n"), ASK_MANY, 0, "[]");
	expect_inputs(DECODE_NDJSON, STR("{\"a\":1.0}"), ASK_MANY, 1, "[{\"a\":1.0}]");
	expect_inputs(DECODE_NDJSON, STR("{\"a\":1}\r\n\n  {\"b\" : 2} \t\n"), ASK_MANY, 2,
		"[{\"a\":1},{\"b\" : 2}]");
}

Test(decode, says_which_line_is_bad)
{
	expect_refusal(DECODE_NDJSON, STR("{}\n[1]\n"), CSPARK_E_BAD_JSON,
		"line 2, column 1: each line must hold one JSON object");
	expect_refusal(DECODE_NDJSON, STR("{}\n  {\"a\":x}\n"), CSPARK_E_BAD_JSON, "line 2, column 8");
	expect_refusal(DECODE_NDJSON, STR("{}\n\n{\"a\":\n1}"), CSPARK_E_BAD_JSON,
		"line 3, column 6: the line ends inside");
	expect_refusal(DECODE_NDJSON, STR("{}{}\n"), CSPARK_E_BAD_JSON, "line 1, column 3");
	expect_refusal(DECODE_NDJSON, STR("{}\n{\"a\":1"), CSPARK_E_BAD_JSON, "line 2");
}

/* -- forms --------------------------------------------------------------------------------- */

Test(decode, takes_a_form_by_the_rule_for_get)
{
	expect_inputs(DECODE_FORM, STR("a=3&b=x+y&c=%22z%22&d=&e"), ASK_ONE, 0,
		"{\"a\":3,\"b\":\"x y\",\"c\":\"z\",\"d\":\"\",\"e\":\"\"}");
	expect_inputs(DECODE_FORM, STR("a=1\n"), ASK_ONE, 0, "{\"a\":1}");
	expect_refusal(DECODE_FORM, STR("a=%zz"), CSPARK_E_BAD_PARAMETER, "percent");
}

Test(decode, takes_json_that_curl_calls_a_form)
{
	expect_inputs(DECODE_FORM, STR("{\"a\":1}"), ASK_ONE, 0, "{\"a\":1}");
	expect_inputs(DECODE_FORM, STR("\n [{\"a\":1}]"), ASK_MANY, 1, "[{\"a\":1}]");
	expect_refusal(DECODE_FORM, STR("\n{\"a\"=1}"), CSPARK_E_BAD_JSON, "line 2, column 5");
}

/* -- limits ------------------------------------------------------------------------------------ */

static enum cspark_code
code_with(enum decode_form form, const char *text, uint64_t max_body, uint64_t max_records)
{
	struct decode_limits limits = { .max_body = max_body, .max_records = max_records };
	struct decoded decoded;
	enum cspark_code code = CSPARK_OK;

	decoded_init(&decoded, form, DECODE_IDENTITY, &limits);
	if (!decoded_feed(&decoded, str_of(text)) ||
		!decode_end(decoded.decode, &decoded.ask, &decoded.error))
		code = decoded.error.code;
	decoded_fini(&decoded);
	return code;
}

Test(decode, keeps_within_its_limits)
{
	cr_expect_eq(code_with(DECODE_JSON, "{\"a\":1}", 7, 0), CSPARK_OK);
	cr_expect_eq(code_with(DECODE_JSON, "{\"a\":1}", 6, 9), CSPARK_E_BODY_TOO_LARGE);
	cr_expect_eq(code_with(DECODE_JSON, "[{},{}]", 99, 2), CSPARK_OK);
	cr_expect_eq(code_with(DECODE_JSON, "[{},{},{}]", 99, 2), CSPARK_E_BODY_TOO_LARGE);
	cr_expect_eq(code_with(DECODE_JSON, "[[\"a\"],[1],[2]]", 99, 2), CSPARK_OK);
	cr_expect_eq(code_with(DECODE_JSON, "[[\"a\"],[1],[2]]", 99, 1), CSPARK_E_BODY_TOO_LARGE);
	cr_expect_eq(code_with(DECODE_NDJSON, "{}\n{}", 99, 2), CSPARK_OK);
	cr_expect_eq(code_with(DECODE_NDJSON, "{}\n{}\n{}", 99, 2), CSPARK_E_BODY_TOO_LARGE);
	cr_expect_eq(code_with(DECODE_CSV, "a\n1\n2", 99, 2), CSPARK_OK);
	cr_expect_eq(code_with(DECODE_CSV, "a\n1\n2\n3", 99, 2), CSPARK_E_BODY_TOO_LARGE);
}

Test(decode, has_room_for_what_grows)
{
	char text[2000] = "a,b,c\n";

	for (size_t i = strlen(text); i + 4 < sizeof text; i += 3)
		memcpy(text + i, ",,\n", 4);
	cr_expect_eq(code_with(DECODE_CSV, text, strlen(text), 1000), CSPARK_OK);
	memset(text, '\x01', sizeof text - 1);
	text[0] = 'a';
	text[1] = '=';
	cr_expect_eq(code_with(DECODE_FORM, text, strlen(text), 1), CSPARK_OK);
}

Test(decode, refuses_deep_nesting)
{
	size_t depth = 100000;
	char *text = malloc(depth);

	cr_assert_not_null(text);
	memset(text, '[', depth);
	expect_refusal(DECODE_JSON, str_range(text, depth), CSPARK_E_BAD_JSON, "deep");
	free(text);
}

/* -- pieces ------------------------------------------------------------------------------------------ */

Test(decode, does_not_care_how_a_body_is_cut)
{
	static const struct {
		enum decode_form form;
		const char *text;
	} bodies[] = {
		{ DECODE_JSON, "{\"a\":1.5e3,\"b\":[\"\\u00e9\xc3\xa9\",{}], \"c\":null}\n" },
		{ DECODE_JSON, "[{\"a\":1},\n {\"b\":-0.0}]" },
		{ DECODE_JSON, "[[\"a\",\"b\"],[1,2],[3]]" },
		{ DECODE_JSON, "{\"request_meta\":{\"x\":[1]},\"request_data\":{\"inputs\":{}}}" },
		{ DECODE_JSON, "{\"a\":tru}" },
		{ DECODE_NDJSON, "{\"a\":1}\r\n\n {\"b\":\"\xe2\x82\xac\"} \n{}" },
		{ DECODE_NDJSON, "{\"a\":1}\n {\"b\":2,}\n" },
		{ DECODE_NDJSON, "{}\n  7" },
		{ DECODE_CSV,
			"\xef\xbb\xbf"
			"a,\"b\"\"c\"\r\n1,\"x\r\ny\"\r\n\r\n,\"\"\"3\"\"\"\r\n" },
		{ DECODE_CSV, "a,b\n1,2,3\n" },
		{ DECODE_CSV, "a,b\n1,\"2\n" },
		{ DECODE_CSV, "a\n\n1" },
		{ DECODE_FORM, "a=%31%30&b=x+y&_c=%22z%22" },
		{ DECODE_FORM, " \n [{\"a\":1}] " },
		{ DECODE_FORM, " \n " },
	};

	for (size_t i = 0; i < COUNT(bodies); i++)
		expect_same_in_pieces(bodies[i].form, str_of(bodies[i].text));
}

/* -- the public suite ----------------------------------------------------------------------------------- */

static DIR *
open_suite(char path[PATH_MAX])
{
	const char *shared = getenv("CSPARKD_SHARED");
	const char *srcdir = getenv("srcdir");

	if (shared)
		snprintf(path, PATH_MAX, "%s/data/JSONTestSuite", shared);
	else
		snprintf(path, PATH_MAX, "%s/../shared/data/JSONTestSuite", srcdir ? srcdir : ".");
	return opendir(path);
}

static bool
is_list_of_objects(struct str list)
{
	struct json_walk walk;
	struct str value;

	json_walk_init(&walk, list);
	while (json_walk_next(&walk, NULL, &value)) {
		if (json_kind_of(value) != JSON_OBJECT)
			return false;
	}
	return json_kind_of(list) == JSON_ARRAY;
}

/* A file is accepted exactly if it is valid and an object or a list of them (a list of rows is looked at
 * elsewhere). */
static void
expect_suite_verdict(const char *name, struct str text)
{
	bool valid = json_valid(text.at, text.len, NULL);
	bool object = valid && json_kind_of(text) == JSON_OBJECT;
	struct decoded body = decoded_whole(DECODE_JSON, text);
	struct decoded line = decoded_whole(DECODE_NDJSON, text);

	if (!valid)
		cr_expect(!body.ok || text.len == 0, "%s", name);
	if (object || (valid && is_list_of_objects(text)))
		cr_expect(body.ok, "%s: %s", name, body.error.detail);
	if (body.ok && text.len > 0)
		cr_expect(json_valid(body.ask.inputs.at, body.ask.inputs.len, NULL), "%s", name);
	if (!memchr(text.at, '\n', text.len) && text.len > 0)
		cr_expect_eq(line.ok, object || str_trim(text).len == 0, "%s as a line", name);
	if (line.ok)
		cr_expect(json_valid(line.ask.inputs.at, line.ask.inputs.len, NULL), "%s as a line", name);
	decoded_fini(&body);
	decoded_fini(&line);
	if (text.len < 200) {
		expect_same_in_pieces(DECODE_JSON, text);
		expect_same_in_pieces(DECODE_NDJSON, text);
	}
}

Test(decode, judges_the_public_suite_as_body_and_as_line)
{
	static char text[1 << 20];
	char folder[PATH_MAX];
	char path[PATH_MAX + NAME_MAX + 2];
	DIR *suite = open_suite(folder);
	struct dirent *entry;

	if (!suite)
		cr_skip_test("JSONTestSuite is not here");
	while ((entry = readdir(suite)) != NULL) {
		FILE *file;
		size_t len;

		if (!str_ends(str_of(entry->d_name), STR(".json")))
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		file = fopen(path, "rb");
		cr_assert_not_null(file);
		len = fread(text, 1, sizeof text, file);
		fclose(file);
		expect_suite_verdict(entry->d_name, str_range(text, len));
	}
	closedir(suite);
}
