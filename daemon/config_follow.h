/*
 * One snapshot after another. What is the same listener or tenant in both gets the same number, so that
 * sockets, tokens, connections and counters can stay; what a reload cannot change stays as it was. Pure.
 */
#pragma once

#include "daemon/config.h"

/* Names of tenants that one process can come to know, with those that are configured no more. */
enum { CONFIG_SLOTS = 256 };

/* The numbers given so far; zeroed at first. Main's, for the life of the process. */
struct config_lineage {
	unsigned listeners, accounts;
	bool is_first_fed; /* the first listener is the first one, whatever its address: see sockets.h */
	unsigned slots;
	char *names[CONFIG_SLOTS]; /* by slot; owned */
};
void config_lineage_fini(struct config_lineage *lineage);

/*
 * Makes <fresh>, which nobody shares yet, the follower of <running> (NULL: it is the first). Keys that need a
 * restart get back their running values, and <ret_kept> their names: "workers, log.file". False, with an
 * error: no memory, or no slot is left.
 */
bool config_follow(struct config_lineage *lineage, struct config *fresh, const struct config *running,
	struct buf *ret_kept, struct cspark_error *ret_error);

/* Whether a client of Spark made for <a>, a tenant of <config_a>, does for <b> of <config_b>. */
bool config_same_client(const struct config *config_a, const struct config_tenant *a,
	const struct config *config_b, const struct config_tenant *b);
