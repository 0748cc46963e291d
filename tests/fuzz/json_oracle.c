#include "tests/fuzz/json_oracle.h"

#include <json-c/json.h>
#include <string.h>

#include "base/json.h"
#include "tests/fuzz/fuzz.h"

bool
oracle_accepts(const char *data, size_t len)
{
	/* One level more than we allow, because json-c counts a scalar as a level. */
	struct json_tokener *tokener = json_tokener_new_ex(JSON_MAX_DEPTH + 1);
	struct json_object *tree;
	bool accepts;
	char *copy = malloc(len + 1);

	FUZZ_REQUIRE(tokener && copy, "out of memory");
	memcpy(copy, data, len);
	copy[len] = '\0'; /* fed too: it ends a number at top level */
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	tree = json_tokener_parse_ex(tokener, copy, (int)len + 1);
	accepts = json_tokener_get_error(tokener) == json_tokener_success;
	json_object_put(tree);
	json_tokener_free(tokener);
	free(copy);
	return accepts;
}

/* -- looking and changing ------------------------------------------------------- */

/* The byte at <at>, 0 outside. */
static char
byte(const struct oracle_text *text, size_t at)
{
	return at < text->len ? text->data[at] : 0;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
says(const struct oracle_text *text, size_t at, const char *word)
{
	size_t len = strlen(word);

	return at <= text->len && len <= text->len - at && memcmp(text->data + at, word, len) == 0;
}

static bool
replace(struct oracle_text *text, size_t at, size_t len, const char *with)
{
	size_t with_len = strlen(with);

	FUZZ_REQUIRE(text->len - len + with_len <= sizeof text->data, "a repair does not fit");
	memmove(text->data + at + with_len, text->data + at + len, text->len - at - len);
	memcpy(text->data + at, with, with_len);
	text->len = text->len - len + with_len;
	return true;
}

/* -- the leniencies: true if it was this one, and is repaired -------------------------- */

static bool
repair_control(struct oracle_text *text, size_t at)
{
	return (unsigned char)byte(text, at) < 0x20 && replace(text, at, 1, "x");
}

static bool
repair_not_a_number(struct oracle_text *text, size_t at)
{
	return says(text, at, "NaN") && replace(text, at, 3, "true");
}

static bool
repair_infinity(struct oracle_text *text, size_t at)
{
	return says(text, at, "Infinity") && replace(text, at, 8, "true");
}

static bool
repair_minus_infinity(struct oracle_text *text, size_t at)
{
	return says(text, at, "Infinity") && replace(text, at - 1, 9, "true");
}

/* "-.5" and "1.": json-c asks strtod(), which wants a digit on one side of the point only. */
static bool
repair_bare_point_before(struct oracle_text *text, size_t at)
{
	return byte(text, at) == '.' && is_digit(byte(text, at + 1)) && replace(text, at, 0, "0");
}

static bool
repair_bare_point_behind(struct oracle_text *text, size_t at)
{
	return at >= 2 && byte(text, at - 1) == '.' && is_digit(byte(text, at - 2)) &&
		replace(text, at, 0, "0");
}

/* Zeros in front are refused only in a positive integer other than 0. <at> is behind the first 0. */
static bool
repair_leading_zero(struct oracle_text *text, size_t at)
{
	bool excused = at >= 2 && byte(text, at - 2) == '-';
	bool all_zero = true;

	for (size_t i = at; is_digit(byte(text, i)) || (byte(text, i) && strchr(".eE", byte(text, i))); i++) {
		excused = excused || !is_digit(byte(text, i));
		all_zero = all_zero && byte(text, i) == '0';
	}
	return (excused || all_zero) && replace(text, at - 1, 1, "");
}

/* A member name in single quotes, up to its closing quote. Double quotes within become letters. */
static bool
repair_single_quotes(struct oracle_text *text, size_t at)
{
	size_t end = at + 1;

	if (byte(text, at) != '\'')
		return false;
	while (end < text->len && text->data[end] != '\'') {
		if (text->data[end] == '"')
			text->data[end] = 'x';
		end += text->data[end] == '\\' ? 2 : 1;
	}
	if (end >= text->len)
		return false;
	text->data[at] = '"';
	text->data[end] = '"';
	return true;
}

/* Only the shape of UTF-8 is looked at: overlong forms, surrogates and what is above U+10FFFF pass. */
static bool
repair_utf8(struct oracle_text *text, size_t at)
{
	size_t lead = at > 0 && ((unsigned char)byte(text, at) & 0xc0) == 0x80 ? at - 1 : at;
	unsigned char first = (unsigned char)byte(text, lead);
	size_t tails = first >> 5 == 6 ? 1 : first >> 4 == 14 ? 2 : first >> 3 == 30 ? 3 : 0;

	if (tails == 0)
		return false;
	for (size_t i = 1; i <= tails; i++) {
		if (((unsigned char)byte(text, lead + i) & 0xc0) != 0x80)
			return false;
	}
	memset(text->data + lead, 'x', tails + 1);
	return true;
}

/* An empty container does not count as a level. */
static bool
repair_empty_container(struct oracle_text *text, size_t at)
{
	char close = byte(text, at) == '{' ? '}' : ']';
	size_t end = at + 1;

	while (byte(text, end) && strchr(" \t\r\n", byte(text, end)))
		end++;
	return byte(text, end) == close && replace(text, at, end + 1 - at, "true");
}

static const struct leniency {
	const char *reason; /* the scanner's words contain this */
	bool (*repair)(struct oracle_text *text, size_t at);
} leniencies[] = {
	{ "control character in a string", repair_control },
	{ "expected a value", repair_not_a_number },
	{ "expected a value", repair_infinity },
	{ "expected a digit after '-'", repair_minus_infinity },
	{ "expected a digit after '-'", repair_bare_point_before },
	{ "expected a digit after the decimal point", repair_bare_point_behind },
	{ "superfluous 0", repair_leading_zero },
	{ "expected a member name", repair_single_quotes },
	{ "invalid UTF-8", repair_utf8 },
	{ "nested more than", repair_empty_container },
};

bool
oracle_repair(struct oracle_text *text, size_t offset, const char *reason)
{
	for (size_t i = 0; i < sizeof leniencies / sizeof leniencies[0]; i++) {
		if (strstr(reason, leniencies[i].reason) && leniencies[i].repair(text, offset))
			return true;
	}
	return false;
}
