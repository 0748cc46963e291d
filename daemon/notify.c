#include "daemon/notify.h"

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <time.h>
#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

#ifdef HAVE_SYSTEMD

static void
tell(const char *news)
{
	sd_notify(0, news);
}

int64_t
notify_watchdog_ms(void)
{
	uint64_t microseconds;

	if (sd_watchdog_enabled(0, &microseconds) <= 0)
		return 0;
	return microseconds < 2000 ? 1 : (int64_t)(microseconds / 2000);
}

size_t
notify_sockets(struct notify_socket *ret, size_t max)
{
	char **names = NULL;
	int count = sd_listen_fds_with_names(1, &names);

	for (int i = 0; i < count; i++) {
		if ((size_t)i < max) {
			ret[i].fd = SD_LISTEN_FDS_START + i;
			snprintf(ret[i].name, sizeof(ret[i].name), "%s", names[i]);
		} else {
			close(SD_LISTEN_FDS_START + i);
		}
		free(names[i]);
	}
	free(names);
	return count < 0 ? 0 : (size_t)count < max ? (size_t)count : max;
}

#else

size_t
notify_sockets(struct notify_socket *ret, size_t max)
{
	return 0;
}

static void
tell(const char *news)
{
}

int64_t
notify_watchdog_ms(void)
{
	return 0;
}

#endif

void
notify_ready(void)
{
	tell("READY=1");
}

void
notify_reloading(void)
{
	char text[64];
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld",
		(long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	tell(text);
}

void
notify_stopping(int64_t within_ms)
{
	char text[64];

	snprintf(text, sizeof(text), "STOPPING=1\nEXTEND_TIMEOUT_USEC=%lld", (long long)within_ms * 1000);
	tell(text);
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
