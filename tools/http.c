#include "tools/http.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_MAX (256u * 1024 * 1024)
#define READ_SIZE  (64 * 1024)

/* An exchange under way. */
struct exchange {
	int fd;
	int64_t deadline_ms;
	struct buf head;
	struct str head_left; /* what has not been sent */
	struct str body_left;
	struct http_response *response;
	char *why;
	size_t why_size;
};

static bool
fail(struct exchange *exchange, const char *what, const char *reason)
{
	snprintf(exchange->why, exchange->why_size, reason ? "%s: %s" : "%s", what, reason);
	return false;
}

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits until one of <events> is there; what poll() says of it is in <ret_events>. */
static bool
wait_for(struct exchange *exchange, short events, short *ret_events)
{
	struct pollfd poll_fd = { .fd = exchange->fd, .events = events };
	int64_t left_ms;
	int ready;

	do {
		left_ms = exchange->deadline_ms - now_ms();
		if (left_ms <= 0)
			return fail(exchange, "no answer in time", NULL);
		ready = poll(&poll_fd, 1, left_ms > 1000000 ? 1000000 : (int)left_ms);
	} while (ready == 0 || (ready < 0 && errno == EINTR));
	if (ready < 0)
		return fail(exchange, "poll", strerror(errno));
	*ret_events = poll_fd.revents;
	return true;
}

/* ---- connecting -------------------------------------------------------------------------- */

static bool
connect_to(struct exchange *exchange, const struct sockaddr *address, socklen_t len)
{
	int error = 0;
	socklen_t error_len = sizeof(error);
	short events;

	exchange->fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (exchange->fd < 0)
		return fail(exchange, "socket", strerror(errno));
	if (connect(exchange->fd, address, len) == 0)
		return true;
	if (errno != EINPROGRESS)
		return fail(exchange, "cannot connect", strerror(errno));
	if (!wait_for(exchange, POLLOUT, &events))
		return false;
	getsockopt(exchange->fd, SOL_SOCKET, SO_ERROR, &error, &error_len);
	return error == 0 || fail(exchange, "cannot connect", strerror(error));
}

static bool
connect_unix(struct exchange *exchange, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (path[0] != '/' || strlen(path) >= sizeof(address.sun_path))
		return fail(exchange, "the path of a unix socket must be absolute and short", NULL);
	memcpy(address.sun_path, path, strlen(path));
	return connect_to(exchange, (const struct sockaddr *)&address, sizeof(address));
}

/* "HOST", "HOST:PORT", "[IPv6]:PORT" -> NUL-terminated parts. */
static bool
split_authority(struct str authority, char *ret_host, char *ret_port, size_t size)
{
	struct str host, port;

	if (str_starts(authority, STR("["))) {
		host = str_cut(str_range(authority.at + 1, authority.len - 1), ']', &port);
		if (!port.at || (port.len > 0 && port.at[0] != ':'))
			return false;
		port = port.len ? str_range(port.at + 1, port.len - 1) : STR("80");
	} else {
		host = str_cut(authority, ':', &port);
		port = port.at ? port : STR("80");
	}
	if (host.len == 0 || host.len >= size || port.len == 0 || port.len >= size)
		return false;
	snprintf(ret_host, size, "%.*s", STR_ARG(host));
	snprintf(ret_port, size, "%.*s", STR_ARG(port));
	return true;
}

static bool
connect_tcp(struct exchange *exchange, struct str authority)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	struct addrinfo *list;
	char host[256], port[256];
	bool ok = false;
	int error;

	if (!split_authority(authority, host, port, sizeof(host)))
		return fail(exchange, "the URL has no valid host and port", NULL);
	error = getaddrinfo(host, port, &hints, &list);
	if (error)
		return fail(exchange, host, gai_strerror(error));
	for (struct addrinfo *one = list; one && !ok; one = one->ai_next) {
		if (exchange->fd >= 0)
			close(exchange->fd);
		ok = connect_to(exchange, one->ai_addr, one->ai_addrlen);
	}
	freeaddrinfo(list);
	return ok;
}

/* Connects; <ret_host> is what the Host header says. */
static bool
open_url(struct exchange *exchange, const char *url, struct str *ret_host)
{
	struct str text = str_of(url);

	if (str_starts(text, STR("unix:"))) {
		*ret_host = STR("localhost");
		return connect_unix(exchange, url + strlen("unix:"));
	}
	if (!str_starts(text, STR("http://")))
		return fail(exchange, "the URL must be http://HOST:PORT or unix:/PATH", NULL);
	text = str_range(text.at + strlen("http://"), text.len - strlen("http://"));
	while (str_ends(text, STR("/")))
		text.len--;
	*ret_host = text;
	return connect_tcp(exchange, text);
}

/* ---- the exchange ------------------------------------------------------------------------ */

static void
put_head(struct buf *head, const struct http_request *request, struct str host)
{
	buf_printf(head, "%s %s HTTP/1.1\r\nHost: %.*s\r\nUser-Agent: csparkctl\r\nConnection: close\r\n",
		request->method, request->target, STR_ARG(host));
	if (request->accept)
		buf_printf(head, "Accept: %s\r\n", request->accept);
	if (request->content_type)
		buf_printf(head, "Content-Type: %s\r\n", request->content_type);
	if (request->body.len || strcmp(request->method, "GET") != 0)
		buf_printf(head, "Content-Length: %zu\r\n", request->body.len);
	buf_put_str(head, STR("\r\n"));
}

/* Sends what fits. A daemon that refuses a request may close its ear while it still speaks: then
 * the rest is dropped, and the answer is what counts. */
static void
send_some(struct exchange *exchange)
{
	struct str *left = exchange->head_left.len ? &exchange->head_left : &exchange->body_left;
	ssize_t sent = send(exchange->fd, left->at, left->len, MSG_NOSIGNAL);

	if (sent > 0) {
		*left = str_range(left->at + sent, left->len - (size_t)sent);
	} else if (sent < 0 && errno != EAGAIN && errno != EINTR) {
		exchange->head_left.len = 0;
		exchange->body_left.len = 0;
	}
}

static bool
receive_some(struct exchange *exchange, bool *ret_done)
{
	struct buf *raw = &exchange->response->raw;
	char *room = buf_reserve(raw, READ_SIZE);
	ssize_t received;

	if (!room)
		return fail(exchange, "the answer is too large", NULL);
	received = recv(exchange->fd, room, READ_SIZE, 0);
	if (received < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (received < 0 && raw->len == 0)
		return fail(exchange, "the connection broke", strerror(errno));
	raw->len += received > 0 ? (size_t)received : 0;
	switch (http_response_read(exchange->response, received <= 0)) {
	case HTTP_WHOLE:
		*ret_done = true;
		return true;
	case HTTP_MORE:
		return true;
	case HTTP_GARBLED:
		break;
	}
	return fail(exchange,
		raw->len ? "the answer is not whole, or not HTTP" :
			   "the connection was closed without an answer",
		NULL);
}

static bool
run(struct exchange *exchange)
{
	bool done = false;

	while (!done) {
		bool unsent = exchange->head_left.len || exchange->body_left.len;
		short events;

		if (!wait_for(exchange, unsent ? POLLIN | POLLOUT : POLLIN, &events))
			return false;
		if (unsent && (events & POLLOUT))
			send_some(exchange);
		if ((events & (POLLIN | POLLHUP | POLLERR)) && !receive_some(exchange, &done))
			return false;
	}
	return true;
}

bool
http_exchange(const char *url, const struct http_request *request, struct http_response *ret, char *ret_why,
	size_t why_size)
{
	struct exchange exchange = {
		.fd = -1,
		.deadline_ms = now_ms() + request->timeout_ms,
		.body_left = request->body,
		.response = ret,
		.why = ret_why,
		.why_size = why_size,
	};
	struct str host = { 0 };
	bool ok = false;

	memset(ret, 0, sizeof(*ret));
	buf_init(&ret->raw, ANSWER_MAX);
	buf_init(&exchange.head, 256 * 1024);
	if (!open_url(&exchange, url, &host))
		goto out;
	put_head(&exchange.head, request, host);
	exchange.head_left = buf_text(&exchange.head);
	ok = buf_failed(&exchange.head) ? fail(&exchange, "the request is too long", NULL) : run(&exchange);
out:
	buf_fini(&exchange.head);
	if (exchange.fd >= 0)
		close(exchange.fd);
	return ok;
}

void
http_response_fini(struct http_response *response)
{
	buf_fini(&response->raw);
}
