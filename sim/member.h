/*
 * Members of JSON objects, read into the caller's memory. Pure.
 */
#pragma once

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

/* What a string means, and anything else as it is written; "" if it is absent or null. False if it is too
 * long or holds a NUL. */
bool member_text(struct str object, const char *name, char *ret, size_t max);
/* The same for ids and version numbers: nothing but letters, digits, points and hyphens. */
bool member_plain(struct str object, const char *name, char *ret, size_t max);
/* A number, also one in a string; <ret> stays if it is absent. */
bool member_long(struct str object, const char *name, long *ret);
bool member_is_true(struct str object, const char *name);
/* The same as member_text() for a value at hand. */
bool value_text(struct str value, char *ret, size_t max);
