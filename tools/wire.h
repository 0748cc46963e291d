/*
 * A connection to the daemon, non-blocking, with a deadline for every wait on it.
 */
#pragma once

#include "base/str.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

struct progress;
struct wire_tls;

struct wire {
	int fd; /* -1: closed */
	struct wire_tls *tls; /* NULL: in clear */
	int64_t deadline_ms;
	struct progress *progress; /* NULL: not shown; ticks while we wait */
	const atomic_bool *is_over; /* NULL, or whether waiting ends */
	/* why something failed */
	char *why;
	size_t why_size;
};

int64_t wire_now_ms(void);
/* Connects; <ret_host> is what the Host header says, borrowed from <url>. */
bool wire_open(struct wire *wire, const char *url, struct str *ret_host);
void wire_close(struct wire *wire);
/* As send() and recv() do; wire_error() says what went wrong. */
ssize_t wire_send(struct wire *wire, const char *data, size_t len);
ssize_t wire_receive(struct wire *wire, char *data, size_t size);
const char *wire_error(const struct wire *wire);
/* Until one of <events> of poll() is there; what that says of it is in <ret_events>. */
bool wire_wait(struct wire *wire, short events, short *ret_events);
/* Keeps the reason, which may be NULL; false, to be returned. */
bool wire_fail(struct wire *wire, const char *what, const char *reason);
