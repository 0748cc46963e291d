#include "daemon/csv.h"

#include "tests/unit/bodies.h"

static void
expect_csv(const char *text, size_t records, const char *inputs)
{
	expect_inputs(DECODE_CSV, str_of(text), ASK_MANY, records, inputs);
}

static void
expect_bad(const char *text, const char *words)
{
	expect_refusal(DECODE_CSV, str_of(text), CSPARK_E_BAD_CSV, words);
}

Test(csv, becomes_a_columnar_list)
{
	expect_csv("", 0, "[]");
	expect_csv("\n\n", 0, "[]");
	expect_csv("a,b", 0, "[[\"a\",\"b\"]]");
	expect_csv("a,b\r\n1,x\r\n", 1, "[[\"a\",\"b\"],[1,\"x\"]]");
	expect_csv("a,b\n1,2\n3,4", 2, "[[\"a\",\"b\"],[1,2],[3,4]]");
}

Test(csv, keeps_json_literals_and_quotes_the_rest)
{
	expect_csv("a\n-1.50e3\n", 1, "[[\"a\"],[-1.50e3]]");
	expect_csv(
		"a\ntrue\nnull\n007\n 1\n[1]\n", 5, "[[\"a\"],[true],[null],[\"007\"],[\" 1\"],[\"[1]\"]]");
	expect_csv(
		"a,b,c\n\"3\",\"\"\"3\"\"\",\"x\"\"y\"\n", 1, "[[\"a\",\"b\",\"c\"],[3,\"3\",\"x\\\"y\"]]");
}

Test(csv, takes_empty_cells_for_null)
{
	expect_csv("a,b,c\n,\"\",\n", 1, "[[\"a\",\"b\",\"c\"],[null,null,null]]");
	expect_csv("a\n\"\"\n", 1, "[[\"a\"],[null]]");
}

Test(csv, reads_separators_and_line_ends_inside_quotes)
{
	expect_csv("a,\"b,c\"\n\"x\r\ny\",\"1,5\"\n", 1, "[[\"a\",\"b,c\"],[\"x\\r\\ny\",\"1,5\"]]");
}

Test(csv, skips_a_byte_order_mark)
{
	expect_csv("\xef\xbb\xbf\x61\n1\n", 1, "[[\"a\"],[1]]");
	expect_csv("\xef\xbb\xbf", 0, "[]");
	expect_csv("\xef\xbb\x80\n1\n", 1, "[[\"\xef\xbb\x80\"],[1]]");
}

Test(csv, skips_empty_lines_unless_they_may_be_records)
{
	expect_csv("\na,b\n\n1,2\n\n", 1, "[[\"a\",\"b\"],[1,2]]");
	expect_csv("a\n1\n\n\r\n", 1, "[[\"a\"],[1]]");
	expect_bad("a\n1\n\n2\n", "line 3: empty");
}

Test(csv, refuses_rows_of_another_length)
{
	expect_bad("a,b\n1,2\n3\n", "line 3: 1 cells, but the header has 2");
	expect_bad("a,b\n1,2,3\n", "line 2: more cells");
	expect_bad("a,b\n\"1\n\",2\n3,4,5\n", "line 4");
}

Test(csv, refuses_headers_that_name_nothing_or_one_thing_twice)
{
	expect_bad("a,,b\n", "column 2 of the header has no name");
	expect_bad("a,b,a\n", "names \"a\" twice");
	expect_bad("a\"\n", "line 1: a quote inside");
}

Test(csv, knows_how_many_columns_excel_has)
{
	struct buf text;

	buf_init(&text, 1 << 20);
	for (int i = 0; i < 16384; i++)
		buf_printf(&text, "%sc%d", i > 0 ? "," : "", i);
	struct decoded decoded = decoded_whole(DECODE_CSV, buf_text(&text));

	cr_expect(decoded.ok, "%s", decoded.error.detail);
	decoded_fini(&decoded);
	buf_put_str(&text, STR(",one_more"));
	expect_refusal(DECODE_CSV, buf_text(&text), CSPARK_E_BAD_CSV, "more than 16384 columns");
	buf_fini(&text);
}

Test(csv, refuses_broken_quotes)
{
	expect_bad("a\nx\"y\"\n", "line 2: a quote inside an unquoted cell");
	expect_bad("a\n\"x\"y\n", "line 2: text behind a closing quote");
	expect_bad("a,b\n1,\"x\n\n", "line 2: the quotes that begin here");
	expect_bad("a\rb\n", "line 1: a lone carriage return");
	expect_bad("a\n1\r", "line 2: a lone carriage return");
}

Test(csv, refuses_what_is_not_utf8_and_says_the_way_out)
{
	expect_bad("a\nM\xfcller\n", "line 2: not UTF-8; convert");
	expect_refusal(DECODE_CSV, STR("a\nx\0y\n"), CSPARK_E_BAD_CSV, "line 2: a NUL byte");
	expect_bad("a\n\"1\n2\n\xfc\"\n",
		"line 4: not UTF-8; convert the file first, it looks like Windows-1252");
	expect_bad("a\nx\xc3\xfc\n", "line 2: not UTF-8; convert the file first, for example");
}

Test(csv, knows_utf16_before_anything_else_fails)
{
	expect_refusal(DECODE_CSV, STR("\xff\xfe\x61\0\n\0"), CSPARK_E_BAD_CSV, "line 1: UTF-16");
	expect_refusal(DECODE_CSV, STR("\xff\xfe\x61\0\r\0\n\0"), CSPARK_E_BAD_CSV, "line 1: UTF-16");
	expect_refusal(DECODE_CSV, STR("\xff\xfe\"\0a\0\"\0\n\0"), CSPARK_E_BAD_CSV, "line 1: UTF-16");
	expect_refusal(DECODE_CSV, STR("\xfe\xff\0a\0\r\0\n"), CSPARK_E_BAD_CSV, "line 1: UTF-16");
}

/* -- dialects ----------------------------------------------------------------------- */

/* <inputs>: the list it becomes, or words of the refusal. */
static void
expect_dialect(char separator, char decimal, const char *text, bool good, const char *inputs)
{
	struct decoded decoded;

	decoded_init(&decoded, DECODE_CSV, DECODE_IDENTITY, NULL);
	decode_set_dialect(decoded.decode, (struct csv_dialect){ separator, decimal, true });
	decoded.ok = decoded_feed(&decoded, str_of(text)) &&
		decode_end(decoded.decode, &decoded.ask, &decoded.error);
	cr_assert_eq(decoded.ok, good, "%s: %s", text, decoded.error.detail);
	if (good)
		expect_slice(decoded.ask.inputs, inputs, text);
	else
		cr_expect_not_null(strstr(decoded.error.detail, inputs), "%s", decoded.error.detail);
	decoded_fini(&decoded);
}

Test(csv, takes_other_separators)
{
	expect_dialect(
		';', '.', "a;b\r\n1;x,y\r\n;\"p;q\"\r\n", true, "[[\"a\",\"b\"],[1,\"x,y\"],[null,\"p;q\"]]");
	expect_dialect('\t', '.', "a\tb\n1.5\t\" \t\"\n", true, "[[\"a\",\"b\"],[1.5,\" \\t\"]]");
	expect_dialect('|', '.', "a|b\n1|2\n", true, "[[\"a\",\"b\"],[1,2]]");
}

Test(csv, takes_a_decimal_comma)
{
	expect_dialect(
		';', ',', "a;b;c\n1234,5;-1,5e3;-0,0\n", true, "[[\"a\",\"b\",\"c\"],[1234.5,-1.5e3,-0.0]]");
	expect_dialect(';', ',', "a;b;c\n17;2E5;\"0,5\"\n", true, "[[\"a\",\"b\",\"c\"],[17,2E5,0.5]]");
	expect_dialect(',', ',', "a,b\n\"1,5\",2\n", true, "[[\"a\",\"b\"],[1.5,2]]");
}

Test(csv, guesses_nothing_of_a_decimal_comma)
{
	expect_dialect(';', ',', "a;b;c\n1.234;1.234,5;1,234,567\n", true,
		"[[\"a\",\"b\",\"c\"],[\"1.234\",\"1.234,5\",\"1,234,567\"]]");
	expect_dialect(';', ',', "a;b;c\n1,;,5;-,5\n", true, "[[\"a\",\"b\",\"c\"],[\"1,\",\",5\",\"-,5\"]]");
	expect_dialect(';', ',', "a;b;c\n01,5;1, 5;24.11.2026\n", true,
		"[[\"a\",\"b\",\"c\"],[\"01,5\",\"1, 5\",\"24.11.2026\"]]");
	expect_dialect(';', ',', "a;b\n\"\"\"1,5\"\"\";true\n", true, "[[\"a\",\"b\"],[\"1,5\",true]]");
	expect_dialect(';', '.', "a;b\n1,5;1.5\n", true, "[[\"a\",\"b\"],[\"1,5\",1.5]]");
}

Test(csv, tells_of_a_separator_that_was_not_said)
{
	expect_bad("a;b;c\n1;2;3\n", "line 1: the header is a single name with ; in it");
	expect_bad("a\tb\n1\t2\n", "_separator=tab");
	expect_bad(
		"\"a\";\"b\"\n1;2\n", "line 1: ; behind a closing quote; if it separates the cells, say so");
	expect_dialect(';', '.', "a,b\n1,2\n", false, "_separator=,");
	expect_csv("\"a;b\"\n1\n", 1, "[[\"a;b\"],[1]]");
	expect_csv("a;b,c\n1,2\n", 1, "[[\"a;b\",\"c\"],[1,2]]");
}

/* -- sep=; ---------------------------------------------------------------------------- */

Test(csv, takes_the_separator_that_excel_is_told_of)
{
	expect_csv("sep=;\r\na;b\r\n1;x,y\r\n", 1, "[[\"a\",\"b\"],[1,\"x,y\"]]");
	expect_csv("sep=|\na|b\n1|2\n", 1, "[[\"a\",\"b\"],[1,2]]");
	expect_csv("sep=\t\na\tb\n1\t2\n", 1, "[[\"a\",\"b\"],[1,2]]");
	expect_csv("sep=,\na,b\n1,2\n", 1, "[[\"a\",\"b\"],[1,2]]");
	expect_csv("\xef\xbb\xbfsep=;\na;b\n1;2\n", 1, "[[\"a\",\"b\"],[1,2]]");
	expect_csv("sep=;\n", 0, "[]");
	expect_csv("sep=;\r", 0, "[]");
	expect_csv("\xef\xbb\xbfsep=;", 0, "[]");
}

Test(csv, believes_what_is_said_rather)
{
	expect_dialect(';', '.', "sep=,\na;b\n1;2\n", true, "[[\"a\",\"b\"],[1,2]]");
	expect_dialect(',', '.', "sep=;\na,b\n1,2\n", true, "[[\"a\",\"b\"],[1,2]]");
	expect_dialect(';', ',', "sep=;\na;b\n1,5;2\n", true, "[[\"a\",\"b\"],[1.5,2]]");
}

Test(csv, counts_the_line_of_the_separator)
{
	expect_bad("sep=;\na;b\n1\n", "line 3: 1 cells, but the header has 2");
	expect_bad("sep=;\na;\n", "line 2: column 2 of the header has no name");
	expect_bad("sep=;\n\"a;b\n", "line 2: the quotes that begin here");
}

Test(csv, takes_for_text_what_only_looks_like_such_a_line)
{
	expect_csv("sep\n1\n", 1, "[[\"sep\"],[1]]");
	expect_csv("se", 0, "[[\"se\"]]");
	expect_csv("sep=", 0, "[[\"sep=\"]]");
	expect_csv("sep=x\n1\n", 1, "[[\"sep=x\"],[1]]");
	expect_csv("sep=,a\n1,2\n", 1, "[[\"sep=\",\"a\"],[1,2]]");
	expect_csv("a\nsep=;\n", 1, "[[\"a\"],[\"sep=;\"]]");
	expect_bad("sep=;\r;\n", "line 1: a lone carriage return");
	expect_bad("sep=;;\n", "line 1: the header is a single name with ; in it");
}
