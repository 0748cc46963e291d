/*
 * Where log lines go: a buffer for each thread, a descriptor for the process. Knows nothing of what is in a
 * line.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "daemon/log.h"

enum log_format log_sink_format(void);
bool log_sink_is_coloured(void);
/* Gathers one line, with its line break, or one entry of the journal, with an empty line at its end; counts
 * it as lost if there is no room. A line has at most PIPE_BUF bytes. */
void log_sink_put(const char *line, size_t len);
