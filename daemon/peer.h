/*
 * Callers that leave while they wait. A socket is put into the set once in its life, edge-triggered and for
 * hang-ups alone, so that requests cost no system call here. A handshake may wait here for more.
 *
 * One thread; embedded in its owner.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "daemon/loop.h"

typedef void peers_hangup_fn(void *arg, void *peer);
typedef void peers_ready_fn(void *arg, void *peer);

struct peers {
	struct loop *loop;
	int set; /* epoll */
	peers_hangup_fn *on_hangup;
	peers_ready_fn *on_ready; /* NULL until peers_await() is used */
	void *arg;
};

/* <on_hangup> is told once about each peer that has closed, wholly or in the direction to us. */
bool peers_init(struct peers *peers, struct loop *loop, peers_hangup_fn *on_hangup, void *arg);
void peers_fini(struct peers *peers);
/* Until <fd> and all its duplicates are closed. */
bool peers_add(struct peers *peers, int fd, void *peer);
void peers_remove(struct peers *peers, int fd);
/* <on_ready> is told when <fd> is ready for <events> (LOOP_READ, LOOP_WRITE); 0: no longer. To be taken back
 * when it was told. False: the kernel has no room. */
bool peers_await(struct peers *peers, int fd, int events, void *peer);

/*
 * Whether the other end of <fd>, which hung up, is closed altogether; false: it only said that it will send
 * no more and may still read (shutdown(SHUT_WR)). Both look alike on TCP, so the kernel is asked for the
 * other socket, which works for callers in our network namespace; any other is taken to have left.
 */
bool peer_has_left(int fd);

/* How many bytes sent to it the other end has not taken yet, as far as the kernel here knows. */
uint64_t peer_backlog(int fd);
