#include <criterion/criterion.h>

#include "tools/cut.h"

/* All that is told, each behind a mark: # is a row of names. */
static bool
collect(void *arg, struct str record, bool is_names)
{
	struct buf *out = arg;

	buf_put_char(out, is_names ? '#' : '>');
	return buf_put_str(out, record);
}

static void
check_by(enum cut_form form, const char *text, size_t step, const char *wanted, const char *why)
{
	struct cut cut;
	struct buf out;
	size_t len = strlen(text);
	bool ok = true;

	buf_init(&out, 4096);
	cut_init(&cut, form, ',', 1000, collect, &out);
	for (size_t at = 0; at < len && ok; at += step)
		ok = cut_feed(&cut, text + at, len - at < step ? len - at : step);
	ok = ok && cut_end(&cut);
	cr_assert(ok == !*why, "%s by %zu: %s", text, step, cut.why);
	cr_assert(strstr(cut.why, why), "%s by %zu: %s", text, step, cut.why);
	cr_assert(str_eq(buf_text(&out), str_of(wanted)), "%s by %zu gives %.*s", text, step,
		STR_ARG(buf_text(&out)));
	cut_fini(&cut);
	buf_fini(&out);
}

/* Whatever the pieces are. */
static void
check(enum cut_form form, const char *text, const char *wanted, const char *why)
{
	for (size_t step = 1; step <= strlen(text) + 1; step++)
		check_by(form, text, step, wanted, why);
}

Test(cut, finds_rows_of_csv)
{
	check(CUT_CSV, "a,b\n1,2\n3,4\n", "#a,b>1,2>3,4", "");
	check(CUT_CSV, "a,b\r\n1,2\r\n3,4\r\n", "#a,b>1,2>3,4", "");
	check(CUT_CSV, "a,b\n1,2", "#a,b>1,2", "");
	check(CUT_CSV, "\xef\xbb\xbf" "a,b\n1,2\n", "#a,b>1,2", "");
}

Test(cut, tells_the_line_of_the_separator)
{
	check(CUT_CSV, "sep=;\r\na;b\r\n\r\n1;2\r\n", "#sep=;#a;b>1;2", "");
	check(CUT_CSV, "\xef\xbb\xbfsep=|\na|b\n\n1|2\n", "#sep=|#a|b>1|2", "");
	check(CUT_CSV, "sep=;\nsep=|\n\n1\n", "#sep=;#sep=|>>1", "");
	check(CUT_CSV, "sep=x\n1\n", "#sep=x>1", "");
}

Test(cut, knows_quotes_of_csv)
{
	check(CUT_CSV, "a,\"b\nb\"\n\"1\r\n\"\"\n\",2\n3,4\n", "#a,\"b\nb\">\"1\r\n\"\"\n\",2>3,4", "");
	check(CUT_CSV, "a\n\"1\n", "#a", "never closed");
}

Test(cut, takes_an_empty_line_for_a_row_of_one_cell)
{
	check(CUT_CSV, "\na,b\n\n1,2\n\r\n3,4\n\n", "#a,b>1,2>3,4", "");
	check(CUT_CSV, "a\n\n1\n", "#a>>1", "");
}

Test(cut, finds_lines_of_ndjson)
{
	check(CUT_NDJSON, "{\"a\":1}\n\n {\"b\":\"\\n\"}\r\n \t\n{}", ">{\"a\":1}> {\"b\":\"\\n\"}>{}", "");
}

Test(cut, finds_elements_of_json)
{
	check(CUT_JSON, " [ {\"a\":[1,{}]} , {\"b\":\"],[\"}\n]\n", ">{\"a\":[1,{}]}>{\"b\":\"],[\"}", "");
	check(CUT_JSON, "[[\"a\",\"b\"],[1,2],[3,4]]", "#[\"a\",\"b\"]>[1,2]>[3,4]", "");
	check(CUT_JSON, "[]", "", "");
}

Test(cut, takes_nothing_for_no_records)
{
	check(CUT_CSV, "", "", "");
	check(CUT_NDJSON, "", "", "");
	check(CUT_JSON, "", "", "");
	check(CUT_CSV, "a,b\n", "#a,b", "");
}

Test(cut, refuses_what_is_no_list)
{
	check(CUT_JSON, "{\"a\":1}", "", "must be a JSON array");
	check(CUT_JSON, "[{\"a\":1},{]", ">{\"a\":1}", "line 1, column 11");
	check(CUT_JSON, "[{\"a\":1}", ">{\"a\":1}", "line 1");
}

Test(cut, refuses_a_record_that_is_too_large)
{
	struct buf out;
	struct cut cut;
	char text[1100];

	memset(text, 'x', sizeof(text));
	buf_init(&out, 4096);
	cut_init(&cut, CUT_NDJSON, ',', 1000, collect, &out);
	cr_assert(!cut_feed(&cut, text, sizeof(text)));
	cr_assert_str_eq(cut.why, "a record is too large");
	cut_fini(&cut);
	buf_fini(&out);
}

Test(cut, tells_where_a_row_ends)
{
	struct buf out;
	struct cut cut;

	buf_init(&out, 4096);
	cut_init(&cut, CUT_NDJSON, ',', 1000, collect, &out);
	cr_assert(cut_feed(&cut, "{}\n{", 4));
	cr_assert_eq(cut.offset, 4);
	cr_assert(cut_feed(&cut, "}\n", 2));
	cr_assert_eq(cut.offset, 6);
	cut_fini(&cut);
	buf_fini(&out);
}

Test(cut, finds_the_last_cell)
{
	cr_assert(str_eq(cut_last_cell(STR("a,\"b,c\""), ','), STR("\"b,c\"")));
	cr_assert(str_eq(cut_last_cell(STR("a;b,c;"), ';'), STR("")));
	cr_assert(str_eq(cut_last_cell(STR("a"), ','), STR("a")));
}
