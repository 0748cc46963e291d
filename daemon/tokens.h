/*
 * Tokens: the one authority of the process over its credentials, on main's loop. Fetches, renews, notices a
 * changed secret or CA file, logs and counts; what it learns is announced, and the shards' clients use it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "daemon/admin.h"
#include "daemon/config.h"
#include "daemon/metrics.h"
#include "lib/cspark.h"

struct loop;
struct tokens;

struct tokens_options {
	struct metrics *metrics;      /* main's */
	struct admin_tenant *tenants; /* by slot; told about each change */
	/* For every shard: the token of <account>, or why there is none. On main's thread; <news>
	 * borrowed. */
	void (*announce)(void *arg, unsigned account, const struct cspark_token_news *news);
	void *arg;
};

/* Given; NULL: no memory. */
struct tokens *tokens_new(struct loop *loop, const struct tokens_options *options);
void tokens_free(struct tokens *tokens); /* accepts NULL */
/*
 * The tenants of <config> (counted) are in force; what is new is fetched in the loop's next iteration. An
 * account that goes on keeps its token; if its secret is another now, it is rotated. One that is configured
 * no more goes on for the calls that began with it: until nobody else has a snapshot with it. False: no
 * memory, and nothing has changed.
 */
bool tokens_adopt(struct tokens *tokens, struct config *config);
/* A shard's call of <account> has no token newer than <generation>. */
void tokens_want(struct tokens *tokens, unsigned account, uint64_t generation);
