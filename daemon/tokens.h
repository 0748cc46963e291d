/*
 * Tokens: the one authority of the process over its credentials, on main's loop. Fetches, renews, notices a
 * changed secret file, logs and counts; what it learns is announced, and the shards' clients use it.
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
	const struct config *config;  /* borrowed until tokens_free() */
	struct metrics *metrics;      /* main's */
	struct admin_tenant *tenants; /* told about each change */
	/* For every shard: the token of <tenant>, or why there is none. On main's thread; <news> borrowed. */
	void (*announce)(void *arg, size_t tenant, const struct cspark_token_news *news);
	void *arg;
};

/* Given; NULL: no memory. The first fetches start in the loop's first iteration. */
struct tokens *tokens_new(struct loop *loop, const struct tokens_options *options);
void tokens_free(struct tokens *tokens); /* accepts NULL */
/* A shard's call of <tenant> has no token newer than <generation>. */
void tokens_want(struct tokens *tokens, size_t tenant, uint64_t generation);
/* Reads every secret file again now, changed or not (SIGHUP). */
void tokens_reread(struct tokens *tokens);
