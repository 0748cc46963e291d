#include "base/str.h"

#include <criterion/criterion.h>

#include "base/buf.h"

static struct str
decoded(struct buf *out, const char *text, bool form)
{
	buf_init(out, 1000);
	cr_expect(str_percent_decode(str_of(text), form, out), "<%s>", text);
	return buf_text(out);
}

Test(str, compares)
{
	cr_expect(str_eq(STR("abc"), str_range("abcd", 3)));
	cr_expect_not(str_eq(STR("abc"), STR("abcd")));
	cr_expect(str_eq(STR(""), str_of(NULL)));
	cr_expect(str_eq_nocase(STR("Content-TYPE"), STR("content-type")));
	cr_expect_not(str_eq_nocase(STR("a@"), STR("a`")), "only letters fold");
	cr_expect(str_starts(STR("abc"), STR("ab")));
	cr_expect(str_starts(STR("abc"), STR("")));
	cr_expect_not(str_starts(STR("ab"), STR("abc")));
	cr_expect(str_ends(STR("abc"), STR("bc")));
	cr_expect(str_ends(STR(""), STR("")));
	cr_expect_not(str_ends(STR("bc"), STR("abc")));
}

Test(str, trims_blanks_at_both_ends)
{
	cr_expect(str_eq(str_trim(STR(" \t a b\t ")), STR("a b")));
	cr_expect(str_eq(str_trim(STR(" \t ")), STR("")));
	cr_expect(str_eq(str_trim(STR("\na")), STR("\na")));
	cr_expect(str_eq(str_trim(str_of(NULL)), STR("")));
}

Test(str, cuts_at_the_first_separator)
{
	struct str rest = STR("a=b=c");

	cr_expect(str_eq(str_cut(rest, '=', &rest), STR("a")));
	cr_expect(str_eq(rest, STR("b=c")));
	cr_expect(str_eq(str_cut(STR("a="), '=', &rest), STR("a")));
	cr_expect_not_null(rest.at);
	cr_expect_eq(rest.len, 0);
	cr_expect(str_eq(str_cut(STR("a"), '=', &rest), STR("a")));
	cr_expect_null(rest.at);
}

Test(str, finds_a_byte)
{
	cr_expect_eq(str_find(STR("abc"), 'c'), 2);
	cr_expect_eq(str_find(STR("abc"), 'd'), -1);
	cr_expect_eq(str_find(str_of(NULL), 'd'), -1);
}

Test(str, reads_decimal_numbers_strictly)
{
	static const char *const bad[] = { "", "-1", "+1", " 1", "1 ", "0x1", "1.0", "18446744073709551616",
		"99999999999999999999" };
	uint64_t value = 7;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		cr_expect_not(str_to_u64(str_of(bad[i]), UINT64_MAX, &value), "<%s>", bad[i]);
	cr_expect_eq(value, 7, "untouched when refused");
	cr_expect(str_to_u64(STR("18446744073709551615"), UINT64_MAX, &value));
	cr_expect_eq(value, UINT64_MAX);
	cr_expect(str_to_u64(STR("007"), 7, &value));
	cr_expect_eq(value, 7);
	cr_expect_not(str_to_u64(STR("8"), 7, &value));
	cr_expect(str_to_u64(STR("100"), 100, &value));
	cr_expect_not(str_to_u64(STR("101"), 100, &value));
	cr_expect(str_to_u64(STR("0"), 0, &value));
	cr_expect_eq(value, 0);
}

Test(str, knows_utf8)
{
	cr_expect(str_is_utf8(STR("caf\xc3\xa9 \xf0\x9f\x98\x80")));
	cr_expect(str_is_utf8(str_of(NULL)));
	cr_expect_not(str_is_utf8(STR("a\xc3")));
	cr_expect_not(str_is_utf8(STR("\xc0\x80")));
	cr_expect_not(str_is_utf8(STR("\xed\xa0\x80")));
}

Test(str, knows_control_bytes)
{
	cr_expect(str_has_control(STR("a\r")));
	cr_expect(str_has_control(STR("a\x7f")));
	cr_expect(str_has_control(str_range("a\0b", 3)));
	cr_expect_not(str_has_control(STR("a \xc3\xa9~")));
	cr_expect_not(str_has_control(STR("a longer text, \x80\xa0\xff and a tilde ~")));
	for (unsigned at = 0; at < 20; at++)
		for (unsigned byte = 0; byte < 256; byte++) {
			char text[] = "twenty bytes of text";

			text[at] = (char)byte;
			cr_expect_eq(str_has_control(str_range(text, 20)), byte < 0x20 || byte == 0x7f);
		}
}

Test(str, decodes_percents_once)
{
	struct buf out;

	cr_expect(str_eq(decoded(&out, "a%20b%2Fc%2f+", false), STR("a b/c/+")));
	buf_fini(&out);
	cr_expect(str_eq(decoded(&out, "a+b%2B", true), STR("a b+")));
	buf_fini(&out);
	cr_expect(str_eq(decoded(&out, "%2541", false), STR("%41")));
	buf_fini(&out);
	cr_expect(str_eq(decoded(&out, "%00", false), str_range("\0", 1)));
	buf_fini(&out);
}

Test(str, refuses_bad_escapes)
{
	static const char *const bad[] = { "%", "%4", "a%", "%g0", "%0g", "%%41", "% 1" };
	struct buf out;

	buf_init(&out, 100);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		cr_expect_not(str_percent_decode(str_of(bad[i]), false, &out), "<%s>", bad[i]);
	buf_fini(&out);
}

Test(str, encodes_all_but_unreserved)
{
	struct buf out;

	buf_init(&out, 100);
	str_percent_encode(STR("aZ09-._~ /%+\xc3\xa9"), &out);
	cr_expect(str_eq(buf_text(&out), STR("aZ09-._~%20%2F%25%2B%C3%A9")));
	buf_fini(&out);
}

Test(str, compares_secrets)
{
	cr_expect(str_eq_constant_time(STR("secret"), STR("secret")));
	cr_expect_not(str_eq_constant_time(STR("secret"), STR("secreT")));
	cr_expect_not(str_eq_constant_time(STR("secret"), STR("secre")));
	cr_expect_not(str_eq_constant_time(STR("secret"), STR("")));
	cr_expect_not(str_eq_constant_time(STR(""), STR("x")));
	cr_expect(str_eq_constant_time(STR(""), str_of(NULL)));
}
