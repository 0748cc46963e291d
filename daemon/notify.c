#include "daemon/notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/str.h"

/* The protocol is one datagram to a named socket. libsystemd would bring five more libraries and a megabyte
 * into a process whose secrets are worth something. */
static void
tell(const char *news)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (len < 2 || len >= sizeof(to.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(to.sun_path, path, len);
	if (path[0] == '@') /* a name outside the file system */
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	/* Whoever does not listen is not told. */
	(void)!sendto(fd, news, strlen(news), MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)&to,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	close(fd);
}

/* False: not set, or no number. */
static bool
read_number(const char *name, uint64_t *ret)
{
	const char *text = getenv(name);

	return text && str_to_u64(str_of(text), INT64_MAX, ret);
}

int64_t
notify_watchdog_ms(void)
{
	uint64_t microseconds, pid;

	if (!read_number("WATCHDOG_USEC", &microseconds) || microseconds == 0)
		return 0;
	if (getenv("WATCHDOG_PID") && (!read_number("WATCHDOG_PID", &pid) || pid != (uint64_t)getpid()))
		return 0; /* it is meant for another process */
	return microseconds < 2000 ? 1 : (int64_t)(microseconds / 2000);
}

void
notify_ready(void)
{
	tell("READY=1");
}

void
notify_stopping(void)
{
	tell("STOPPING=1");
}

void
notify_alive(void)
{
	tell("WATCHDOG=1");
}

void
notify_status(const char *format, ...)
{
	char text[256] = "STATUS=";
	va_list args;

	va_start(args, format);
	vsnprintf(text + 7, sizeof(text) - 7, format, args);
	va_end(args);
	for (char *at = text; *at; at++) /* a line break would begin another message */
		if (*at == '\n')
			*at = ' ';
	tell(text);
}
