/*
 * How often the HTTP server behind the front is run. It asks to be run again and again while the buffer of
 * a connection is full of a chunk's extension or of trailers, until a deadline ends that connection: a
 * pause between runs that bear no fruit keeps the CPU free meanwhile.
 *
 * Embedded in its owner.
 */
#pragma once

#include <stdint.h>

struct pace {
	unsigned fruitless; /* runs in a row that nobody heard of */
	int64_t run_ms;     /* when the last was */
};

void pace_ran(struct pace *pace, int64_t now_ms);
/* Something came of it, or came in. */
void pace_heard(struct pace *pace);
/* How long to wait before a run that it asks for. */
int64_t pace_wait_ms(const struct pace *pace, int64_t now_ms);
