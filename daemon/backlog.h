/*
 * Records that have arrived and are not with Spark yet, in their order: filled one by one, emptied by lists.
 *
 * Pure; one thread; embedded in its owner.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

struct backlog {
	struct buf names; /* the row of names, as JSON; empty: the records are objects */
	struct buf text;  /* the records, each with a comma behind it */
	size_t begin;     /* what lies before in <text> was taken */
	struct buf ends;  /* of size_t: where each record ends in <text>, with its comma */
	size_t first;     /* what lies before in <ends> was taken */
};

void backlog_init(struct backlog *backlog);
void backlog_fini(struct backlog *backlog);

/* Rows follow; once, before the first record. Both copy and say false without memory. */
bool backlog_put_names(struct backlog *backlog, struct str row);
bool backlog_put(struct backlog *backlog, struct str record);

size_t backlog_records(const struct backlog *backlog);
/* Of the records, and of what they would need at most as one list. */
size_t backlog_bytes(const struct backlog *backlog);

/* Takes the oldest ones: <max_records> at most, and as many as <max_bytes> hold, but at least one. Appends
 * them to <list> as a JSON list, under the row of names if there is one. How many; 0: there were none, or no
 * memory. */
size_t backlog_take(struct backlog *backlog, size_t max_records, size_t max_bytes, struct buf *list);
