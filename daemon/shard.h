/*
 * A shard: one thread, one loop, one front, one upstream, one desk. It shares nothing that changes with the
 * others; what main has to say arrives through the mailbox.
 */
#pragma once

#include "daemon/admin.h"
#include "daemon/config.h"
#include "daemon/lifecycle.h"
#include "daemon/metrics.h"
#include "daemon/sockets.h"

struct shard;

/* Up-calls, on the shard's thread: they post to main's loop. */
struct shard_ops {
	void (*want_token)(void *arg, unsigned account, uint64_t generation);
	void (*held)(void *arg, unsigned account, int64_t until_ms);
	/* The terms of a shard_adopt() are in force. */
	void (*adopted)(void *arg);
	/* What <state>, as told by shard_enter(), waits for is done: no work is open, or no connection. */
	void (*idle)(void *arg, enum lifecycle_state state);
};

struct shard_options {
	unsigned index, count;
	const struct config *config; /* the first; borrowed during the call, for what no reload changes */
	const struct admin *admin;   /* borrowed until shard_free() */
	struct metrics *metrics;     /* the same */
	const struct shard_ops *ops;
	void *arg;
};

/* A snapshot for a shard, and the sockets of its listeners: the shard's own where they are new, else -1. */
struct shard_terms {
	struct config *config;
	struct socket_place places[FRONT_SOCKETS_MAX];
	size_t place_count;
};

/* Of terms that nobody took: closes the sockets, gives the snapshot back. */
void shard_terms_fini(struct shard_terms *terms);

/* Given, not yet running; it serves nobody before the first shard_adopt(). NULL with a reason in
 * <ret_error>. */
struct shard *shard_new(const struct shard_options *options, struct cspark_error *ret_error);
bool shard_start(struct shard *shard); /* false: no thread */
/* Waits for the thread's end; then shard_free(). */
void shard_join(struct shard *shard);
void shard_free(struct shard *shard); /* accepts NULL */

/* When its loop last turned, on the clock of loop_now_ms(), give or take a second; from any thread. */
int64_t shard_turned_ms(const struct shard *shard);

/* From any thread; before shard_start() it is done at once, by main. <terms> are copied, their reference to
 * the configuration and their sockets taken; the configuration is given back on the shard's thread when the
 * last call that began with it is done. */
void shard_adopt(struct shard *shard, const struct shard_terms *terms);
/* <news> is copied, its token counted. */
void shard_token(struct shard *shard, unsigned account, const struct cspark_token_news *news);
/* Callers of the listener of that id must show <token> from now on; copied. */
void shard_badge(struct shard *shard, unsigned listener, const char *token);
/* Callers of the listener of that id see another certificate from now on; counted. */
void shard_identify(struct shard *shard, unsigned listener, struct identity *identity);
void shard_hold(struct shard *shard, unsigned account, int64_t until_ms);
void shard_enter(struct shard *shard, enum lifecycle_state state); /* any but LIFE_STOPPED */
void shard_stop(struct shard *shard); /* nothing is open: end the thread */
