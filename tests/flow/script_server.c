#include "tests/flow/script_server.h"

#include <assert.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PEERS = 16, REQUEST_MAX = 4 * 1024 * 1024, DRIP_MS = 10 };

struct peer {
	char *text;
	size_t len;
	bool dripping;
};

struct script_server {
	pthread_t thread;
	pthread_mutex_t lock; /* of seen and last */
	const struct act *acts;
	size_t count;
	unsigned seen;
	char *last;
	size_t last_len;
	int port;
	int stop;
	struct pollfd fds[PEERS]; /* stop, listener, peers; fd -1: free */
	struct peer peers[PEERS];
};

static void
drop(struct script_server *server, int i, bool reset)
{
	struct linger now = { .l_onoff = 1 };

	if (reset)
		setsockopt(server->fds[i].fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(server->fds[i].fd);
	server->fds[i].fd = -1;
	free(server->peers[i].text);
	server->peers[i] = (struct peer){ 0 };
}

static void
admit(struct script_server *server)
{
	int fd = accept(server->fds[1].fd, NULL, NULL);

	for (int i = 2; i < PEERS; i++) {
		if (server->fds[i].fd < 0) {
			server->fds[i] = (struct pollfd){ .fd = fd, .events = POLLIN };
			return;
		}
	}
	close(fd);
}

static const struct act *
act_of(const struct script_server *server, unsigned index)
{
	return &server->acts[index < server->count ? index : server->count - 1];
}

/* The length of the first whole request of a peer, or of what of it is waited for; 0: not there yet. */
static size_t
whole(const struct peer *peer, bool early)
{
	const char *end = peer->text ? strstr(peer->text, "\r\n\r\n") : NULL;
	const char *length = peer->text ? strcasestr(peer->text, "content-length: ") : NULL;
	size_t size;

	if (end == NULL)
		return 0;
	if (early)
		return peer->len;
	size = (size_t)(end + 4 - peer->text) + (length && length < end ? strtoul(length + 16, NULL, 10) : 0);
	return size <= peer->len ? size : 0;
}

static void
note(struct script_server *server, const struct peer *peer, size_t size)
{
	pthread_mutex_lock(&server->lock);
	server->seen++;
	memcpy(server->last, peer->text, size);
	server->last[size] = '\0';
	server->last_len = size;
	pthread_mutex_unlock(&server->lock);
}

static void
play(struct script_server *server, int i)
{
	const struct act *act = act_of(server, server->seen - 1);
	size_t len = act->len ? act->len : act->bytes ? strlen(act->bytes) : 0;

	for (size_t done = 0; done < len && !act->mute;) {
		ssize_t n = send(server->fds[i].fd, act->bytes + done, len - done, MSG_NOSIGNAL);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	server->peers[i].dripping = act->after == AFTER_DRIP;
	if (act->early)
		server->fds[i].events = 0;
	if (act->after == AFTER_CLOSE || act->after == AFTER_RESET)
		drop(server, i, act->after == AFTER_RESET);
}

static void
receive(struct script_server *server, int i)
{
	struct peer *peer = &server->peers[i];
	ssize_t n;
	size_t size;

	if (peer->text == NULL)
		peer->text = calloc(1, REQUEST_MAX + 1);
	n = recv(server->fds[i].fd, peer->text + peer->len, REQUEST_MAX - peer->len, 0);
	if (n <= 0) {
		drop(server, i, false);
		return;
	}
	peer->len += (size_t)n;
	size = whole(peer, act_of(server, server->seen)->early);
	if (size == 0)
		return;
	note(server, peer, size);
	peer->len = 0;
	memset(peer->text, 0, size);
	play(server, i);
}

static void *
serve(void *arg)
{
	struct script_server *server = arg;

	for (;;) {
		poll(server->fds, PEERS, DRIP_MS);
		if (server->fds[0].revents)
			return NULL;
		for (int i = 2; i < PEERS; i++) {
			if (server->fds[i].fd >= 0 && server->peers[i].dripping)
				send(server->fds[i].fd, "x", 1, MSG_NOSIGNAL);
			if (server->fds[i].fd >= 0 && server->fds[i].revents)
				receive(server, i);
		}
		if (server->fds[1].revents)
			admit(server);
	}
}

static int
listen_somewhere(int *ret_port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert(fd >= 0 && bind(fd, (struct sockaddr *)&address, len) == 0 && listen(fd, 16) == 0);
	getsockname(fd, (struct sockaddr *)&address, &len);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

struct script_server *
script_server_new(const struct act *acts, size_t count)
{
	struct script_server *server = calloc(1, sizeof(*server));

	server->last = calloc(1, REQUEST_MAX + 1);
	server->acts = acts;
	server->count = count;
	pthread_mutex_init(&server->lock, NULL);
	for (int i = 0; i < PEERS; i++)
		server->fds[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	server->fds[0].fd = server->stop = eventfd(0, EFD_CLOEXEC);
	server->fds[1].fd = listen_somewhere(&server->port);
	assert(pthread_create(&server->thread, NULL, serve, server) == 0);
	return server;
}

void
script_server_free(struct script_server *server)
{
	eventfd_write(server->stop, 1);
	pthread_join(server->thread, NULL);
	for (int i = 1; i < PEERS; i++) {
		if (server->fds[i].fd >= 0)
			drop(server, i, false);
	}
	close(server->stop);
	pthread_mutex_destroy(&server->lock);
	free(server->last);
	free(server);
}

int
script_server_port(const struct script_server *server)
{
	return server->port;
}

unsigned
script_server_seen(struct script_server *server)
{
	unsigned seen;

	pthread_mutex_lock(&server->lock);
	seen = server->seen;
	pthread_mutex_unlock(&server->lock);
	return seen;
}

void
script_server_last(struct script_server *server, char *ret, size_t size)
{
	pthread_mutex_lock(&server->lock);
	strncpy(ret, server->last, size - 1);
	ret[size - 1] = '\0';
	pthread_mutex_unlock(&server->lock);
}

char *
script_server_request(struct script_server *server, size_t *ret_len)
{
	char *copy;

	pthread_mutex_lock(&server->lock);
	*ret_len = server->last_len;
	copy = malloc(server->last_len + 1);
	assert(copy);
	memcpy(copy, server->last, server->last_len + 1);
	pthread_mutex_unlock(&server->lock);
	return copy;
}
