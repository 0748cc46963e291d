/*
 * Admission: how many calls of a shard may be with Spark at once, and who waits. First come, first served;
 * the queue is bounded in number and in time. Pure: the owner brings the clock and calls back.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

/* Embedded in whoever wants in. */
struct admit_ticket {
	struct list node; /* on the queue while waiting */
	int64_t until_ms; /* waits no longer than this */
	bool in;          /* holds a place */
};

struct admit {
	unsigned limit;     /* places */
	unsigned in_flight; /* places taken */
	unsigned queue_limit;
	unsigned queued;
	struct list queue; /* oldest first */
};

enum admit_verdict { ADMIT_IN, ADMIT_WAIT, ADMIT_FULL };

void admit_init(struct admit *admit, unsigned limit, unsigned queue_limit);
void admit_ticket_init(struct admit_ticket *ticket);
enum admit_verdict admit_enter(struct admit *admit, struct admit_ticket *ticket, int64_t until_ms);
/* There is a place that nobody waits for. */
bool admit_has_room(const struct admit *admit);
/* Gives back a place, or leaves the queue; harmless for a ticket that has neither. Then admit_next() may have
 * someone. */
void admit_leave(struct admit *admit, struct admit_ticket *ticket);
/* The next waiting ticket that now holds a place; NULL if none can be let in. */
struct admit_ticket *admit_next(struct admit *admit);
/* A ticket whose time is over, taken off the queue; NULL if there is none. */
struct admit_ticket *admit_expired(struct admit *admit, int64_t now_ms);
/* When the first ticket expires; -1: nobody waits. */
int64_t admit_next_ms(const struct admit *admit);
