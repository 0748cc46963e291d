#include "sim/coerce.h"

#include <criterion/criterion.h>

#include <math.h>

static void
reads(const char *text, double expected)
{
	double value = NAN;

	cr_expect(coerce_text(str_of(text), &value), "\"%s\" is a number", text);
	cr_expect_float_eq(value, expected, 1e-9, "\"%s\": %.10g, expected %.10g", text, value, expected);
}

static void
refuses(const char *text)
{
	double value;

	cr_expect_not(coerce_text(str_of(text), &value), "\"%s\" is no number", text);
}

Test(sim_coerce, reads_decimals_with_blanks_around)
{
	reads("3", 3);
	reads(" 3 ", 3);
	reads("-2.5", -2.5);
	reads("+.5", .5);
	reads("7.", 7);
	reads("1e3", 1000);
	reads("1.5E-2", .015);
}

Test(sim_coerce, reads_what_people_write)
{
	reads("3%", .03);
	reads("1,000", 1000);
	reads("12,345,678.5", 12345678.5);
	reads("$5", 5);
	reads("$-5", -5);
	reads("\xe2\x82\xac 5", 5);
	reads("(4)", -4);
	reads("(5%)", -.05);
	reads("1 2", 12);
	reads("\t3\n", 3);
	reads("1,0000", 10000);
	reads("TRUE", 1);
	reads("false", 0);
}

Test(sim_coerce, reads_dates_and_times)
{
	reads("2024-01-01", 45292);
	reads("1/2/2024", 45293);
	reads("29-Feb-2024", 45351);
	reads("Jan 2, 2024", 45293);
	reads("2 January 24", 45293);
	reads("1900-01-01", 2);
	reads("1900-03-01", 61);
	reads("12:00", .5);
	reads("2024-01-01 06:00:00", 45292.25);
	reads("2024-01-01 06:00 PM", 45292.75);
	reads("12:30 AM", .5 / 24);
	reads("2 pm", 14. / 24);
	reads("12:61", 13 / 24. + 1 / 1440.);
	reads("24:00", 1);
}

Test(sim_coerce, refuses_what_is_no_number)
{
	static const char *const texts[] = { "", " ", "x", "1,00", "10,00,000", ",100", "1e", "e3", ".",
		"--1", "0x1f", "2023-02-29", "13/1/2024", "1:2:3:4", "13:30 PM", "12:30PM",
		"2024-01-01T18:00",
		"2024.01.02", "Jan 2 2024", "%", "%3", "$", "5$", "-$5", "$5%", "5%%", "5-", "(-", "(-5)" };
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		refuses(texts[i]);
}

Test(sim_coerce, reads_json_values_as_cells)
{
	double value;

	cr_expect(coerce_value(STR("null"), &value) && value == 0);
	cr_expect(coerce_value(STR("true"), &value) && value == 1);
	cr_expect(coerce_value(STR("false"), &value) && value == 0);
	cr_expect(coerce_value(STR("-1.5e1"), &value) && value == -15);
	cr_expect(coerce_value(STR("1e400"), &value) && isinf(value));
	cr_expect(coerce_value(STR("\"\\u0033\""), &value) && value == 3);
	cr_expect_not(coerce_value(STR("\"\""), &value));
	cr_expect_not(coerce_value(STR("[1]"), &value));
	cr_expect_not(coerce_value(STR("{}"), &value));
	cr_expect_not(coerce_value(STR("\"1\\u0000\""), &value));
}
