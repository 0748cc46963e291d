/*
 * How far csparkctl bulk is: a line on stderr that is drawn anew on a terminal; elsewhere a line now and
 * then. And one in the end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tally {
	uint64_t records, failed; /* in the output */
	uint64_t before;          /* of these, from earlier runs */
	uint64_t done, skipped;   /* bytes of the input; skipped: those of earlier runs */
	int64_t size;             /* of the input; -1: unknown */
	bool is_quiet;
	/* the tally's own */
	bool is_terminal;
	bool is_drawn;
	int64_t begun_ms;
	int64_t told_ms;
};

void tally_start(struct tally *tally, bool is_quiet, int64_t size);
/* Time has passed. */
void tally_tick(struct tally *tally);
/* Wipes the line. */
void tally_wipe(struct tally *tally);
/* The last line. */
void tally_end(struct tally *tally);

/* The line; pure. */
void tally_text(const struct tally *tally, int64_t elapsed_ms, char *ret, size_t size);
