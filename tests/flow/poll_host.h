/* A host for the real transport: poll() in the test's thread. One at a time. */
#pragma once

#include "lib/transport.h"

struct poll_host {
	struct cspark_transport *transport;
	int watched;   /* descriptors */
	int last_fd;   /* of them, the one that was told last; -1: none */
	int changes;   /* times that something was told about descriptors */
	int forgotten; /* the last descriptor; -1: none */
	int done;      /* exchanges that have ended since poll_host_ask() */
};

extern struct poll_host poll_host;

void poll_host_start(void);
void poll_host_stop(void);
int64_t poll_host_now_ms(void);
/* One round: sleep, descriptors, timer. */
void poll_host_turn(void);
/* Turns until <condition> holds, or patience ends. */
#define POLL_HOST_TURN_UNTIL(condition) \
	for (int64_t give_up = poll_host_now_ms() + 20000; !(condition) && poll_host_now_ms() < give_up;) \
	poll_host_turn()

/* An exchange without lines, to be sent. */
void poll_host_ask(struct cspark_exchange *exchange, const char *url, const char *method, const char *body,
	long timeout_ms);
/* Sends it, and turns until it is over. */
void poll_host_await(struct cspark_exchange *exchange);
