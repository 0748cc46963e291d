/*
 * Total deadlines for many connections at a constant price: one first-in-first-out list a phase, since all
 * that enter a phase get the same time, and one timer for all.
 *
 * One thread; embedded in its owner.
 */
#pragma once

#include <stdint.h>

#include "base/list.h"
#include "daemon/loop.h"

enum deadline_phase {
	DEADLINE_HEAD,   /* from the first byte to the end of the head */
	DEADLINE_BODY,   /* from there to the end of the body */
	DEADLINE_UPLOAD, /* a body that has earned more time by its size: looked at again and again */
	DEADLINE_LINGER, /* a body that is dropped */
	DEADLINE_IDLE,   /* between two requests */
	DEADLINE_LAST,   /* the same, when there shall not be another */
	DEADLINE_WRITE,  /* the answer */
	DEADLINE_DOWNLOAD, /* an answer that has earned more time by what was taken of it: like UPLOAD */
	DEADLINE_PHASES,
	DEADLINE_NONE = DEADLINE_PHASES,
};

struct deadline {
	struct list node;
	enum deadline_phase phase;
	int64_t at_ms;
};

typedef void deadline_fn(void *arg, struct deadline *deadline);

struct deadlines {
	struct loop *loop;
	struct loop_timer timer;
	struct list phases[DEADLINE_PHASES];
	unsigned wait_ms[DEADLINE_PHASES]; /* 0: as long as it takes */
	deadline_fn *on_missed;
	void *arg;
};

/* <on_missed> is told about each that passes, which is on no list then, but still says its phase. */
void deadlines_init(struct deadlines *deadlines, struct loop *loop, deadline_fn *on_missed, void *arg);
void deadlines_fini(struct deadlines *deadlines);

void deadline_init(struct deadline *deadline);
/* Enters <phase>, leaving the one before. */
void deadline_enter(struct deadlines *deadlines, struct deadline *deadline, enum deadline_phase phase);
/* In no phase any more. */
void deadline_leave(struct deadline *deadline);
