/*
 * The doors of a front: its listening sockets, and when they are open. Callers wait in the kernel's queue
 * while they are shut, which costs no CPU: at the limit of connections, and for a moment when descriptors
 * or memory are out.
 *
 * One thread; embedded in its owner.
 */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

#include "base/list.h"
#include "base/str.h"
#include "daemon/front.h"
#include "daemon/guard.h"
#include "daemon/loop.h"

enum { CALLER_MAX = 64 };

struct doors;

struct door {
	struct doors *doors;
	struct list node;
	unsigned id;
	int fd; /* -1: closed for good, and kept for those who came in by it */
	/* What the loop watches: <fd>, or an epoll set around it. A socket that others hold too would stay in
	 * the loop's own set after <fd> is closed, and wake it for a number that is somebody else's then. */
	int watched;
	bool is_kept;             /* see struct front_socket */
	unsigned listener;
	unsigned max_connections; /* 0: any number */
	unsigned connections;
	struct identity *identity; /* its callers speak TLS; counted; NULL: in clear */
	char *name;               /* "127.0.0.1:8080" */
	struct guard_place place; /* its own_host is the part of <name> without port and brackets */
};

/* A caller came in: <fd> is taken; non-blocking. */
typedef void doors_caller_fn(void *arg, struct door *door, int fd,
	const struct sockaddr_storage *address, socklen_t len);

struct doors {
	struct loop *loop;
	struct loop_timer retry;
	bool open;
	bool closed; /* for good */
	struct list all; /* struct door */
	doors_caller_fn *on_caller;
	void *arg;
};

void doors_init(struct doors *doors, struct loop *loop, doors_caller_fn *on_caller, void *arg);
/* Its descriptor is taken, also on failure; its lists are borrowed. Opened by the next doors_open(). */
bool doors_add(struct doors *doors, const struct front_socket *socket);
/* As front_adopt() says. */
bool doors_adopt(struct doors *doors, const struct front_socket *sockets, size_t count);
/* Callers of the doors of that owner's number see <identity>, which is counted, from now on. */
void doors_identify(struct doors *doors, unsigned listener, struct identity *identity);
void doors_open(struct doors *doors);
/* A connection that came in by <door> began or ended; at its limit the door is shut, the others are not. One
 * that is closed goes with its last connection. */
void door_enter(struct door *door);
void door_leave(struct door *door);
void doors_shut(struct doors *doors);
/* Lets in who waits already, then closes: who connected before had a promise. At a door that is kept they
 * wait for the next process. */
void doors_drain(struct doors *doors);
/* Closes the sockets: nobody comes in any more. */
void doors_close(struct doors *doors);
void doors_fini(struct doors *doors);

/* See front_peer(). */
bool door_peer(int fd, struct front_peer *ret);
/* "127.0.0.1:40312", "[::1]:40312", "unix:uid=1000,pid=4711". */
void door_name_caller(int fd, const struct sockaddr_storage *address, char ret[CALLER_MAX]);
