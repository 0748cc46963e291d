/*
 * A TCP server on a loopback port that answers each request with the next act of a script, to the byte.
 * One thread; connections are served one after the other's data, whichever is ready.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum after { AFTER_KEEP, AFTER_CLOSE, AFTER_RESET, AFTER_DRIP };

struct act {
	const char *bytes; /* NULL: none */
	size_t len;        /* 0: strlen(bytes) */
	enum after after;
	bool early; /* as soon as the head of a request is there; its body is left unread */
	bool mute;  /* say nothing and keep the connection: whatever waits for an answer waits for ever */
};

struct script_server;

/* The acts are borrowed; the last is repeated. */
struct script_server *script_server_new(const struct act *acts, size_t count);
void script_server_free(struct script_server *server); /* stops it */
int script_server_port(const struct script_server *server);
/* Requests that arrived whole (or are answered early) so far. */
unsigned script_server_seen(struct script_server *server);
/* Copies of the latest, NUL-terminated: cut to fit; whole, and given. */
void script_server_last(struct script_server *server, char *ret, size_t size);
char *script_server_request(struct script_server *server, size_t *ret_len);
