#include "daemon/door.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "daemon/identity.h"

enum {
	CALLERS_AT_ONCE = 16, /* others have to get their turn */
	RETRY_MS = 100,       /* while descriptors or memory are out */
};

static void
on_retry(void *arg)
{
	doors_open(arg);
}

void
doors_init(struct doors *doors, struct loop *loop, doors_caller_fn *on_caller, void *arg)
{
	*doors = (struct doors){ .loop = loop, .on_caller = on_caller, .arg = arg };
	list_init(&doors->all);
	loop_timer_init(&doors->retry, on_retry, doors);
}

static struct str
host_of(const char *name)
{
	const char *colon = strrchr(name, ':');
	struct str host = str_range(name, colon ? (size_t)(colon - name) : strlen(name));

	if (host.len >= 2 && host.at[0] == '[')
		host = str_range(host.at + 1, host.len - 2);
	return host;
}

/* A set of its own goes with all that is in it. -1: no descriptors. */
static int
set_around(int fd)
{
	struct epoll_event event = { .events = EPOLLIN };
	int set = epoll_create1(EPOLL_CLOEXEC);

	if (set >= 0 && epoll_ctl(set, EPOLL_CTL_ADD, fd, &event)) {
		close(set);
		set = -1;
	}
	return set;
}

static struct door *
door_at(struct list *node)
{
	return LIST_ITEM(node, struct door, node);
}

static void
door_free(struct door *door)
{
	if (!door)
		return;
	list_remove(&door->node);
	identity_unref(door->identity);
	free(door->name);
	free(door);
}

static struct door *
door_new(struct doors *doors, const struct front_socket *socket)
{
	struct door *door = calloc(1, sizeof(*door));

	if (!door)
		return NULL;
	*door = (struct door){ .doors = doors,
		.id = socket->id,
		.fd = socket->fd,
		.is_kept = socket->is_kept,
		.listener = socket->listener,
		.name = strdup(socket->name) };
	door->watched = socket->is_kept || socket->is_unix ? set_around(socket->fd) : socket->fd;
	list_append(&doors->all, &door->node);
	return door;
}

static void
door_identify(struct door *door, struct identity *identity)
{
	identity_ref(identity);
	identity_unref(door->identity);
	door->identity = identity;
}

/* What is asked of callers; NULL: those who are in are told that they came too late. */
static void
door_ask(struct door *door, const struct front_socket *socket)
{
	door->max_connections = socket ? socket->max_connections : 0;
	door->place.allowed_hosts = socket ? socket->allowed_hosts : NULL;
	door->place.allowed_origins = socket ? socket->allowed_origins : NULL;
	door_identify(door, socket ? socket->identity : NULL);
}

void
doors_identify(struct doors *doors, unsigned listener, struct identity *identity)
{
	for (struct list *node = doors->all.next; node != &doors->all; node = node->next)
		if (door_at(node)->fd >= 0 && door_at(node)->listener == listener)
			door_identify(door_at(node), identity);
}

bool
doors_add(struct doors *doors, const struct front_socket *socket)
{
	struct door *door = door_new(doors, socket);

	if (!door || !door->name || door->watched < 0) {
		if (door && door->watched >= 0 && door->watched != door->fd)
			close(door->watched);
		close(socket->fd);
		door_free(door);
		return false;
	}
	door_ask(door, socket);
	door->place.any_host = socket->is_unix;
	if (!socket->is_unix)
		door->place.own_host = host_of(door->name);
	return true;
}

/* What accept() reports about one caller, who is gone by now; see accept(2). */
static bool
is_callers_fault(int error)
{
	switch (error) {
	case ECONNABORTED: case EINTR: case EPERM: case EPROTO: case ENETDOWN: case ENOPROTOOPT:
	case EHOSTDOWN: case ENONET: case EHOSTUNREACH: case EOPNOTSUPP: case ENETUNREACH:
		return true;
	default:
		return false;
	}
}

/* False: nobody waits at <door> any more, or nobody can be let in for now. */
static bool
let_in(struct door *door)
{
	struct doors *doors = door->doors;
	struct sockaddr_storage address = { 0 };
	socklen_t len = sizeof(address);
	int caller = accept4(door->fd, (struct sockaddr *)&address, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (caller >= 0) {
		doors->on_caller(doors->arg, door, caller, &address, len);
		return true;
	}
	if (errno == EAGAIN)
		return false;
	if (is_callers_fault(errno))
		return true;
	doors_shut(doors);
	loop_timer_set(doors->loop, &doors->retry, loop_now_ms(doors->loop) + RETRY_MS);
	return false;
}

static bool
is_full(const struct door *door)
{
	return door->max_connections && door->connections >= door->max_connections;
}

static void
on_knock(void *arg, int fd, int events)
{
	struct door *door = arg;

	for (int i = 0; i < CALLERS_AT_ONCE && door->doors->open && !is_full(door); i++)
		if (!let_in(door))
			return;
}

static bool
door_watch(struct door *door, bool open)
{
	int events = open && !is_full(door) ? LOOP_READ : 0;

	return loop_watch(door->doors->loop, door->watched, events, on_knock, door);
}

static bool
doors_watch(struct doors *doors, bool open)
{
	bool ok = true;

	for (struct list *node = doors->all.next; node != &doors->all; node = node->next)
		if (door_at(node)->fd >= 0)
			ok &= door_watch(door_at(node), open);
	return ok;
}

void
door_enter(struct door *door)
{
	door->connections++;
	if (door->fd >= 0 && door->connections == door->max_connections && door->doors->open)
		door_watch(door, true);
}

void
door_leave(struct door *door)
{
	bool was_full = is_full(door);

	door->connections--;
	if (door->fd < 0 && door->connections == 0)
		door_free(door);
	else if (door->fd >= 0 && was_full && door->doors->open)
		door_watch(door, true);
}

void
doors_open(struct doors *doors)
{
	if (doors->open || doors->closed)
		return;
	doors->open = doors_watch(doors, true);
	if (!doors->open)
		loop_timer_set(doors->loop, &doors->retry, loop_now_ms(doors->loop) + RETRY_MS);
}

void
doors_shut(struct doors *doors)
{
	loop_timer_set(doors->loop, &doors->retry, -1);
	if (doors->open)
		doors_watch(doors, false);
	doors->open = false;
}

static void
door_drain(struct door *door)
{
	while (door->doors->open && !door->is_kept && !is_full(door) && let_in(door))
		;
}

static void
door_close(struct door *door)
{
	if (door->fd < 0)
		return;
	loop_forget(door->doors->loop, door->watched);
	if (door->watched != door->fd)
		close(door->watched);
	close(door->fd);
	door->fd = -1;
	door_ask(door, NULL);
}

void
doors_drain(struct doors *doors)
{
	for (struct list *node = doors->all.next; node != &doors->all; node = node->next)
		if (door_at(node)->fd >= 0)
			door_drain(door_at(node));
	doors_close(doors);
}

void
doors_close(struct doors *doors)
{
	if (doors->closed)
		return;
	doors_shut(doors);
	doors->closed = true;
	for (struct list *node = doors->all.next; node != &doors->all; node = node->next)
		door_close(door_at(node));
}

void
doors_fini(struct doors *doors)
{
	doors_close(doors);
	while (!list_empty(&doors->all))
		door_free(door_at(doors->all.next));
}

/* ---- other doors ---- */

static const struct front_socket *
find_socket(const struct front_socket *sockets, size_t count, unsigned id)
{
	for (size_t i = 0; i < count; i++)
		if (sockets[i].id == id)
			return &sockets[i];
	return NULL;
}

/* <socket> NULL: nobody shall come in by <door> any more. */
static void
door_adopt(struct door *door, const struct front_socket *socket)
{
	if (socket) {
		door_ask(door, socket);
		return;
	}
	door_drain(door);
	door_close(door);
	if (door->connections == 0)
		door_free(door);
}

bool
doors_adopt(struct doors *doors, const struct front_socket *sockets, size_t count)
{
	bool ok = true;

	for (struct list *node = doors->all.next, *next; node != &doors->all; node = next) {
		struct door *door = door_at(node);

		next = node->next;
		if (door->fd >= 0)
			door_adopt(door, find_socket(sockets, count, door->id));
	}
	for (size_t i = 0; i < count; i++)
		if (sockets[i].fd >= 0)
			ok &= doors_add(doors, &sockets[i]);
	if (doors->open)
		doors_watch(doors, true);
	else
		doors_open(doors);
	return ok;
}

/* ---- who callers are ---- */

/* All at once: how many there are is known only by asking. */
static void
take_groups(int fd, struct front_peer *peer)
{
	socklen_t len = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &len) == 0 || errno != ERANGE)
		return; /* there are none */
	peer->groups = malloc(len);
	if (peer->groups && getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, peer->groups, &len) == 0)
		peer->group_count = len / sizeof(*peer->groups);
}

bool
door_peer(int fd, struct front_peer *ret)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	int domain;
	socklen_t domain_len = sizeof(domain);

	*ret = (struct front_peer){ 0 };
	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &domain_len) || domain != AF_UNIX ||
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		return false;
	ret->uid = peer.uid;
	ret->gid = peer.gid;
	take_groups(fd, ret);
	return true;
}

static void
name_unix(int fd, char ret[CALLER_MAX])
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		snprintf(ret, CALLER_MAX, "unix:");
	else
		snprintf(ret, CALLER_MAX, "unix:uid=%u,pid=%d", (unsigned)peer.uid, (int)peer.pid);
}

void
door_name_caller(int fd, const struct sockaddr_storage *address, char ret[CALLER_MAX])
{
	const struct sockaddr_in *four = (const void *)address;
	const struct sockaddr_in6 *six = (const void *)address;
	char text[INET6_ADDRSTRLEN] = "?";

	switch (address->ss_family) {
	case AF_INET:
		inet_ntop(AF_INET, &four->sin_addr, text, sizeof(text));
		snprintf(ret, CALLER_MAX, "%s:%u", text, ntohs(four->sin_port));
		break;
	case AF_INET6:
		inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof(text));
		snprintf(ret, CALLER_MAX, "[%s]:%u", text, ntohs(six->sin6_port));
		break;
	default:
		name_unix(fd, ret);
	}
}
