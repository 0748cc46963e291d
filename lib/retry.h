/*
 * Whether a failed attempt is repeated, and when: the table of contract, "Retries and outcomes". Pure.
 */
#pragma once

#include "lib/budget.h"
#include "lib/cspark.h"

/* What can happen to an attempt. */
enum cspark_event {
	CSPARK_EVENT_NOT_SENT,     /* DNS, connect, TLS handshake, a declined HTTP/2 stream */
	CSPARK_EVENT_UNAUTHORIZED, /* 401 that a newer token may cure */
	CSPARK_EVENT_EXPIRED,      /* 401, and the token's life was over: says nothing of the credentials */
	CSPARK_EVENT_REFUSED,      /* 429; 503 with Retry-After */
	CSPARK_EVENT_UNCLEAR,      /* 408, 502, 503 */
	CSPARK_EVENT_RESET,        /* no answer, though bytes were sent */
	CSPARK_EVENT_GARBLED,      /* a 2xx that is truncated or no JSON */
	CSPARK_EVENT_SLOW,         /* 504, our own time-out */
	CSPARK_EVENT_FINAL,        /* success, and every failure that asking again does not cure */
	CSPARK_EVENTS
};

/* What a call has behind it; starts from zero. */
struct cspark_retry_state {
	unsigned retries;                 /* without those that are free */
	unsigned by_event[CSPARK_EVENTS];
};

struct cspark_retry_question {
	enum cspark_class class;
	enum cspark_event event;
	int64_t retry_after_ms; /* -1: none */
	int64_t left_ms;        /* until the deadline */
	int64_t now_ms;
	uint32_t random;
};

struct cspark_retry_answer {
	bool again;
	bool denied;   /* it would have been, but the budget is empty */
	int64_t wait_ms;
	enum cspark_cause cause; /* of the retry, or of its denial */
};

/* Counts what it grants in <state>, and takes it from <budget>. <options> without zeros that stand for
 * defaults. */
struct cspark_retry_answer cspark_retry_decide(const struct cspark_retry_options *options,
	const struct cspark_retry_question *question, struct cspark_retry_state *state,
	struct cspark_budget *budget);

/* Full jitter: a random time in [0, min(cap, interval x 2^n)]. */
int64_t cspark_retry_jitter_ms(int64_t interval_ms, int64_t cap_ms, unsigned n, uint32_t random);
