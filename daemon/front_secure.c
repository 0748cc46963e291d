#include "daemon/front_secure.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "daemon/front_own.h"

enum {
	HANDSHAKE_BYTE = 22, /* what a TLS connection begins with */
	EMPTY_LIST_MAX = 4,  /* bytes of a message without certificates: a context's length, the list's */
	WHY_MAX = 160,
};

struct secure {
	struct front_request *request;
	struct identity *identity;
	gnutls_session_t session; /* libmicrohttpd's; NULL: not yet */
	struct list node; /* in front->shaking: to be suspended */
	bool is_suspended;
	bool is_heard; /* the caller has sent something */
	bool is_done;  /* the handshake */
	bool is_named;
	char name[IDENTITY_NAME_MAX]; /* of the caller; "": it has shown no certificate */
	char why[WHY_MAX];
};

/* ---- life ---- */

struct secure *
secure_new(struct front_request *request, struct identity *identity)
{
	struct secure *secure = calloc(1, sizeof(*secure));

	if (!secure)
		return NULL;
	secure->request = request;
	secure->identity = identity_ref(identity);
	list_init(&secure->node);
	return secure;
}

void
secure_free(struct secure *secure)
{
	if (!secure)
		return;
	list_remove(&secure->node);
	identity_unref(secure->identity);
	free(secure);
}

/* ---- the handshake ---- */

static struct secure *
secure_of(gnutls_session_t session)
{
	gnutls_transport_ptr_t receive, send;

	gnutls_transport_get_ptr2(session, &receive, &send);
	return receive;
}

static ssize_t
pull(gnutls_transport_ptr_t arg, void *data, size_t size)
{
	struct secure *secure = arg;
	ssize_t got = recv(secure->request->fd, data, size, MSG_DONTWAIT);

	if (got > 0 && !secure->is_heard) {
		secure->is_heard = true;
		if (*(const unsigned char *)data != HANDSHAKE_BYTE)
			snprintf(secure->why, WHY_MAX, "the caller does not speak TLS");
	}
	if (got < 0 && errno == EAGAIN && !secure->is_done) {
		list_remove(&secure->node);
		list_append(&secure->request->front->shaking, &secure->node);
	}
	return got;
}

/* An empty list of certificates; GnuTLS gives up without a word to the caller. */
static void
miss_certificate(struct secure *secure)
{
	snprintf(secure->why, WHY_MAX, "the caller has shown no certificate");
	gnutls_alert_send(secure->session, GNUTLS_AL_FATAL, GNUTLS_A_CERTIFICATE_REQUIRED);
}

static int
on_message(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
	const gnutls_datum_t *message)
{
	struct secure *secure = secure_of(session);

	if (incoming && type == GNUTLS_HANDSHAKE_FINISHED)
		secure->is_done = true;
	if (incoming && type == GNUTLS_HANDSHAKE_CERTIFICATE_PKT && message->size <= EMPTY_LIST_MAX)
		miss_certificate(secure);
	return 0;
}

static void
keep_reason(struct secure *secure, unsigned status)
{
	gnutls_datum_t text = { NULL, 0 };

	gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0);
	snprintf(secure->why, WHY_MAX, "the caller's certificate was refused: %s",
		text.data ? (const char *)text.data : "no memory");
	gnutls_free(text.data);
}

/* The caller's certificate, if it must have one: signed by whom we trust, valid now, and made for this. */
static int
verify(gnutls_session_t session)
{
	struct secure *secure = secure_of(session);
	gnutls_typed_vdata_st purpose = { .type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT };
	unsigned status = GNUTLS_CERT_INVALID;

	if (!identity_asks(secure->identity))
		return 0;
	if (gnutls_certificate_verify_peers(session, &purpose, 1, &status) == 0 && status == 0)
		return 0;
	keep_reason(secure, status);
	gnutls_alert_send(session, GNUTLS_AL_FATAL, GNUTLS_A_BAD_CERTIFICATE);
	return GNUTLS_E_CERTIFICATE_ERROR;
}

void
secure_begin(struct secure *secure)
{
	struct front_request *request = secure->request;
	gnutls_session_t session =
		MHD_get_connection_info(request->mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION)->tls_session;

	secure->session = session;
	gnutls_transport_set_ptr2(session, secure, (gnutls_transport_ptr_t)(intptr_t)request->fd);
	gnutls_transport_set_pull_function(session, pull);
	gnutls_handshake_set_hook_function(session, GNUTLS_HANDSHAKE_ANY, GNUTLS_HOOK_POST, on_message);
	gnutls_session_set_verify_function(session, verify);
	if (!identity_apply(secure->identity, session))
		shutdown(request->fd, SHUT_RDWR); /* without a certificate it comes to nothing anyway */
}

/* Not by the loop, whose own set would remember the socket when it is closed here and lingers elsewhere. */
static void
suspend(struct secure *secure)
{
	struct front_request *request = secure->request;
	int events = gnutls_record_get_direction(secure->session) ? LOOP_WRITE : LOOP_READ;

	if (secure->is_done || !peers_await(&request->front->peers, request->fd, events, request))
		return;
	secure->is_suspended = true;
	MHD_suspend_connection(request->mhd);
}

void
secure_suspend(struct list *shaking)
{
	struct list *node;

	while ((node = list_pop(shaking)))
		suspend(LIST_ITEM(node, struct secure, node));
}

bool
secure_resume(struct secure *secure)
{
	struct front_request *request = secure->request;

	if (!secure->is_suspended)
		return false;
	(void)peers_await(&request->front->peers, request->fd, 0, request);
	secure->is_suspended = false;
	request->engine->busy = true;
	MHD_resume_connection(request->mhd);
	return true;
}

const char *
secure_failure(const struct secure *secure)
{
	if (secure->is_done || (!secure->is_heard && !secure->request->now.is_slow))
		return NULL;
	if (secure->why[0])
		return secure->why;
	if (secure->request->now.is_slow)
		return "the handshake was not done in time";
	return "the caller gave the handshake up, or there is no version that both can speak";
}

/* ---- who it is ---- */

struct front_tls
secure_names(struct secure *secure)
{
	unsigned count = 0;
	const gnutls_datum_t *chain;

	if (!secure->is_named && identity_asks(secure->identity)) {
		chain = gnutls_certificate_get_peers(secure->session, &count);
		if (chain && count > 0)
			identity_name(chain[0].data, chain[0].size, secure->name);
	}
	secure->is_named = true;
	return (struct front_tls){ gnutls_protocol_get_name(gnutls_protocol_get_version(secure->session)),
		secure->name[0] ? secure->name : NULL };
}

/* ---- past libmicrohttpd ---- */

/* Without waiting: a caller that takes nothing while it sends gets no answer, as in clear. */
bool
secure_send(struct secure *secure, struct str head, struct str body)
{
	int sent;

	gnutls_record_cork(secure->session);
	gnutls_record_send(secure->session, head.at, head.len);
	if (body.len > 0)
		gnutls_record_send(secure->session, body.at, body.len);
	sent = gnutls_record_uncork(secure->session, 0);
	secure_bye(secure);
	return sent >= 0 && (size_t)sent == head.len + body.len;
}

void
secure_bye(struct secure *secure)
{
	gnutls_bye(secure->session, GNUTLS_SHUT_WR);
}

void
secure_tear(struct secure *secure)
{
	gnutls_alert_send(secure->session, GNUTLS_AL_FATAL, GNUTLS_A_INTERNAL_ERROR);
}

/* ---- libmicrohttpd's own ---- */

/* Its sessions get their certificate from secure_begin(); without any way to one it would not start. */
static int
retrieve_nothing(gnutls_session_t session, const gnutls_datum_t *names, int name_count,
	const gnutls_pk_algorithm_t *algorithms, int algorithm_count, gnutls_pcert_st **ret_certs,
	unsigned *ret_count, gnutls_privkey_t *ret_key)
{
	return -1;
}

const struct MHD_OptionItem secure_options[] = {
	{ MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)retrieve_nothing },
	{ MHD_OPTION_END, 0, NULL },
};
