/* The gateway as its own files see it. */
#pragma once

#include "base/buf.h"
#include "daemon/badge.h"
#include "daemon/config_follow.h"
#include "daemon/gateway.h"
#include "daemon/lifecycle.h"
#include "daemon/loop.h"
#include "daemon/metrics.h"
#include "daemon/renewal.h"
#include "daemon/shard.h"
#include "daemon/sockets.h"
#include "daemon/tokens.h"

struct gateway {
	const struct config_flags *flags;
	struct config *config; /* in force; counted; NULL before the first */
	struct config_lineage lineage;
	struct loop *loop;
	struct tokens *tokens;
	struct badges *badges;
	struct renewals *renewals;
	struct sockets sockets;
	struct lifecycle life;
	struct admin admin;
	struct buf openapi;                     /* the document, written once */
	const char *tenant_names[CONFIG_SLOTS]; /* of those in force; shards read it, so stores are atomic */
	struct metrics **metrics; /* one a shard, and main's as the last */
	struct shard **shards;
	unsigned shard_count;
	unsigned started; /* threads */
	unsigned idle;    /* shards that have done what the state of life waits for */
	unsigned behind;  /* shards that have not yet adopted the snapshot in force */
	bool is_up;       /* the first one was adopted by all */
	bool again;       /* SIGHUP came meanwhile */
	struct buf kept;  /* keys that wait for a restart */
	int signals;      /* signalfd */
	struct loop_timer pulse;
	bool is_stuck; /* a shard's loop does not turn */
	int exit_code;
};

/*
 * Puts <config>, which is taken, in force: all or nothing. Opens the listeners that are new, then tells
 * tokens and shards, whose calls to gateway_adopted() say the end. False, with an error: nothing has changed.
 */
bool gateway_adopt(struct gateway *gateway, struct config *config, struct cspark_error *ret_error);
/* A shard serves by the snapshot in force. */
void gateway_adopted(struct gateway *gateway);
/* SIGHUP. */
void gateway_reload(struct gateway *gateway);
/* gateway.c: the first snapshot is in force everywhere. */
void gateway_say_up(struct gateway *gateway);
