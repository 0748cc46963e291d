#include "daemon/trace.h"

#include <string.h>

/* Where the parts of a traceparent are. */
enum { ID_AT = 3, ID_BYTES = 16, SPAN_AT = 36, SPAN_BYTES = 8, FLAGS_AT = 53 };

static const char hex[] = "0123456789abcdef";

/* -1: no digit. Capitals are none: the standard wants small ones. */
static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* <count> digits, not all of them 0. */
static bool
is_id(const char *at, size_t count)
{
	bool is_zero = true;

	for (size_t i = 0; i < count; i++) {
		if (digit(at[i]) < 0)
			return false;
		is_zero = is_zero && at[i] == '0';
	}
	return !is_zero;
}

/* Of a later version we know the beginning, and that more may follow after a dash. */
static bool
is_known_form(struct str text)
{
	if (text.len < TRACE_PARENT_BYTES || digit(text.at[0]) < 0 || digit(text.at[1]) < 0)
		return false;
	if (memcmp(text.at, "ff", 2) == 0)
		return false;
	if (memcmp(text.at, "00", 2) == 0)
		return text.len == TRACE_PARENT_BYTES;
	return text.len == TRACE_PARENT_BYTES || text.at[TRACE_PARENT_BYTES] == '-';
}

static bool
is_parent(struct str text)
{
	return is_known_form(text) && text.at[ID_AT - 1] == '-' && text.at[SPAN_AT - 1] == '-' &&
		text.at[FLAGS_AT - 1] == '-' && is_id(text.at + ID_AT, 2 * ID_BYTES) &&
		is_id(text.at + SPAN_AT, 2 * SPAN_BYTES) && digit(text.at[FLAGS_AT]) >= 0 &&
		digit(text.at[FLAGS_AT + 1]) >= 0;
}

/* That all of it is zero, which is no id, need not be feared. */
static void
put_id(char *at, size_t bytes, struct request_ids *ids)
{
	const unsigned char *random = request_id_random(ids, bytes);

	for (size_t i = 0; i < bytes; i++) {
		at[2 * i] = hex[random[i] >> 4];
		at[2 * i + 1] = hex[random[i] & 15];
	}
}

static void
put_span(struct trace *trace, struct request_ids *ids)
{
	memcpy(trace->parent, "00-", ID_AT);
	trace->parent[SPAN_AT - 1] = trace->parent[FLAGS_AT - 1] = '-';
	put_id(trace->parent + SPAN_AT, SPAN_BYTES, ids);
	trace->parent[TRACE_PARENT_BYTES] = '\0';
}

void
trace_begin(struct trace *trace, struct request_ids *ids)
{
	put_id(trace->parent + ID_AT, ID_BYTES, ids);
	memcpy(trace->parent + FLAGS_AT, "00", 2);
	put_span(trace, ids);
	trace->state = NULL;
}

void
trace_continue(struct trace *trace, const struct trace_fields *fields, struct request_ids *ids)
{
	if (fields->parents != 1 || !is_parent(fields->parent)) {
		trace_begin(trace, ids);
		return;
	}
	memcpy(trace->parent + ID_AT, fields->parent.at + ID_AT, 2 * ID_BYTES);
	/* Of the flags the standard names the last two, and wants the others cleared. */
	trace->parent[FLAGS_AT] = '0';
	trace->parent[FLAGS_AT + 1] = hex[digit(fields->parent.at[FLAGS_AT + 1]) & 3];
	put_span(trace, ids);
	trace->state = fields->state.at;
}

/* ---- the head ---- */

static bool
is_printable(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((text.at[i] < ' ' && text.at[i] != '\t') || text.at[i] > '~')
			return false;
	return true;
}

/* The list may be cut into several fields, whose order counts. */
static void
take_state(struct trace_fields *fields, struct str value)
{
	char *text;

	if (value.len == 0 || fields->state.len + value.len >= TRACE_STATE_MAX || !is_printable(value))
		return;
	if (fields->state.at)
		text = arena_printf(fields->arena, "%s,%.*s", fields->state.at, STR_ARG(value));
	else
		text = arena_printf(fields->arena, "%.*s", STR_ARG(value));
	if (text)
		fields->state = str_of(text);
}

void
trace_take(void *arg, struct str name, struct str value)
{
	struct trace_fields *fields = arg;

	if (name.len == 11 && str_eq_nocase(name, STR("traceparent"))) {
		fields->parent = value;
		fields->parents++;
	} else if (name.len == 10 && str_eq_nocase(name, STR("tracestate"))) {
		take_state(fields, value);
	}
}
