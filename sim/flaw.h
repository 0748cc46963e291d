/*
 * Records that go wrong: which they are, and what becomes of them or of the whole call. A control route
 * plants them. Thread-safe where a struct flaws is involved.
 */
#pragma once

#include "base/str.h"

#include <pthread.h>
#include <stdbool.h>

struct buf;

enum flaw_effect {
	FLAW_FAIL,   /* the record has an error and no outputs */
	FLAW_WARN,   /* its outputs, and a warning */
	FLAW_SLOW,   /* only that it takes longer */
	FLAW_REFUSE, /* the call as a whole is refused */
};

struct flaw {
	struct flaw *next;
	char service[160]; /* "*", "folder/service" or "service" */
	char input[80];    /* records that have this input ... */
	char value[256];   /* ... with this value, told apart by what it means: 7 is "7" */
	bool any_value;
	enum flaw_effect effect;
	int status;    /* of a refusal */
	char code[80]; /* of a refusal; of an error its type */
	char message[512];
	double ms;  /* so much longer the call takes */
	long times; /* then no more; below 0: until cleared */
};

struct flaws {
	pthread_mutex_t lock;
	struct flaw *first; /* in the order they were planted; the first that fits counts */
	unsigned count;     /* atomic */
};

void flaws_init(struct flaws *flaws);
void flaws_clear(struct flaws *flaws);
/* Copied. False: too many. */
bool flaws_add(struct flaws *flaws, const struct flaw *flaw);
bool flaws_any(const struct flaws *flaws);
/* The flaw that a record of this service ("folder/service") has, used up by one. */
bool flaws_find(struct flaws *flaws, const char *service, struct str record, struct flaw *ret);
/* What a JSON object asks for; false if that is nothing sensible. */
bool flaw_read(struct str object, struct flaw *ret);

/* The list of errors or warnings a record with this flaw has. */
void flaw_put_list(const struct flaw *flaw, struct buf *out);
