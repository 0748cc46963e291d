/*
 * A circuit breaker: after many failures nothing is sent for a while, then one attempt at a time probes
 * whether the server has recovered. Callers get an answer at once instead of after a deadline, and a server
 * that struggles is left alone. Pure: time and randomness are given.
 *
 *     closed --too many failures--> open --its time is over--> probing --three successes--> closed
 *                                     ^-----a failure, twice the time-----'
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What an attempt says of the server's health. */
enum cspark_sign {
	CSPARK_NO_SIGN, /* it was cancelled, is the operator's fault, or the server asked for silence */
	CSPARK_WELL,    /* it answered; that it refused is the caller's fault */
	CSPARK_ILL,     /* it was reached, and failed */
	CSPARK_UNREACHED, /* there was no connection */
};

enum cspark_breaker_state {
	CSPARK_BREAKER_CLOSED, /* attempts are sent */
	CSPARK_BREAKER_OPEN,
	CSPARK_BREAKER_PROBING,
	CSPARK_BREAKER_OFF, /* always closed */
};

#define CSPARK_BREAKER_BUCKETS 10

struct cspark_breaker {
	enum cspark_breaker_state state;
	unsigned era; /* grows with each opening and closing; what was sent in an earlier one says nothing */
	int64_t until_ms;   /* open: nothing is sent before; probing: no further probe */
	int64_t open_ms;    /* how long it is open, before jitter */
	unsigned successes; /* of probes */
	unsigned unreached; /* attempts in a row without a connection */
	int64_t unreached_since_ms;
	struct cspark_breaker_bucket { /* one second of the window */
		int64_t second;
		unsigned attempts, failures;
	} buckets[CSPARK_BREAKER_BUCKETS];
};

void cspark_breaker_init(struct cspark_breaker *breaker, bool off); /* closed */
/* How long nothing may be sent; 0: an attempt may be. */
int64_t cspark_breaker_left_ms(const struct cspark_breaker *breaker, int64_t now_ms);
/* An attempt is about to be sent, which may be; its end is to be told with the era that this gives. */
unsigned cspark_breaker_begin(struct cspark_breaker *breaker, int64_t now_ms);
/* An attempt of that era is over. True: this has opened (also again) or closed it, see is_open(). */
bool cspark_breaker_end(
	struct cspark_breaker *breaker, unsigned era, enum cspark_sign sign, int64_t now_ms, uint32_t random);
bool cspark_breaker_is_open(const struct cspark_breaker *breaker); /* or probing */
