/*
 * The TLS of a caller's connection. libmicrohttpd makes the session and reads and writes by it; here it gets
 * its certificate, and is watched over until the handshake is done. Private to the front.
 *
 * libmicrohttpd would ask a connection whose handshake waits for the caller again and again. So it is
 * suspended until the socket has more.
 */
#pragma once

#include <stdbool.h>

#include "base/list.h"
#include "base/str.h"
#include "daemon/front.h"
#include "daemon/identity.h"

struct secure;

/* The connection of <request> is to use <identity>, which is counted. Given; NULL: no memory. */
struct secure *secure_new(struct front_request *request, struct identity *identity);
void secure_free(struct secure *secure); /* accepts NULL */
/* libmicrohttpd has made the session. */
void secure_begin(struct secure *secure);
/* libmicrohttpd has run: suspends those whose handshake waits. */
void secure_suspend(struct list *shaking);
/* Lets libmicrohttpd go on with the handshake. False: it was not suspended. */
bool secure_resume(struct secure *secure);

/* NULL: the handshake is done, or nobody ever wanted one: a look whether the port is open. Else why it is
 * not; static, or borrowed. */
const char *secure_failure(const struct secure *secure);
struct front_tls secure_names(struct secure *secure);

/* An answer past libmicrohttpd, the last. True: the socket took all of it. */
bool secure_send(struct secure *secure, struct str head, struct str body);
/* Says that nothing more will be sent. */
void secure_bye(struct secure *secure);
/* Tells the caller that the answer is not whole. */
void secure_tear(struct secure *secure);
