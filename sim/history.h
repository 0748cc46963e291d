/*
 * The calls that were carried out, for logs and rehydration. Bounded: the oldest go first. Under the store's
 * lock.
 */
#pragma once

#include "base/buf.h"
#include "base/list.h"
#include "sim/services.h"
#include "sim/stamp.h"

#include <stdbool.h>

struct calculation;

#define HISTORY_MAX_RECORDS 10000
#define HISTORY_MAX_BYTES   ((size_t)128 << 20)

/* One call; the lists are JSON and have an element for each of its records. */
struct record {
	struct list node;
	char call_id[UUID_BYTES];
	char time[STAMP_BYTES];
	struct callee callee;
	bool v4;
	unsigned count;
	long ms;
	char purpose[NAME_BYTES];
	char source[NAME_BYTES];
	char correlation[NAME_BYTES];
	struct buf inputs;
	struct buf outputs;
	struct buf warnings;
	struct buf errors;
};

struct history {
	struct list records; /* oldest first */
	unsigned count;
	size_t bytes;
	bool off;
};

void history_init(struct history *history, bool off);
void history_clear(struct history *history);

/* Given: what came of a call with this metadata. */
struct record *record_new(const struct calculation *calc, struct str meta, bool v4);
void record_free(struct record *record); /* NULL is fine */
/* <record> taken. */
void history_add(struct history *history, struct record *record);

struct record *history_find(const struct history *history, struct str call_id); /* NULL if there is none */
/* The inputs of record <index> of a call and so on; at == NULL beyond the last. */
struct str record_at(const struct buf *list, unsigned index);
