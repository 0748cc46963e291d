/* How a pure function of the daemon says no: `return refuse(ret_error, CSPARK_E_BAD_JSON, "a sentence");`. */
#pragma once

#include <stdbool.h>

#include "lib/cspark.h"

/* Fills <ret_error>; a longer sentence is cut at a character. Always false. */
bool refuse(struct cspark_error *ret_error, enum cspark_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4), cold));
