/*
 * How many connections each caller has, where callers can be told apart: by the user for unix sockets, by the
 * address for others. Callers over loopback share an address, so they are not counted: the limit of their
 * listener holds for all of them together.
 *
 * One thread; embedded in its owner.
 */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

#include "base/list.h"

enum { CROWD_ROWS = 256 };

struct crowd_member; /* a caller who has connections */

struct crowd {
	unsigned max; /* connections of one caller; 0: any number, nothing is counted */
	struct list rows[CROWD_ROWS];
};

void crowd_init(struct crowd *crowd, unsigned max);
/* A connection came. False: the caller has too many, or no memory. <ret> may be NULL: not counted. */
bool crowd_enter(struct crowd *crowd, int fd, const struct sockaddr_storage *address,
	struct crowd_member **ret);
/* It is over; accepts NULL. All must have left before the crowd goes. */
void crowd_leave(struct crowd_member *member);
