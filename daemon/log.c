#include "daemon/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/utf8.h"
#include "daemon/log_journal.h"
#include "daemon/log_sink.h"

enum {
	VALUE_MAX_BYTES = 256,
	SENTENCE_MAX_BYTES = 1024,
	LONG_MAX_BYTES = 3000,
	END_BYTES = 16, /* kept free for the end: ,"cut":true}\n */
};

static const char *const level_names[] = { "error", "warn", "info", "debug" };
static const char *const level_colours[] = { "\033[31m", "\033[33m", "\033[32m", "\033[2m" };

bool
log_level_parse(const char *name, enum log_level *ret)
{
	for (unsigned i = 0; i < sizeof(level_names) / sizeof(*level_names); i++)
		if (strcmp(name, level_names[i]) == 0) {
			*ret = (enum log_level)i;
			return true;
		}
	return false;
}

/* ---- bytes ---- */

static bool
has_room(const struct log_line *line, size_t bytes)
{
	return line->len + bytes + END_BYTES <= sizeof(line->at);
}

static void
put(struct log_line *line, const char *text, size_t len)
{
	memcpy(line->at + line->len, text, len);
	line->len += (unsigned)len;
}

static void
put_digits(char *at, unsigned count, uint64_t value)
{
	while (count-- > 0) {
		at[count] = (char)('0' + value % 10);
		value /= 10;
	}
}

static void
put_u64(struct log_line *line, uint64_t value)
{
	unsigned count = 1;

	for (uint64_t rest = value; rest >= 10; rest /= 10)
		count++;
	put_digits(line->at + line->len, count, value);
	line->len += count;
}

/* ---- escaping ---- */

/* What a byte needs: 0 nothing, 1 an escape, 2 a look at the bytes that follow (not ASCII). */
static const uint8_t needs[256] = {
	[0 ... 31] = 1, ['"'] = 1, ['\\'] = 1, [127] = 1, [128 ... 255] = 2,
};

static unsigned
put_escape(char *out, unsigned code)
{
	static const char hex[] = "0123456789abcdef";

	if (code == '"' || code == '\\') {
		out[0] = '\\';
		out[1] = (char)code;
		return 2;
	}
	memcpy(out, "\\u", 2);
	for (int i = 0; i < 4; i++)
		out[2 + i] = hex[code >> (12 - 4 * i) & 15];
	return 6;
}

/* One character that is not plain ASCII: as it is if it is UTF-8 and no control (U+0080..U+009F), else
 * escaped. */
static size_t
put_character(struct log_line *line, const char *at, const char *end)
{
	size_t bytes = utf8_len(at, end);

	if (bytes == 0) {
		line->len += put_escape(line->at + line->len, 0xfffd);
		return 1;
	}
	if ((unsigned char)at[0] == 0xc2 && (unsigned char)at[1] < 0xa0)
		line->len += put_escape(line->at + line->len, (unsigned char)at[1]);
	else
		put(line, at, bytes);
	return bytes;
}

/* The text in quotes; cut behind <max> bytes, then with "..." at its end. Needs room: see put_value(). */
static void
put_quoted(struct log_line *line, struct str text, size_t max)
{
	bool is_cut = text.len > max;
	const char *at = text.at, *end = text.at + (is_cut ? max : text.len);

	line->at[line->len++] = '"';
	while (at < end && has_room(line, 16)) {
		unsigned char c = (unsigned char)*at;

		if (needs[c] == 0) {
			line->at[line->len++] = *at++;
		} else if (needs[c] == 1) {
			line->len += put_escape(line->at + line->len, c);
			at++;
		} else if (is_cut && end - at < 4) {
			break; /* perhaps only the beginning of a character */
		} else {
			at += put_character(line, at, end);
		}
	}
	if (is_cut || at < end)
		put(line, "...", 3);
	line->at[line->len++] = '"';
}

/* In text lines quotes are only where they help. */
static bool
is_word(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (needs[(unsigned char)text.at[i]] != 0 || text.at[i] == ' ' || text.at[i] == '=')
			return false;
	return text.len > 0 && text.len <= VALUE_MAX_BYTES;
}

/* ---- fields ---- */

/* The key and what separates; false if there is no room for it and <bytes> of value. */
static bool
put_key(struct log_line *line, const char *key, size_t bytes)
{
	size_t len = strlen(key);

	if (!line->on)
		return false;
	if (!has_room(line, len + bytes + 8)) {
		line->cut = true;
		return false;
	}
	put(line, line->text ? " " : ",\"", line->text ? 1 : 2);
	put(line, key, len);
	put(line, line->text ? "=" : "\":", line->text ? 1 : 2);
	return true;
}

static void
put_null(struct log_line *line)
{
	put(line, line->text ? "-" : "null", line->text ? 1 : 4);
}

static void
put_value(struct log_line *line, const char *key, struct str value, size_t max)
{
	size_t shown = value.len < max ? value.len : max;

	if (!put_key(line, key, shown + 8))
		return;
	if (!value.at)
		put_null(line);
	else if (line->text && is_word(value))
		put(line, value.at, value.len);
	else
		put_quoted(line, value, max);
}

void
log_str(struct log_line *line, const char *key, struct str value)
{
	put_value(line, key, value, VALUE_MAX_BYTES);
}

void
log_text(struct log_line *line, const char *key, const char *value)
{
	put_value(line, key, str_of(value), VALUE_MAX_BYTES);
}

void
log_long(struct log_line *line, const char *key, const char *value)
{
	put_value(line, key, str_of(value), LONG_MAX_BYTES);
}

void
log_int(struct log_line *line, const char *key, int64_t value)
{
	if (!put_key(line, key, 20))
		return;
	if (value < 0)
		line->at[line->len++] = '-';
	put_u64(line, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

void
log_ms(struct log_line *line, const char *key, int64_t microseconds)
{
	if (!put_key(line, key, 24))
		return;
	if (microseconds < 0) {
		put_null(line);
		return;
	}
	put_u64(line, (uint64_t)microseconds / 1000);
	line->at[line->len++] = '.';
	put_digits(line->at + line->len, 3, (uint64_t)microseconds % 1000);
	line->len += 3;
}

/* ---- the line ---- */

/* RFC 3339 in UTC, 24 bytes. The date is computed once a second. */
static void
put_time(struct log_line *line)
{
	static __thread time_t second = -1;
	static __thread char text[] = "1970-01-01T00:00:00.000Z";
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (now.tv_sec != second) {
		struct tm utc;

		gmtime_r(&now.tv_sec, &utc);
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S.000Z", &utc);
		second = now.tv_sec;
	}
	put_digits(text + 20, 3, (uint64_t)now.tv_nsec / 1000000);
	put(line, text, sizeof(text) - 1);
}

static void
begin_text(struct log_line *line, const char *event)
{
	static const char blanks[] = "     ";
	const char *level = level_names[line->level];
	bool colour = log_sink_is_coloured();

	put_time(line);
	put(line, " ", 1);
	if (colour)
		put(line, level_colours[line->level], strlen(level_colours[line->level]));
	put(line, level, strlen(level));
	if (colour)
		put(line, "\033[0m", 4);
	put(line, blanks, 6 - strlen(level));
	put(line, event, strlen(event));
}

static void
begin_json(struct log_line *line, const char *event)
{
	const char *level = level_names[line->level];

	put(line, "{\"time\":\"", 9);
	put_time(line);
	put(line, "\",\"level\":\"", 11);
	put(line, level, strlen(level));
	put(line, "\",\"event\":\"", 11);
	put(line, event, strlen(event));
	put(line, "\"", 1);
}

void
log_begin(struct log_line *line, enum log_level level, const char *event)
{
	line->on = log_on(level);
	if (!line->on)
		return;
	line->level = level;
	line->text = log_sink_format() == LOG_TEXT;
	line->cut = false;
	line->len = 0;
	if (line->text)
		begin_text(line, event);
	else
		begin_json(line, event);
}

static void
put_away(const struct log_line *line)
{
	char entry[LOG_JOURNAL_MAX];

	if (log_sink_format() == LOG_JOURNAL)
		log_sink_put(entry, log_journal_entry(str_range(line->at, line->len), entry));
	else
		log_sink_put(line->at, line->len);
}

void
log_end(struct log_line *line)
{
	if (!line->on)
		return;
	if (line->cut)
		put(line, line->text ? " cut=true" : ",\"cut\":true", line->text ? 9 : 11);
	put(line, line->text ? "\n" : "}\n", line->text ? 1 : 2);
	put_away(line);
	if (line->level <= LOG_WARN_LEVEL)
		log_flush();
}

void
log_say(enum log_level level, const char *event, const char *format, ...)
{
	struct log_line line;
	char text[SENTENCE_MAX_BYTES + 1];
	va_list args;

	if (!log_on(level))
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	log_begin(&line, level, event);
	put_value(&line, "message", str_of(text), SENTENCE_MAX_BYTES);
	log_end(&line);
}
