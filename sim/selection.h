/*
 * Which outputs a call wants: requested_output (names) and requested_output_regex. Pure.
 */
#pragma once

#include "base/str.h"

#include <regex.h>
#include <stdbool.h>

struct buf;

struct selection {
	struct str names; /* raw JSON: a comma list in a string, or an array of strings; at == NULL: all */
	bool has_regex;
	regex_t regex;
};

/* <names>, <regex>: raw JSON values, absent or null for no wish; borrowed. False if one makes no sense. */
bool selection_init(struct selection *ret, struct str names, struct str regex);
void selection_fini(struct selection *selection);
/* Appends the object <outputs> with only the members that are wanted. */
void selection_put(const struct selection *selection, struct str outputs, struct buf *out);
