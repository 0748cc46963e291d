#include "sim/number.h"

#include "base/buf.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Digits d1 d2 d3... of d1.d2d3... x 10^exponent, as few as identify the value. */
static int
shortest_digits(double value, char *ret_digits)
{
	char text[40];
	int precision, exponent;

	/* Up to 15 digits survive the way there and back, so fewer are these without zeros behind. Numbers
	 * near zero have fewer digits to begin with. */
	for (precision = value < DBL_MIN ? 0 : 14;; precision++) {
		snprintf(text, sizeof(text), "%.*e", precision, value);
		if (precision == 16 || strtod(text, NULL) == value)
			break;
	}
	exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10);
	while (precision > 0 && text[1 + precision] == '0')
		precision--;
	ret_digits[0] = text[0];
	memcpy(ret_digits + 1, text + 2, (size_t)precision);
	ret_digits[1 + precision] = 0;
	return exponent;
}

static void
put_zeros(struct buf *out, int count)
{
	while (count-- > 0)
		buf_put_char(out, '0');
}

void
number_put(double value, struct buf *out)
{
	char digits[24];
	int exponent, count, point;

	if (!isfinite(value)) {
		buf_put_str(out, STR("null"));
		return;
	}
	if (value < 0)
		buf_put_char(out, '-');
	exponent = shortest_digits(fabs(value), digits);
	count = (int)strlen(digits);
	point = exponent + 1; /* digits in front of the point */
	if (point > 21 || point < -5) {
		buf_put_char(out, digits[0]);
		if (count > 1)
			buf_printf(out, ".%s", digits + 1);
		buf_printf(out, "e%+d", exponent);
	} else if (point <= 0) {
		buf_put_str(out, STR("0."));
		put_zeros(out, -point);
		buf_put_str(out, str_of(digits));
	} else if (count <= point) {
		buf_put_str(out, str_of(digits));
		put_zeros(out, point - count);
	} else {
		buf_printf(out, "%.*s.%s", point, digits, digits + point);
	}
}

static double
fifteen_digits(double value)
{
	char text[40];

	snprintf(text, sizeof(text), "%.14e", value);
	return strtod(text, NULL);
}

double
number_round3(double value)
{
	double seen = fifteen_digits(value);

	if (!isfinite(value) || fabs(seen) >= 1e12)
		return seen; /* no digit is left behind the third decimal */
	seen = fifteen_digits(floor(fifteen_digits(fabs(seen) * 1000) + 0.5) / 1000);
	return value < 0 && seen != 0 ? -seen : seen;
}
