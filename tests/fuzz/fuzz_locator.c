/*
 * Locators in both readings: whatever is accepted can be written into a path and into both
 * envelopes without anybody on the way reading something else.
 */
#include "base/buf.h"
#include "base/json.h"
#include "lib/bytes.h"
#include "lib/locator.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void
check_name(const char *name)
{
	FUZZ_REQUIRE(strlen(name) <= CSPARK_NAME_MAX, "too long: %s", name);
	FUZZ_REQUIRE(str_is_utf8(str_of(name)), "not UTF-8");
	FUZZ_REQUIRE(!str_has_control(str_of(name)), "a control");
}

/* Segments of unreserved characters and escapes; none of them would be resolved away. */
static void
check_path(struct str path)
{
	static const char GOOD[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%/";

	while (path.at) {
		struct str segment = str_cut(path, '/', &path);

		FUZZ_REQUIRE(segment.len > 0, "an empty segment");
		FUZZ_REQUIRE(!str_eq(segment, STR(".")) && !str_eq(segment, STR("..")), "a dot segment");
		for (size_t i = 0; i < segment.len; i++)
			FUZZ_REQUIRE(
				memchr(GOOD, segment.at[i], sizeof(GOOD) - 1), "%d in a path", segment.at[i]);
	}
}

static void
check_request(enum cspark_api api, const struct cspark_locator *locator)
{
	struct cspark_execute execute = { .api = api, .locator = locator };
	struct cspark_error error;
	struct cspark_request *request = cspark_execute_request("t", &execute, &error);

	FUZZ_REQUIRE(request || error.code == CSPARK_E_BAD_LOCATOR, "%s", error.detail);
	if (request) {
		check_path(str_of(request->path + 1));
		FUZZ_REQUIRE(json_valid(request->body, request->body_len, NULL), "%s", request->body);
	}
	cspark_request_free(request);
}

static void
check_locator(const struct cspark_locator *locator)
{
	check_name(locator->folder);
	check_name(locator->service);
	FUZZ_REQUIRE(locator->service[0], "no service");
	FUZZ_REQUIRE(cspark_version_is_sane(str_of(locator->version)), "version %s", locator->version);
	check_request(CSPARK_V3, locator);
	check_request(CSPARK_V4, locator);
}

/* What a path said is said again by the path that is made of it. */
static void
check_round_trip(const struct cspark_locator *locator)
{
	struct cspark_locator again;
	struct cspark_error error = { .detail = "" };
	struct buf path;

	buf_init(&path, 4096);
	cspark_locator_put_v3(locator, &path);
	if (locator->version[0]) {
		buf_put_str(&path, STR("%5B"));
		str_percent_encode(str_of(locator->version), &path);
		buf_put_str(&path, STR("%5D"));
	}
	FUZZ_REQUIRE(
		cspark_locator_from_path(bytes_of_str(buf_text(&path)), &again, &error), "%s", error.detail);
	FUZZ_REQUIRE(memcmp(locator, &again, sizeof(again)) == 0, "%.*s", STR_ARG(buf_text(&path)));
	buf_fini(&path);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cspark_bytes text = { (const char *)data, size };
	struct cspark_locator locator;
	struct cspark_error error;

	if (cspark_locator_parse(text, &locator, &error))
		check_locator(&locator);
	if (cspark_locator_from_path(text, &locator, &error)) {
		check_locator(&locator);
		check_round_trip(&locator);
	}
	return 0;
}
