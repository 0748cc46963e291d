/*
 * Renewals: the certificates of TLS listeners change while csparkd runs. The configuration reads their files;
 * here, on main's loop, they are looked at once a second and read again when they have changed and then stay
 * the same for a second: certificate and key are two files, and arrive one after the other. What is new is
 * announced; what is not good is told, and the old one stays.
 */
#pragma once

#include "daemon/config.h"
#include "daemon/metrics.h"

struct loop;
struct renewals;

/* For every shard: callers of the listener of that id see another certificate from now on; borrowed. */
typedef void renewals_announce_fn(void *arg, unsigned listener, struct identity *identity);

struct renewals_options {
	struct metrics *metrics; /* main's */
	renewals_announce_fn *announce;
	void *arg;
};

/* Given; NULL: no memory. <config> is borrowed until the next one, or renewals_free(). */
struct renewals *renewals_new(
	struct loop *loop, const struct config *config, const struct renewals_options *options);
/* The listeners of <config> are in force, with the certificates that it has read. */
void renewals_adopt(struct renewals *renewals, const struct config *config);
void renewals_free(struct renewals *renewals); /* accepts NULL */
