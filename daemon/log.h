/*
 * The log: one line an event, JSON or text, to a descriptor, or as an entry to the systemd journal; for the
 * flow (level 3 and up).
 *
 * A line is built on the stack and put into the thread's own buffer, which log_flush() (called once an
 * iteration of the thread's loop, and before the thread ends) writes. It never blocks: a reader that does not
 * read, a full disk, a closed pipe or a journal that is away cost log lines, which are counted, not requests;
 * as soon as writing works again, a line "log_dropped" says how many this thread lost. Bytes from outside are
 * escaped and cut at 256.
 *
 * The sink and the level are process-wide, and the sink is set before threads start (until then: JSON on
 * standard error, level info); the rest is per thread. SIGPIPE must be ignored by the program.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum log_level { LOG_ERROR_LEVEL, LOG_WARN_LEVEL, LOG_INFO_LEVEL, LOG_DEBUG_LEVEL };
enum log_format { LOG_JSON, LOG_TEXT, LOG_JOURNAL };

struct log_options {
	enum log_level level;
	enum log_format format;
	const char *file; /* NULL: standard error; for LOG_JOURNAL its socket, NULL: the usual; copied */
};
/* False with errno set: the file cannot be opened, and the log is as it was. A journal need not be there. */
bool log_open(const struct log_options *options);
/* After the file was renamed (SIGUSR1); keeps the old one if that fails (false, errno). Any thread. */
bool log_reopen(void);
void log_close(void); /* flushes the calling thread's lines; then the log is as before log_open() */
bool log_level_parse(const char *name, enum log_level *ret);
bool log_on(enum log_level level);
void log_set_level(enum log_level level); /* any thread, any time */
/* Writes what this thread has gathered. Lines at warn and error level are written at once. */
void log_flush(void);
uint64_t log_dropped(void); /* lines lost so far, all threads */

/* A line under way; its fields are log.c's own. */
struct log_line {
	bool on;
	bool text;
	bool cut; /* a field did not fit and was left out */
	enum log_level level;
	unsigned len;
	char at[4000]; /* less than PIPE_BUF: a line goes into a pipe whole or not at all */
};
/* Starts with time, level and event. Fields may follow; nothing is done if the level is off. */
void log_begin(struct log_line *line, enum log_level level, const char *event);
/* Escaped, cut; absent (at == NULL) gives null. */
void log_str(struct log_line *line, const char *key, struct str value);
void log_text(struct log_line *line, const char *key, const char *value); /* the same for C strings */
void log_long(struct log_line *line, const char *key, const char *value); /* cut at 3000, for the one field */
void log_int(struct log_line *line, const char *key, int64_t value);
/* As milliseconds with three decimals; negative: null. */
void log_ms(struct log_line *line, const char *key, int64_t microseconds);
void log_end(struct log_line *line);

/* For the common case: an event and one sentence. */
void log_say(enum log_level level, const char *event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
