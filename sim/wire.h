/*
 * One connection as bytes: plain or TLS, buffered on the way in, direct on the way out, so that
 * every fault can be put together byte by byte. Blocking; belongs to one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define WIRE_IN_BYTES 65536

struct tls_session;

struct wire {
	int fd;
	struct tls_session *tls; /* NULL: plain */
	bool left;		 /* the peer is known to have gone */
	size_t at;		 /* unread input: in[at..end] */
	size_t end;
	char in[WIRE_IN_BYTES];
};

/* <fd> and <tls> taken. */
void wire_init(struct wire *wire, int fd, struct tls_session *tls);
/* Orderly end: FIN, after a close_notify with TLS. What the peer still sends is thrown away for a while, or
 * the kernel would answer it with a reset that can overtake our last bytes. */
void wire_close(struct wire *wire);
/* Abrupt end: RST. */
void wire_reset(struct wire *wire);

/* Moves unread input to the front and reads more behind it; false at the end of the stream or when the
 * buffer is full of unread input. */
bool wire_fill(struct wire *wire);
/* All of it, or false. */
bool wire_write(struct wire *wire, const void *data, size_t len);
/* Waits; true as soon as the peer has left. <wait_us> below 0: for ever. */
bool wire_wait(struct wire *wire, long wait_us);
/* Waits for the peer to leave, for <fd> to become readable, or so long; true if the peer has left. */
bool wire_wait_fd(struct wire *wire, int fd, long wait_us);
