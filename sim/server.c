#include "sim/server.h"

#include "sim/exchange.h"
#include "sim/options.h"
#include "sim/serve.h"
#include "sim/tls.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define STACK_BYTES (256 << 10)

struct server {
	int listener;
	struct world *world;
	struct tls *tls;
	sem_t room; /* connections that may still come */
	uint64_t connections;
};

struct visit {
	struct server *server;
	int fd;
	uint64_t number;
};

static unsigned
port_of(int fd)
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);

	if (getsockname(fd, (struct sockaddr *)&addr, &len) < 0)
		return 0;
	if (addr.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&addr)->sin6_port);
	return ntohs(((struct sockaddr_in *)&addr)->sin_port);
}

int
server_listen(const char *address, unsigned port, unsigned *ret_port)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM },
			*found;
	char service[8];
	int fd, one = 1;

	snprintf(service, sizeof(service), "%u", port);
	if (getaddrinfo(address, service, &hints, &found) != 0) {
		fprintf(stderr, "cspark-sim: %s: no numeric address\n", address);
		return -1;
	}
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		if (bind(fd, found->ai_addr, found->ai_addrlen) < 0 || listen(fd, 4096) < 0) {
			fprintf(stderr, "cspark-sim: %s:%u: %s\n", address, port, strerror(errno));
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(found);
	if (fd >= 0)
		*ret_port = port_of(fd);
	return fd;
}

static void
serve_connection(struct exchange *ex)
{
	enum fate fate = FATE_KEEP;

	request_init(&ex->request);
	answer_init(&ex->answer);
	match_init(&ex->match);
	while (fate == FATE_KEEP) {
		fate = serve_one(ex);
		ex->served++;
	}
	if (fate == FATE_RESET)
		wire_reset(ex->wire);
	else
		wire_close(ex->wire);
	request_fini(&ex->request);
	match_fini(&ex->match);
	answer_fini(&ex->answer);
}

static void
talk(struct visit *visit)
{
	struct wire *wire = malloc(sizeof(*wire));
	struct exchange *ex = calloc(1, sizeof(*ex));
	struct tls_session *session = NULL;

	if (!wire || !ex || (visit->server->tls && !(session = tls_accept(visit->server->tls, visit->fd)))) {
		close(visit->fd);
	} else {
		wire_init(wire, visit->fd, session);
		ex->world = visit->server->world;
		ex->wire = wire;
		ex->connection = visit->number;
		serve_connection(ex);
	}
	free(ex);
	free(wire);
}

static void *
run_visit(void *arg)
{
	struct visit *visit = arg;
	struct server *server = visit->server;
	int one = 1;

	setsockopt(visit->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	talk(visit);
	stats_add(&server->world->stats, STAT_connections_open, -1);
	sem_post(&server->room);
	free(visit);
	return NULL;
}

static void
welcome(struct server *server, int fd)
{
	struct visit *visit = calloc(1, sizeof(*visit));
	pthread_attr_t attr;
	pthread_t thread;

	stats_add(&server->world->stats, STAT_connections_total, 1);
	stats_add(&server->world->stats, STAT_connections_open, 1);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (visit)
		*visit = (struct visit){ server, fd, ++server->connections };
	if (!visit || pthread_create(&thread, &attr, run_visit, visit) != 0) {
		close(fd);
		free(visit);
		stats_add(&server->world->stats, STAT_connections_open, -1);
		sem_post(&server->room);
	}
	pthread_attr_destroy(&attr);
}

static void *
run_accept(void *arg)
{
	struct server *server = arg;

	for (;;) {
		int fd;

		while (sem_wait(&server->room) < 0)
			continue;
		fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0) {
			welcome(server, fd);
			continue;
		}
		sem_post(&server->room);
		if (errno == EMFILE || errno == ENFILE)
			usleep(10000); /* until a connection ends */
	}
	return NULL;
}

void
server_start(int listener, struct world *world, struct tls *tls)
{
	struct server *server = calloc(1, sizeof(*server));
	pthread_t thread;

	if (!server)
		abort();
	*server = (struct server){ .listener = listener, .world = world, .tls = tls };
	sem_init(&server->room, 0, world->options->max_connections);
	if (pthread_create(&thread, NULL, run_accept, server) != 0)
		abort();
	pthread_detach(thread);
}
