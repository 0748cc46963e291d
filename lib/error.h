/*
 * How a function of the library says no: `return cspark_refuse(ret_error, CODE, "a sentence")`.
 */
#pragma once

#include "lib/cspark.h"

#include <stdbool.h>

/* Fills <ret_error> (NULL: nobody wants to know); a longer sentence is cut. Always false. */
bool cspark_refuse(struct cspark_error *ret_error, enum cspark_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
