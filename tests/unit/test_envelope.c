#include "lib/cspark.h"

#include "base/json.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The defaults of a single record and of a list, as they stand at the end of a body. */
#define SINGLE \
	"\"call_purpose\":\"Single Execution\",\"source_system\":\"csparkd\",\"compiler_type\":\"Neuron\""
#define MANY "\"call_purpose\":\"Sync Batch Execution\",\"source_system\":\"csparkd\""

static struct cspark_bytes
bytes(const char *text)
{
	return (struct cspark_bytes){ text, text ? strlen(text) : 0 };
}

/* One request as a test sees it. */
struct ask {
	const char *locator;
	const char *inputs;
	const char *request_data;
	const char *more;
	const char *own;
	const char *parameter; /* one of the control parameters, and its value */
	const char *value;
	bool is_public;
	bool checked;
};

static struct cspark_request *
make(enum cspark_api api, const struct ask *ask, struct cspark_error *ret_error)
{
	struct cspark_locator locator;
	struct cspark_meta meta = { .more = bytes(ask->more), .own = bytes(ask->own) };
	struct cspark_execute execute = {
		.api = api,
		.locator = &locator,
		.meta = &meta,
		.inputs = bytes(ask->inputs),
		.request_data = bytes(ask->request_data),
		.checked = ask->checked,
	};

	cr_assert(cspark_locator_parse(bytes(ask->locator ? ask->locator : "f/s"), &locator, ret_error));
	locator.is_public = ask->is_public;
	if (ask->parameter)
		cr_assert(cspark_meta_set(
			&meta, cspark_meta_find(bytes(ask->parameter)), bytes(ask->value), ret_error));
	return cspark_execute_request("my-tenant", &execute, ret_error);
}

static void
expect(enum cspark_api api, struct ask ask, const char *path, const char *body)
{
	struct cspark_error error = { .detail = "" };
	struct cspark_request *request = make(api, &ask, &error);

	cr_assert(request, "%s", error.detail);
	cr_expect_str_eq(request->path, path);
	cr_expect_str_eq(request->body, body);
	cr_expect_eq(request->body_len, strlen(body));
	cr_expect(json_valid(request->body, request->body_len, NULL));
	cr_expect_str_eq(request->method, "POST");
	cr_expect_str_eq(request->content_type, "application/json");
	cr_expect(request->expects_json);
	cr_expect_eq(request->is_public, ask.is_public);
	cr_expect_eq(request->operation, api == CSPARK_V4 ? CSPARK_OP_EXECUTE_V4 : CSPARK_OP_EXECUTE_V3);
	cspark_request_free(request);
}

static void
expect_refused(enum cspark_api api, struct ask ask, enum cspark_code code, const char *word)
{
	struct cspark_error error = { .detail = "" };
	struct cspark_request *request = make(api, &ask, &error);

	cr_expect_null(request, "%s", word);
	cr_expect_eq(error.code, code, "%s", error.detail);
	cr_expect(strstr(error.detail, word), "<%s> does not mention <%s>", error.detail, word);
	cspark_request_free(request);
}

static void
expect_v3(struct ask ask, const char *body)
{
	expect(CSPARK_V3, ask, "/my-tenant/api/v3/folders/f/services/s/execute", body);
}

static void
expect_v4(struct ask ask, const char *body)
{
	expect(CSPARK_V4, ask,
		ask.is_public ? "/my-tenant/api/v4/public/execute" : "/my-tenant/api/v4/execute", body);
}

/* ---- v3 */

Test(envelope, splices_one_record_byte_for_byte)
{
	expect_v3((struct ask){ .inputs = "{ \"b\" : 1.50, \"a\":[1e2,\"\\u0041\"] }" },
		"{\"request_data\":{\"inputs\":{ \"b\" : 1.50, \"a\":[1e2,\"\\u0041\"] }},"
		"\"request_meta\":{" SINGLE
		"}}");
	expect_v3((struct ask){ .inputs = NULL },
		"{\"request_data\":{\"inputs\":{}},\"request_meta\":{" SINGLE "}}");
	expect_v3((struct ask){ .inputs = " {}\n" },
		"{\"request_data\":{\"inputs\": {}\n},\"request_meta\":{" SINGLE "}}");
	expect_v3((struct ask){ .request_data = "{\"inputs\":{},\"x\":1}" },
		"{\"request_data\":{\"inputs\":{},\"x\":1},\"request_meta\":{" SINGLE "}}");
}

Test(envelope, addresses_in_every_form_of_v3)
{
	expect(CSPARK_V3, (struct ask){ .locator = "a b/c?[1.2]" },
		"/my-tenant/api/v3/folders/a%20b/services/c%3F/execute",
		"{\"request_data\":{\"inputs\":{}},\"request_meta\":{\"version\":\"1.2\"," SINGLE "}}");
	expect(CSPARK_V3, (struct ask){ .locator = "service/0a" }, "/my-tenant/api/v3/service/0a",
		"{\"request_data\":{\"inputs\":{}},\"request_meta\":{\"service_id\":\"0a\"," SINGLE "}}");
	expect(CSPARK_V3, (struct ask){ .locator = "version/0a" }, "/my-tenant/api/v3/version/0a",
		"{\"request_data\":{\"inputs\":{}},\"request_meta\":{\"version_id\":\"0a\"," SINGLE "}}");
	expect(CSPARK_V3, (struct ask){ .locator = "proxy/x/y" }, "/my-tenant/api/v3/proxy/x/y",
		"{\"request_data\":{\"inputs\":{}},\"request_meta\":{" SINGLE "}}");
	expect(CSPARK_V3, (struct ask){ .locator = "f/s", .is_public = true },
		"/my-tenant/api/v3/public/folders/f/services/s/execute",
		"{\"request_data\":{\"inputs\":{}},\"request_meta\":{" SINGLE "}}");
}

Test(envelope, writes_values_in_the_order_of_the_table)
{
	static const struct {
		const char *parameter, *value, *meta;
	} ROWS[] = {
		{ "_version", "1.2", "\"version\":\"1.2\"," SINGLE },
		{ "_date", "2025", "\"transaction_date\":\"2025\"," SINGLE },
		{ "_purpose", "\"x\"",
			"\"call_purpose\":\"\\\"x\\\"\",\"source_system\":\"csparkd\","
			"\"compiler_type\":\"Neuron\"" },
		{ "_compiler", "type1",
			"\"call_purpose\":\"Single Execution\",\"source_system\":\"csparkd\","
			"\"compiler_type\":\"Type1\"" },
		{ "_tables", "*", SINGLE ",\"array_outputs\":\"*\"" },
		{ "_echo", "true", SINGLE ",\"response_data_inputs\":true" },
		{ "_debug", "false", SINGLE ",\"debug_solve\":false" },
		{ "_excel", "true", SINGLE ",\"excel_file\":true" },
	};
	char body[500];

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		snprintf(body, sizeof(body), "{\"request_data\":{\"inputs\":{}},\"request_meta\":{%s}}",
			ROWS[i].meta);
		expect_v3((struct ask){ .parameter = ROWS[i].parameter, .value = ROWS[i].value }, body);
	}
}

Test(envelope, lets_the_higher_layer_win)
{
	expect_v3((struct ask){ .parameter = "_purpose",
			  .value = "low",
			  .more = "{\"call_purpose\":\"mid\",\"x\":[1, 2]}" },
		"{\"request_data\":{\"inputs\":{}},\"request_meta\":{\"source_system\":\"csparkd\","
		"\"compiler_type\":\"Neuron\","
		"\"call_purpose\":\"mid\",\"x\":[1, 2]}}");
	expect_v3((struct ask){ .parameter = "_purpose",
			  .value = "low",
			  .more = "{\"call_purpose\":\"mid\",\"x\":1}",
			  .own = "{\"call\\u005fpurpose\" : null, \"compiler_type\":\"T\"}" },
		"{\"request_data\":{\"inputs\":{}},\"request_meta\":{\"source_system\":\"csparkd\",\"x\":1,"
		"\"call\\u005fpurpose\":null,\"compiler_type\":\"T\"}}");
	expect_v3((struct ask){ .locator = "f/s[1.0]", .own = "{\"version\":\"2\"}" },
		"{\"request_data\":{\"inputs\":{}},\"request_meta\":{" SINGLE ",\"version\":\"2\"}}");
	expect_v3((struct ask){ .locator = "f/s[1.0]", .more = "{\"version\":\"2\"}" },
		"{\"request_data\":{\"inputs\":{}},\"request_meta\":{" SINGLE ",\"version\":\"2\"}}");
	expect_v3((struct ask){ .own = "{}", .more = " { } " },
		"{\"request_data\":{\"inputs\":{}},\"request_meta\":{" SINGLE "}}");
}

/* ---- v4 */

Test(envelope, splices_many_records_byte_for_byte)
{
	expect_v4((struct ask){ .inputs = "[ {\"a\":1.0}, {} ]" },
		"{\"inputs\":[ {\"a\":1.0}, {} ],\"service\":\"f/s\"," MANY "}");
	expect_v4((struct ask){ .inputs = "[[\"a\"],[1]]", .locator = "a b/c\"[1.2]" },
		"{\"inputs\":[[\"a\"],[1]],\"service\":\"a b/c\\\"[1.2]\"," MANY "}");
	expect_v4((struct ask){ .inputs = NULL }, "{\"inputs\":[],\"service\":\"f/s\"," MANY "}");
	expect_v4((struct ask){ .inputs = "[]", .is_public = true },
		"{\"inputs\":[],\"service\":\"f/s\"," MANY "}");
	expect_v4((struct ask){ .inputs = "[]", .locator = "service/0a" },
		"{\"inputs\":[],\"service\":\"0a\"," MANY "}");
	expect_v4((struct ask){ .inputs = "[]", .locator = "version/0a" },
		"{\"inputs\":[],\"version_id\":\"0a\"," MANY "}");
}

Test(envelope, knows_the_names_of_v4)
{
	expect_v4((struct ask){ .parameter = "_version", .value = "1.2" },
		"{\"inputs\":[],\"service\":\"f/s[1.2]\"," MANY "}");
	expect_v4((struct ask){ .parameter = "_date", .value = "2025" },
		"{\"inputs\":[],\"service\":\"f/s\",\"version_by_timestamp\":\"2025\"," MANY "}");
	expect_v4((struct ask){ .parameter = "_outputs", .value = "a,b" },
		"{\"inputs\":[],\"service\":\"f/s\"," MANY ",\"output\":\"a,b\"}");
	expect_v4(
		(struct ask){
			.parameter = "_subservices", .value = "x", .more = "{\"source_system\":\"me\"}" },
		"{\"inputs\":[],\"service\":\"f/s\",\"call_purpose\":\"Sync Batch Execution\","
		"\"subservice\":\"x\","
		"\"source_system\":\"me\"}");
}

/* ---- refusals */

Test(envelope, refuses_a_parameter_without_a_field)
{
	static const char *const ROWS[][2] = {
		{ "_filter", "x" },
		{ "_compiler", "neuron" },
		{ "_tables", "*" },
		{ "_echo", "true" },
		{ "_debug", "true" },
		{ "_excel", "false" },
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++)
		expect_refused(CSPARK_V4, (struct ask){ .parameter = ROWS[i][0], .value = ROWS[i][1] },
			CSPARK_E_BAD_PARAMETER, ROWS[i][0]);
}

Test(envelope, refuses_what_has_no_place_in_v4)
{
	expect_refused(CSPARK_V4, (struct ask){ .locator = "proxy/x" }, CSPARK_E_BAD_LOCATOR, "proxy");
	expect_refused(CSPARK_V4, (struct ask){ .own = "{}" }, CSPARK_E_BAD_PARAMETER, "request_meta");
	expect_refused(
		CSPARK_V4, (struct ask){ .request_data = "{}" }, CSPARK_E_BAD_PARAMETER, "request_data");
	expect_refused(CSPARK_V4,
		(struct ask){ .locator = "service/x", .parameter = "_version", .value = "1" },
		CSPARK_E_BAD_PARAMETER, "_version");
}

Test(envelope, refuses_two_versions)
{
	expect_v3((struct ask){ .locator = "f/s[1.2]", .parameter = "_version", .value = "1.2" },
		"{\"request_data\":{\"inputs\":{}},\"request_meta\":{\"version\":\"1.2\"," SINGLE "}}");
	for (int api = CSPARK_V3; api <= CSPARK_V4; api++)
		expect_refused((enum cspark_api)api,
			(struct ask){ .locator = "f/s[1.2]", .parameter = "_version", .value = "1.3" },
			CSPARK_E_BAD_PARAMETER, "_version");
}

Test(envelope, does_not_let_a_query_choose_the_service)
{
	expect_refused(CSPARK_V3, (struct ask){ .more = "{\"service_id\":\"x\"}" }, CSPARK_E_BAD_PARAMETER,
		"service_id");
	expect_refused(CSPARK_V3, (struct ask){ .more = "{\"version_id\":\"x\"}" }, CSPARK_E_BAD_PARAMETER,
		"version_id");
	expect_refused(CSPARK_V3, (struct ask){ .more = "{\"service_uri\":\"x\"}" }, CSPARK_E_BAD_PARAMETER,
		"service_uri");
	expect_refused(
		CSPARK_V4, (struct ask){ .more = "{\"service\":\"x\"}" }, CSPARK_E_BAD_PARAMETER, "service");
	expect_refused(
		CSPARK_V4, (struct ask){ .more = "{\"inputs\":[]}" }, CSPARK_E_BAD_PARAMETER, "inputs");
	expect_refused(
		CSPARK_V4, (struct ask){ .more = "{\"inp\\u0075ts\":[]}" }, CSPARK_E_BAD_PARAMETER, "escape");
}

Test(envelope, cannot_be_broken_out_of)
{
	static const char *const TEXTS[] = {
		"{}},\"request_meta\":{\"call_purpose\":\"x\"",
		"{},\"x\":1",
		"{}}",
		"{",
		"",
		"{}{}",
		"{} x",
		"{\"a\":1}}//",
		"{\"a\":}",
		"{\"a\":1,}",
		"{\"a\":\"\n\"}",
		"{\"a\":\"\xff\"}",
		"[1]]",
		"{'a':1}",
		"{\"a\":NaN}",
		"\xef\xbb\xbf{}",
	};

	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
		expect_refused(CSPARK_V3, (struct ask){ .inputs = TEXTS[i] }, CSPARK_E_BAD_JSON, "inputs");
		expect_refused(CSPARK_V3, (struct ask){ .request_data = TEXTS[i] }, CSPARK_E_BAD_JSON,
			"request_data");
		expect_refused(CSPARK_V3, (struct ask){ .own = TEXTS[i] }, CSPARK_E_BAD_JSON, "request_meta");
		expect_refused(CSPARK_V3, (struct ask){ .more = TEXTS[i] }, CSPARK_E_BAD_PARAMETER, "_meta");
		expect_refused(CSPARK_V4, (struct ask){ .inputs = TEXTS[i] }, CSPARK_E_BAD_JSON, "inputs");
		expect_refused(CSPARK_V4, (struct ask){ .more = TEXTS[i] }, CSPARK_E_BAD_PARAMETER, "_meta");
	}
}

Test(envelope, refuses_the_wrong_kind_even_when_checked)
{
	static const char *const SCALARS[] = { "1", "null", "\"{}\"", "true" };

	for (size_t i = 0; i < 4; i++) {
		expect_refused(CSPARK_V3, (struct ask){ .inputs = SCALARS[i], .checked = true },
			CSPARK_E_BAD_JSON, "object");
		expect_refused(CSPARK_V4, (struct ask){ .inputs = SCALARS[i], .checked = true },
			CSPARK_E_BAD_JSON, "array");
	}
	expect_refused(
		CSPARK_V3, (struct ask){ .inputs = "[]", .checked = true }, CSPARK_E_BAD_JSON, "object");
	expect_refused(
		CSPARK_V4, (struct ask){ .inputs = "{}", .checked = true }, CSPARK_E_BAD_JSON, "array");
	expect_refused(
		CSPARK_V3, (struct ask){ .more = "[]", .checked = true }, CSPARK_E_BAD_PARAMETER, "_meta");
}

Test(envelope, says_where_the_text_is_wrong)
{
	expect_refused(
		CSPARK_V3, (struct ask){ .inputs = "{\n  \"a\" 1}" }, CSPARK_E_BAD_JSON, "line 2, column 7");
}

Test(envelope, limits_the_members_of_a_layer)
{
	char text[2000] = "{";

	for (int i = 0; i < 65; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s\"k%d\":1", i ? "," : "", i);
	snprintf(text + strlen(text), sizeof(text) - strlen(text), "}");
	expect_refused(CSPARK_V3, (struct ask){ .own = text }, CSPARK_E_BAD_PARAMETER, "request_meta");
	expect_refused(CSPARK_V4, (struct ask){ .more = text }, CSPARK_E_BAD_PARAMETER, "_meta");
}

Test(envelope, needs_no_metadata)
{
	struct cspark_locator locator;
	struct cspark_execute execute = { .locator = &locator };
	struct cspark_request *request;

	cr_assert(cspark_locator_parse(bytes("f/s"), &locator, NULL));
	request = cspark_execute_request("t", &execute, NULL);
	cr_assert(request);
	cr_expect_str_eq(request->body, "{\"request_data\":{\"inputs\":{}},\"request_meta\":{" SINGLE "}}");
	cspark_request_free(request);
}

/* ---- raw */

Test(envelope, passes_a_raw_request_on_unchanged)
{
	struct cspark_request *request = cspark_raw_request(CSPARK_OP_EXECUTE_V3, false, "POST",
		bytes("/t/api/v3/x%2fy?z=1"), (struct cspark_bytes){ "a\0b", 3 }, "application/json");

	cr_assert(request);
	cr_expect_str_eq(request->path, "/t/api/v3/x%2fy?z=1");
	cr_expect_str_eq(request->method, "POST");
	cr_expect_eq(request->body_len, 3);
	cr_expect_eq(memcmp(request->body, "a\0b", 3), 0);
	cspark_request_free(request);
	request = cspark_raw_request(
		CSPARK_OP_EXECUTE_V4, true, "GET", bytes("/"), (struct cspark_bytes){ NULL, 0 }, NULL);
	cr_assert(request);
	cr_expect_null(request->body);
	cr_expect(request->is_public);
	cr_expect_null(request->content_type);
	cspark_request_free(request);
	cspark_request_free(NULL);
}

Test(envelope, copies_what_a_raw_request_with_a_file_says)
{
	char type[] = "multipart/form-data; boundary=x", method[] = "PUT";
	struct cspark_source source = { .fd = 7, .len = 3 };
	struct cspark_request *request =
		cspark_raw_file_request(CSPARK_OP_EXECUTE_V3, true, method, bytes("/t"), &source, type);

	cr_assert(request);
	type[0] = method[0] = '-';
	source = (struct cspark_source){ 0 };
	cr_expect_str_eq(request->content_type, "multipart/form-data; boundary=x");
	cr_expect_str_eq(request->method, "PUT");
	cr_expect_str_eq(request->path, "/t");
	cr_expect_null(request->body);
	cr_expect_eq(request->source->fd, 7);
	cr_expect_eq(request->source->len, 3);
	cr_expect(request->is_public);
	cspark_request_free(request);
}

/* ---- batches ---- */

static void
expect_batch(const char *more, const char *parameter, const char *value, const char *body)
{
	struct cspark_error error = { .detail = "" };
	struct cspark_locator locator;
	struct cspark_meta meta = { .more = bytes(more) };
	struct cspark_execute execute = {
		.api = CSPARK_V4, .locator = &locator, .meta = &meta, .opens_batch = true
	};
	struct cspark_request *request;

	cr_assert(cspark_locator_parse(bytes("f/s[1.2.3]"), &locator, &error));
	if (parameter)
		cr_assert(cspark_meta_set(&meta, cspark_meta_find(bytes(parameter)), bytes(value), &error));
	request = cspark_execute_request("my-tenant", &execute, &error);
	if (!body) {
		cr_assert_null(request);
		return;
	}
	cr_assert(request, "%s", error.detail);
	cr_assert_eq(request->operation, CSPARK_OP_BATCH_CREATE);
	cr_assert_str_eq(request->path, "/my-tenant/api/v4/batch");
	cr_assert_eq(request->body_len, strlen(body), "%.*s", (int)request->body_len, request->body);
	cr_assert_eq(memcmp(request->body, body, request->body_len), 0, "%.*s", (int)request->body_len,
		request->body);
	cspark_request_free(request);
}

Test(envelope, opens_a_batch_with_what_goes_with_a_list)
{
#define BATCH "\"service\":\"f/s[1.2.3]\","
	expect_batch(NULL, NULL, NULL,
		"{\"acceptable_error_percentage\":100," BATCH
		"\"call_purpose\":\"Async Batch Execution\",\"source_system\":\"csparkd\"}");
	expect_batch(NULL, "_outputs", "a,b",
		"{\"acceptable_error_percentage\":100," BATCH
		"\"call_purpose\":\"Async Batch Execution\",\"source_system\":\"csparkd\","
		"\"output\":\"a,b\"}");
	expect_batch("{\"acceptable_error_percentage\":5,\"max_workers\":50}", "_purpose", "Renewal",
		"{" BATCH "\"call_purpose\":\"Renewal\",\"source_system\":\"csparkd\","
		"\"acceptable_error_percentage\":5,\"max_workers\":50}");
	expect_batch(NULL, "_filter", "x", NULL);
	expect_batch("{\"service\":\"other\"}", NULL, NULL, NULL);
}
