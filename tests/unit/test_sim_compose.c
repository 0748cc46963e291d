#include "sim/compose.h"

#include <criterion/criterion.h>

static void
expect(struct buf *out, struct str expected)
{
	cr_expect(str_eq(buf_text(out), expected), "%.*s, expected %.*s", STR_ARG(buf_text(out)),
		STR_ARG(expected));
	buf_fini(out);
}

Test(compose, quotes_what_is_text_and_splices_what_is_json)
{
	struct buf out;

	buf_init(&out, 1000);
	compose(&out, "{'a':%q,'b':%S,'c':%j,'d':'%s'}", "it's \"x\"", STR("y\n"), STR("[1,2]"), "raw");
	expect(&out, STR("{\"a\":\"it's \\\"x\\\"\",\"b\":\"y\\n\",\"c\":[1,2],\"d\":\"raw\"}"));
}

Test(compose, says_null_for_what_is_absent)
{
	static const struct str absent = { NULL, 0 };
	struct buf out;

	buf_init(&out, 1000);
	compose(&out, "[%q,%S,%j,%S]", NULL, absent, absent, str_of(""));
	expect(&out, STR("[null,null,null,\"\"]"));
}

Test(compose, writes_numbers_and_truth)
{
	struct buf out;

	buf_init(&out, 1000);
	compose(&out, "[%d,%u,%l,%z,%b,%b]", -1, 2u, -3000000000L, (size_t)4, true, false);
	expect(&out, STR("[-1,2,-3000000000,4,true,false]"));
}

Test(compose, writes_the_address_of_a_service)
{
	struct buf out;

	buf_init(&out, 1000);
	compose(&out, "[%U,%U]", "a\"", "b", NULL, "f", "s", "1.0.0");
	expect(&out, STR("[\"a\\\"/b\",\"f/s[1.0.0]\"]"));
}
