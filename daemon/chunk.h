/*
 * The text of a chunk: a JSON list of records, or of rows under a row of names. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

/* Cuts a list of <records> records into one of the <first> first and one of the others; 0 < first < records.
 * <has_names>: its first element is a row of names, which both begin with. Appends. False: a buffer has
 * failed. <list> is valid JSON, as many elements as are said. */
bool chunk_halves(struct str list, bool has_names, size_t records, size_t first, struct buf *ret_a,
	struct buf *ret_b);

enum { CHUNK_NAMES_MAX = 1024 };
/* The first records of a list of objects as rows under a row of names: those that have the same names in the
 * same order. How many; 0: the first one cannot be written so, as it holds a list or an object (which would
 * mean something else in a row), has a name twice, no name, or too many; or no memory. Appends. */
size_t chunk_rows(struct str list, struct buf *ret);
