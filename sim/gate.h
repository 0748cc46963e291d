/*
 * Who may calculate now: so many at a time, the others wait for their turn; and so many calls a second.
 * Thread-safe.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>

struct limits;
struct wire;

struct gate {
	pthread_mutex_t lock;
	const struct limits *limits;
	unsigned busy;
	unsigned waiting;
	int turn;      /* eventfd: somebody may try again */
	bool full;     /* the bucket, whatever <tokens> says */
	double tokens; /* calls that may come at once */
	long filled_us;
};

enum gate_verdict { GATE_IN, GATE_FULL, GATE_LATE, GATE_LEFT };

/* <limits> borrowed for good. */
void gate_init(struct gate *gate, const struct limits *limits);
/* In: to be followed by gate_leave(). Late: it has become <until_us> by stamp_us(). Left: the peer has. */
enum gate_verdict gate_enter(struct gate *gate, struct wire *wire, long until_us);
void gate_leave(struct gate *gate);
/* The limits are others: those who wait try again. */
void gate_changed(struct gate *gate);

/* As many calls may come at once as if there had been none for long. */
void gate_fill(struct gate *gate);
/* Seconds until the rate allows another call; 0: it does, and this is that call. */
double gate_pass(struct gate *gate);
