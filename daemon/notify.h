/*
 * What the service manager is told (sd_notify), and the sockets that it passes; silent where there is none.
 * Main thread only.
 * The only file that knows libsystemd is notify.c.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

void notify_ready(void);
/* It will take <within_ms> at most, whatever time the service manager gives. */
void notify_stopping(int64_t within_ms);
/* The configuration is being read again; notify_ready() says the end. */
void notify_reloading(void);
void notify_status(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* How often the watchdog wants to hear of us, in milliseconds (half of what is configured); 0: never. */
int64_t notify_watchdog_ms(void);
void notify_alive(void);

struct notify_socket {
	int fd; /* given; close-on-exec */
	char name[256];
};
/* What was passed to this very process (LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES), at most <max>; the
 * environment forgets it, so a second call finds none. */
size_t notify_sockets(struct notify_socket *ret, size_t max);
