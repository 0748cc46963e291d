/*
 * Total deadlines for many connections at a constant price: one first-in-first-out list per phase, since all that
 * enter a phase get the same time. One timer of the loop wakes for the earliest. Pure but for that timer's setting,
 * which is its owner's: see deadlines_next_ms().
 */
#pragma once

#include <stdint.h>

#include "base/list.h"

enum deadline_phase {
	DEADLINE_HEAD,   /* first byte to the end of the head */
	DEADLINE_BODY,   /* end of the head to the end of the body */
	DEADLINE_UPLOAD, /* a body that has earned more time by its size: looked at again and again */
	DEADLINE_IDLE,   /* between two requests */
	DEADLINE_WRITE,  /* the answer */
	DEADLINE_PHASES,
	DEADLINE_NONE = DEADLINE_PHASES,
};

struct deadline {
	struct list node;
	enum deadline_phase phase;
	int64_t at_ms;
};

struct deadlines {
	struct list phases[DEADLINE_PHASES];
	unsigned wait_ms[DEADLINE_PHASES]; /* 0: no deadline */
};

void deadlines_init(struct deadlines *deadlines);
void deadline_init(struct deadline *deadline);
/* Enters <phase>, leaving the one before. */
void deadline_enter(struct deadlines *deadlines, struct deadline *deadline, enum deadline_phase phase, int64_t now_ms);
/* In no phase any more. */
void deadline_leave(struct deadline *deadline);
/* When the earliest is due; -1: none. */
int64_t deadlines_next_ms(const struct deadlines *deadlines);
/* One that is due, taken off its list (its phase says which); NULL: none. */
struct deadline *deadlines_expire(struct deadlines *deadlines, int64_t now_ms);
