#include "tools/wire.h"

#include "tools/progress.h"
#include "tools/wire_tls.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* How often the display is brought up to date while nothing happens. */
#define TICK_MS 250

bool
wire_fail(struct wire *wire, const char *what, const char *reason)
{
	snprintf(wire->why, wire->why_size, reason ? "%s: %s" : "%s", what, reason);
	return false;
}

int64_t
wire_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool
wire_wait(struct wire *wire, short events, short *ret_events)
{
	struct pollfd poll_fd = { .fd = wire->fd, .events = events };
	int64_t left_ms;
	int ready;

	if ((events & POLLIN) && wire->tls && wire_tls_has_more(wire->tls)) {
		*ret_events = POLLIN;
		return true;
	}
	do {
		progress_tick(wire->progress);
		left_ms = wire->deadline_ms - wire_now_ms();
		if (wire->is_over && atomic_load(wire->is_over))
			return wire_fail(wire, "not wanted any more", NULL);
		if (left_ms <= 0)
			return wire_fail(wire, "no answer in time", NULL);
		ready = poll(&poll_fd, 1, left_ms > TICK_MS ? TICK_MS : (int)left_ms);
	} while (ready == 0 || (ready < 0 && errno == EINTR));
	if (ready < 0)
		return wire_fail(wire, "poll", strerror(errno));
	*ret_events = poll_fd.revents;
	return true;
}

/* ---- connecting -------------------------------------------------------------------------- */

static bool
connect_to(struct wire *wire, const struct sockaddr *address, socklen_t len)
{
	int error = 0;
	socklen_t error_len = sizeof(error);
	short events;

	wire->fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (wire->fd < 0)
		return wire_fail(wire, "socket", strerror(errno));
	if (connect(wire->fd, address, len) == 0)
		return true;
	if (errno != EINPROGRESS)
		return wire_fail(wire, "cannot connect", strerror(errno));
	if (!wire_wait(wire, POLLOUT, &events))
		return false;
	getsockopt(wire->fd, SOL_SOCKET, SO_ERROR, &error, &error_len);
	return error == 0 || wire_fail(wire, "cannot connect", strerror(error));
}

static bool
connect_unix(struct wire *wire, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (path[0] != '/' || strlen(path) >= sizeof(address.sun_path))
		return wire_fail(wire, "the path of a unix socket must be absolute and short", NULL);
	memcpy(address.sun_path, path, strlen(path));
	return connect_to(wire, (const struct sockaddr *)&address, sizeof(address));
}

/* "HOST", "HOST:PORT", "[IPv6]:PORT" -> NUL-terminated parts. */
static bool
split_authority(
	struct str authority, struct str usual_port, char *ret_host, char *ret_port, size_t size)
{
	struct str host, port;

	if (str_starts(authority, STR("["))) {
		host = str_cut(str_range(authority.at + 1, authority.len - 1), ']', &port);
		if (!port.at || (port.len > 0 && port.at[0] != ':'))
			return false;
		port = port.len ? str_range(port.at + 1, port.len - 1) : usual_port;
	} else {
		host = str_cut(authority, ':', &port);
		port = port.at ? port : usual_port;
	}
	if (host.len == 0 || host.len >= size || port.len == 0 || port.len >= size)
		return false;
	snprintf(ret_host, size, "%.*s", STR_ARG(host));
	snprintf(ret_port, size, "%.*s", STR_ARG(port));
	return true;
}

static bool
connect_tcp(struct wire *wire, struct str authority, bool by_tls)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	struct addrinfo *list;
	char host[256], port[256];
	bool ok = false;
	int error;

	if (!split_authority(authority, by_tls ? STR("443") : STR("80"), host, port, sizeof(host)))
		return wire_fail(wire, "the URL has no valid host and port", NULL);
	error = getaddrinfo(host, port, &hints, &list);
	if (error)
		return wire_fail(wire, host, gai_strerror(error));
	for (struct addrinfo *one = list; one && !ok; one = one->ai_next) {
		if (wire->fd >= 0)
			close(wire->fd);
		ok = connect_to(wire, one->ai_addr, one->ai_addrlen);
	}
	freeaddrinfo(list);
	if (ok && by_tls)
		wire->tls = wire_tls_open(wire, host);
	return ok && (!by_tls || wire->tls);
}

bool
wire_open(struct wire *wire, const char *url, struct str *ret_host)
{
	struct str text = str_of(url), rest;
	bool by_tls = str_starts(text, STR("https://"));

	if (str_starts(text, STR("unix:"))) {
		*ret_host = STR("localhost");
		return connect_unix(wire, url + strlen("unix:"));
	}
	if (!by_tls && !str_starts(text, STR("http://")))
		return wire_fail(
			wire, "the URL must be http://HOST:PORT, https://HOST:PORT or unix:/PATH", NULL);
	str_cut(text, ':', &rest);
	text = str_range(rest.at + strlen("//"), rest.len - strlen("//"));
	while (str_ends(text, STR("/")))
		text.len--;
	*ret_host = text;
	return connect_tcp(wire, text, by_tls);
}

ssize_t
wire_send(struct wire *wire, const char *data, size_t len)
{
	return wire->tls ? wire_tls_send(wire->tls, data, len) : send(wire->fd, data, len, MSG_NOSIGNAL);
}

ssize_t
wire_receive(struct wire *wire, char *data, size_t size)
{
	return wire->tls ? wire_tls_receive(wire->tls, data, size) : recv(wire->fd, data, size, 0);
}

const char *
wire_error(const struct wire *wire)
{
	return wire->tls && errno == EPROTO ? wire_tls_error(wire->tls) : strerror(errno);
}

void
wire_close(struct wire *wire)
{
	wire_tls_close(wire->tls);
	wire->tls = NULL;
	if (wire->fd >= 0)
		close(wire->fd);
	wire->fd = -1;
}
