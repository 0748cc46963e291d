/* Queries and Accept headers: what is collected is one valid JSON object. The first byte selects the
 * method; the first line is the query. */
#include <string.h>

#include "base/json.h"
#include "base/json_text.h"
#include "daemon/control.h"
#include "tests/fuzz/fuzz.h"

static void
require_object(struct str text)
{
	FUZZ_REQUIRE(json_valid(text.at, text.len, NULL) && json_kind_of(text) == JSON_OBJECT, "%.*s",
		STR_ARG(text));
}

static void
check_control(const struct control *control, bool inputs_allowed)
{
	FUZZ_REQUIRE(inputs_allowed || !control->inputs.at, "inputs beside a body");
	if (control->inputs.at)
		require_object(control->inputs);
	if (control->meta.more.at)
		require_object(str_range(control->meta.more.at, control->meta.more.len));
	FUZZ_REQUIRE(control->timeout_ms <= CONTROL_TIMEOUT_MAX_MS, "a long time-out");
	FUZZ_REQUIRE(control->format == FORMAT_JSON || !control->shape_given, "a shape for another format");
}

static void
check_form(struct str form)
{
	struct cspark_error error;
	struct buf object;

	buf_init(&object, 1 << 20);
	if (control_form_object(form, &object, &error))
		require_object(buf_text(&object));
	buf_fini(&object);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cspark_error error = { .detail = "" };
	struct control control;
	struct arena arena;
	struct str query, accept;

	if (size < 1)
		return 0;
	query = str_cut(str_range((const char *)data + 1, size - 1), '\n', &accept);
	arena_init(&arena, 1 << 20);
	if (control_read(query, accept, data[0] & 1, data[0] & 2, &arena, &control, &error))
		check_control(&control, data[0] & 1);
	else
		FUZZ_REQUIRE(error.detail[0] != '\0', "no reason is given");
	check_form(query);
	arena_fini(&arena);
	return 0;
}
