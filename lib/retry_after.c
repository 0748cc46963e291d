#include "lib/retry_after.h"

#include <stdbool.h>

enum { DATE_LEN = 29 };

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The <count> digits at <at>, or -1. */
static int
number(const char *at, int count)
{
	int value = 0;

	for (int i = 0; i < count; i++) {
		if (!is_digit(at[i]))
			return -1;
		value = value * 10 + (at[i] - '0');
	}
	return value;
}

static int
month(const char *at)
{
	static const char NAMES[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep",
		"Oct", "Nov", "Dec" };

	for (int i = 0; i < 12; i++) {
		if (memcmp(at, NAMES[i], 3) == 0)
			return i + 1;
	}
	return -1;
}

/* Days since 1970 of a date in the Gregorian calendar, counted in years that begin in March. */
static int64_t
days(int year, int mon, int day)
{
	int64_t y = mon <= 2 ? year - 1 : year;
	int64_t era = y / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (mon > 2 ? mon - 3 : mon + 9) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

int64_t
cspark_http_date(struct str text)
{
	const char *at = text.at;
	int day, mon, year, hour, min, sec;

	if (text.len != DATE_LEN || memcmp(at + 3, ", ", 2) != 0 || memcmp(at + 25, " GMT", 4) != 0)
		return -1;
	if (at[7] != ' ' || at[11] != ' ' || at[16] != ' ' || at[19] != ':' || at[22] != ':')
		return -1;
	day = number(at + 5, 2);
	mon = month(at + 8);
	year = number(at + 12, 4);
	hour = number(at + 17, 2);
	min = number(at + 20, 2);
	sec = number(at + 23, 2);
	if (day < 1 || day > 31 || mon < 1 || year < 1970 || hour < 0 || hour > 23 || min < 0 || min > 59
		|| sec < 0 || sec > 60)
		return -1;
	return days(year, mon, day) * 86400 + hour * 3600 + min * 60 + sec;
}

static int64_t
clamp(int64_t ms)
{
	return ms > CSPARK_RETRY_AFTER_MAX_MS ? CSPARK_RETRY_AFTER_MAX_MS : ms;
}

/* "12" or, if <fraction>, "1.5"; -1 for anything else. Any number of digits. */
static int64_t
seconds_ms(struct str text, bool fraction)
{
	int64_t ms = 0, unit = 100;
	size_t i = 0;

	for (; i < text.len && is_digit(text.at[i]); i++)
		ms = clamp(ms * 10 + (text.at[i] - '0') * 1000);
	if (i == 0)
		return -1;
	if (i < text.len && (!fraction || text.at[i++] != '.'))
		return -1;
	for (; i < text.len; i++, unit /= 10) {
		if (!is_digit(text.at[i]))
			return -1;
		ms += (text.at[i] - '0') * unit;
	}
	return clamp(ms);
}

static int64_t
date_ms(struct str text, struct str date, int64_t wall_s)
{
	int64_t until = cspark_http_date(text);
	int64_t now = cspark_http_date(date);

	if (now < 0)
		now = wall_s;
	return until < 0 || until < now ? -1 : clamp((until - now) * 1000);
}

int64_t
cspark_retry_after_ms(struct str retry_after, struct str x_retry_after, struct str date, int64_t wall_s)
{
	struct str text = str_trim(retry_after);
	int64_t a = seconds_ms(text, false);
	int64_t b = seconds_ms(str_trim(x_retry_after), true);

	if (a < 0)
		a = date_ms(text, str_trim(date), wall_s);
	return a > b ? a : b;
}
