#include "base/json.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "base/buf.h"

#define KINDS "nft1\"[{" /* a letter for each enum json_kind */

/* A mark as text: "<kind depth begin" for a begin, '>' for an end, '=' for a name. */
static bool
note_mark(void *arg, const struct json_mark *mark)
{
	static const char events[] = "<>=";

	return buf_printf(arg, "%c%c%u %u-%u ", events[mark->event], KINDS[mark->kind], mark->depth,
		(unsigned)mark->begin, (unsigned)mark->offset);
}

static enum json_status
scan_split(const char *text, size_t split, unsigned to_depth, struct buf *ret_marks,
	struct json_error *ret_error)
{
	struct json_scan scan;
	enum json_status status;

	buf_clear(ret_marks);
	json_scan_init(&scan, to_depth, note_mark, ret_marks);
	json_scan_feed(&scan, text, split);
	json_scan_feed(&scan, text + split, strlen(text) - split);
	status = json_scan_end(&scan);
	json_scan_error(&scan, ret_error);
	return status;
}

/* The marks are these, wherever the text is cut. */
static void
expect_marks(const char *text, unsigned to_depth, const char *marks)
{
	struct buf got;
	struct json_error error;

	buf_init(&got, 100000);
	for (size_t split = 0; split <= strlen(text); split++) {
		cr_expect_eq(scan_split(text, split, to_depth, &got, &error), JSON_DONE);
		cr_expect(str_eq(buf_text(&got), str_of(marks)), "<%s> cut at %zu: got  %.*s\nwant %s", text,
			split, STR_ARG(buf_text(&got)), marks);
	}
	buf_fini(&got);
}

/* Refused here and for this reason, wherever the text is cut. */
static void
expect_error(const char *text, unsigned line, unsigned column, const char *reason)
{
	struct buf marks;
	struct json_error error;

	buf_init(&marks, 100000);
	for (size_t split = 0; split <= strlen(text); split++) {
		cr_expect_eq(
			scan_split(text, split, 1, &marks, &error), JSON_BAD, "<%s> cut at %zu", text, split);
		cr_expect(error.line == line && error.column == column, "<%s> cut at %zu: %u:%u", text, split,
			(unsigned)error.line, (unsigned)error.column);
		cr_expect(strstr(error.reason, reason), "<%s> cut at %zu: %s", text, split, error.reason);
	}
	buf_fini(&marks);
}

Test(json, marks_a_scalar)
{
	expect_marks(" 12 ", 0, "<10 1-1 >10 1-3 ");
	expect_marks("12", 0, "<10 0-0 >10 0-2 ");
	expect_marks("-0.5e+10", 0, "<10 0-0 >10 0-8 ");
	expect_marks("\"a\\u00e9\\n\"\n", 0, "<\"0 0-0 >\"0 0-11 ");
	expect_marks("true", 3, "<t0 0-0 >t0 0-4 ");
	expect_marks(" null", 0, "<n0 1-1 >n0 1-5 ");
	expect_marks("false ", 0, "<f0 0-0 >f0 0-5 ");
}

Test(json, marks_members_and_elements_at_depth_one)
{
	expect_marks("{\"a\" : 1, \"b\":[2,3]}", 1,
		"<{0 0-0 =\"1 1-4 <11 7-7 >11 7-8 =\"1 10-13 <[1 14-14 >[1 14-19 >{0 0-20 ");
	expect_marks("[1,{\"a\":[]} , \"x\"]", 1,
		"<[0 0-0 <11 1-1 >11 1-2 <{1 3-3 >{1 3-11 <\"1 14-14 >\"1 14-17 >[0 0-18 ");
	expect_marks("[]", 1, "<[0 0-0 >[0 0-2 ");
	expect_marks("{ }", 1, "<{0 0-0 >{0 0-3 ");
}

Test(json, marks_nothing_below_the_depth_asked_for)
{
	expect_marks("{\"a\":{\"b\":[1]}}", 0, "<{0 0-0 >{0 0-15 ");
	expect_marks("[[[1]]]", 2, "<[0 0-0 <[1 1-1 <[2 2-2 >[2 2-5 >[1 1-6 >[0 0-7 ");
}

Test(json, marks_down_to_seven)
{
	expect_marks("[[[[[[[[[]]]]]]]]]", 7,
		"<[0 0-0 <[1 1-1 <[2 2-2 <[3 3-3 <[4 4-4 <[5 5-5 <[6 6-6 <[7 7-7 "
		">[7 7-11 >[6 6-12 >[5 5-13 >[4 4-14 >[3 3-15 >[2 2-16 >[1 1-17 >[0 0-18 ");
}

Test(json, says_where_and_why)
{
	expect_error("", 1, 1, "empty");
	expect_error(" \n ", 2, 2, "empty");
	expect_error("{\"a\":1\n \"b\":2}", 2, 2, "expected ',' or '}' after a member");
	expect_error("[1 2]", 1, 4, "expected ',' or ']' after an element");
	expect_error("{\"a\" 1}", 1, 6, "expected ':'");
	expect_error("{'a':1}", 1, 2, "double quotes");
	expect_error("{\"a\":1,}", 1, 8, "member name");
	expect_error("[1,]", 1, 4, "expected a value");
	expect_error("[NaN]", 1, 2, "expected a value");
	expect_error("[nul]", 1, 5, "true, false or null");
	expect_error("tru", 1, 4, "true, false or null");
	expect_error("[01]", 1, 3, "superfluous 0");
	expect_error("[-01]", 1, 4, "superfluous 0");
	expect_error("[-]", 1, 3, "after '-'");
	expect_error("[1.]", 1, 4, "after the decimal point");
	expect_error("1.", 1, 3, "after the decimal point");
	expect_error("[1e+]", 1, 5, "exponent");
	expect_error("[1e]", 1, 4, "exponent");
	expect_error("[.5]", 1, 2, "expected a value");
	expect_error("[+1]", 1, 2, "expected a value");
	expect_error("[\"\t\"]", 1, 3, "control character");
	expect_error("\"\\x\"", 1, 3, "unknown escape");
	expect_error("\"\\u12g4\"", 1, 6, "four hexadecimal digits");
	expect_error("\"abc", 1, 5, "inside a string");
	expect_error("\"abc\\", 1, 6, "inside a string");
	expect_error("{\"a\":1", 1, 7, "inside an object");
	expect_error("[1", 1, 3, "inside an array");
	expect_error("{}\n\n}", 3, 1, "follows the end");
	expect_error("1 2", 1, 3, "follows the end");
	expect_error("\xef\xbb\xbf{}", 1, 1, "byte-order mark");
	expect_error("[1]\f", 1, 4, "follows the end");
}

Test(json, refuses_bad_utf8_at_the_byte_that_is_bad)
{
	expect_error("\"a\x80\"", 1, 3, "UTF-8");
	expect_error("\"\xc3\"", 1, 3, "UTF-8");
	expect_error("\"\xc0\xaf\"", 1, 2, "UTF-8");
	expect_error("\"\xe0\x80\xaf\"", 1, 3, "UTF-8");
	expect_error("\"\xed\xa0\x80\"", 1, 3, "UTF-8");
	expect_error("\"\xf4\x90\x80\x80\"", 1, 3, "UTF-8");
	expect_error("\"\xc3\xa9\xff\"", 1, 4, "UTF-8");
	expect_error("{\"\xff\":1}", 1, 3, "UTF-8");
	expect_marks("\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z\xc3\xa9\"", 0, "<\"0 0-0 >\"0 0-14 ");
}

Test(json, refuses_a_nul_anywhere)
{
	cr_expect_not(json_valid("1\0", 2, NULL));
	cr_expect_not(json_valid("[\0]", 3, NULL));
	cr_expect_not(json_valid("\"\0\"", 3, NULL));
	cr_expect_not(json_valid("\0", 1, NULL));
}

Test(json, takes_escaped_lone_surrogates)
{
	cr_expect(json_valid("\"\\ud800\"", 8, NULL));
	cr_expect(json_valid("\"\\u0000\"", 8, NULL));
}

static bool
valid_nest(unsigned depth, char open, char close)
{
	struct buf text;
	bool valid;

	buf_init(&text, 100000);
	for (unsigned i = 0; i < depth; i++)
		buf_put_str(&text, open == '[' ? STR("[") : STR("{\"a\":"));
	if (open == '{')
		buf_put_char(&text, '1');
	for (unsigned i = 0; i < depth; i++)
		buf_put_char(&text, close);
	valid = json_valid(text.data, text.len, NULL);
	buf_fini(&text);
	return valid;
}

Test(json, nests_to_its_limit_and_no_deeper)
{
	cr_expect(valid_nest(JSON_MAX_DEPTH, '[', ']'));
	cr_expect(valid_nest(JSON_MAX_DEPTH, '{', '}'));
	cr_expect_not(valid_nest(JSON_MAX_DEPTH + 1, '[', ']'));
	cr_expect_not(valid_nest(JSON_MAX_DEPTH + 1, '{', '}'));
	cr_expect_not(valid_nest(3, '[', '}'));
}

Test(json, tells_its_state_after_every_piece)
{
	struct json_scan scan;

	json_scan_init(&scan, 0, NULL, NULL);
	cr_expect_eq(json_scan_feed(&scan, NULL, 0), JSON_MORE);
	cr_expect_eq(json_scan_feed(&scan, "[1", 2), JSON_MORE);
	cr_expect_eq(json_scan_feed(&scan, "]", 1), JSON_DONE);
	cr_expect_eq(json_scan_feed(&scan, " \n", 2), JSON_DONE);
	cr_expect_eq(json_scan_feed(&scan, "x", 1), JSON_BAD);
	cr_expect_eq(json_scan_feed(&scan, " ", 1), JSON_BAD);
	cr_expect_eq(json_scan_end(&scan), JSON_BAD);
	cr_expect_eq(scan.offset, 5);
	json_scan_init(&scan, 0, NULL, NULL);
	cr_expect_eq(json_scan_feed(&scan, "12", 2), JSON_MORE, "more digits may come");
	cr_expect_eq(json_scan_end(&scan), JSON_DONE);
}

static bool
stop_at(void *arg, const struct json_mark *mark)
{
	unsigned *left = arg;

	(void)mark;
	return (*left)-- > 0;
}

Test(json, stops_when_told)
{
	static const char text[] = "{\"a\":[1,\"x\"]}";

	for (unsigned marks = 0; marks < 9; marks++) {
		struct json_scan scan;
		unsigned left = marks;

		json_scan_init(&scan, 2, stop_at, &left);
		cr_expect_eq(json_scan_feed(&scan, text, strlen(text)), JSON_STOPPED, "after %u", marks);
		cr_expect_eq(json_scan_feed(&scan, " ", 1), JSON_STOPPED);
		cr_expect_eq(json_scan_end(&scan), JSON_STOPPED);
	}
}

Test(json, stops_at_the_end_of_a_bare_number)
{
	struct json_scan scan;
	unsigned left = 1;

	json_scan_init(&scan, 0, stop_at, &left);
	cr_expect_eq(json_scan_feed(&scan, "12", 2), JSON_MORE);
	cr_expect_eq(json_scan_end(&scan), JSON_STOPPED);
}

/* Long runs exercise the sixteen-byte steps; the one odd byte is put at every position of them. */
Test(json, sees_an_odd_byte_at_every_position_of_a_long_string)
{
	static const struct {
		char byte;
		const char *reason;
	} odd[] = {
		{ '\n', "control" },
		{ '\x1f', "control" },
		{ '\xff', "UTF-8" },
		{ '"', "expected" },
		{ '\\', "escape" },
	};
	char text[70];
	struct json_error error;

	for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
		for (size_t at = 2; at < sizeof text - 3; at++) {
			memset(text, 'y', sizeof text);
			memcpy(text, "[\"", 2);
			memcpy(text + sizeof text - 2, "\"]", 2);
			text[at] = odd[i].byte;
			cr_assert_not(json_valid(text, sizeof text, &error), "%02x at %zu", odd[i].byte, at);
			cr_assert(strstr(error.reason, odd[i].reason), "%02x at %zu: %s", odd[i].byte, at,
				error.reason);
		}
	}
}
