#include "daemon/weave.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "base/json_text.h"

static struct spools spools;
static struct control control;
static struct weave weave;

static void
set_up(void)
{
	cr_assert(spools_init(&spools, "/tmp", 64 << 20));
	control = (struct control){ .dialect = CSV_USUAL };
}

static void
tear_down(void)
{
	weave_fini(&weave);
	cr_assert_eq(spools.left, spools.max);
	spools_fini(&spools);
}

TestSuite(weave, .init = set_up, .fini = tear_down);

static void
begin(enum control_format format)
{
	control.format = format;
	weave_init(&weave, &control, &spools, 64 << 20);
}

static bool
put(const char *text, size_t records, struct cspark_error *error)
{
	struct cspark_answer answer;
	enum weave_state state;

	cr_assert(json_valid(text, strlen(text), NULL), "%s", text);
	cr_assert(cspark_answer_read(CSPARK_V4, (struct cspark_bytes){ text, strlen(text) }, &answer));
	if (!weave_answer(&weave, &answer, records, error))
		return false;
	while ((state = weave_rows(&weave, error)) == WEAVE_MORE)
		;
	return state == WEAVE_DONE;
}

static void
answer(const char *text, size_t records)
{
	struct cspark_error error;

	cr_assert(put(text, records, &error), "%s", error.detail);
}

static void
failure(size_t records)
{
	struct cspark_error error;

	cr_assert(weave_failure(&weave, STR("[{\"code\":\"c\"}]"), records, &error), "%s", error.detail);
}

static void
end(void)
{
	struct cspark_error error;
	enum weave_state state;

	while ((state = weave_end(&weave, &error)) == WEAVE_MORE)
		;
	cr_assert_eq(state, WEAVE_DONE, "%s", error.detail);
}

static void
expect(const char *text)
{
	struct str document;

	end();
	document = spool_text(&weave.spools[0]);
	cr_assert(str_eq(document, str_of(text)), "%.*s", STR_ARG(document));
}

Test(weave, makes_one_v4_object)
{
	begin(FORMAT_JSON);
	answer("{\"outputs\":[{\"a\":1},{\"a\":2}],\"process_time\":[1,2],\"warnings\":[null,null],"
	       "\"errors\":null,\"call_id\":\"c1\",\"version\":\"1\"}",
		2);
	failure(2);
	answer("{\"outputs\":[ {\"a\":5} ],\"errors\":[[{\"x\":1}]],\"call_id\":\"c2\"}", 1);
	expect("{\"outputs\":[{\"a\":1},{\"a\":2},null,null,{\"a\":5}],\"process_time\":[1,2,null,null,null],"
	       "\"warnings\":[null,null,null,null,null],"
	       "\"errors\":[null,null,[{\"code\":\"c\"}],[{\"code\":\"c\"}],[{\"x\":1}]],"
	       "\"service_chain\":[null,null,null,null,null],\"service_id\":null,\"version_id\":null,"
	       "\"version\":\"1\",\"call_id\":\"c1\",\"compiler_version\":null,\"correlation_id\":null,"
	       "\"request_timestamp\":null}");
	cr_assert_eq(weave.records, 5);
	cr_assert_eq(weave.failed, 3);
}

Test(weave, makes_an_object_of_nothing)
{
	struct str document;

	begin(FORMAT_JSON);
	end();
	document = spool_text(&weave.spools[0]);
	cr_assert(json_valid(document.at, document.len, NULL), "%.*s", STR_ARG(document));
}

Test(weave, makes_csv_in_one_go_when_columns_stay)
{
	begin(FORMAT_CSV);
	answer("{\"outputs\":[{\"a\":1,\"b\":\"x,y\"}]}", 1);
	answer("{\"outputs\":[{\"b\":null,\"a\":2.5}]}", 1);
	expect("a,b\r\n1,\"x,y\"\r\n2.5,\r\n");
}

Test(weave, mends_csv_rows_that_lack_cells)
{
	begin(FORMAT_CSV);
	answer("{\"outputs\":[{\"a\":\"1\\r\\n,\\\"\"}]}", 1);
	failure(1);
	answer("{\"outputs\":[{\"b\":2}]}", 1);
	answer("{\"outputs\":[{\"a\":3,\"c\":[1,2]}],\"errors\":[[{\"m\":\"e\"}]]}", 1);
	expect("a,b,c,_error\r\n"
	       "\"1\r\n,\"\"\",,,\r\n"
	       ",,,\"[{\"\"code\"\":\"\"c\"\"}]\"\r\n"
	       ",2,,\r\n"
	       "3,,\"[1,2]\",\"[{\"\"m\"\":\"\"e\"\"}]\"\r\n");
}

Test(weave, mends_csv_that_began_with_failures)
{
	begin(FORMAT_CSV);
	failure(2);
	answer("{\"outputs\":[{\"a\":1,\"b\":2}]}", 1);
	expect("a,b,_error\r\n,,\"[{\"\"code\"\":\"\"c\"\"}]\"\r\n"
	       ",,\"[{\"\"code\"\":\"\"c\"\"}]\"\r\n1,2,\r\n");
}

Test(weave, mends_csv_in_another_dialect)
{
	control.dialect = (struct csv_dialect){ ';', ',', true };
	begin(FORMAT_CSV);
	answer("{\"outputs\":[{\"a\":1.5,\"b\":\"x;y\"}]}", 1);
	failure(1);
	expect("a;b;_error\r\n1,5;\"x;y\";\r\n;;\"[{\"\"code\"\":\"\"c\"\"}]\"\r\n");
}

Test(weave, mends_rows_longer_than_a_piece)
{
	static char text[1 << 20];
	char wanted[] = "a,b\r\n";
	size_t len = (size_t)sprintf(text, "{\"outputs\":[{\"a\":\"");

	begin(FORMAT_CSV);
	memset(text + len, 'x', 900000);
	strcpy(text + len + 900000, "\"}]}");
	answer(text, 1);
	answer("{\"outputs\":[{\"b\":2}]}", 1);
	end();
	cr_assert_eq(spool_len(&weave.spools[0]), strlen(wanted) + 900000 + 3 + 4);
}

/* Of 20 records of 8 KB, the last of which has one more output. */
static unsigned
weave_in_pieces(enum control_format format)
{
	static char text[20 * 8300];
	size_t len = (size_t)sprintf(text, "{\"outputs\":[");
	struct cspark_answer answer;
	struct cspark_error error;
	unsigned pieces = 1;

	for (int i = 0; i < 20; i++)
		len += (size_t)sprintf(text + len, "%s{\"a\":\"%08192d\"%s}", i ? "," : "", i,
			i == 19 && format != FORMAT_TEXT ? ",\"b\":1" : "");
	len += (size_t)sprintf(text + len, "]}");
	begin(format);
	cr_assert(cspark_answer_read(CSPARK_V4, (struct cspark_bytes){ text, len }, &answer));
	cr_assert(weave_answer(&weave, &answer, 20, &error));
	while (weave_rows(&weave, &error) == WEAVE_MORE) {
		cr_assert_eq(weave.records, 0, "it counts when it is whole");
		pieces++;
	}
	cr_assert_eq(weave.records, 20);
	end();
	return pieces;
}

static void
expect_lines(const char *first, const char *begin_of_line, const char *end_of_last)
{
	char wanted[8300];
	struct str rest = spool_text(&weave.spools[0]);

	if (first)
		cr_assert(str_eq(str_cut(rest, '\n', &rest), str_of(first)));
	for (int i = 0; i < 20; i++) {
		struct str text = str_cut(rest, '\n', &rest);

		snprintf(wanted, sizeof(wanted), "%s%08192d", begin_of_line, i);
		cr_assert(str_starts(text, str_of(wanted)), "line %d", i);
		cr_assert(i < 19 || str_ends(text, str_of(end_of_last)), "the last line");
	}
	cr_assert_eq(rest.len, 0);
}

Test(weave, weaves_a_long_answer_in_pieces)
{
	cr_assert_eq(weave_in_pieces(FORMAT_JSON), 1, "it is only copied");
	weave_fini(&weave);
	cr_assert_gt(weave_in_pieces(FORMAT_CSV), 2);
	expect_lines("a,b\r", "", ",1\r");
	weave_fini(&weave);
	cr_assert_gt(weave_in_pieces(FORMAT_NDJSON), 2);
	expect_lines(NULL, "{\"outputs\":{\"a\":\"", "\"process_time\":null}");
	weave_fini(&weave);
	cr_assert_gt(weave_in_pieces(FORMAT_TEXT), 2);
	expect_lines(NULL, "", "19");
}

Test(weave, is_strict_if_asked)
{
	struct cspark_error error;

	control.strict = true;
	begin(FORMAT_JSON);
	answer("{\"outputs\":[{\"a\":1},{\"a\":2}]}", 2);
	cr_assert_not(put("{\"outputs\":[{\"a\":1},{\"a\":\"#VALUE!\"}]}", 2, &error));
	cr_assert_eq(error.code, CSPARK_E_SPARK_REJECTED);
	cr_assert(strstr(error.detail, "record 3"), "%s", error.detail);
	cr_assert_not(weave_failure(&weave, STR("[]"), 1, &error));
}

Test(weave, goes_to_disk_when_it_is_long)
{
	static char text[70000];
	size_t len = (size_t)sprintf(text, "{\"outputs\":[");

	for (int i = 0; i < 3000; i++)
		len += (size_t)sprintf(text + len, "%s{\"a\":%d}", i ? "," : "", i);
	strcpy(text + len, "]}");
	begin(FORMAT_JSON);
	for (int i = 0; i < 50; i++)
		answer(text, 3000);
	end();
	cr_assert_geq(spool_fd(&weave.spools[0]), 0);
	cr_assert_eq(weave.records, 150000);
}
