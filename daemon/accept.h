/* The formats of an answer: their names, their types, and what an Accept header makes of them. Pure. */
#pragma once

#include <stdbool.h>

#include "base/str.h"
#include "daemon/control.h"

/* "json", "ndjson", "csv", "text". */
bool accept_format_named(struct str name, enum control_format *ret);
/* The format that <accept> likes best (RFC 9110, 12.5.1); at == NULL or empty: JSON. Between equals the
 * more exactly named, then the
 * earlier one wins. False: it allows none. */
bool accept_format(struct str accept, enum control_format *ret);
