/*
 * The tempo of a service: how many records a call should hold and how many calls at a time Spark bears,
 * learnt from how calls go. Spark cuts a call at some 55 s and takes its time for each call, so calls
 * should be long, but not too long; and there is nothing to gain by more calls at a time than it works on.
 *
 * Pure; the owner brings the clock. One for each service and shard, kept between requests (struct tempos).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct tempo_limits {
	size_t max_records;       /* of a call */
	unsigned target_ms;       /* what a call should take */
	unsigned max_concurrency; /* calls at a time */
};

struct tempo {
	/* Sums over the calls that went well, older ones count less: how long so many records take. */
	struct tempo_fit {
		double calls, records, ms, records_2, records_ms;
	} fit;
	size_t ceiling;     /* more were too many for a call; 0: none were */
	unsigned fitting;   /* calls as long as that which went well, since it was changed */
	unsigned caution;   /* so many have to, before longer ones are tried; 0: as at first */
	bool is_raised;     /* since it was lowered last: so a longer one that fails was a try */
	double concurrency; /* calls at a time */
	double proven;      /* so many went well; the rest is a try */
	unsigned good;      /* calls that went well, as many as allowed at a time, since it was changed */
	int64_t slowed_ms;  /* when it was lowered last */
	int64_t crowded_ms; /* when more were found to be of no use */
};

enum { TEMPO_START = 16 }; /* calls at a time, until more is known */

void tempo_init(struct tempo *tempo);

/* How long a call of <records> is expected to take; 0: nothing is known. */
double tempo_expected_ms(const struct tempo *tempo, size_t records);
/* How many records the next call should hold, so that all end together: <waiting> of them, and <busy> in
 * calls under way, are to be done by <concurrency> calls at a time. At least 1. */
size_t tempo_records(const struct tempo *tempo, const struct tempo_limits *limits, size_t waiting,
	size_t busy, unsigned concurrency);
/* Whether one call should hold as many. */
bool tempo_is_one_call(const struct tempo *tempo, const struct tempo_limits *limits, size_t records);
/* How many calls may be under way. At least 1. */
unsigned tempo_concurrency(const struct tempo *tempo, const struct tempo_limits *limits);

/* A call of <records> was answered after <ms>; <was_full>: as many as allowed were under way. */
void tempo_went_well(struct tempo *tempo, size_t records, int64_t ms, bool was_full, int64_t now_ms);
/* A call was too large or took too long. Longer ones are tried again when some have gone well: it may have
 * been a single record; each try that fails makes the next one rarer. */
void tempo_was_too_long(struct tempo *tempo, size_t records);
/* Spark wants less at a time. */
void tempo_was_too_many(struct tempo *tempo, int64_t now_ms);

enum { TEMPOS = 64, TEMPO_KEY_MAX = 512 };

/* The least recently used one makes room. */
struct tempos {
	struct tempos_entry {
		char *key;
		uint64_t used;
		struct tempo tempo;
	} entries[TEMPOS];
	uint64_t clock;
};

void tempos_fini(struct tempos *tempos); /* from zero */
/* Borrowed until the next find. NULL: no memory. */
struct tempo *tempos_find(struct tempos *tempos, struct str key);
