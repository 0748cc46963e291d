#include "tools/wire_tls.h"

#include "tools/wire.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct wire_tls {
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
	bool is_open; /* the handshake is done */
	int error;
};

/* ---- whom to trust, and who we are ------------------------------------------------------------ */

static const char *
setting(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static bool
load_trust(struct wire *wire, gnutls_certificate_credentials_t credentials)
{
	const char *file = setting("CSPARKD_CACERT");

	if (!file)
		return gnutls_certificate_set_x509_system_trust(credentials) >= 0 ||
			wire_fail(wire, "the system's CAs cannot be read; --cacert says whom to trust", NULL);
	if (access(file, R_OK) != 0)
		return wire_fail(wire, file, strerror(errno));
	return gnutls_certificate_set_x509_trust_file(credentials, file, GNUTLS_X509_FMT_PEM) > 0 ||
		wire_fail(wire, file, "holds no certificate in PEM");
}

/* Both may be in one file. */
static bool
load_pair(struct wire *wire, gnutls_certificate_credentials_t credentials)
{
	const char *cert = setting("CSPARKD_CERT"), *key = setting("CSPARKD_KEY");
	int error;

	if (!cert && key)
		return wire_fail(wire, "--key needs --cert", NULL);
	if (!cert)
		return true;
	error = gnutls_certificate_set_x509_key_file(
		credentials, cert, key ? key : cert, GNUTLS_X509_FMT_PEM);
	return error >= 0 || wire_fail(wire, cert, gnutls_strerror(error));
}

/* ---- the handshake ------------------------------------------------------------------------------- */

static bool
fail_handshake(struct wire *wire, struct wire_tls *tls)
{
	gnutls_datum_t text = { NULL, 0 };
	unsigned status = gnutls_session_get_verify_cert_status(tls->session);

	if (tls->error != GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR)
		return wire_fail(wire, "no TLS with the daemon", wire_tls_error(tls));
	gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0);
	wire_fail(wire, "the daemon's certificate is not trusted (--cacert says whom to trust)",
		text.data ? (const char *)text.data : NULL);
	gnutls_free(text.data);
	return false;
}

static bool
shake(struct wire *wire, struct wire_tls *tls)
{
	short events;

	while ((tls->error = gnutls_handshake(tls->session)) < 0) {
		if (tls->error != GNUTLS_E_AGAIN && gnutls_error_is_fatal(tls->error))
			return fail_handshake(wire, tls);
		if (!wire_wait(wire, gnutls_record_get_direction(tls->session) ? POLLOUT : POLLIN, &events))
			return false;
	}
	tls->is_open = true;
	return true;
}

static bool
set_up(struct wire *wire, struct wire_tls *tls, const char *host)
{
	gnutls_session_t session;

	if (gnutls_certificate_allocate_credentials(&tls->credentials) < 0 ||
		gnutls_init(&tls->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0)
		return wire_fail(wire, "TLS", strerror(ENOMEM));
	session = tls->session;
	gnutls_session_set_verify_cert(session, host, 0);
	gnutls_server_name_set(session, GNUTLS_NAME_DNS, host, strlen(host));
	gnutls_transport_set_int(session, wire->fd);
	return load_trust(wire, tls->credentials) && load_pair(wire, tls->credentials) &&
		gnutls_set_default_priority(session) == 0 &&
		gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, tls->credentials) == 0;
}

struct wire_tls *
wire_tls_open(struct wire *wire, const char *host)
{
	struct wire_tls *tls = calloc(1, sizeof(*tls));

	if (tls && set_up(wire, tls, host) && shake(wire, tls))
		return tls;
	wire_tls_close(tls);
	return NULL;
}

void
wire_tls_close(struct wire_tls *tls)
{
	if (!tls)
		return;
	if (tls->is_open)
		gnutls_bye(tls->session, GNUTLS_SHUT_WR);
	if (tls->session)
		gnutls_deinit(tls->session);
	if (tls->credentials)
		gnutls_certificate_free_credentials(tls->credentials);
	free(tls);
}

/* ---- bytes --------------------------------------------------------------------------------------- */

static ssize_t
as_errno(struct wire_tls *tls, ssize_t result)
{
	if (result >= 0)
		return result;
	tls->error = (int)result;
	errno = gnutls_error_is_fatal((int)result) ? EPROTO : EAGAIN;
	return -1;
}

ssize_t
wire_tls_send(struct wire_tls *tls, const char *data, size_t len)
{
	return as_errno(tls, gnutls_record_send(tls->session, data, len));
}

ssize_t
wire_tls_receive(struct wire_tls *tls, char *data, size_t size)
{
	return as_errno(tls, gnutls_record_recv(tls->session, data, size));
}

bool
wire_tls_has_more(const struct wire_tls *tls)
{
	return gnutls_record_check_pending(tls->session) > 0;
}

static bool
is_refusal(gnutls_alert_description_t alert)
{
	return alert == GNUTLS_A_CERTIFICATE_REQUIRED || alert == GNUTLS_A_BAD_CERTIFICATE;
}

const char *
wire_tls_error(const struct wire_tls *tls)
{
	gnutls_alert_description_t alert = gnutls_alert_get(tls->session);

	if (tls->error != GNUTLS_E_FATAL_ALERT_RECEIVED)
		return gnutls_strerror(tls->error);
	return is_refusal(alert) ? "the daemon wants a certificate that it trusts (--cert, --key)" :
				   gnutls_alert_get_name(alert);
}
