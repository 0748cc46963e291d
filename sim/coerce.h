/*
 * How a JSON value is read where a formula needs a number: as Excel does, with the peculiarities of the
 * vendor's engine. Pure.
 */
#pragma once

#include "base/str.h"

#include <stdbool.h>

/* False (#VALUE!) for text that is no number, arrays and objects. null is a blank and counts as 0. */
bool coerce_value(struct str json, double *ret);
/* The same for text: "3", " 3 ", "1e3", "3%", "1,000", "$3", "(3)", "TRUE", dates and times. */
bool coerce_text(struct str text, double *ret);
