#include "sim/wire.h"

#include "sim/stamp.h"
#include "sim/tls.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LINGER_US   2000000
#define PIECE_BYTES ((size_t)1 << 20)

void
wire_init(struct wire *wire, int fd, struct tls_session *tls)
{
	wire->fd = fd;
	wire->tls = tls;
	wire->left = false;
	wire->at = 0;
	wire->end = 0;
}

static void
release(struct wire *wire)
{
	tls_session_free(wire->tls);
	wire->tls = NULL;
	if (wire->fd >= 0)
		close(wire->fd);
	wire->fd = -1;
}

static void
linger(int fd)
{
	struct pollfd watched = { .fd = fd, .events = POLLIN };
	long until = stamp_us() + LINGER_US;
	char junk[4096];

	while (stamp_us() < until && poll(&watched, 1, LINGER_US / 1000) > 0)
		if (recv(fd, junk, sizeof(junk), MSG_DONTWAIT) <= 0)
			break;
}

void
wire_close(struct wire *wire)
{
	if (wire->fd < 0)
		return;
	if (wire->tls)
		tls_session_bye(wire->tls);
	shutdown(wire->fd, SHUT_WR);
	linger(wire->fd);
	release(wire);
}

void
wire_reset(struct wire *wire)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	if (wire->fd < 0)
		return;
	setsockopt(wire->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	release(wire);
}

static ssize_t
read_some(struct wire *wire, void *data, size_t len)
{
	ssize_t n;

	if (wire->tls)
		return tls_session_read(wire->tls, data, len);
	do
		n = recv(wire->fd, data, len, 0);
	while (n < 0 && errno == EINTR);
	return n;
}

bool
wire_fill(struct wire *wire)
{
	ssize_t n;

	if (wire->at > 0) {
		memmove(wire->in, wire->in + wire->at, wire->end - wire->at);
		wire->end -= wire->at;
		wire->at = 0;
	}
	if (wire->fd < 0 || wire->end == sizeof(wire->in))
		return false;
	n = read_some(wire, wire->in + wire->end, sizeof(wire->in) - wire->end);
	if (n <= 0) {
		wire->left = true;
		return false;
	}
	wire->end += (size_t)n;
	return true;
}

static ssize_t
write_some(struct wire *wire, const char *data, size_t len)
{
	ssize_t n;

	if (wire->tls)
		return tls_session_write(wire->tls, data, len);
	do
		n = send(wire->fd, data, len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n;
}

bool
wire_write(struct wire *wire, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0 && wire->fd >= 0) {
		ssize_t n = write_some(wire, at, len < PIECE_BYTES ? len : PIECE_BYTES);

		if (n <= 0) {
			wire->left = true;
			return false;
		}
		at += n;
		len -= (size_t)n;
	}
	return len == 0;
}

bool
wire_wait(struct wire *wire, long wait_us)
{
	struct pollfd watched = { .fd = wire->fd, .events = POLLRDHUP };
	long until = stamp_us() + wait_us;

	while (!wire->left && wire->fd >= 0) {
		long rest = wait_us < 0 ? 0 : until - stamp_us();
		struct timespec pause = { rest / 1000000, rest % 1000000 * 1000 };
		int n;

		if (rest < 0)
			return false;
		n = ppoll(&watched, 1, wait_us < 0 ? NULL : &pause, NULL);
		if (n == 0)
			return false;
		if (n > 0)
			wire->left = true;
	}
	return true;
}

bool
wire_wait_fd(struct wire *wire, int fd, long wait_us)
{
	struct pollfd watched[2] = { { .fd = wire->fd, .events = POLLRDHUP },
		{ .fd = fd, .events = POLLIN } };
	struct timespec pause = { wait_us / 1000000, wait_us % 1000000 * 1000 };

	if (ppoll(watched, 2, &pause, NULL) > 0 && watched[0].revents)
		wire->left = true;
	return wire->left;
}
