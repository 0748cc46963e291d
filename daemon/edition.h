/*
 * An edition: one snapshot of the configuration as one shard uses it, with a line to Spark for each of its
 * tenants. A call holds the edition it began with to its end; so it keeps its tenant, whatever a reload
 * brings, and the snapshot is given back on the shard's thread when the last call of it is done. What a
 * tenant's client is made of often stays the same: then both editions have the same line, with its
 * connections, its retry budget and its breaker.
 *
 * One thread: plain counts.
 */
#pragma once

#include "daemon/config.h"
#include "daemon/upstream.h"

struct edition {
	unsigned refs;
	struct config *config; /* counted */
	char *badges[CONFIG_MAX_LISTENERS]; /* tokens of callers that came since; NULL: as configured */
	struct line *lines[]; /* counted; as many as there are tenants */
};

/* Given, with one reference; <config> is taken. <before> (may be NULL) is the edition that it follows. NULL:
 * no memory. */
struct edition *edition_new(
	struct upstream *upstream, struct config *config, const struct edition *before);
struct edition *edition_ref(struct edition *edition);
void edition_unref(struct edition *edition); /* accepts NULL */
/* <tenant> is one of its configuration's. */
struct line *edition_line(const struct edition *edition, const struct config_tenant *tenant);
/* What callers of <listener>, one of its configuration's, must show; NULL: nothing. */
const char *edition_badge(const struct edition *edition, const struct config_listener *listener);
/* They must show <token> from now on, which is copied. Nothing happens if there is no listener of that id, or
 * no memory. */
void edition_set_badge(struct edition *edition, unsigned listener, const char *token);
