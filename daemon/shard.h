/*
 * A shard: one thread, one loop, one front, one upstream, one desk. It shares nothing that changes with the
 * others; what main has to say arrives through the mailbox.
 */
#pragma once

#include "daemon/admin.h"
#include "daemon/config.h"
#include "daemon/metrics.h"
#include "daemon/sockets.h"

struct shard;

/* Up-calls, on the shard's thread: they post to main's loop. */
struct shard_ops {
	void (*want_token)(void *arg, size_t tenant, uint64_t generation);
	void (*held)(void *arg, size_t tenant, int64_t until_ms);
	/* Draining, and nothing is open any more. */
	void (*drained)(void *arg);
};

struct shard_options {
	unsigned index, count;
	const struct config *config; /* borrowed until shard_free() */
	const struct admin *admin;   /* the same */
	struct metrics *metrics;     /* the same */
	const int *sockets;          /* listening; taken */
	const struct socket_place *places; /* what each of them is; copied */
	size_t socket_count;
	const struct shard_ops *ops;
	void *arg;
};

/* Given, not yet running; NULL with a reason in <ret_error>. */
struct shard *shard_new(const struct shard_options *options, struct cspark_error *ret_error);
bool shard_start(struct shard *shard); /* false: no thread */
/* Waits for the thread's end; then shard_free(). */
void shard_join(struct shard *shard);
void shard_free(struct shard *shard); /* accepts NULL */

/* When its loop last turned, on the clock of loop_now_ms(), give or take a second; from any thread. */
int64_t shard_turned_ms(const struct shard *shard);

/* From any thread. <news> is copied, its token counted. */
void shard_token(struct shard *shard, size_t tenant, const struct cspark_token_news *news);
/* Callers of <listener> must show <token> from now on; copied. */
void shard_badge(struct shard *shard, size_t listener, const char *token);
void shard_hold(struct shard *shard, size_t tenant, int64_t until_ms);
void shard_drain(struct shard *shard); /* accept no more; finish what is open */
void shard_close(struct shard *shard); /* the drain's deadline: answer everything now */
void shard_stop(struct shard *shard);  /* nothing is open: end the thread */
