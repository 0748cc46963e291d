#include "sim/history.h"

#include "base/json_text.h"
#include "sim/calculation.h"
#include "sim/member.h"

#include <stdio.h>
#include <stdlib.h>

void
history_init(struct history *history, bool off)
{
	*history = (struct history){ .off = off };
	list_init(&history->records);
}

static size_t
record_bytes(const struct record *record)
{
	return sizeof(*record) + record->inputs.cap + record->outputs.cap + record->warnings.cap +
		record->errors.cap;
}

static void
drop_oldest(struct history *history)
{
	struct record *record = LIST_ITEM(list_pop(&history->records), struct record, node);

	history->count--;
	history->bytes -= record_bytes(record);
	record_free(record);
}

void
history_clear(struct history *history)
{
	while (!list_empty(&history->records))
		drop_oldest(history);
}

static void
enlist(struct buf *ret, const struct buf *values)
{
	buf_init(ret, values->len + 2);
	buf_put_char(ret, '[');
	buf_put_str(ret, buf_text(values));
	buf_put_char(ret, ']');
}

/* A text too long for its place is cut rather than lost. */
static void
read_label(struct str meta, const char *name, const char *usual, char *ret, size_t max)
{
	if (!member_text(meta, name, ret, max))
		snprintf(ret, max, "%.*s", (int)max - 1, "(too long)");
	if (!ret[0])
		snprintf(ret, max, "%s", usual);
}

struct record *
record_new(const struct calculation *calc, struct str meta, bool v4)
{
	struct record *record = calloc(1, sizeof(*record));

	if (!record)
		abort();
	memcpy(record->call_id, calc->call_id, sizeof(record->call_id));
	memcpy(record->time, calc->timestamp, sizeof(record->time));
	record->callee = calc->callee;
	record->v4 = v4;
	record->count = calc->count;
	record->ms = calc->ms;
	read_label(meta, "call_purpose", v4 ? "Sync Batch Execution" : "Single Execution", record->purpose,
		sizeof(record->purpose));
	read_label(meta, "source_system", "", record->source, sizeof(record->source));
	read_label(meta, "correlation_id", "", record->correlation, sizeof(record->correlation));
	enlist(&record->inputs, &calc->inputs);
	enlist(&record->outputs, &calc->outputs);
	enlist(&record->warnings, &calc->warnings);
	enlist(&record->errors, &calc->errors);
	return record;
}

void
record_free(struct record *record)
{
	if (!record)
		return;
	buf_fini(&record->inputs);
	buf_fini(&record->outputs);
	buf_fini(&record->warnings);
	buf_fini(&record->errors);
	free(record);
}

void
history_add(struct history *history, struct record *record)
{
	list_append(&history->records, &record->node);
	history->count++;
	history->bytes += record_bytes(record);
	while (history->count > HISTORY_MAX_RECORDS || history->bytes > HISTORY_MAX_BYTES)
		drop_oldest(history);
}

struct record *
history_find(const struct history *history, struct str call_id)
{
	struct list *at;

	for (at = history->records.prev; at != &history->records; at = at->prev)
		if (str_eq_nocase(call_id, str_of(LIST_ITEM(at, struct record, node)->call_id)))
			return LIST_ITEM(at, struct record, node);
	return NULL;
}

struct str
record_at(const struct buf *list, unsigned index)
{
	struct str value = { NULL, 0 };
	struct json_walk walk;
	unsigned i;

	json_walk_init(&walk, buf_text(list));
	for (i = 0; i <= index; i++)
		if (!json_walk_next(&walk, NULL, &value))
			return (struct str){ NULL, 0 };
	return value;
}
