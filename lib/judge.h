/*
 * What an attempt means: for the retry rules, the breaker, the caller, and in words. Pure.
 */
#pragma once

#include "lib/breaker.h"
#include "lib/retry.h"
#include "lib/transport.h"

struct cspark_verdict {
	enum cspark_code code;
	enum cspark_event event;
	enum cspark_outcome outcome;
	enum cspark_sign sign; /* for the breaker */
};

struct cspark_judge_facts {
	const struct cspark_exchange *exchange; /* over */
	bool expects_json;
	bool authorized; /* no public request: a 401 is about our credentials, or our having none */
	bool renewable;  /* and a refusal of it may be cured by a newer one */
	bool expired;    /* its life was over when the answer came */
	int64_t retry_after_ms; /* -1: none */
};

struct cspark_verdict cspark_judge(const struct cspark_judge_facts *facts);

/* A sentence or two: what, where, way out. <origin>: "https://host". No secret, no foreign bytes. */
void cspark_judge_detail(const struct cspark_judge_facts *facts, const struct cspark_verdict *verdict,
	const char *origin, char *ret_text, size_t size);
