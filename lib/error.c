#include "lib/error.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

struct code_row {
	const char *name;
	const char *title;
	int status;
	bool retryable;
};

static const struct code_row CODES[CSPARK_CODES] = {
	[CSPARK_OK] = { "ok", "Success", 200, false },
#define X(NAME, code_name, http_status, again, words)                                                \
	[CSPARK_E_##NAME] = {                                                                        \
		.name = (code_name), .title = (words), .status = (http_status), .retryable = (again) \
	},
#include "lib/error.def"
#undef X
};

static const struct code_row *
row_of(enum cspark_code code)
{
	assert((unsigned)code < CSPARK_CODES);
	return &CODES[code];
}

const char *
cspark_code_name(enum cspark_code code)
{
	return row_of(code)->name;
}

const char *
cspark_code_title(enum cspark_code code)
{
	return row_of(code)->title;
}

int
cspark_code_status(enum cspark_code code)
{
	return row_of(code)->status;
}

bool
cspark_code_retryable(enum cspark_code code)
{
	return row_of(code)->retryable;
}

const char *
cspark_outcome_name(enum cspark_outcome outcome)
{
	static const char *const NAMES[] = {
		[CSPARK_NOT_SENT] = "not_sent",
		[CSPARK_MAYBE_EXECUTED] = "maybe_executed",
		[CSPARK_EXECUTED] = "executed",
	};

	assert((unsigned)outcome < sizeof(NAMES) / sizeof(NAMES[0]));
	return NAMES[outcome];
}

bool
cspark_refuse(struct cspark_error *ret_error, enum cspark_code code, const char *format, ...)
{
	va_list args;

	if (!ret_error)
		return false;
	ret_error->code = code;
	va_start(args, format);
	vsnprintf(ret_error->detail, sizeof(ret_error->detail), format, args);
	va_end(args);
	return false;
}
