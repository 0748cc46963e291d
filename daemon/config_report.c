#include "daemon/config_report.h"

#include <stdarg.h>
#include <stdio.h>

#define REPORT_MAX_BYTES 262144 /* a file with more problems than this is no configuration */

void
config_report_init(struct config_report *report)
{
	buf_init(&report->errors, REPORT_MAX_BYTES);
	buf_init(&report->warnings, REPORT_MAX_BYTES);
}

void
config_report_fini(struct config_report *report)
{
	buf_fini(&report->errors);
	buf_fini(&report->warnings);
}

/* Line breaks and other controls that came with a value must not forge a line of the report. */
static void
put_sentence(struct buf *out, char *text)
{
	for (char *at = text; *at; at++)
		if (((unsigned char)*at < 0x20 && *at != '\t' && !(*at == '\n' && at[1] == ' ')) ||
			*at == 0x7f)
			*at = '?';
	buf_put(out, text, strlen(text));
	buf_put_char(out, '\n');
}

static void
put(struct buf *out, struct config_origin origin, const char *format, va_list args)
{
	char text[1536];

	if (origin.source && origin.line)
		buf_printf(out, "%s:%u: ", origin.source, origin.line);
	else if (origin.source)
		buf_printf(out, "%s: ", origin.source);
	vsnprintf(text, sizeof(text), format, args);
	put_sentence(out, text);
}

void
config_report_error(struct config_report *report, struct config_origin origin, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put(&report->errors, origin, format, args);
	va_end(args);
}

void
config_report_warning(struct config_report *report, struct config_origin origin, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put(&report->warnings, origin, format, args);
	va_end(args);
}

bool
config_report_is_bad(const struct config_report *report)
{
	return report->errors.len > 0 || buf_failed(&report->errors);
}
