/*
 * HTTPS for the simulator; the only file that knows OpenSSL. HTTP/1.1 is what ALPN agrees on.
 * The context is made before threads start; a session belongs to one thread.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct tls;
struct tls_session;

/* NULL, and the reason on standard error, if the files do not serve. */
struct tls *tls_new(const char *cert_file, const char *key_file);
void tls_free(struct tls *tls);

/* Shakes hands on <fd> (borrowed); NULL if that fails. */
struct tls_session *tls_accept(struct tls *tls, int fd);
void tls_session_free(struct tls_session *session);
/* Bytes moved; 0 or less is the end. */
ssize_t tls_session_read(struct tls_session *session, void *data, size_t len);
ssize_t tls_session_write(struct tls_session *session, const void *data, size_t len);
/* Sends the close_notify. */
void tls_session_bye(struct tls_session *session);
