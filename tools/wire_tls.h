/*
 * TLS on a connection to the daemon, as the environment has it: $CSPARKD_CACERT whom to trust, in PEM (else
 * whom the system trusts), $CSPARKD_CERT and $CSPARKD_KEY who we are, if the daemon wants to know.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct wire;
struct wire_tls;

/* Shakes hands with <host>, which must have a certificate for that name. Given; NULL: the wire knows why. */
struct wire_tls *wire_tls_open(struct wire *wire, const char *host);
void wire_tls_close(struct wire_tls *tls); /* accepts NULL */
/* As send() and recv(), with EPROTO for what wire_tls_error() tells. */
ssize_t wire_tls_send(struct wire_tls *tls, const char *data, size_t len);
ssize_t wire_tls_receive(struct wire_tls *tls, char *data, size_t size);
/* There is something to receive though the socket has nothing. */
bool wire_tls_has_more(const struct wire_tls *tls);
/* Why the last of these failed; static. */
const char *wire_tls_error(const struct wire_tls *tls);
