/*
 * Answers of Spark: whatever JSON it is, every shape of it is JSON again; and a complaint made of
 * any bytes is one line of text.
 */
#include "base/json.h"
#include "base/str.h"
#include "lib/cspark.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void
check_slice(struct cspark_bytes slice)
{
	FUZZ_REQUIRE(!slice.at || json_valid(slice.at, slice.len, NULL), "a slice is no JSON: %.*s",
		(int)slice.len, slice.at);
}

static void
check_shapes(const struct cspark_answer *answer, struct cspark_bytes body)
{
	for (int shape = CSPARK_SIMPLE; shape <= CSPARK_ORIGINAL; shape++) {
		size_t len;
		char *text = cspark_answer_text(answer, body, (enum cspark_shape)shape, &len);

		FUZZ_REQUIRE(text, "no text for shape %d", shape);
		FUZZ_REQUIRE(json_valid(text, len, NULL), "shape %d: %s", shape, text);
		free(text);
	}
}

static void
check_answer(enum cspark_api api, struct cspark_bytes body)
{
	struct cspark_answer answer;

	if (!cspark_answer_read(api, body, &answer))
		return;
	check_slice(answer.outputs);
	check_slice(answer.errors);
	check_slice(answer.error);
	check_slice(answer.inputs);
	check_slice(answer.request_timestamp);
	check_shapes(&answer, body);
}

static void
check_complaint(struct cspark_bytes body, size_t size)
{
	char text[256];

	memset(text, 'x', sizeof(text));
	cspark_answer_complaint(body, text, size);
	FUZZ_REQUIRE(strnlen(text, size) < size, "not terminated");
	FUZZ_REQUIRE(str_is_utf8(str_of(text)), "not UTF-8");
	FUZZ_REQUIRE(!str_has_control(str_of(text)), "a control");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cspark_bytes body = { (const char *)data, size };

	check_complaint(body, 256);
	check_complaint(body, size % 16 + 1);
	if (json_valid(body.at, body.len, NULL)) {
		check_answer(CSPARK_V3, body);
		check_answer(CSPARK_V4, body);
	}
	return 0;
}
