/*
 * What the simulator received, in order, so that tests can tell how often each logical call arrived
 * and what came of it. Bounded: the oldest entries go first. Thread-safe.
 */
#pragma once

#include "base/str.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct buf;
struct request;

#define LEDGER_MAX_ENTRIES 100000
#define LEDGER_MAX_BYTES ((size_t)256 << 20)
#define LEDGER_BODY_BYTES 4096

struct ledger_entry;

struct ledger {
	pthread_mutex_t lock;
	bool off;
	struct ledger_entry *entries; /* a ring: number <seq> is at seq % LEDGER_MAX_ENTRIES */
	uint64_t first;		      /* the oldest that is kept */
	uint64_t next;
	size_t bytes;
};

void ledger_init(struct ledger *ledger, bool off);
void ledger_fini(struct ledger *ledger);
void ledger_reset(struct ledger *ledger);

/* A head was read. Gives the entry's number, by which the two others add to it. */
uint64_t ledger_begin(struct ledger *ledger, uint64_t connection, const struct request *request);
/* Values of client_secret in the body are replaced by their hash. */
void ledger_body(struct ledger *ledger, uint64_t seq, const struct request *request);

struct ledger_end {
	int status;	     /* 0: no answer was sent */
	const char *mood;    /* static; NULL: none */
	const char *service; /* copied, cut; "" if none */
	unsigned records;
	bool client_left; /* before the answer was out */
};
void ledger_end(struct ledger *ledger, uint64_t seq, const struct ledger_end *end);

/* A JSON array of all entries, or of those with this x-request-id (at == NULL: all). */
void ledger_put_json(struct ledger *ledger, struct str request_id, struct buf *out);
