#include "daemon/linger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	LINGERS_MAX = 64,       /* more are closed at once: descriptors are for those who behave */
	LINGER_MS = 2000,
	DROP_BYTES = 64 * 1024, /* in one go */
};

struct linger_socket {
	struct lingers *lingers;
	struct list node;
	int fd;
	int64_t until_ms;
};

static void
linger_free(struct linger_socket *socket)
{
	struct lingers *lingers = socket->lingers;

	list_remove(&socket->node);
	lingers->count--;
	loop_forget(lingers->loop, socket->fd);
	close(socket->fd);
	free(socket);
}

static void
on_more(void *arg, int fd, int events)
{
	static __thread char dropped[DROP_BYTES];
	ssize_t len = recv(fd, dropped, sizeof(dropped), MSG_DONTWAIT);

	if (len == 0 || (len < 0 && errno != EAGAIN))
		linger_free(arg);
}

static struct linger_socket *
oldest(const struct lingers *lingers)
{
	return list_empty(&lingers->all) ? NULL : LIST_ITEM(lingers->all.next, struct linger_socket, node);
}

static void
on_timer(void *arg)
{
	struct lingers *lingers = arg;
	struct linger_socket *socket;

	while ((socket = oldest(lingers)) && socket->until_ms <= loop_now_ms(lingers->loop))
		linger_free(socket);
	loop_timer_set(lingers->loop, &lingers->timer, socket ? socket->until_ms : -1);
}

void
lingers_init(struct lingers *lingers, struct loop *loop)
{
	*lingers = (struct lingers){ .loop = loop };
	list_init(&lingers->all);
	loop_timer_init(&lingers->timer, on_timer, lingers);
}

void
lingers_fini(struct lingers *lingers)
{
	struct linger_socket *socket;

	while ((socket = oldest(lingers)))
		linger_free(socket);
	loop_timer_set(lingers->loop, &lingers->timer, -1);
}

void
linger_on(struct lingers *lingers, int fd)
{
	struct linger_socket *socket = lingers->count < LINGERS_MAX ? calloc(1, sizeof(*socket)) : NULL;

	if (!socket)
		return;
	socket->lingers = lingers;
	socket->until_ms = loop_now_ms(lingers->loop) + LINGER_MS;
	socket->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (socket->fd < 0) {
		free(socket);
		return;
	}
	shutdown(fd, SHUT_WR);
	lingers->count++;
	list_append(&lingers->all, &socket->node);
	if (lingers->timer.at_ms < 0)
		loop_timer_set(lingers->loop, &lingers->timer, socket->until_ms);
	if (!loop_watch(lingers->loop, socket->fd, LOOP_READ, on_more, socket))
		linger_free(socket);
}
