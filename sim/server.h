/*
 * Accepts connections and serves each in a thread of its own.
 */
#pragma once

struct tls;
struct world;

/* Opens the listening socket; -1, and the reason on standard error, if that fails. <ret_port>: the one taken.
 */
int server_listen(const char *address, unsigned port, unsigned *ret_port);
/* Accepts until the process ends. <tls> may be NULL. Starts its own thread and returns. */
void server_start(int listener, struct world *world, struct tls *tls);
