/*
 * The way to Spark: lends a loop to the Spark client. One for each thread: a transport, and a line for each
 * tenant, which is a client (shards) or a token authority (main). Lines come and go while it runs.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "daemon/config.h"
#include "lib/cspark.h"

struct line;
struct loop;
struct upstream;

/* Up-calls, on the loop's thread. <account> is the tenant's: what is told of one goes for all its lines. */
struct upstream_ops {
	/* The account needs a token newer than <generation> (0: any). */
	void (*want_token)(void *arg, unsigned account, uint64_t generation);
	/* Spark asked the account to be left alone until then. */
	void (*held)(void *arg, unsigned account, int64_t until_ms);
	/* A breaker of the tenant has opened for <open_ms>; 0: it has closed. */
	void (*breaker)(void *arg, unsigned slot, const char *name, int64_t open_ms);
	/* News of the account's token (main only). */
	void (*news)(void *arg, unsigned account, const struct cspark_token_news *news);
};

/* Given; NULL: no memory. The <shards> share a tenant's retry budget. */
struct upstream *upstream_new(
	struct loop *loop, unsigned shards, const struct upstream_ops *ops, void *arg);
void upstream_free(struct upstream *upstream); /* accepts NULL; all its lines are closed */

/* Counted, given with one reference; NULL: no memory. Nothing is borrowed from <config>. */
struct line *line_open_client(
	struct upstream *upstream, const struct config *config, const struct config_tenant *tenant);
struct line *line_open_authority(struct upstream *upstream, const struct config_tenant *tenant);
struct line *line_ref(struct line *line);
void line_unref(struct line *line); /* accepts NULL; the last: no call is under way, no callback of it runs */

/* Sends; see cspark_client_send(). */
struct cspark_job *line_send(struct line *line, const struct cspark_request *request,
	const struct cspark_call *call, cspark_done_fn *done, void *arg);
/* Its breaker is open. */
bool line_is_broken(const struct line *line);
/* Tells an authority: a token was refused; the secret has changed. */
void line_refused(struct line *line, uint64_t generation);
bool line_rotate(struct line *line, const struct cspark_credentials *credentials);

void upstream_cancel(struct upstream *upstream, struct cspark_job *job, enum cspark_outcome *ret_outcome,
	unsigned *ret_attempts);
/* Passes news and holds on to the clients of the account. */
void upstream_token(struct upstream *upstream, unsigned account, const struct cspark_token_news *news);
void upstream_hold(struct upstream *upstream, unsigned account, int64_t until_ms);

void upstream_stats(const struct upstream *upstream, struct cspark_transport_stats *ret);
