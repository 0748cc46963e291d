#include "base/str.h"

#include "base/buf.h"
#include "base/utf8.h"

static unsigned char
lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

bool
str_eq_nocase(struct str a, struct str b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		if (lower(a.at[i]) != lower(b.at[i]))
			return false;
	}
	return true;
}

bool
str_starts(struct str text, struct str prefix)
{
	return text.len >= prefix.len && str_eq(str_range(text.at, prefix.len), prefix);
}

bool
str_ends(struct str text, struct str suffix)
{
	if (text.len < suffix.len)
		return false;
	return suffix.len == 0 || memcmp(text.at + text.len - suffix.len, suffix.at, suffix.len) == 0;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct str
str_trim(struct str text)
{
	while (text.len && is_blank(text.at[text.len - 1]))
		text.len--;
	while (text.len && is_blank(text.at[0])) {
		text.at++;
		text.len--;
	}
	return text;
}

struct str
str_cut(struct str text, char separator, struct str *rest)
{
	ptrdiff_t found = str_find(text, separator);

	if (found < 0) {
		*rest = str_range(NULL, 0);
		return text;
	}
	*rest = str_range(text.at + found + 1, text.len - (size_t)found - 1);
	return str_range(text.at, (size_t)found);
}

ptrdiff_t
str_find(struct str text, char c)
{
	const char *found = text.len ? memchr(text.at, c, text.len) : NULL;

	return found ? found - text.at : -1;
}

bool
str_to_u64(struct str text, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (text.len == 0)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		unsigned digit = (unsigned)(unsigned char)text.at[i] - '0';

		if (digit > 9 || digit > max || value > (max - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*ret = value;
	return true;
}

bool
str_is_utf8(struct str text)
{
	const char *at = text.at;
	const char *end = text.len ? at + text.len : at;

	while (at < end) {
		size_t len = (unsigned char)*at < 0x80 ? 1 : utf8_len(at, end);

		if (len == 0)
			return false;
		at += len;
	}
	return true;
}

static bool
is_control(unsigned char c)
{
	return c < 0x20 || c == 0x7f;
}

/* Of eight bytes at a time: a byte below n leaves its high bit set in (byte - n) & ~byte, and the first byte
 * to do so can't be wrong. Every header line passes here. */
static bool
has_control_8(const char *at)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
	uint64_t word, deleted;

	memcpy(&word, at, sizeof word);
	deleted = word ^ (ones * 0x7f);
	return ((((word - ones * 0x20) & ~word) | ((deleted - ones) & ~deleted)) & highs) != 0;
}

bool
str_has_control(struct str text)
{
	size_t i = 0;

	for (; i + 8 <= text.len; i += 8)
		if (has_control_8(text.at + i))
			return true;
	for (; i < text.len; i++)
		if (is_control((unsigned char)text.at[i]))
			return true;
	return false;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
str_percent_decode(struct str text, bool form, struct buf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];

		if (c == '%') {
			int high = text.len - i > 2 ? hex_digit(text.at[i + 1]) : -1;
			int low = high >= 0 ? hex_digit(text.at[i + 2]) : -1;

			if (low < 0)
				return false;
			c = (char)(high << 4 | low);
			i += 2;
		} else if (c == '+' && form) {
			c = ' ';
		}
		buf_put_char(out, c);
	}
	return true;
}

static bool
is_unreserved(char c)
{
	return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || c == '-' || c == '.' ||
		c == '_' || c == '~';
}

void
str_percent_encode(struct str text, struct buf *out)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];

		if (is_unreserved((char)c))
			buf_put_char(out, (char)c);
		else
			buf_put(out, (char[]){ '%', hex[c >> 4], hex[c & 15] }, 3);
	}
}

bool
str_eq_constant_time(struct str secret, struct str guess)
{
	volatile unsigned char differ = secret.len != guess.len;

	/* Always as long as the guess; with lengths that differ it is compared with itself. */
	if (differ)
		secret = guess;
	for (size_t i = 0; i < guess.len; i++)
		differ |= (unsigned char)(secret.at[i] ^ guess.at[i]);
	return !differ;
}
