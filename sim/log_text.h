/*
 * What the history says about a call, as Spark's API call history puts it: JSON objects, or rows of a table.
 */
#pragma once

#include "sim/history.h"

struct exchange;

/* The detailed log of record <index> of a call. */
void log_put_json(struct buf *out, struct exchange *ex, const struct record *record, unsigned index);
/* The table of these calls, with a column for every input and output that occurs in any of them. */
void log_put_csv(struct buf *out, struct record *const *records, unsigned count);
