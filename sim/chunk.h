/*
 * A chunk of a batch: records that go in, and what came of them. Belongs to its batch.
 */
#pragma once

#include "base/buf.h"
#include "base/list.h"
#include "sim/services.h"

#include <stdbool.h>

struct flaws;

struct chunk {
	struct list node; /* of the queue or of what is ready */
	char id[NAME_BYTES];
	unsigned records;
	unsigned failed; /* of the records, once calculated */
	bool refused;    /* as a whole, once calculated */
	long due_us;     /* its worker is done with it then */
	struct buf text; /* what was pushed, then what is to be pulled: JSON */
};

/* Given. <data>: {"inputs":..., "parameters":..., "summary":...}, known to be sound. */
struct chunk *chunk_new(const char *id, struct str data);
void chunk_free(struct chunk *chunk);
/* Its text is replaced by what comes of it. <output>: what is wanted, raw JSON. */
void
chunk_calculate(struct chunk *chunk, const struct callee *callee, struct str output, struct flaws *flaws);
