/*
 * What the service manager is told (sd_notify); silent where there is none. Main thread only.
 * The only file that knows libsystemd is notify.c.
 */
#pragma once

#include <stdint.h>

void notify_ready(void);
void notify_stopping(void);
void notify_status(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* How often the watchdog wants to hear of us, in milliseconds (half of what is configured); 0: never. */
int64_t notify_watchdog_ms(void);
void notify_alive(void);
