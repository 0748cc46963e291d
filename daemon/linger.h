/*
 * Connections that were answered before they had sent everything. Closing such a socket makes the kernel
 * reset the connection, and many callers then never read the answer; so what they still send is read and
 * dropped for a while.
 *
 * One thread; embedded in its owner.
 */
#pragma once

#include "base/list.h"
#include "daemon/loop.h"

struct lingers {
	struct loop *loop;
	struct list all; /* oldest first */
	struct loop_timer timer;
	unsigned count;
};

void lingers_init(struct lingers *lingers, struct loop *loop);
void lingers_fini(struct lingers *lingers);
/* <fd>, all of whose answer is on its way, is closed in the direction to the caller. The socket is
 * duplicated: the owner closes <fd> as ever. */
void linger_on(struct lingers *lingers, int fd);
