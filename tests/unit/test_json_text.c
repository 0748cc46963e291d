#include "base/json_text.h"

#include <criterion/criterion.h>

#include "base/buf.h"

static void
expect_str(struct str got, const char *want)
{
	if (want)
		cr_expect(got.at && str_eq(got, str_of(want)), "got <%.*s>, want <%s>", STR_ARG(got), want);
	else
		cr_expect_null(got.at);
}

Test(json_text, walks_an_object)
{
	struct json_walk walk;
	struct str key;
	struct str value;

	json_walk_init(&walk, STR(" { \"a\" : 1 ,\"b\":{\"x\":[\"}\"]}\n, \"c\\\"\" : \"d\\\\\" } "));
	cr_assert(json_walk_next(&walk, &key, &value));
	expect_str(key, "\"a\"");
	expect_str(value, "1");
	cr_assert(json_walk_next(&walk, &key, &value));
	expect_str(key, "\"b\"");
	expect_str(value, "{\"x\":[\"}\"]}");
	cr_assert(json_walk_next(&walk, &key, &value));
	expect_str(key, "\"c\\\"\"");
	expect_str(value, "\"d\\\\\"");
	cr_expect_not(json_walk_next(&walk, &key, &value));
	cr_expect_not(json_walk_next(&walk, &key, &value));
}

Test(json_text, walks_an_array)
{
	static const char *const values[] = { "1", "-2.5e3", "true", "null", "[]", "[[1],{}]", "\"a,b\"" };
	struct json_walk walk;
	struct str key;
	struct str value;

	json_walk_init(&walk, STR("[1, -2.5e3 ,true,null,\t[],[[1],{}],\"a,b\"]"));
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
		cr_assert(json_walk_next(&walk, &key, &value));
		cr_expect_eq(key.len, 0);
		expect_str(value, values[i]);
	}
	cr_expect_not(json_walk_next(&walk, &key, &value));
}

Test(json_text, finds_nothing_to_walk_in_scalars_and_empty_containers)
{
	static const char *const texts[] = { "", " ", "1", "\"[1]\"", "[]", "{ }", " [ ] ", NULL };
	struct str value;

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct json_walk walk;

		json_walk_init(&walk, str_of(texts[i]));
		cr_expect_not(json_walk_next(&walk, NULL, &value), "<%s>", texts[i]);
	}
}

Test(json_text, finds_the_last_member_of_a_name)
{
	struct str object = STR("{\"a\":1,\"b\":2,\"\\u0061\":3,\"c\":{\"a\":4}}");

	expect_str(json_member(object, STR("a")), "3");
	expect_str(json_member(object, STR("b")), "2");
	expect_str(json_member(object, STR("d")), NULL);
	expect_str(json_member(STR("[\"a\"]"), STR("a")), NULL);
	expect_str(json_member(str_of(NULL), STR("a")), NULL);
}

Test(json_text, follows_a_path)
{
	struct str text = STR("{\"response_data\":{\"outputs\":{\"volume\":113.097}},\"x\":1}");

	expect_str(json_path(text, "response_data.outputs.volume"), "113.097");
	expect_str(json_path(text, "response_data.outputs"), "{\"volume\":113.097}");
	expect_str(json_path(text, "response_data.nothing.volume"), NULL);
	expect_str(json_path(text, "x.y"), NULL);
}

Test(json_text, counts_elements)
{
	cr_expect_eq(json_count(STR("[]")), 0);
	cr_expect_eq(json_count(STR("[1,[2,3],{\"a\":[4,5]}]")), 3);
	cr_expect_eq(json_count(STR("{\"a\":1}")), 0);
	cr_expect_eq(json_count(STR("17")), 0);
}

Test(json_text, knows_kinds_by_the_first_byte)
{
	static const struct {
		const char *text;
		enum json_kind kind;
	} kinds[] = {
		{ " {", JSON_OBJECT },
		{ "[", JSON_ARRAY },
		{ "\"x\"", JSON_STRING },
		{ "-1", JSON_NUMBER },
		{ "9", JSON_NUMBER },
		{ "true", JSON_TRUE },
		{ "\n\tfalse", JSON_FALSE },
		{ "null", JSON_NULL },
		{ "", JSON_NULL },
		{ "x", JSON_NULL },
	};

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		cr_expect_eq(json_kind_of(str_of(kinds[i].text)), kinds[i].kind, "<%s>", kinds[i].text);
	cr_expect(json_is_null(str_of(NULL)));
	cr_expect(json_is_null(STR(" null")));
	cr_expect_not(json_is_null(STR("0")));
}

Test(json_text, compares_what_strings_mean)
{
	cr_expect(json_string_is(STR("\"abc\""), STR("abc")));
	cr_expect(json_string_is(STR("\"\""), STR("")));
	cr_expect(json_string_is(STR("\"a\\/\\u00e9\\ud83d\\ude00\""), STR("a/\xc3\xa9\xf0\x9f\x98\x80")));
	cr_expect_not(json_string_is(STR("\"abc\""), STR("abcd")));
	cr_expect_not(json_string_is(STR("\"abcd\""), STR("abc")));
	cr_expect_not(json_string_is(STR("abc"), STR("b")));
	cr_expect_not(json_string_is(STR("\""), STR("")));
	cr_expect_not(json_string_is(str_of(NULL), STR("")));
	cr_expect_not(json_string_is(STR("\"\\q\""), STR("q")));
	cr_expect(json_string_is(STR("\"\\\\\""), STR("\\")));
	cr_expect_not(
		json_string_is(STR("\"\\\\\""), STR("\\\\")), "the bytes are alike, the meaning is not");
	cr_expect(json_string_is(STR("\"\""), str_of(NULL)));
}

static void
expect_unquoted(const char *raw, struct str want)
{
	struct buf out;

	buf_init(&out, 1000);
	cr_expect(json_unquote(str_of(raw), &out), "%s", raw);
	cr_expect(str_eq(buf_text(&out), want), "%s gives <%.*s>", raw, STR_ARG(buf_text(&out)));
	buf_fini(&out);
}

Test(json_text, resolves_escapes)
{
	expect_unquoted("\"\"", STR(""));
	expect_unquoted("\"plain\"", STR("plain"));
	expect_unquoted("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", STR("\"\\/\b\f\n\r\t"));
	expect_unquoted(
		"\"x\\u0041\\u00E9\\u20ac\\ud83d\\uDE00y\"", STR("xA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80y"));
	expect_unquoted("\"\\u0000\"", STR("\0"));
}

Test(json_text, replaces_lone_surrogates)
{
	expect_unquoted("\"\\ud800\"", STR("\xef\xbf\xbd"));
	expect_unquoted("\"\\udc00x\"", STR("\xef\xbf\xbdx"));
	expect_unquoted("\"\\ud800\\ud800\\udc00\"", STR("\xef\xbf\xbd\xf0\x90\x80\x80"));
	expect_unquoted("\"\\ud800\\u005a\"", STR("\xef\xbf\xbdZ"));
	expect_unquoted("\"\\ud800\\n\"", STR("\xef\xbf\xbd\n"));
}

Test(json_text, unquotes_nothing_but_strings)
{
	static const char *const bad[] = { "", "1", "\"", "abc", "\"abc", "\"\\\"", "\"\\x\"", "\"\\u12\"" };
	struct buf out;

	buf_init(&out, 100);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		cr_expect_not(json_unquote(str_of(bad[i]), &out), "<%s>", bad[i]);
	buf_fini(&out);
}

static void
expect_quoted(struct str text, const char *want)
{
	struct buf out;

	buf_init(&out, 1000);
	json_quote(text, &out);
	expect_str(buf_text(&out), want);
	cr_expect(json_valid(out.data, out.len, NULL), "%s", want);
	buf_fini(&out);
}

Test(json_text, quotes)
{
	expect_quoted(str_of(NULL), "\"\"");
	expect_quoted(STR("a\"b\\c/\b\f\n\r\t"), "\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\"");
	expect_quoted(str_range("\0\x1f\x7f", 3), "\"\\u0000\\u001f\x7f\"");
	expect_quoted(STR("caf\xc3\xa9 \xf0\x9f\x98\x80"), "\"caf\xc3\xa9 \xf0\x9f\x98\x80\"");
	expect_quoted(STR("y\xffz\xc3"), "\"y\xef\xbf\xbdz\xef\xbf\xbd\"");
	expect_quoted(STR("a long run of plain text without an escape\n"),
		"\"a long run of plain text without an escape\\n\"");
}

Test(json_text, tells_scalar_literals)
{
	static const char *const good[] = { "3", "-1.5e3", "true", "false", "null", "\"3\"", "\"a b\"", "0" };
	static const char *const bad[] = { "", " 3", "3 ", "03", "1.", "True", "abc", "{}", "[1]", "\"a",
		"a\"", "3,4", "NaN", "+1", "\"a\"\"b\"" };

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		cr_expect(json_is_scalar(str_of(good[i])), "<%s>", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		cr_expect_not(json_is_scalar(str_of(bad[i])), "<%s>", bad[i]);
}

/* All texts of up to six of the bytes that numbers consist of, and one that ends a scan. */
Test(json_text, takes_for_a_number_what_the_scanner_takes)
{
	static const char alphabet[] = "-+01.eE ";
	char text[6];

	for (unsigned code = 0; code < 1u << 18; code++) {
		for (unsigned i = 0; i < sizeof text; i++)
			text[i] = alphabet[code >> 3 * i & 7];
		for (size_t len = 1; len <= sizeof text; len++) {
			struct str number = str_range(text, len);
			bool blank = text[0] == ' ' || text[len - 1] == ' ';

			if (json_is_scalar(number) != (!blank && json_valid(text, len, NULL)))
				cr_assert_fail("<%.*s>", STR_ARG(number));
		}
	}
}

/* Every cut of a text is read within its bounds: the copy ends where the memory ends. */
Test(json_text, stays_in_bounds_on_broken_text)
{
	static const char text[] =
		"{\"a\\u0041\\\\\" : [1, {\"b\":\"\\ud83d\\ude00\"}], \"c\":\"a long enough string, twice\"}";

	for (size_t len = 0; len < sizeof text; len++) {
		char *copy = malloc(len ? len : 1);
		struct json_walk walk;
		struct str key;
		struct str value;

		memcpy(copy, text, len);
		json_walk_init(&walk, str_range(copy, len));
		while (json_walk_next(&walk, &key, &value))
			cr_expect(value.at >= copy && value.at + value.len <= copy + len);
		free(copy);
	}
}
