/* Dates that the caller leaves out: now, ten years after the beginning, a week before the end. */
#include "lib/ask.h"
#include "lib/bytes.h"

#include <stdio.h>
#include <time.h>

enum { TEN_YEARS = 10, WEEK_S = 7 * 24 * 3600 };

static void
put_date(time_t at, struct buf *out)
{
	struct tm utc;
	char text[40];

	gmtime_r(&at, &utc);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S.000Z", &utc);
	buf_put_str(out, str_of(text));
}

static time_t
years_after(time_t at, int years)
{
	struct tm utc;

	gmtime_r(&at, &utc);
	utc.tm_year += years;
	return timegm(&utc);
}

/* To the second, as if it were UTC: nobody needs ten years more exactly. False: it is no date. */
static bool
read_date(struct str text, time_t *ret)
{
	struct tm utc = { 0 };
	char copy[20];

	if (text.len < strlen("2025-02-01"))
		return false;
	snprintf(copy, sizeof(copy), "%.*s", STR_ARG(text));
	if (!strptime(copy, "%Y-%m-%dT%H:%M:%S", &utc)) {
		utc = (struct tm){ 0 };
		if (!strptime(copy, "%Y-%m-%d", &utc))
			return false;
	}
	*ret = timegm(&utc);
	return true;
}

/* The beginning or the end that belongs to <one>: its neighbour in the list. */
static struct str
neighbour(const struct making *making, const struct cspark_parameter *one, int where)
{
	const struct cspark_parameter *p = one + where;

	return p->name ? ask_argument(making->ask, str_of(p->name)) : (struct str){ 0 };
}

void
ask_put_date(const struct making *making, const struct cspark_parameter *parameter, struct buf *out)
{
	time_t at = making->ask->now_s;

	if (strcmp(parameter->fallback, "@end") == 0) {
		(void)read_date(neighbour(making, parameter, -1), &at);
		at = years_after(at, TEN_YEARS);
	} else if (parameter->place == CSPARK_IN_SEARCH && read_date(neighbour(making, parameter, 1), &at)) {
		at -= WEEK_S;
	}
	put_date(at, out);
}
