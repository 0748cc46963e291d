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
