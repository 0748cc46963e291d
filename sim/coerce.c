#include "sim/coerce.h"

#include "base/buf.h"
#include "base/json_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAX 128

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits, commas between them with at least three digits behind each, as in 1,000 or 12,345,678. */
static struct str
take_whole(struct str *rest, char *ret, size_t *len)
{
	size_t i = 0, run = 0;
	bool grouped = false;

	for (; i < rest->len; i++) {
		if (is_digit(rest->at[i])) {
			ret[(*len)++] = rest->at[i];
			run++;
		} else if (rest->at[i] == ',' && run > 0 && (!grouped || run >= 3)) {
			grouped = true;
			run = 0;
		} else {
			break;
		}
	}
	if (grouped && run < 3)
		i = 0;
	*rest = str_range(rest->at + i, rest->len - i);
	return str_range(ret, i);
}

static size_t
take_digits(struct str *rest, char *ret, size_t *len)
{
	size_t i;

	for (i = 0; i < rest->len && is_digit(rest->at[i]); i++)
		ret[(*len)++] = rest->at[i];
	*rest = str_range(rest->at + i, rest->len - i);
	return i;
}

/* An unsigned decimal: digits, groups, fraction, exponent; all of the text. */
static bool
read_decimal(struct str text, double *ret)
{
	char plain[TEXT_MAX + 1];
	size_t len = 0, digits = take_whole(&text, plain, &len).len;

	if (text.len && text.at[0] == '.') {
		plain[len++] = '.';
		text = str_range(text.at + 1, text.len - 1);
		digits += take_digits(&text, plain, &len);
	}
	if (digits == 0)
		return false;
	if (text.len && (text.at[0] | 0x20) == 'e') {
		plain[len++] = 'e';
		text = str_range(text.at + 1, text.len - 1);
		if (text.len && (text.at[0] == '+' || text.at[0] == '-')) {
			plain[len++] = text.at[0];
			text = str_range(text.at + 1, text.len - 1);
		}
		if (take_digits(&text, plain, &len) == 0)
			return false;
	}
	plain[len] = 0;
	*ret = strtod(plain, NULL);
	return text.len == 0;
}

static bool
drop_first(struct str *text, struct str what)
{
	if (!str_starts(*text, what))
		return false;
	*text = str_range(text->at + what.len, text->len - what.len);
	return true;
}

static bool
drop_last(struct str *text, char c)
{
	if (text->len == 0 || text->at[text->len - 1] != c)
		return false;
	text->len--;
	return true;
}

static bool
drop_sign(struct str *text)
{
	if (drop_first(text, STR("-")))
		return true;
	drop_first(text, STR("+"));
	return false;
}

static bool
is_infinite(struct str text)
{
	return str_eq_nocase(text, STR("inf")) || str_eq_nocase(text, STR("infinity")) ||
		str_eq_nocase(text, STR("nan"));
}

/* Blanks count nowhere. Then a decimal, with sign or accountant's brackets, per cent or, in front of the
 * sign, currency. */
static bool
read_number(struct str spaced, double *ret)
{
	bool negative = false, money = false, percent;
	char plain[TEXT_MAX];
	struct str text = { plain, 0 };
	size_t i;

	for (i = 0; i < spaced.len; i++)
		if (spaced.at[i] != ' ')
			plain[text.len++] = spaced.at[i];
	if (drop_first(&text, STR("("))) {
		negative = true;
		if (!drop_last(&text, ')'))
			return false;
	} else {
		money = drop_first(&text, STR("$")) || drop_first(&text, STR("\xe2\x82\xac"));
		negative = drop_sign(&text);
	}
	percent = !money && drop_last(&text, '%');
	*ret = INFINITY;
	if (is_infinite(text))
		return true;
	if (!read_decimal(text, ret))
		return false;
	*ret = (negative ? -*ret : *ret) / (percent ? 100 : 1);
	return true;
}

/* Days since 1899-12-30. Unlike Excel, the vendor's engine does not believe in 29 February 1900. */
static bool
day_number(int year, int month, int day, double *ret)
{
	static const int lengths[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int shifted, era_year, yearday;
	bool leap;

	if (year < 30)
		year += 2000;
	else if (year < 100)
		year += 1900;
	leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	if (year < 1900 || year > 9999 || month < 1 || month > 12 || day < 1)
		return false;
	if (day > lengths[month - 1] + (month == 2 && leap))
		return false;
	shifted = (month + 9) % 12; /* March is month 0: the odd day is the last of the year */
	era_year = year - (month <= 2);
	yearday = (153 * shifted + 2) / 5 + day - 1;
	*ret = 365.0 * era_year + era_year / 4 - era_year / 100 + era_year / 400 + yearday - 693899;
	return true;
}

static int
month_of(const char *name)
{
	static const char *const names[12] = { "january", "february", "march", "april", "may", "june", "july",
		"august", "september", "october", "november", "december" };
	int i;

	for (i = 0; i < 12; i++)
		if (str_eq_nocase(str_range(names[i], 3), str_of(name)) ||
			str_eq_nocase(str_of(names[i]), str_of(name)))
			return i + 1;
	return 0;
}

/* Year-month-day, month/day/year, day month year or month day, year; the month also by name. */
static bool
read_date(const char *text, double *ret)
{
	int a, b, c, end = 0;
	char month[12];

	if (sscanf(text, "%9[a-zA-Z] %2d, %4d%n", month, &a, &c, &end) == 3 && !text[end])
		return day_number(c, month_of(month), a, ret);
	if (!is_digit(text[0]))
		return false;
	if (sscanf(text, "%4d-%2d-%2d%n", &a, &b, &c, &end) == 3 && !text[end] && a > 31)
		return day_number(a, b, c, ret);
	if (sscanf(text, "%4d/%2d/%2d%n", &a, &b, &c, &end) == 3 && !text[end] && a > 31)
		return day_number(a, b, c, ret);
	if (sscanf(text, "%2d%*1[/-]%2d%*1[/-]%4d%n", &a, &b, &c, &end) == 3 && !text[end])
		return day_number(c, a, b, ret);
	if (sscanf(text, "%2d%*1[- ]%9[a-zA-Z]%*1[- ]%4d%n", &a, month, &c, &end) == 3 && !text[end])
		return day_number(c, month_of(month), a, ret);
	return false;
}

/* " AM" or " PM" behind a time: what it adds to <hour>; false if it is neither, or the hour is past 12. */
static bool
read_half(const char *text, int *hour)
{
	bool evening = str_eq_nocase(str_of(text), STR(" pm"));

	if (*hour > 12 || (!evening && !str_eq_nocase(str_of(text), STR(" am"))))
		return false;
	*hour = *hour % 12 + (evening ? 12 : 0);
	return true;
}

static bool
read_time(const char *text, double *ret)
{
	int hour, minute = 0, second = 0, end = 0, more = 0;
	bool colon;

	if (!is_digit(text[0]) || sscanf(text, "%4d%n", &hour, &end) != 1)
		return false;
	colon = text[end] == ':' && is_digit(text[end + 1]);
	if (colon && sscanf(text + end, ":%2d%n", &minute, &more) == 1)
		end += more;
	if (colon && text[end] == ':' && is_digit(text[end + 1]) &&
		sscanf(text + end, ":%2d%n", &second, &more) == 1)
		end += more;
	if (text[end] ? !read_half(text + end, &hour) : !colon)
		return false;
	*ret = hour / 24.0 + minute / 1440.0 + second / 86400.0;
	return true;
}

/* A date, a time, or a date and a time with a blank between. */
static bool
read_moment(struct str text, double *ret)
{
	char plain[TEXT_MAX + 1];
	char *colon, *gap;
	double time;

	memcpy(plain, text.at, text.len);
	plain[text.len] = 0;
	if (strlen(plain) != text.len)
		return false;
	if (read_date(plain, ret) || read_time(plain, ret))
		return true;
	colon = strchr(plain, ':');
	gap = colon ? memrchr(plain, ' ', (size_t)(colon - plain)) : NULL;
	if (!gap)
		return false;
	*gap = 0;
	if (!read_date(plain, ret) || !read_time(gap + 1, &time))
		return false;
	*ret += time;
	return true;
}

static struct str
trim(struct str text)
{
	while (text.len && strchr(" \t\r\n", text.at[0]) && text.at[0])
		text = str_range(text.at + 1, text.len - 1);
	while (text.len && strchr(" \t\r\n", text.at[text.len - 1]) && text.at[text.len - 1])
		text.len--;
	return text;
}

bool
coerce_text(struct str text, double *ret)
{
	text = trim(text);
	if (text.len == 0 || text.len > TEXT_MAX)
		return false;
	if (str_eq_nocase(text, STR("true"))) {
		*ret = 1;
		return true;
	}
	if (str_eq_nocase(text, STR("false"))) {
		*ret = 0;
		return true;
	}
	return read_number(text, ret) || read_moment(text, ret);
}

static double
json_number(struct str json)
{
	char plain[400];

	if (json.len >= sizeof(plain)) /* more digits than matter; the exponent is lost only on nonsense */
		json.len = sizeof(plain) - 1;
	memcpy(plain, json.at, json.len);
	plain[json.len] = 0;
	return strtod(plain, NULL);
}

static bool
coerce_string(struct str json, double *ret)
{
	struct buf text;
	bool good;

	buf_init(&text, 1 << 20);
	good = json_unquote(json, &text) && coerce_text(buf_text(&text), ret);
	buf_fini(&text);
	return good;
}

bool
coerce_value(struct str json, double *ret)
{
	switch (json_kind_of(json)) {
	case JSON_NULL:
	case JSON_FALSE: *ret = 0; return true;
	case JSON_TRUE: *ret = 1; return true;
	case JSON_NUMBER: *ret = json_number(json); return true;
	case JSON_STRING: return coerce_string(json, ret);
	case JSON_ARRAY:
	case JSON_OBJECT: break;
	}
	return false;
}
