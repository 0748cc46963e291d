/*
 * What is wrong with a configuration, and where it was said. Pure.
 */
#pragma once

#include <stdbool.h>

#include "daemon/config.h"

/* Who set a value. */
struct config_origin {
	const char *source; /* file, variable or flag, borrowed; NULL: nobody, it is the default */
	unsigned line;      /* of a file; 0: none */
};

/* Appends one problem, with its place in front. Never hand a secret to these. */
void config_report_error(struct config_report *report, struct config_origin origin, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void config_report_warning(struct config_report *report, struct config_origin origin, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Whether an error was reported, or the report itself ran out of room. */
bool config_report_is_bad(const struct config_report *report);
