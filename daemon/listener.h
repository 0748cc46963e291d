/*
 * Opening listening sockets: "127.0.0.1:8080", "[::1]:8080", "unix:/run/csparkd.sock".
 * All are non-blocking and close-on-exec. Port 0 stands for any free one.
 */
#pragma once

#include <stdbool.h>

#include "lib/cspark.h"

enum { LISTENER_NAME_MAX = 128 };

struct listener_options {
	const char *address;
	unsigned mode;     /* unix sockets */
	const char *owner, *group; /* unix sockets; a name or a number; NULL: unchanged */
};

/* Given (close()); -1 with <ret_error> ("cannot listen on ADDRESS: why"). A unix socket that nobody listens
 * on any more is replaced; one that is alive, or a file of any other kind, is not. */
int listener_open(const struct listener_options *options, struct cspark_error *ret_error);

/* Whether a descriptor that we were passed is a listening stream socket of a family known here; then it is
 * made non-blocking. */
bool listener_adopt(int fd);

/* The same socket and queue, for one more shard. Given; -1, with <ret_error>. */
int listener_dup(int fd, struct cspark_error *ret_error);
/* A socket at the same address for one more shard. Given; -1 with <ret_error>. TCP: a queue of its own, the
 * kernel spreads callers. Unix: the same queue. */
int listener_share(int fd, struct cspark_error *ret_error);

/* "127.0.0.1:8080" with the port that was really taken, "unix:/path", "unix:@abstract". */
void listener_name(int fd, char ret[LISTENER_NAME_MAX]);

bool listener_is_unix(const char *address);
/* NAME of "systemd:NAME", which stands for sockets that the service manager passes; NULL: another address. */
const char *listener_passed_name(const char *address);
/* Whether the address is one that only this machine can reach; <address> as in the options. */
bool listener_is_local(const char *address);
/* The path of a unix socket, to be removed by the last who used it; NULL for TCP. */
const char *listener_path(const char *address);
