#include "sim/limits.h"

#include "base/buf.h"

#include <criterion/criterion.h>

#include <string.h>

Test(limits, are_read_by_name)
{
	struct limits usual, limits;

	limits_init(&usual);
	limits_init(&limits);
	cr_expect(limits_read(&limits, &usual, STR("{\"per_record_ms\":0.5,\"queue\":-1,\"rate\":\"7\"}")));
	cr_expect_eq(limit_get(&limits, LIMIT_per_record_ms), 0.5);
	cr_expect_eq(limit_get(&limits, LIMIT_rate), 7);
	cr_expect(limits_read(&limits, &usual, STR("{\"rate\":null}")));
	cr_expect_eq(limit_get(&limits, LIMIT_rate), 0);
	cr_expect_eq(limit_get(&limits, LIMIT_per_record_ms), 0.5);
}

Test(limits, are_all_set_or_none)
{
	static const char *const bad[] = { "{\"rate\":1,\"moon\":1}", "{\"rate\":1,\"burst\":\"x\"}",
		"{\"rate\":1,\"burst\":-2}", "{\"rate\":1,\"burst\":[1]}", "{\"rate\":1,\"burst\":1e13}" };
	struct limits usual, limits;
	size_t i;

	limits_init(&usual);
	limits_init(&limits);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_not(limits_read(&limits, &usual, str_of(bad[i])), "%s", bad[i]);
	cr_expect_eq(limit_get(&limits, LIMIT_rate), 0);
}

Test(limits, have_names)
{
	struct limits limits;
	struct buf text;

	limits_init(&limits);
	buf_init(&text, 4096);
	limits_put_json(&limits, &text);
	cr_expect(str_starts(buf_text(&text), STR("{\"per_call_ms\":0,")));
	cr_expect(memmem(text.data, text.len, "\"call_limit_ms\":55000", 21));
	cr_expect_eq(limit_find(STR("rate")), LIMIT_rate);
	cr_expect_eq(limit_find(STR("rat")), LIMIT_COUNT);
	buf_fini(&text);
}

Test(limits, tell_how_long_a_call_takes)
{
	struct limits limits;

	limits_init(&limits);
	cr_expect_eq(limits_call_ms(&limits, 1000), 0);
	limit_set(&limits, LIMIT_per_call_ms, 50);
	limit_set(&limits, LIMIT_per_record_ms, 0.5);
	cr_expect_eq(limits_call_ms(&limits, 100), 100);
}
