/*
 * Envelopes around unchecked texts: what comes out is one JSON text with the members that belong
 * there, whatever went in. The input is cut at NUL bytes into inputs, _meta, request_meta, _purpose.
 */
#include "base/json_text.h"
#include "lib/bytes.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static struct cspark_bytes
next_part(struct str *rest)
{
	struct str part = rest->at ? str_cut(*rest, '\0', rest) : *rest;

	return part.len ? bytes_of_str(part) : (struct cspark_bytes){ NULL, 0 };
}

static size_t
count_members(struct str object)
{
	struct json_walk walk;
	struct str key, value;
	size_t count = 0;

	json_walk_init(&walk, object);
	while (json_walk_next(&walk, &key, &value))
		count++;
	return count;
}

/* The top level is what this library writes; nothing spliced can add to it. */
static void
check_v3(struct str body, struct cspark_bytes inputs)
{
	struct str sent = json_path(body, "request_data.inputs");

	FUZZ_REQUIRE(json_member(body, STR("request_meta")).at, "no request_meta");
	FUZZ_REQUIRE(json_kind_of(sent) == JSON_OBJECT, "inputs are no object");
	FUZZ_REQUIRE(!inputs.at || memmem(inputs.at, inputs.len, sent.at, sent.len),
		"the inputs are not the caller's");
	FUZZ_REQUIRE(count_members(body) == 2, "the envelope has %zu members", count_members(body));
}

static void
check(enum cspark_api api, struct cspark_bytes inputs, const struct cspark_meta *meta)
{
	struct cspark_locator locator = { .folder = "f", .service = "s" };
	struct cspark_execute execute = { .api = api, .locator = &locator, .meta = meta, .inputs = inputs };
	struct cspark_error error = { .detail = "" };
	struct cspark_request *request = cspark_execute_request("t", &execute, &error);

	if (!request) {
		FUZZ_REQUIRE(error.code == CSPARK_E_BAD_JSON || error.code == CSPARK_E_BAD_PARAMETER, "%s",
			error.detail);
		return;
	}
	FUZZ_REQUIRE(json_valid(request->body, request->body_len, NULL), "%s", request->body);
	if (api == CSPARK_V3)
		check_v3(str_range(request->body, request->body_len), inputs);
	cspark_request_free(request);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size };
	struct cspark_bytes inputs = next_part(&rest);
	struct cspark_meta meta = { .more = next_part(&rest), .own = next_part(&rest) };
	struct cspark_bytes purpose = next_part(&rest);

	if (purpose.at && !cspark_meta_set(&meta, CSPARK_META_PURPOSE, purpose, NULL))
		return 0;
	check(CSPARK_V3, inputs, &meta);
	check(CSPARK_V4, inputs, &meta);
	return 0;
}
