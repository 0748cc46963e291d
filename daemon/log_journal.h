/*
 * Entries of the systemd journal, in its native protocol. An entry is made of a finished JSON line, so that
 * both say the same: every member becomes a field CSPARKD_NAME, and PRIORITY, SYSLOG_IDENTIFIER, MESSAGE_ID
 * and a MESSAGE for people come in addition. What was escaped in the line for being no text stays escaped; so
 * no value has a line break, and the plain form of the protocol does for all. Pure, but for the question
 * after standard error.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

#define LOG_JOURNAL_SOCKET "/run/systemd/journal/socket"

/* Whether standard error leads to the journal, as $JOURNAL_STREAM says. */
bool log_journal_has_stderr(void);

enum { LOG_JOURNAL_MAX = 12288 };
/* The fields, a line each, and an empty line as the entry's end. Gives the length; what does not fit is
 * missing. */
size_t log_journal_entry(struct str json, char ret[LOG_JOURNAL_MAX]);
