/*
 * The columns of a table whose rows are JSON objects: each member name once, in order of first appearance.
 * Names are borrowed, raw, with quotes; two spellings of one name (escapes) are two columns.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct columns {
	struct str *names;
	size_t count;
	/* the rest is its own */
	size_t cap;
	uint32_t *slots; /* hash table of indexes + 1 */
	size_t slot_count;
};

void columns_init(struct columns *columns);
void columns_fini(struct columns *columns);
/* False: no memory. <guess>: where it probably is, if it is there. */
bool columns_add(struct columns *columns, struct str name, size_t guess);
/* Index of <name>, which was added. <guess>: where it probably is, since rows are alike. */
size_t columns_find(const struct columns *columns, struct str name, size_t guess);
