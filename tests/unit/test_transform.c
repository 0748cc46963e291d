#include "lib/cspark_operations.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/json_text.h"

static struct cspark_locator locator;
static struct cspark_meta meta;
static struct cspark_transform transform;

static struct cspark_bytes
bytes(const char *text)
{
	return (struct cspark_bytes){ text, text ? strlen(text) : 0 };
}

static void
put(char *place, const char *name)
{
	memcpy(place, name, strlen(name) + 1);
}

static void
set_up(void)
{
	locator = (struct cspark_locator){ .folder = "f", .service = "s" };
	meta = (struct cspark_meta){ .more = { NULL, 0 } };
	transform = (struct cspark_transform){ .api = CSPARK_V3,
		.locator = &locator,
		.folder = bytes("tf"),
		.name = bytes("tn"),
		.meta = &meta };
}

TestSuite(transform, .init = set_up);

static struct cspark_request *
make(void)
{
	struct cspark_error error = { .detail = "" };
	struct cspark_request *request = cspark_transform_request("acme", &transform, &error);

	cr_assert(request, "%s", error.detail);
	cr_expect_str_eq(request->method, "POST");
	cr_expect_str_eq(request->content_type, "application/json");
	cr_expect_not(request->expects_json, "a document may answer with anything");
	return request;
}

/* The JSON between the quotes of the header: one line of ASCII. */
static struct str
header_json(const struct cspark_request *request, const char *name)
{
	struct str line = str_of(request->lines[0]);
	size_t len = strlen(name);

	cr_assert(str_starts(line, str_of(name)), "%s", request->lines[0]);
	cr_assert(
		str_starts(str_range(line.at + len, line.len - len), STR(": '")) && str_ends(line, STR("'")),
		"%s", request->lines[0]);
	for (size_t i = 0; i < line.len; i++)
		cr_assert(line.at[i] >= 0x20 && line.at[i] < 0x7f, "byte %02x", (unsigned char)line.at[i]);
	line = str_range(line.at + len + 3, line.len - len - 4);
	cr_assert(json_valid(line.at, line.len, NULL), "%.*s", STR_ARG(line));
	cr_assert_lt(str_find(line, '\''), 0, "the quote stands at the ends alone");
	return line;
}

Test(transform, executes_through_a_document)
{
	struct cspark_request *request;

	transform.body = bytes("{\"a\": 1.50}");
	request = make();
	cr_assert_str_eq(request->path, "/acme/api/v4/transforms/tf/tn/for/f/s");
	cr_assert_eq(request->operation, CSPARK_OP_TRANSFORM);
	cr_assert_str_eq(request->body, "{\"a\": 1.50}");
	cr_assert_eq(request->body_len, strlen("{\"a\": 1.50}"));
	cr_assert_str_eq(request->lines[0],
		"x-request-meta: '{\"call_purpose\":\"Single Execution\",\"source_system\":\"csparkd\","
		"\"compiler_type\":\"Neuron\"}'");
	cspark_request_free(request);
}

Test(transform, knows_documents_of_the_old_area)
{
	struct cspark_request *request;

	transform.folder = bytes(NULL);
	request = make();
	cr_assert_str_eq(request->path, "/acme/api/v4/transforms/tn/for/folders/f/services/s");
	cr_assert_eq(request->operation, CSPARK_OP_TRANSFORM_LEGACY);
	cspark_request_free(request);
}

Test(transform, runs_a_document_alone)
{
	struct cspark_request *request;

	transform.locator = NULL;
	request = make();
	cr_assert_str_eq(request->path, "/acme/api/v4/transforms/tf/tn/run");
	cr_assert_eq(request->operation, CSPARK_OP_TRANSFORM_RUN);
	cr_assert_null(request->lines[0]);
	cr_assert_str_eq(request->body, "{}");
	cspark_request_free(request);
}

Test(transform, encodes_names)
{
	struct cspark_request *request;

	transform.folder = bytes("t f");
	transform.name = bytes("100%/\xc3\xbc");
	put(locator.folder, "a?b");
	put(locator.service, "c#d");
	request = make();
	cr_assert_str_eq(request->path, "/acme/api/v4/transforms/t%20f/100%25%2F%C3%BC/for/a%3Fb/c%23d");
	cspark_request_free(request);
}

Test(transform, puts_metadata_into_the_header_of_its_version)
{
	struct cspark_request *request;
	struct str json;

	put(locator.version, "1.2.3");
	cr_assert(cspark_meta_set(&meta, CSPARK_META_CORRELATION, bytes("c-1"), NULL));
	cr_assert(cspark_meta_set(&meta, CSPARK_META_SUBSERVICES, bytes("a,b"), NULL));
	request = make();
	json = header_json(request, "x-request-meta");
	cr_assert(json_string_is(json_member(json, STR("version")), STR("1.2.3")));
	cr_assert(json_string_is(json_member(json, STR("correlation_id")), STR("c-1")));
	cr_assert(json_string_is(json_member(json, STR("service_category")), STR("a,b")));
	cspark_request_free(request);

	transform.api = CSPARK_V4;
	request = make();
	json = header_json(request, "x-meta");
	cr_assert(json_string_is(json_member(json, STR("service")), STR("f/s[1.2.3]")), "%s",
		request->lines[0]);
	cr_assert(json_string_is(json_member(json, STR("subservice")), STR("a,b")));
	cr_assert_null(json_member(json, STR("inputs")).at);
	cspark_request_free(request);
}

Test(transform, escapes_what_is_no_ascii)
{
	struct cspark_request *request;
	struct str json;

	cr_assert(cspark_meta_set(&meta, CSPARK_META_PURPOSE,
		bytes("it's \xc3\xbc \xe6\x97\xa5 \xf0\x9f\x98\x80 \"q\""), NULL));
	request = make();
	json = header_json(request, "x-request-meta");
	cr_assert(json_string_is(json_member(json, STR("call_purpose")),
			  STR("it's \xc3\xbc \xe6\x97\xa5 \xf0\x9f\x98\x80 \"q\"")),
		"%s", request->lines[0]);
	cr_assert(strstr(request->lines[0], "\\u00fc \\u65e5 \\ud83d\\ude00"), "%s", request->lines[0]);
	cspark_request_free(request);
}

Test(transform, refuses_names_that_would_change_the_path)
{
	static const char *const ODD[] = { "", ".", "..", "a/../b", "/a", "a/", "a\nb", "\xff" };
	struct cspark_error error;

	for (size_t i = 0; i < sizeof ODD / sizeof *ODD; i++) {
		set_up();
		transform.name = bytes(ODD[i]);
		cr_expect_null(cspark_transform_request("acme", &transform, &error), "%s", ODD[i]);
		cr_expect_eq(error.code, CSPARK_E_BAD_PARAMETER);
		set_up();
		transform.folder = bytes(ODD[i]);
		cr_expect_null(cspark_transform_request("acme", &transform, &error), "%s", ODD[i]);
		set_up();
		put(locator.service, ODD[i]);
		cr_expect_null(cspark_transform_request("acme", &transform, &error), "%s", ODD[i]);
	}
	set_up();
	transform.folder = bytes(NULL);
	transform.locator = NULL;
	cr_expect_null(
		cspark_transform_request("acme", &transform, &error), "the old area runs nothing alone");
}

Test(transform, refuses_metadata_that_its_version_has_not)
{
	struct cspark_error error = { .detail = "" };

	cr_assert(cspark_meta_set(&meta, CSPARK_META_TABLES, bytes("t"), NULL));
	transform.api = CSPARK_V4;
	cr_assert_null(cspark_transform_request("acme", &transform, &error));
	cr_assert_eq(error.code, CSPARK_E_BAD_PARAMETER);
}
