#include "sim/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <stdio.h>
#include <stdlib.h>

struct tls {
	SSL_CTX *context;
};

struct tls_session {
	SSL *ssl;
};

static int
on_alpn(SSL *ssl, const unsigned char **ret, unsigned char *ret_len, const unsigned char *offered,
	unsigned len, void *arg)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *picked;

	if (SSL_select_next_proto(&picked, ret_len, ours, sizeof(ours) - 1, offered, len) !=
		OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*ret = picked;
	return SSL_TLSEXT_ERR_OK;
}

struct tls *
tls_new(const char *cert_file, const char *key_file)
{
	struct tls *tls = calloc(1, sizeof(*tls));

	if (!tls)
		return NULL;
	/* Threads still run when the process exits: no clean-up behind their back. */
	OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, NULL);
	tls->context = SSL_CTX_new(TLS_server_method());
	if (!tls->context || SSL_CTX_use_certificate_chain_file(tls->context, cert_file) != 1 ||
		SSL_CTX_use_PrivateKey_file(tls->context, key_file, SSL_FILETYPE_PEM) != 1) {
		ERR_print_errors_fp(stderr);
		tls_free(tls);
		return NULL;
	}
	SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION);
	SSL_CTX_set_alpn_select_cb(tls->context, on_alpn, NULL);
	return tls;
}

void
tls_free(struct tls *tls)
{
	if (!tls)
		return;
	SSL_CTX_free(tls->context);
	free(tls);
}

struct tls_session *
tls_accept(struct tls *tls, int fd)
{
	struct tls_session *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	session->ssl = SSL_new(tls->context);
	if (session->ssl && SSL_set_fd(session->ssl, fd) == 1 && SSL_accept(session->ssl) == 1)
		return session;
	ERR_clear_error();
	tls_session_free(session);
	return NULL;
}

void
tls_session_free(struct tls_session *session)
{
	if (!session)
		return;
	SSL_free(session->ssl);
	free(session);
}

ssize_t
tls_session_read(struct tls_session *session, void *data, size_t len)
{
	int n = SSL_read(session->ssl, data, len > 65536 ? 65536 : (int)len);

	if (n <= 0)
		ERR_clear_error();
	return n;
}

ssize_t
tls_session_write(struct tls_session *session, const void *data, size_t len)
{
	int n = SSL_write(session->ssl, data, len > 65536 ? 65536 : (int)len);

	if (n <= 0)
		ERR_clear_error();
	return n;
}

void
tls_session_bye(struct tls_session *session)
{
	SSL_shutdown(session->ssl);
	ERR_clear_error();
}
