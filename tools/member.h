/*
 * One member of a JSON document, for people.
 */
#pragma once

#include "base/str.h"

#include <stddef.h>

/* What is at <path> ("token.state") in valid JSON: strings unquoted, all else as written; "" for null or
 * nothing. Cut to fit. */
void member_text(struct str document, const char *path, char *ret, size_t size);
