/*
 * What a token endpoint answered (RFC 6749, 5.1 and 5.2), with every oddity that has been met. Pure.
 *
 * The answer is read as slices of the body: no copy of the secret is left in memory that nobody wipes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define CSPARK_TOKEN_ANSWER_MAX (64 * 1024) /* bytes of a whole answer */
#define CSPARK_TOKEN_LIFE_MAX_MS (24 * 3600 * INT64_C(1000))
#define CSPARK_TOKEN_LIFE_ASSUMED_MS (60 * INT64_C(1000))
#define CSPARK_TOKEN_LIFE_LEAST_MS INT64_C(1000)
#define CSPARK_TOKEN_LIFE_SHORT_MS (30 * INT64_C(1000))

enum cspark_token_verdict {
	CSPARK_TOKEN_GOOD,
	CSPARK_TOKEN_USELESS, /* try again later */
	CSPARK_TOKEN_REFUSED, /* for good, until somebody changes something */
};

struct cspark_token_answer {
	enum cspark_token_verdict verdict;
	int64_t life_ms;
	bool assumed, shortened, clamped; /* expires_in was missing, tiny, huge */
	const char *reason; /* short static word: "body", "token_syntax", "token_type", "expires_in",
			       "refused", "status", ... */
	char error[24];     /* the OAuth error code, or "unknown"; "" if there was none */
};

/* The answer with this status. A good one's token is put into <token>, which must be empty. */
void cspark_token_answer_read(
	int status, struct str body, struct buf *token, struct cspark_token_answer *ret);
