/*
 * Badges: the tokens that callers of a listener must show. The configuration reads their files; here, on
 * main's loop, they are looked at once a second and read again when they have changed. What is new is
 * announced.
 */
#pragma once

#include "daemon/config.h"

struct badges;
struct loop;

/* For every shard: the token that callers of the listener of that id must show from now on; borrowed. */
typedef void badges_announce_fn(void *arg, unsigned listener, const char *token);

/* Given; NULL: no memory. <config> is borrowed until the next one, or badges_free(). */
struct badges *badges_new(
	struct loop *loop, const struct config *config, badges_announce_fn *announce, void *arg);
/* The listeners of <config> are in force, with the tokens that it has read. */
void badges_adopt(struct badges *badges, const struct config *config);
void badges_free(struct badges *badges); /* accepts NULL */
