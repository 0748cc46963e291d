#include "daemon/chunk.h"

#include <criterion/criterion.h>

#include "base/json_text.h"

static void
expect_halves(const char *list, bool has_names, size_t first, const char *a, const char *b)
{
	struct str text = str_of(list);
	size_t records = json_count(text) - has_names;
	struct buf got_a, got_b;

	buf_init(&got_a, 1000);
	buf_init(&got_b, 1000);
	cr_assert(chunk_halves(text, has_names, records, first, &got_a, &got_b));
	cr_expect(str_eq(buf_text(&got_a), str_of(a)), "%.*s", STR_ARG(buf_text(&got_a)));
	cr_expect(str_eq(buf_text(&got_b), str_of(b)), "%.*s", STR_ARG(buf_text(&got_b)));
	buf_fini(&got_a);
	buf_fini(&got_b);
}

Test(chunk, halves_a_list_of_objects)
{
	expect_halves("[{},{\"a\":[1,2]}]", false, 1, "[{}]", "[{\"a\":[1,2]}]");
	expect_halves("[{\"a\":\",]\"},{},{\"b\": 2 }]", false, 2, "[{\"a\":\",]\"},{}]", "[{\"b\": 2 }]");
	expect_halves("[{\"a\":\",]\"},{},{\"b\": 2 }]", false, 1, "[{\"a\":\",]\"}]", "[{},{\"b\": 2 }]");
}

Test(chunk, gives_both_halves_the_names)
{
	expect_halves("[[\"a\",\"b\"],[1,2],[3,4],[5,[6]]]", true, 1, "[[\"a\",\"b\"],[1,2]]",
		"[[\"a\",\"b\"],[3,4],[5,[6]]]");
	expect_halves("[[\"a\"],[1],[2]]", true, 1, "[[\"a\"],[1]]", "[[\"a\"],[2]]");
}

Test(chunk, says_when_there_is_no_room)
{
	struct buf a, b;

	buf_init(&a, 1000);
	buf_init(&b, 10);
	cr_expect_not(chunk_halves(STR("[{},{\"a\":12345}]"), false, 2, 1, &a, &b));
	buf_fini(&a);
	buf_fini(&b);
}

/* ---- rows ---- */

static void
expect_rows(const char *list, size_t count, const char *wanted)
{
	struct buf rows;

	buf_init(&rows, 65536);
	cr_assert_eq(chunk_rows(str_of(list), &rows), count, "%s", list);
	if (count > 0)
		cr_assert(str_eq(buf_text(&rows), str_of(wanted)), "%.*s", STR_ARG(buf_text(&rows)));
	buf_fini(&rows);
}

Test(chunk, makes_rows_of_objects)
{
	expect_rows("[{\"a\":1,\"b\":\"x\"},{\"a\":null,\"b\":2.50}]", 2,
		"[[\"a\",\"b\"],[1,\"x\"],[null,2.50]]");
	expect_rows(" [ { \"a\" : 1 } , { \"a\" : true } ] ", 2, "[[\"a\"],[1],[true]]");
}

Test(chunk, makes_rows_as_far_as_the_names_are_the_same)
{
	expect_rows("[{\"a\":1},{\"a\":2},{\"b\":3}]", 2, "[[\"a\"],[1],[2]]");
	expect_rows("[{\"a\":1},{\"a\":2,\"b\":3}]", 1, "[[\"a\"],[1]]");
	expect_rows("[{\"a\":1,\"b\":2},{\"a\":2}]", 1, "[[\"a\",\"b\"],[1,2]]");
	expect_rows("[{\"a\":1,\"b\":2},{\"b\":2,\"a\":1}]", 1, "[[\"a\",\"b\"],[1,2]]");
	expect_rows("[{\"a\":1},7]", 1, "[[\"a\"],[1]]");
}

Test(chunk, makes_no_rows_of_what_would_mean_something_else)
{
	static const char *const lists[] = { "[]", "[{}]", "[7]", "[[1]]", "[{\"a\":[1]}]", "[{\"a\":{}}]",
		"[{\"a\":1,\"a\":2}]" };

	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		expect_rows(lists[i], 0, NULL);
	expect_rows("[{\"a\":1},{\"a\":[1]}]", 1, "[[\"a\"],[1]]");
}

Test(chunk, limits_the_names_of_rows)
{
	struct buf list, rows;

	for (unsigned count = CHUNK_NAMES_MAX; count <= CHUNK_NAMES_MAX + 1; count++) {
		buf_init(&list, 1 << 20);
		buf_init(&rows, 1 << 20);
		for (unsigned i = 0; i < count; i++)
			buf_printf(&list, "%s\"%u\":1", i ? "," : "[{", i);
		buf_put_str(&list, STR("}]"));
		cr_assert_eq(chunk_rows(buf_text(&list), &rows), count == CHUNK_NAMES_MAX);
		buf_fini(&list);
		buf_fini(&rows);
	}
}

Test(chunk, fails_where_the_rows_have_no_room)
{
	struct buf rows;

	buf_init(&rows, 12);
	cr_assert_eq(chunk_rows(STR("[{\"a\":1},{\"a\":2},{\"a\":3}]"), &rows), 0);
	cr_assert(buf_failed(&rows));
	buf_fini(&rows);
}
