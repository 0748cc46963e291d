#include "base/json.h"

#include <assert.h>
#include <string.h>

#include "base/json_bulk.h"
#include "base/utf8.h"

/* What may come next. In those up to DONE white space may come too. */
enum state {
	VALUE,
	FIRST_ELEMENT, /* a value or ']' */
	FIRST_NAME,    /* a name or '}' */
	NAME,
	COLON,
	AFTER_ELEMENT, /* ',' or ']' */
	AFTER_MEMBER,  /* ',' or '}' */
	DONE,
	IN_STRING,
	IN_CHARACTER, /* substate: enum utf8_state */
	IN_ESCAPE,    /* behind the backslash */
	IN_HEX,       /* substate: digits still to come */
	IN_NUMBER,    /* substate: enum number */
	IN_LITERAL,   /* substate: bytes already seen */
	BAD,
	STOPPED,
};

/* What of a number has been seen. */
enum number { MINUS, ZERO, INTEGER, POINT, FRACTION, EXPONENT, EXPONENT_SIGN, EXPONENT_DIGITS };

static const char *const literals[] = {
	[JSON_NULL] = "null",
	[JSON_FALSE] = "false",
	[JSON_TRUE] = "true",
};

static uint64_t
offset_of(const struct json_scan *scan, const char *at)
{
	return (uint64_t)(uintptr_t)at + scan->bias;
}

static const char *
fail(struct json_scan *scan, const char *at, const char *reason)
{
	scan->state = BAD;
	scan->reason = reason;
	return at;
}

/* -- marks ------------------------------------------------------------------ */

/* Called last in a step: the answer may change the state. */
static void
mark(struct json_scan *scan, enum json_event event, enum json_kind kind, uint64_t begin, uint64_t offset)
{
	struct json_mark what = {
		.event = event,
		.kind = kind,
		.depth = scan->depth,
		.begin = begin,
		.offset = offset,
	};

	if (scan->depth > scan->events_to_depth || !scan->on_mark)
		return;
	if (!scan->on_mark(scan->arg, &what)) {
		scan->state = STOPPED;
		scan->reason = "stopped by the receiver";
	}
}

static void
begin_scalar(struct json_scan *scan, const char *at, enum json_kind kind, enum state state)
{
	scan->kind = kind;
	scan->state = state;
	scan->begin = offset_of(scan, at);
	mark(scan, JSON_BEGIN, kind, scan->begin, scan->begin);
}

static void
end_scalar(struct json_scan *scan, uint64_t offset)
{
	scan->state = scan->after;
	mark(scan, JSON_END, scan->kind, scan->begin, offset);
}

/* -- scalars: each step goes on where the last piece ended ----------------------- */

static const char *
step_string(struct json_scan *scan, const char *at, const char *end)
{
	at = JSON_FIND(at, end, string_marks);
	if (at == end)
		return at;
	if (*at == '\\') {
		scan->state = IN_ESCAPE;
		return at + 1;
	}
	if (*at != '"') {
		if ((unsigned char)*at < 0x20)
			return fail(scan, at, "control character in a string, it must be escaped");
		scan->substate = UTF8_DONE;
		scan->state = IN_CHARACTER;
		return at;
	}
	at++;
	if (scan->is_name) {
		scan->is_name = false;
		scan->state = COLON;
		mark(scan, JSON_KEY, JSON_STRING, scan->begin, offset_of(scan, at));
	} else {
		end_scalar(scan, offset_of(scan, at));
	}
	return at;
}

/* A run of characters beyond ASCII. */
static const char *
step_character(struct json_scan *scan, const char *at, const char *end)
{
	enum utf8_state state = scan->substate;

	for (; at < end; at++) {
		uint8_t byte = (uint8_t)*at;

		if (state == UTF8_DONE) {
			if (byte < 0x80) {
				scan->state = IN_STRING;
				return at;
			}
			state = utf8_lead(byte);
		} else {
			state = utf8_tail(state, byte);
		}
		if (state == UTF8_BAD)
			return fail(scan, at, "invalid UTF-8 in a string");
	}
	scan->substate = state;
	return at;
}

static const char *
step_escape(struct json_scan *scan, const char *at)
{
	static const char escapes[] = "\"\\/bfnrt";

	if (*at == 'u') {
		scan->substate = 4;
		scan->state = IN_HEX;
	} else if (memchr(escapes, *at, sizeof escapes - 1)) {
		scan->state = IN_STRING;
	} else {
		return fail(scan, at, "unknown escape in a string");
	}
	return at + 1;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *
step_hex(struct json_scan *scan, const char *at, const char *end)
{
	for (; at < end && scan->substate > 0; at++, scan->substate--) {
		char folded = *at | 0x20;

		if (!is_digit(*at) && (folded < 'a' || folded > 'f'))
			return fail(scan, at, "\\u needs four hexadecimal digits");
	}
	if (scan->substate == 0)
		scan->state = IN_STRING;
	return at;
}

static const char *
begin_literal(struct json_scan *scan, const char *at, enum json_kind kind)
{
	scan->substate = 0;
	begin_scalar(scan, at, kind, IN_LITERAL);
	return at;
}

static const char *
step_literal(struct json_scan *scan, const char *at, const char *end)
{
	const char *literal = literals[scan->kind];

	for (; at < end && literal[scan->substate]; at++, scan->substate++) {
		if (*at != literal[scan->substate])
			return fail(scan, at, "expected true, false or null");
	}
	if (!literal[scan->substate])
		end_scalar(scan, offset_of(scan, at));
	return at;
}

/* -- numbers ---------------------------------------------------------------- */

static const struct number_rule {
	bool repeats;      /* digits go on */
	bool whole;        /* the number may end here */
	const char *wants; /* else: why it may not */
} number_rules[] = {
	[MINUS] = { false, false, "expected a digit after '-'" },
	[ZERO] = { false, true, NULL },
	[INTEGER] = { true, true, NULL },
	[POINT] = { false, false, "expected a digit after the decimal point" },
	[FRACTION] = { true, true, NULL },
	[EXPONENT] = { false, false, "expected a digit in the exponent" },
	[EXPONENT_SIGN] = { false, false, "expected a digit in the exponent" },
	[EXPONENT_DIGITS] = { true, true, NULL },
};

/* The state after <c>, or -1 if it cannot be part of the number. */
static int
number_next(enum number state, char c)
{
	switch (state) {
	case MINUS:
		return c == '0' ? ZERO : is_digit(c) ? INTEGER : -1;
	case INTEGER:
	case ZERO:
		return c == '.' ? POINT : (c | 0x20) == 'e' ? EXPONENT : -1;
	case POINT:
		return is_digit(c) ? FRACTION : -1;
	case FRACTION:
		return (c | 0x20) == 'e' ? EXPONENT : -1;
	case EXPONENT:
		return is_digit(c) ? EXPONENT_DIGITS : c == '-' || c == '+' ? EXPONENT_SIGN : -1;
	case EXPONENT_SIGN:
		return is_digit(c) ? EXPONENT_DIGITS : -1;
	case EXPONENT_DIGITS:
		return -1;
	}
	return -1;
}

static const char *
skip_digits(const char *at, const char *end)
{
	return JSON_FIND(at, end, nondigits);
}

static const char *
step_number(struct json_scan *scan, const char *at, const char *end)
{
	enum number state = scan->substate;

	while (at < end) {
		int next;

		if (number_rules[state].repeats)
			at = skip_digits(at, end);
		if (at == end)
			break;
		next = number_next(state, *at);
		if (next < 0) {
			if (!number_rules[state].whole)
				return fail(scan, at, number_rules[state].wants);
			if (state == ZERO && is_digit(*at))
				return fail(scan, at, "a number must not begin with a superfluous 0");
			end_scalar(scan, offset_of(scan, at));
			return at;
		}
		state = (enum number)next;
		at++;
	}
	scan->substate = state;
	return at;
}

/*
 * The position behind a number of which every byte is here, <at> on its first. NULL if the number is
 * cut, wrong or has an exponent: then step_number() goes through it byte by byte.
 */
static const char *
skip_plain_number(const char *at, const char *end)
{
	const char *digits = *at == '-' ? at + 1 : at;

	at = skip_digits(digits, end);
	if (at == digits || (*digits == '0' && at - digits > 1))
		return NULL;
	if (at < end && *at == '.') {
		digits = at + 1;
		at = skip_digits(digits, end);
		if (at == digits)
			return NULL;
	}
	return at < end && (*at | 0x20) != 'e' ? at : NULL;
}

static const char *
begin_number(struct json_scan *scan, const char *at, const char *end)
{
	const char *behind = skip_plain_number(at, end);

	scan->substate = *at == '-' ? MINUS : *at == '0' ? ZERO : INTEGER;
	begin_scalar(scan, at, JSON_NUMBER, IN_NUMBER);
	if (!behind || scan->state == STOPPED)
		return at + 1;
	end_scalar(scan, offset_of(scan, behind));
	return behind;
}

/* -- structure ---------------------------------------------------------------- */

static const char *
open_container(struct json_scan *scan, const char *at, enum json_kind kind)
{
	unsigned level = scan->depth;
	uint64_t begin = offset_of(scan, at);
	uint64_t bit = (uint64_t)1 << (level % 64);

	if (level == JSON_MAX_DEPTH)
		return fail(scan, at, "nested more than 512 levels deep");
	if (level < sizeof scan->begins / sizeof scan->begins[0])
		scan->begins[level] = begin;
	if (kind == JSON_OBJECT) {
		scan->nest[level / 64] |= bit;
		scan->state = FIRST_NAME;
		scan->after = AFTER_MEMBER;
	} else {
		scan->nest[level / 64] &= ~bit;
		scan->state = FIRST_ELEMENT;
		scan->after = AFTER_ELEMENT;
	}
	mark(scan, JSON_BEGIN, kind, begin, begin);
	scan->depth++;
	return at + 1;
}

/* What comes after a value depends on the container it is in. */
static enum state
state_after_value(const struct json_scan *scan)
{
	unsigned level = scan->depth - 1;

	if (scan->depth == 0)
		return DONE;
	return scan->nest[level / 64] >> (level % 64) & 1 ? AFTER_MEMBER : AFTER_ELEMENT;
}

static const char *
close_container(struct json_scan *scan, const char *at)
{
	enum json_kind kind = scan->after == AFTER_MEMBER ? JSON_OBJECT : JSON_ARRAY;
	unsigned level = --scan->depth;

	scan->after = state_after_value(scan);
	scan->state = scan->after;
	if (level < sizeof scan->begins / sizeof scan->begins[0])
		mark(scan, JSON_END, kind, scan->begins[level], offset_of(scan, at + 1));
	return at + 1;
}

static const char *
begin_value(struct json_scan *scan, const char *at, const char *end)
{
	switch (*at) {
	case '{':
		return open_container(scan, at, JSON_OBJECT);
	case '[':
		return open_container(scan, at, JSON_ARRAY);
	case '"':
		begin_scalar(scan, at, JSON_STRING, IN_STRING);
		return scan->state == IN_STRING ? step_string(scan, at + 1, end) : at;
	case 't':
		return begin_literal(scan, at, JSON_TRUE);
	case 'f':
		return begin_literal(scan, at, JSON_FALSE);
	case 'n':
		return begin_literal(scan, at, JSON_NULL);
	default:
		if (*at == '-' || is_digit(*at))
			return begin_number(scan, at, end);
		if (*at == '\xef' && offset_of(scan, at) == 0)
			return fail(scan, at, "a byte-order mark before the text");
		return fail(scan, at, "expected a value");
	}
}

static const char *
begin_name(struct json_scan *scan, const char *at, const char *end)
{
	if (*at != '"')
		return fail(scan, at, "expected a member name in double quotes");
	scan->is_name = true;
	scan->begin = offset_of(scan, at);
	scan->state = IN_STRING;
	return step_string(scan, at + 1, end);
}

static const char *
skip_blank(struct json_scan *scan, const char *at, const char *end)
{
	for (; at < end && (unsigned char)*at <= ' '; at++) {
		if (*at == '\n') {
			scan->line++;
			scan->line_start = offset_of(scan, at + 1);
		} else if (*at != ' ' && *at != '\t' && *at != '\r') {
			break;
		}
	}
	return at;
}

/* Up to the next value or name and through its beginning. */
static const char *
step_structure(struct json_scan *scan, const char *at, const char *end)
{
	enum state state = scan->state;

	for (at = skip_blank(scan, at, end); at < end; at = skip_blank(scan, at + 1, end)) {
		switch (state) {
		case FIRST_ELEMENT:
			if (*at == ']')
				return close_container(scan, at);
			return begin_value(scan, at, end);
		case VALUE:
			return begin_value(scan, at, end);
		case FIRST_NAME:
			if (*at == '}')
				return close_container(scan, at);
			return begin_name(scan, at, end);
		case NAME:
			return begin_name(scan, at, end);
		case COLON:
			if (*at != ':')
				return fail(scan, at, "expected ':' after a member name");
			state = VALUE;
			break;
		case AFTER_ELEMENT:
			if (*at == ']')
				return close_container(scan, at);
			if (*at != ',')
				return fail(scan, at, "expected ',' or ']' after an element");
			state = VALUE;
			break;
		case AFTER_MEMBER:
			if (*at == '}')
				return close_container(scan, at);
			if (*at != ',')
				return fail(scan, at, "expected ',' or '}' after a member");
			state = NAME;
			break;
		default:
			return fail(scan, at, "something follows the end of the JSON text");
		}
	}
	scan->state = state;
	return at;
}

static const char *
step(struct json_scan *scan, const char *at, const char *end)
{
	switch ((enum state)scan->state) {
	case IN_STRING:
		return step_string(scan, at, end);
	case IN_CHARACTER:
		return step_character(scan, at, end);
	case IN_ESCAPE:
		return step_escape(scan, at);
	case IN_HEX:
		return step_hex(scan, at, end);
	case IN_NUMBER:
		return step_number(scan, at, end);
	case IN_LITERAL:
		return step_literal(scan, at, end);
	default:
		return step_structure(scan, at, end);
	}
}

/* -- the interface -------------------------------------------------------------- */

void
json_scan_init(struct json_scan *scan, unsigned events_to_depth, json_mark_fn *on_mark, void *arg)
{
	assert(events_to_depth < sizeof scan->begins / sizeof scan->begins[0]);
	*scan = (struct json_scan){
		.on_mark = on_mark,
		.arg = arg,
		.events_to_depth = events_to_depth,
		.state = VALUE,
		.after = DONE,
		.line = 1,
	};
}

static enum json_status
status_of(const struct json_scan *scan)
{
	switch ((enum state)scan->state) {
	case DONE:
		return JSON_DONE;
	case BAD:
		return JSON_BAD;
	case STOPPED:
		return JSON_STOPPED;
	default:
		return JSON_MORE;
	}
}

enum json_status
json_scan_feed(struct json_scan *scan, const char *data, size_t len)
{
	const char *at = data;
	const char *end;

	if (len > 0 && scan->state < BAD) {
		end = data + len;
		scan->bias = scan->offset - (uint64_t)(uintptr_t)data;
		while (at < end && scan->state < BAD)
			at = step(scan, at, end);
		scan->offset = offset_of(scan, at);
	}
	return status_of(scan);
}

static const char *
reason_of_end(const struct json_scan *scan)
{
	const char *wants = scan->state == IN_NUMBER ? number_rules[scan->substate].wants : NULL;

	if (wants)
		return wants;
	switch ((enum state)scan->state) {
	case IN_STRING:
	case IN_CHARACTER:
	case IN_ESCAPE:
	case IN_HEX:
		return "the text ends inside a string";
	case IN_LITERAL:
		return "expected true, false or null";
	default:
		break;
	}
	if (scan->depth == 0)
		return "the text is empty";
	if (scan->after == AFTER_MEMBER)
		return "the text ends inside an object";
	return "the text ends inside an array";
}

enum json_status
json_scan_end(struct json_scan *scan)
{
	if (scan->state == IN_NUMBER && scan->depth == 0 && number_rules[scan->substate].whole)
		end_scalar(scan, scan->offset);
	else if (scan->state != DONE && scan->state < BAD)
		fail(scan, NULL, reason_of_end(scan));
	return status_of(scan);
}

void
json_scan_error(const struct json_scan *scan, struct json_error *ret)
{
	*ret = (struct json_error){
		.offset = scan->offset,
		.line = scan->line,
		.column = scan->offset - scan->line_start + 1,
		.reason = scan->reason ? scan->reason : "no error",
	};
}

bool
json_valid(const char *data, size_t len, struct json_error *ret)
{
	struct json_scan scan;
	bool valid;

	json_scan_init(&scan, 0, NULL, NULL);
	json_scan_feed(&scan, data, len);
	valid = json_scan_end(&scan) == JSON_DONE;
	if (ret)
		json_scan_error(&scan, ret);
	return valid;
}
