#include "lib/breaker.h"

enum {
	WINDOW_S = CSPARK_BREAKER_BUCKETS,
	LEAST_ATTEMPTS = 20, /* fewer prove nothing: a share of a few is chance */
	FAILED_SHARE = 2,    /* one in so many opens it: less than half still serves most callers */
	UNREACHED_ROW = 5,   /* nobody there is proved sooner: two calls with their retries */
	OPEN_MS = 5000,      /* a restart or a failover takes some seconds */
	OPEN_MAX_MS = 60000, /* nobody should wait for more than a minute after the end of an outage */
	CLOSING_PROBES = 3,  /* one success may be luck */
};

void
cspark_breaker_init(struct cspark_breaker *breaker, bool off)
{
	*breaker = (struct cspark_breaker){ .state = off ? CSPARK_BREAKER_OFF : CSPARK_BREAKER_CLOSED,
		.until_ms = INT64_MIN,
		.open_ms = OPEN_MS };
}

bool
cspark_breaker_is_open(const struct cspark_breaker *breaker)
{
	return breaker->state == CSPARK_BREAKER_OPEN || breaker->state == CSPARK_BREAKER_PROBING;
}

int64_t
cspark_breaker_left_ms(const struct cspark_breaker *breaker, int64_t now_ms)
{
	return breaker->until_ms <= now_ms ? 0 : breaker->until_ms - now_ms;
}

unsigned
cspark_breaker_begin(struct cspark_breaker *breaker, int64_t now_ms)
{
	if (cspark_breaker_is_open(breaker)) {
		breaker->state = CSPARK_BREAKER_PROBING;
		/* A probe that takes very long shall not keep everybody out. */
		breaker->until_ms = now_ms + breaker->open_ms;
	}
	return breaker->era;
}

/* ---- closed ---- */

static void
count(struct cspark_breaker *breaker, enum cspark_sign sign, int64_t now_ms)
{
	int64_t second = now_ms / 1000;
	struct cspark_breaker_bucket *bucket = &breaker->buckets[second % CSPARK_BREAKER_BUCKETS];

	if (bucket->second != second)
		*bucket = (struct cspark_breaker_bucket){ .second = second };
	bucket->attempts++;
	bucket->failures += sign != CSPARK_WELL;
	if (sign != CSPARK_UNREACHED) {
		breaker->unreached = 0;
		return;
	}
	if (breaker->unreached == 0 || now_ms - breaker->unreached_since_ms >= WINDOW_S * 1000) {
		breaker->unreached = 0;
		breaker->unreached_since_ms = now_ms;
	}
	breaker->unreached++;
}

static bool
is_too_much(const struct cspark_breaker *breaker, int64_t now_ms)
{
	unsigned attempts = 0, failures = 0;

	for (unsigned i = 0; i < CSPARK_BREAKER_BUCKETS; i++) {
		const struct cspark_breaker_bucket *bucket = &breaker->buckets[i];

		if (bucket->second <= now_ms / 1000 - WINDOW_S)
			continue;
		attempts += bucket->attempts;
		failures += bucket->failures;
	}
	return breaker->unreached >= UNREACHED_ROW
		|| (attempts >= LEAST_ATTEMPTS && failures * FAILED_SHARE >= attempts);
}

static void
open_until(struct cspark_breaker *breaker, int64_t now_ms, uint32_t random)
{
	breaker->state = CSPARK_BREAKER_OPEN;
	breaker->era++;
	breaker->successes = 0;
	/* 80 to 120 %, so that the many do not come back together. */
	breaker->until_ms = now_ms + breaker->open_ms * (800 + random % 401) / 1000;
}

/* ---- probing ---- */

static bool
end_probe(struct cspark_breaker *breaker, enum cspark_sign sign, int64_t now_ms, uint32_t random)
{
	unsigned era = breaker->era;

	breaker->until_ms = now_ms;
	if (sign == CSPARK_NO_SIGN)
		return false;
	if (sign != CSPARK_WELL) {
		breaker->open_ms = breaker->open_ms * 2 < OPEN_MAX_MS ? breaker->open_ms * 2 : OPEN_MAX_MS;
		open_until(breaker, now_ms, random);
		return true;
	}
	if (++breaker->successes < CLOSING_PROBES)
		return false;
	cspark_breaker_init(breaker, false);
	breaker->era = era + 1;
	return true;
}

bool
cspark_breaker_end(
	struct cspark_breaker *breaker, unsigned era, enum cspark_sign sign, int64_t now_ms, uint32_t random)
{
	if (era != breaker->era || breaker->state == CSPARK_BREAKER_OFF)
		return false;
	if (breaker->state == CSPARK_BREAKER_PROBING)
		return end_probe(breaker, sign, now_ms, random);
	if (sign == CSPARK_NO_SIGN)
		return false;
	count(breaker, sign, now_ms);
	if (sign == CSPARK_WELL || !is_too_much(breaker, now_ms))
		return false;
	open_until(breaker, now_ms, random);
	return true;
}
