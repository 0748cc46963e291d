#include "lib/retry_after.h"

#include <criterion/criterion.h>

#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"
enum { WALL = 784111777 };

static int64_t
ask(const char *retry_after, const char *x_retry_after, const char *date)
{
	return cspark_retry_after_ms(str_of(retry_after), str_of(x_retry_after), str_of(date), WALL);
}

Test(retry_after, reads_whole_seconds)
{
	cr_assert_eq(ask("0", "", ""), 0);
	cr_assert_eq(ask("2", "", ""), 2000);
	cr_assert_eq(ask(" 120 ", "", ""), 120000);
}

Test(retry_after, ignores_junk_and_negative_values)
{
	static const char *const JUNK[] = { "", "-5", "+5", "1.5", "5s", "five", "0x10", "1e3", "1,2", "NaN",
		"--", "5 5" };

	for (size_t i = 0; i < sizeof(JUNK) / sizeof(JUNK[0]); i++)
		cr_assert_eq(ask(JUNK[i], "", ""), -1, "%s", JUNK[i]);
	cr_assert_eq(ask("", "-1", ""), -1);
	cr_assert_eq(ask("", ".5", ""), -1);
	cr_assert_eq(ask("", "1.x", ""), -1);
}

Test(retry_after, clamps_to_three_days)
{
	cr_assert_eq(ask("100000000000000000000", "", ""), CSPARK_RETRY_AFTER_MAX_MS);
	cr_assert_eq(ask("259201", "", ""), CSPARK_RETRY_AFTER_MAX_MS);
	cr_assert_eq(ask("", "99999999999999999999999.9", ""), CSPARK_RETRY_AFTER_MAX_MS);
	cr_assert_eq(ask("Sun, 06 Nov 2994 08:49:37 GMT", "", DATE), CSPARK_RETRY_AFTER_MAX_MS);
}

Test(retry_after, reads_decimal_seconds_of_x_retry_after)
{
	cr_assert_eq(ask("", "1.5", ""), 1500);
	cr_assert_eq(ask("", "0.2509999", ""), 250);
	cr_assert_eq(ask("", "3", ""), 3000);
	cr_assert_eq(ask("2", "1.5", ""), 2000, "the larger of both");
	cr_assert_eq(ask("junk", "1.5", ""), 1500);
}

Test(retry_after, measures_a_date_against_the_servers_clock)
{
	cr_assert_eq(ask("Sun, 06 Nov 1994 08:50:37 GMT", "", DATE), 60000);
	cr_assert_eq(ask("Sun, 06 Nov 1994 08:50:37 GMT", "", "Sun, 06 Nov 1994 08:50:07 GMT"), 30000);
	cr_assert_eq(ask("Sun, 06 Nov 1994 08:50:37 GMT", "", "junk"), 60000, "without one, against ours");
	cr_assert_eq(ask(DATE, "", DATE), 0);
}

Test(retry_after, ignores_a_date_that_has_passed)
{
	cr_assert_eq(ask("Sun, 06 Nov 1994 08:49:36 GMT", "", DATE), -1);
	cr_assert_eq(ask("Thu, 01 Jan 1970 00:00:00 GMT", "", DATE), -1);
}

Test(retry_after, knows_the_calendar)
{
	cr_assert_eq(cspark_http_date(STR(DATE)), WALL);
	cr_assert_eq(cspark_http_date(STR("Thu, 01 Jan 1970 00:00:00 GMT")), 0);
	cr_assert_eq(cspark_http_date(STR("Tue, 29 Feb 2000 12:00:00 GMT")), 951825600);
	cr_assert_eq(cspark_http_date(STR("Fri, 31 Dec 9999 23:59:59 GMT")), 253402300799);
	cr_assert_eq(cspark_http_date(STR("Sun, 06 Foo 1994 08:49:37 GMT")), -1);
	cr_assert_eq(cspark_http_date(STR("Sun, 06 Nov 1994 25:49:37 GMT")), -1);
	cr_assert_eq(cspark_http_date(STR("Sunday, 06-Nov-94 08:49:37 GMT")), -1);
}
