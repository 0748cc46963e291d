#include "tools/table.h"

#include "tools/cell.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <locale.h>
#include <stdio.h>

static void
expect(const char *list, const char *first, int width, const char *wanted)
{
	cr_redirect_stdout();
	table_print(str_of(list), first, 0, width);
	fflush(stdout);
	cr_assert_stdout_eq_str(wanted);
}

Test(table, takes_lists_of_objects)
{
	cr_assert(table_fits(STR("[{},{}]")));
	cr_assert_not(table_fits(STR("[]")));
	cr_assert_not(table_fits(STR("[1]")));
	cr_assert_not(table_fits(STR("{}")));
	cr_assert_not(table_fits(STR("null")));
}

Test(table, has_a_column_for_every_name)
{
	expect("[{\"name\":\"a\",\"n\":1},{\"name\":\"longer\",\"x\":true,\"n\":null}]", NULL, 80,
		"name    n  x\n"
		"a       1  -\n"
		"longer  -  true\n");
}

Test(table, puts_what_matters_first)
{
	expect("[{\"id\":1,\"data\":{\"status\":\"open\"},\"list\":[1],\"name\":\"a\"}]", "data.status name",
		80,
		"status  name  id\n"
		"open    a     1\n");
}

Test(table, leaves_out_what_is_empty_or_does_not_fit)
{
	expect("[{\"a\":\"1234567890\",\"none\":null,\"b\":\"1234567890\",\"c\":1}]", NULL, 20,
		"a           c\n"
		"1234567890  1\n");
}

Test(table, cuts_long_cells)
{
	expect("[{\"a\":\"1234567890123456789012345678901234567890123\",\"b\":1}]", NULL, 80,
		"a                                         b\n"
		"1234567890123456789012345678901234567...  1\n");
}

Test(table, lets_nothing_control_the_terminal)
{
	expect("[{\"a\":\"x\\u001b[31m\\ny\\u009bz\"}]", NULL, 80, "a\nx [31m y z\n");
}

Test(cell, knows_how_wide_text_is)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	cr_assert_eq(cell_width(STR("abc")), 3);
	cr_assert_eq(cell_width(STR("\xc3\xa4")), 1);
	cr_assert_eq(cell_width(STR("\xe4\xb8\xad")), 2);
	cr_assert_eq(cell_width(STR("\xff")), 1);
	cr_assert(str_eq(cell_cut(STR("a\xe4\xb8\xad"), 2), STR("a")));
}
