#include "daemon/payload.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/json.h"

static struct arena arena;
static struct payload payload;
static struct cspark_error error;
static int status;

static void
set_up(void)
{
	arena_init(&arena, 1 << 20);
	error = (struct cspark_error){ .detail = "" };
}

static void
tear_down(void)
{
	arena_fini(&arena);
}

TestSuite(payload, .init = set_up, .fini = tear_down);

static bool
read_body(enum cspark_payload kind, const char *body)
{
	return payload_read(kind, str_of(body), &arena, &payload, &status, &error);
}

static void
expect(enum cspark_payload kind, const char *body, const char *text, const char *count)
{
	cr_assert(read_body(kind, body), "%s: %s", body, error.detail);
	cr_expect(str_eq(payload.text, str_of(text)), "%.*s of %s", STR_ARG(payload.text), body);
	cr_expect(json_valid(payload.text.at, payload.text.len, NULL), "%.*s", STR_ARG(payload.text));
	cr_expect_eq(payload.count.at == NULL, count == NULL, "%s", body);
	cr_expect(!count || str_eq(payload.count, str_of(count)), "%s", body);
}

static void
refuse(enum cspark_payload kind, const char *body, int wanted, const char *word)
{
	cr_expect_not(read_body(kind, body), "%s", body);
	cr_expect_eq(status, wanted, "%d: %s", status, body);
	cr_expect_eq(error.code, CSPARK_E_SPARK_REJECTED);
	cr_expect(strstr(error.detail, word), "no %s in %s", word, error.detail);
}

Test(payload, is_inside_the_envelopes)
{
	expect(CSPARK_PAYLOAD_V1, "{\"status\":\"Success\",\"data\":{\"a\":1.50},\"message\":null}",
		"{\"a\":1.50}", NULL);
	expect(CSPARK_PAYLOAD_V1, "{\"status\":\"Success\",\"data\":null,\"errorCode\":null}", "null", NULL);
	expect(CSPARK_PAYLOAD_V1, "{\"data\":[],\"count\":0}", "[]", "0");
	expect(CSPARK_PAYLOAD_V1, "{\"data\":[1],\"count\":\"1\"}", "[1]", NULL);
	expect(CSPARK_PAYLOAD_V1, "{\"data\":[1],\"count\":null}", "[1]", NULL);
	expect(CSPARK_PAYLOAD_V3,
		"{\"response_data\":[{\"id\":1}],\"response_meta\":{\"count\":1},\"status\":\"Success\"}",
		"[{\"id\":1}]", "1");
	expect(CSPARK_PAYLOAD_V3, "{\"status\":null,\"response_data\":{\"progress\":1},\"error\":null}",
		"{\"progress\":1}", NULL);
	expect(CSPARK_PAYLOAD_V3, "{\"response_data\":null}", "null", NULL);
}

/* Which envelope a schema by version comes in is not known. */
Test(payload, takes_either_envelope_or_none)
{
	expect(CSPARK_PAYLOAD_V1, "{\"response_data\":7}", "7", NULL);
	expect(CSPARK_PAYLOAD_V3, "{\"data\":7}", "7", NULL);
	expect(CSPARK_PAYLOAD_V1, "{\"other\":7}", "{\"other\":7}", NULL);
	expect(CSPARK_PAYLOAD_V3, "[1]", "[1]", NULL);
	expect(CSPARK_PAYLOAD_V1, "\"text\"", "\"text\"", NULL);
}

Test(payload, is_the_whole_where_there_is_no_envelope)
{
	expect(CSPARK_PAYLOAD_WHOLE, "{\"data\":{\"batch_status\":\"closed\"},\"count\":1}",
		"{\"data\":{\"batch_status\":\"closed\"},\"count\":1}", NULL);
	expect(CSPARK_PAYLOAD_WHOLE, "{\"status\":\"failed\",\"id\":1}", "{\"status\":\"failed\",\"id\":1}",
		NULL);
	expect(CSPARK_PAYLOAD_WHOLE, "{\"status\":\"Error\",\"id\":1}", "{\"status\":\"Error\",\"id\":1}",
		NULL);
}

Test(payload, finds_errors_in_disguise)
{
	refuse(CSPARK_PAYLOAD_V1,
		"{\"status\":\"Error\",\"data\":null,\"message\":\"exists\","
		"\"errorCode\":\"PRODUCT_ALREADY_EXISTS\"}",
		409, "exists");
	refuse(CSPARK_PAYLOAD_V1, "{\"status\":\"Error\",\"errorCode\":\"PRODUCT_NOT_FOUND\"}", 404,
		"refused");
	refuse(CSPARK_PAYLOAD_V1, "{\"status\":\"Error\",\"errorCode\":\"X\",\"message\":\"no\"}", 422, "no");
	refuse(CSPARK_PAYLOAD_V1, "{\"status\":\"Error\"}", 422, "refused");
	refuse(CSPARK_PAYLOAD_V1, "{\"status\":\"\\u0045rror\"}", 422, "refused");
	refuse(CSPARK_PAYLOAD_V3,
		"{\"status\":\"Error\",\"response_data\":null,"
		"\"error\":{\"message\":\"TENANT_MISMATCH\"}}",
		422, "TENANT_MISMATCH");
	refuse(CSPARK_PAYLOAD_TEXT, "{\"status\":\"Error\",\"error\":{\"message\":\"NOT_FOUND\"}}", 404,
		"NOT_FOUND");
	refuse(CSPARK_PAYLOAD_CATEGORIES, "{\"status\":\"Error\"}", 422, "refused");
	/* of v3, though it is told whole */
	refuse(CSPARK_PAYLOAD_WHOLE, "{\"status\":\"Error\",\"response_data\":null}", 422, "refused");
}

Test(payload, takes_no_words_of_the_data_for_an_error)
{
	expect(CSPARK_PAYLOAD_V1, "{\"status\":\"Success\",\"data\":{\"status\":\"Error\"}}",
		"{\"status\":\"Error\"}", NULL);
	expect(CSPARK_PAYLOAD_V1, "{\"status\":{\"status\":\"Error\"},\"data\":\"NOT_FOUND\"}",
		"\"NOT_FOUND\"", NULL);
}

Test(payload, reads_json_out_of_a_string)
{
	expect(CSPARK_PAYLOAD_TEXT,
		"{\"status\":\"Success\",\"response_data\":\"{\\\"a\\\":\\\"\\\\u00fc\\\"}\"}",
		"{\"a\":\"\\u00fc\"}", NULL);
	expect(CSPARK_PAYLOAD_TEXT, "{\"response_data\":\"{\\u0022a\\u0022:[1.50]}\"}", "{\"a\":[1.50]}",
		NULL);
	expect(CSPARK_PAYLOAD_TEXT, "{\"response_data\":\"not json\"}", "\"not json\"", NULL);
	expect(CSPARK_PAYLOAD_TEXT, "{\"response_data\":\"{\\\"a\\\":\"}", "\"{\\\"a\\\":\"", NULL);
	expect(CSPARK_PAYLOAD_TEXT, "{\"response_data\":\"\"}", "\"\"", NULL);
	expect(CSPARK_PAYLOAD_TEXT, "{\"response_data\":{\"a\":1}}", "{\"a\":1}", NULL);
	expect(CSPARK_PAYLOAD_TEXT, "{\"response_data\":null}", "null", NULL);
	expect(CSPARK_PAYLOAD_TEXT, "\"7\"", "7", NULL);
}

Test(payload, knows_what_exists)
{
	expect(CSPARK_PAYLOAD_EXISTS, "{\"status\":\"Success\",\"data\":true}", "true", NULL);
	expect(CSPARK_PAYLOAD_EXISTS, "{\"response_data\":{\"is_exists\":true,\"id\":1}}",
		"{\"is_exists\":true,\"id\":1}", NULL);
	refuse(CSPARK_PAYLOAD_EXISTS, "{\"data\":false}", 404, "none");
	refuse(CSPARK_PAYLOAD_EXISTS, "{\"data\":null}", 404, "none");
	refuse(CSPARK_PAYLOAD_EXISTS, "{\"response_data\":{\"is_exists\":false,\"id\":null}}", 404, "none");
	refuse(CSPARK_PAYLOAD_EXISTS, "{\"response_data\":{\"is_exists\":null}}", 404, "none");
	refuse(CSPARK_PAYLOAD_EXISTS, "{\"response_data\":{}}", 404, "none");
}

#define CATEGORIES(list) "{\"status\":\"Success\",\"data\":{\"Metadata.ProductCategories\":" list "}}"

Test(payload, spells_categories_as_their_list_does)
{
	expect(CSPARK_PAYLOAD_CATEGORIES,
		CATEGORIES("[{\"Key\":\"k\",\"Value\":\"V\",\"Icon\":\"i.svg\"},{\"key\":\"K\"}]"),
		"[{\"key\":\"k\",\"value\":\"V\",\"icon\":\"i.svg\"},{\"key\":\"K\"}]", NULL);
	expect(CSPARK_PAYLOAD_CATEGORIES, CATEGORIES("[]"), "[]", NULL);
	expect(CSPARK_PAYLOAD_CATEGORIES, CATEGORIES("[{}]"), "[{}]", NULL);
	expect(CSPARK_PAYLOAD_CATEGORIES, "{\"data\":{\"other\":1}}", "{\"other\":1}", NULL);
}

/* Whatever Spark says, the answer is JSON. */
Test(payload, stays_json_where_categories_are_odd)
{
	expect(CSPARK_PAYLOAD_CATEGORIES, CATEGORIES("[1,[2],\"x\",null]"), "[1,[2],\"x\",null]", NULL);
	expect(CSPARK_PAYLOAD_CATEGORIES,
		CATEGORIES("[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]"),
		"[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]", NULL);
	expect(CSPARK_PAYLOAD_CATEGORIES, CATEGORIES("[{\"\":1,\"\\u004bey\":2,\"\xc3\x9c\":3,\"_a\":4}]"),
		"[{\"\":1,\"\\u004bey\":2,\"\xc3\x9c\":3,\"_a\":4}]", NULL);
	expect(CSPARK_PAYLOAD_CATEGORIES, CATEGORIES("null"), "[]", NULL);
}

Test(payload, knows_the_callers_mistakes_among_the_500s)
{
	cr_expect_eq(payload_status_of_500(STR("{\"code\":\"INVALID_JOB_ID\"}")), 404);
	cr_expect_eq(payload_status_of_500(STR("{\"code\":\"INVALID_IMPORT_ZIP\"}")), 422);
	cr_expect_eq(payload_status_of_500(STR("{\"code\":\"EXCEEDED_FILE_SIZE\"}")), 413);
	cr_expect_eq(payload_status_of_500(STR("{\"code\":\"SERVICE_NOT_FOUND\"}")), 404);
	cr_expect_eq(payload_status_of_500(STR("{\"code\":null,\"message\":\"INVALID_JOB_ID\"}")), 0);
	cr_expect_eq(payload_status_of_500(STR("{\"status\":\"Error\"}")), 0);
	cr_expect_eq(payload_status_of_500(STR("<html>INVALID_JOB_ID</html>")), 0);
	cr_expect_eq(payload_status_of_500(STR("")), 0);
	cr_expect_eq(payload_status_of_500((struct str){ NULL, 0 }), 0);
}
