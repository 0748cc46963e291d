/*
 * The inside of a credential: a header line, ready to be sent. Immutable, counted with atomics, wiped when
 * the last holder lets go; so it may be handed from thread to thread.
 */
#pragma once

#include <stdatomic.h>

#include "base/str.h"
#include "lib/cspark.h"

#define CSPARK_TOKEN_MAX (16 * 1024) /* bytes of a token or key */

struct cspark_token {
	atomic_uint refs;
	uint64_t generation; /* from 1; grows with every new one of its authority */
	int64_t expires_ms;  /* -1: never */
	bool renewable;      /* a refusal may be cured by fetching another */
	size_t len;          /* of line */
	char line[];         /* "Authorization: Bearer ..."; "" for an open tenant */
};

/* Given, with one reference. <value> must pass cspark_token_usable. NULL: no memory. */
struct cspark_token *cspark_token_new(
	const char *header, struct str value, uint64_t generation, int64_t expires_ms, bool renewable);
/* Visible ASCII only, neither empty nor too long: what can be in a header without doing harm. */
bool cspark_token_usable(struct str value);
