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
	unsigned listener; /* of the configuration */
	bool is_passed;
	bool is_unix;
	char name[LISTENER_NAME_MAX]; /* "127.0.0.1:8080", with the port that was taken */
	int fd;                       /* the first shard's */
};

struct sockets {
	const struct config *config;
	struct socket_place at[FRONT_SOCKETS_MAX];
	size_t count;
	bool given; /* the descriptors are the first shard's */
};

/* False, with a reason: nothing stays open. <config> is borrowed until sockets_fini(). */
bool sockets_open(struct sockets *sockets, const struct config *config, struct cspark_error *ret_error);
/* The set of one shard; given. */
bool sockets_give(struct sockets *sockets, int ret[FRONT_SOCKETS_MAX], struct cspark_error *ret_error);
/* Removes the paths of unix sockets that were opened here. */
void sockets_fini(struct sockets *sockets);

/* --check: a line for each listener, about sockets that the service manager passes. */
void sockets_explain(const struct config *config, struct buf *out);
