/* The inside of a client, shared with its jobs. */
#pragma once

#include "base/list.h"
#include "lib/breaker.h"
#include "lib/budget.h"
#include "lib/heap.h"
#include "lib/token.h"
#include "lib/transport.h"

struct cspark_client {
	struct cspark_transport *transport;
	struct cspark_host host;
	struct cspark_client_options options; /* defaults filled in; without its strings */
	struct cspark_route route;            /* ours */
	char *origin;                         /* scheme://host[:port] */
	char *tenant_line;                    /* "x-tenant-name: ..." */
	struct cspark_budget budget;
	struct cspark_breaker breaker;
	int64_t hold_until_ms;
	/* what the authority said last */
	struct cspark_token *token; /* may have expired meanwhile */
	bool latched;               /* nobody gets a newer one */
	struct cspark_error token_error;
	int64_t token_retry_ms; /* -1: unknown */
	bool asked;             /* since then; once more after a while, should the question have been lost */
	int64_t asked_ms;
	uint64_t asked_generation;
	/* jobs */
	size_t jobs;
	struct list ready;   /* to be run in the next cspark_client_due() */
	struct list waiting; /* for a token */
	struct cspark_heap timers;
};

static inline int64_t
cspark_client_now(const struct cspark_client *client)
{
	return client->host.now_ms(client->host.arg);
}

/* The token for a request, newer than <above>; NULL: none now. Borrowed. */
struct cspark_token *cspark_client_usable_token(const struct cspark_client *client, uint64_t above);
/* Asks the authority, once for each piece of news, for a token newer than <above>. */
void cspark_client_ask_token(struct cspark_client *client, uint64_t above);
/* Spark wants nothing sent for a while: this client and the tenant's others. */
void cspark_client_spread_hold(struct cspark_client *client, int64_t until_ms);
/* An attempt, begun in <era> of the breaker, is over. */
void cspark_client_learn(struct cspark_client *client, unsigned era, enum cspark_sign sign);
