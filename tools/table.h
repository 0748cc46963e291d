/*
 * A JSON array of objects as a table for people. Pure but for what it prints.
 */
#pragma once

#include "base/str.h"

#include <stdbool.h>

/* Whether <value> is a list of objects, at least one. */
bool table_fits(struct str value);
/* Prints the rows below a line of names, indented by <indent>, at most <width> columns wide. Names in
 * <first> (separated by blanks, may be NULL) come first; members of members are "outer.inner". What does not
 * fit is left out from the right. */
void table_print(struct str list, const char *first, int indent, int width);
