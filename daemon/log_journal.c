#include "daemon/log_journal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json_text.h"

enum { END_BYTES = 2, MESSAGE_MAX = 4096, KEY_MAX = 60 };

static const struct event {
	const char *name, *id;
} EVENTS[] = {
#define X(name, id, meaning) { name, id },
#include "daemon/log_event.def"
#undef X
};

/* Of requests the message tells only this; the fields tell all. */
static const char *const SHOWN[] = { "method", "route", "folder", "service", "status", "code", "ms_total" };

bool
log_journal_has_stderr(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
		fstat(STDERR_FILENO, &status) == 0 && device == status.st_dev && inode == status.st_ino;
}

/* ---- text in bounds ---- */

struct text {
	char *at;
	size_t len, max;
};

/* All or nothing. */
static bool
put(struct text *text, struct str what)
{
	if (what.len > text->max - text->len)
		return false;
	memcpy(text->at + text->len, what.at, what.len);
	text->len += what.len;
	return true;
}

static struct str
plain(struct str quoted)
{
	return quoted.len >= 2 ? str_range(quoted.at + 1, quoted.len - 2) : STR("");
}

/* A JSON value as text: without its quotes, and without the escapes of what may stand there as it is. */
static bool
put_value(struct text *text, struct str raw)
{
	struct str rest = plain(raw);
	const char *escape;

	if (raw.at[0] != '"')
		return put(text, raw);
	while ((escape = memchr(rest.at, '\\', rest.len))) {
		size_t len = (size_t)(escape - rest.at), drop = escape[1] == '"' || escape[1] == '\\';

		if (!put(text, str_range(rest.at, len)) || !put(text, str_range(escape + drop, 1)))
			return false;
		rest = str_range(escape + drop + 1, rest.len - len - drop - 1);
	}
	return put(text, rest);
}

/* ---- fields ---- */

static const struct event *
find_event(struct str name)
{
	for (size_t i = 0; i < sizeof EVENTS / sizeof *EVENTS; i++)
		if (str_eq(name, str_of(EVENTS[i].name)))
			return &EVENTS[i];
	return NULL;
}

/* A field that does not fit is left out. */
static void
put_field(struct text *out, const char *name, struct str raw)
{
	size_t before = out->len;

	if (!put(out, str_of(name)) || !put(out, STR("=")) || !put_value(out, raw) || !put(out, STR("\n")))
		out->len = before;
}

static void
put_own_field(struct text *out, struct str key, struct str raw)
{
	char name[8 + KEY_MAX + 1] = "CSPARKD_";
	size_t len = key.len < KEY_MAX ? key.len : KEY_MAX;

	for (size_t i = 0; i < len; i++)
		name[8 + i] = (char)toupper((unsigned char)key.at[i]);
	put_field(out, name, raw);
}

/* syslog's numbers. */
static struct str
priority_of(struct str level)
{
	static const char *const levels[][2] = {
		{ "error", "3" }, { "warn", "4" }, { "info", "6" }, { "debug", "7" }
	};

	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
		if (str_eq(level, str_of(levels[i][0])))
			return str_of(levels[i][1]);
	return STR("5");
}

/* ---- the message ---- */

static bool
is_shown(struct str key, bool is_access)
{
	if (!is_access)
		return true;
	for (size_t i = 0; i < sizeof SHOWN / sizeof *SHOWN; i++)
		if (str_eq(key, str_of(SHOWN[i])))
			return true;
	return false;
}

static void
put_in_message(struct text *message, struct str key, struct str raw)
{
	size_t before = message->len;
	bool is_sentence = str_eq(key, STR("message"));
	bool ok = put(message, is_sentence ? STR(": ") : STR(" "));

	if (!is_sentence)
		ok = ok && put(message, key) && put(message, STR("="));
	if (!ok || !put_value(message, raw))
		message->len = before;
}

/* ---- the entry ---- */

struct entry {
	struct text fields, message;
	bool is_access;
};

static void
take_event(struct entry *entry, struct str raw)
{
	const struct event *event = find_event(plain(raw));

	entry->is_access = str_eq(plain(raw), STR("access"));
	put_value(&entry->message, raw);
	if (event)
		put_field(&entry->fields, "MESSAGE_ID", str_of(event->id));
	put_field(&entry->fields, "CSPARKD_EVENT", raw);
}

/* Time, level and event come first in a line. */
static void
take(struct entry *entry, struct str key, struct str raw)
{
	if (str_eq(key, STR("time")) || json_is_null(raw))
		return;
	if (str_eq(key, STR("level"))) {
		put_field(&entry->fields, "PRIORITY", priority_of(plain(raw)));
	} else if (str_eq(key, STR("event"))) {
		take_event(entry, raw);
	} else {
		put_own_field(&entry->fields, key, raw);
		if (is_shown(key, entry->is_access))
			put_in_message(&entry->message, key, raw);
	}
}

size_t
log_journal_entry(struct str json, char ret[LOG_JOURNAL_MAX])
{
	char message[MESSAGE_MAX];
	struct entry entry = { .fields = { ret, 0, LOG_JOURNAL_MAX - MESSAGE_MAX - 64 },
		.message = { message, 0, sizeof message } };
	struct json_walk walk;
	struct str key, raw;

	put_field(&entry.fields, "SYSLOG_IDENTIFIER", STR("csparkd"));
	json_walk_init(&walk, json);
	while (json_walk_next(&walk, &key, &raw))
		take(&entry, plain(key), raw);
	entry.fields.max = LOG_JOURNAL_MAX - END_BYTES;
	put(&entry.fields, STR("MESSAGE="));
	put(&entry.fields, str_range(message, entry.message.len));
	memcpy(ret + entry.fields.len, "\n\n", END_BYTES);
	return entry.fields.len + END_BYTES;
}
