/*
 * The listening sockets of the process: opened here, or passed by the service manager. A listener has one
 * socket; one whose address is "systemd:NAME" has all that were passed by that name. If no listener names any
 * that were passed, the first one has them all, instead of its own address.
 *
 * Every shard gets a set. TCP sockets that were opened here are multiplied, with a queue each. Others have
 * one queue, which all shards watch: a caller wakes them all, and the first to be idle takes it. That is a
 * few wake-ups for a connection, not for a request, and a busy shard is never handed a caller while another
 * is idle. EPOLLEXCLUSIVE would save the wake-ups but prefer the same shard again and again.
 *
 * Main thread.
 */
#pragma once

#include "base/buf.h"
#include "daemon/config.h"
#include "daemon/front.h"
#include "daemon/listener.h"

struct socket_place {
	unsigned id;       /* of the process */
	unsigned listener; /* the id of config_listener */
	bool is_passed;
	bool is_unix;
	char name[LISTENER_NAME_MAX]; /* "127.0.0.1:8080", with the port that was taken */
	int fd;                       /* -1: the shards have it already */
};

/* Zeroed: none yet. */
struct sockets {
	struct socket_place at[FRONT_SOCKETS_MAX];
	size_t count;
	unsigned last_id;
	bool is_first_fed; /* the first listener has what was passed, instead of its own address */
};

/*
 * The sockets for <config>, to follow <running>: those of listeners that stay, and new ones. What the service
 * manager passed is given out the first time, and a listener that wants some later has to wait for a restart.
 * False, with a reason: nothing new stays open. To be followed by sockets_share() or sockets_drop().
 */
bool sockets_open(struct sockets *sockets, const struct sockets *running, const struct config *config,
	struct cspark_error *ret_error);
/* Copies the places for one shard, with descriptors of its own for the new ones. The <first> shard has those
 * that were opened, the others more of their kind. False, with a reason: nothing is given. */
bool sockets_share(const struct sockets *sockets, bool first, struct socket_place ret[FRONT_SOCKETS_MAX],
	struct cspark_error *ret_error);
/* Every shard has its own: <sockets> is in force instead of <running>. The paths of unix sockets that are in
 * force no more are removed. */
void sockets_replace(struct sockets *running, struct sockets *sockets);
/* Closes what is new, unless it <is_taken> by the first shard, and removes its paths. */
void sockets_drop(struct sockets *sockets, bool is_taken);
/* Removes the paths of unix sockets that were opened here. */
void sockets_fini(struct sockets *sockets);

/* --check: a line for each listener, about sockets that the service manager passes. */
void sockets_explain(const struct config *config, struct buf *out);
