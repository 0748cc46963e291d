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
