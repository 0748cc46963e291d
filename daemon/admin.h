/*
 * The pages answered without Spark: /healthz /readyz /status /metrics /openapi.json /-/drain /-/shutdown, and
 * what they know. One struct admin a
 * process, made by main before the shards; read by every shard, written only through the atomics below.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"
#include "daemon/board.h"
#include "daemon/config.h"
#include "daemon/lifecycle.h"
#include "daemon/metrics.h"
#include "daemon/route.h"

/* What main knows of a tenant's token; each value is its own fact, so relaxed loads do. */
struct admin_tenant {
	_Atomic int state;          /* enum cspark_token_state */
	_Atomic int64_t since_ms;   /* when the token came; loop clock; 0: none has come yet */
	_Atomic int64_t expires_ms; /* -1: never */
	_Atomic uint64_t fetches;
	_Atomic uint64_t failures;
};

struct admin {
	struct metrics *const *metrics; /* one a shard, and main's */
	size_t metrics_count;
	struct admin_tenant *tenants; /* by slot */
	struct board *boards;         /* one a shard, which writes it */
	unsigned workers;             /* so many shards */
	struct str openapi;           /* borrowed: the whole page */
	int64_t started_ms;           /* loop clock */
	struct lifecycle *life;
	/* An operator asks for something; on the shard's thread. */
	void (*on_event)(void *arg, enum lifecycle_event event);
	void *arg;
	struct {
		_Atomic uint64_t good, failed;
		_Atomic int64_t last_ms; /* loop clock; 0: there was none */
		_Atomic bool last_failed;
	} reloads;
};

struct admin_answer {
	int status;
	const char *content_type; /* static */
};

/* Appends the page's body. <config>: the shard's; <now_ms>: the loop's clock. */
struct admin_answer admin_page(const struct admin *admin, const struct config *config, enum route_page page,
	int64_t now_ms, struct buf *out);
/* Whether at least one tenant has a credential that was not refused. One that has expired, and cannot be
 * renewed just now, counts: an outage of Spark is not ours. */
bool admin_has_credential(const struct admin *admin, const struct config *config);
