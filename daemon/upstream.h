/*
 * The way to Spark: lends a loop to the Spark client. One for each thread: a transport, and a
 * client for each tenant (shards) or a token authority for each tenant (main).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "daemon/config.h"
#include "lib/cspark.h"

struct loop;
struct upstream;

/* Up-calls, on the loop's thread. */
struct upstream_ops {
	/* Tenant <tenant> needs a token newer than <generation> (0: any). */
	void (*want_token)(void *arg, size_t tenant, uint64_t generation);
	/* Spark asked the tenant to be left alone until then. */
	void (*held)(void *arg, size_t tenant, int64_t until_ms);
	/* The tenant's breaker has opened for <open_ms>; 0: it has closed. */
	void (*breaker)(void *arg, size_t tenant, int64_t open_ms);
	/* News of the tenant's token (main only). */
	void (*news)(void *arg, size_t tenant, const struct cspark_token_news *news);
};

/* Given; NULL: no memory. <config> is borrowed until upstream_free(). */
struct upstream *upstream_new_clients(struct loop *loop, const struct config *config, unsigned shards,
	const struct upstream_ops *ops, void *arg);
struct upstream *upstream_new_authorities(
	struct loop *loop, const struct config *config, const struct upstream_ops *ops, void *arg);
void upstream_free(struct upstream *upstream); /* accepts NULL; no call is under way */

/* Sends; see cspark_client_send(). */
struct cspark_job *
upstream_send(struct upstream *upstream, size_t tenant, const struct cspark_request *request,
	const struct cspark_call *call, cspark_done_fn *done, void *arg);
void upstream_cancel(struct upstream *upstream, struct cspark_job *job, enum cspark_outcome *ret_outcome,
	unsigned *ret_attempts);

/* Passes news and holds on to the tenant's client. */
void upstream_token(struct upstream *upstream, size_t tenant, const struct cspark_token_news *news);
void upstream_hold(struct upstream *upstream, size_t tenant, int64_t until_ms);

/* Tells the tenant's authority: a token was refused; the secret has changed. */
void upstream_refused(struct upstream *upstream, size_t tenant, uint64_t generation);
bool upstream_rotate(struct upstream *upstream, size_t tenant, const struct cspark_credentials *credentials);

void upstream_stats(const struct upstream *upstream, struct cspark_transport_stats *ret);
