#include "daemon/identity.h"

#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/config_slurp.h"

enum { FILE_MAX_BYTES = 1 << 20, DIGEST_BYTES = 32 };

struct identity {
	unsigned refs; /* atomic */
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priority;
	int64_t begins_s, ends_s;
	bool asks;
	bool is_exposed;
	unsigned char digest[DIGEST_BYTES];
};

/* The files while they are read. */
struct material {
	struct config_slurp cert, key, client_ca;
};

static bool
fail(struct cspark_error *error, const char *path, const char *what)
{
	error->code = CSPARK_E_INTERNAL;
	snprintf(error->detail, sizeof(error->detail), "%.150s: %s", path, what);
	return false;
}

/* ---- files ---- */

static bool
slurp(const char *path, struct config_slurp *ret, struct cspark_error *ret_error)
{
	const char *wrong = config_slurp(path, FILE_MAX_BYTES, ret);

	return !wrong || fail(ret_error, path, wrong);
}

static bool
slurp_all(const struct identity_files *files, struct material *ret, struct cspark_error *ret_error)
{
	return slurp(files->cert, &ret->cert, ret_error) && slurp(files->key, &ret->key, ret_error) &&
		(!files->client_ca || slurp(files->client_ca, &ret->client_ca, ret_error));
}

static void
material_fini(struct material *material)
{
	config_slurp_fini(&material->cert);
	config_slurp_fini(&material->key);
	config_slurp_fini(&material->client_ca);
}

static gnutls_datum_t
datum_of(const struct config_slurp *file)
{
	return (gnutls_datum_t){ (unsigned char *)file->text, (unsigned)file->len };
}

static bool
digest(const struct material *material, unsigned char ret[DIGEST_BYTES])
{
	const struct config_slurp *files[] = { &material->cert, &material->key, &material->client_ca };
	gnutls_hash_hd_t hash;

	if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) < 0)
		return false;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		gnutls_hash(hash, &files[i]->len, sizeof(files[i]->len));
		gnutls_hash(hash, files[i]->text, files[i]->len);
	}
	gnutls_hash_deinit(hash, ret);
	return true;
}

/* ---- the certificate and its key ---- */

static bool
read_key(const char *path, const struct config_slurp *file, gnutls_x509_privkey_t key,
	struct cspark_error *ret_error)
{
	gnutls_datum_t text = datum_of(file);

	if (gnutls_x509_privkey_import2(key, &text, GNUTLS_X509_FMT_PEM, NULL, 0) == 0)
		return true;
	return fail(ret_error, path,
		strstr(file->text, "ENCRYPTED") ?
			"the private key has a passphrase, and nobody is here to type it; take it off with "
			"openssl pkey" :
			"holds no private key in PEM (-----BEGIN PRIVATE KEY-----)");
}

static bool
use_pair(struct identity *identity, const struct identity_files *files, gnutls_x509_crt_t *chain,
	unsigned count, gnutls_x509_privkey_t key, struct cspark_error *ret_error)
{
	int error = gnutls_certificate_set_x509_key(identity->credentials, chain, (int)count, key);

	identity->begins_s = gnutls_x509_crt_get_activation_time(chain[0]);
	identity->ends_s = gnutls_x509_crt_get_expiration_time(chain[0]);
	if (error == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
		return fail(ret_error, files->key, "the key is not that of the certificate");
	return error >= 0 || fail(ret_error, files->cert, gnutls_strerror(error));
}

static bool
take_pair(struct identity *identity, const struct identity_files *files, const struct material *material,
	struct cspark_error *ret_error)
{
	gnutls_datum_t text = datum_of(&material->cert);
	gnutls_x509_privkey_t key = NULL;
	gnutls_x509_crt_t *chain = NULL;
	unsigned count = 0;
	bool ok;

	if (gnutls_x509_crt_list_import2(
		    &chain, &count, &text, GNUTLS_X509_FMT_PEM, GNUTLS_X509_CRT_LIST_SORT) < 0)
		return fail(ret_error, files->cert,
			"holds no certificate in PEM (-----BEGIN CERTIFICATE-----)");
	ok = gnutls_x509_privkey_init(&key) == 0 &&
		read_key(files->key, &material->key, key, ret_error) &&
		use_pair(identity, files, chain, count, key, ret_error);
	gnutls_x509_privkey_deinit(key);
	for (unsigned i = 0; i < count; i++)
		gnutls_x509_crt_deinit(chain[i]);
	gnutls_free(chain);
	return ok;
}

/* ---- whom it trusts ---- */

static bool
take_client_ca(struct identity *identity, const struct identity_files *files, const struct material *material,
	struct cspark_error *ret_error)
{
	gnutls_datum_t text = datum_of(&material->client_ca);

	identity->asks = files->client_ca != NULL;
	if (!identity->asks ||
		gnutls_certificate_set_x509_trust_mem(identity->credentials, &text, GNUTLS_X509_FMT_PEM) > 0)
		return true;
	return fail(
		ret_error, files->client_ca, "holds no certificate in PEM (-----BEGIN CERTIFICATE-----)");
}

/* ---- life ---- */

static bool
set_up(struct identity *identity, const struct identity_files *files)
{
	const char *versions = files->only_1_3 ? "NORMAL:-VERS-ALL:+VERS-TLS1.3" :
						 "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";

	return gnutls_certificate_allocate_credentials(&identity->credentials) == 0 &&
		gnutls_priority_init(&identity->priority, versions, NULL) == 0;
}

static bool
fill(struct identity *identity, const struct identity_files *files, const struct material *material,
	struct cspark_error *ret_error)
{
	if (!set_up(identity, files) || !digest(material, identity->digest))
		return fail(ret_error, files->cert, "no memory");
	identity->is_exposed = (material->key.mode & S_IRWXO) != 0;
	return take_pair(identity, files, material, ret_error) &&
		take_client_ca(identity, files, material, ret_error);
}

struct identity *
identity_load(const struct identity_files *files, struct cspark_error *ret_error)
{
	struct identity *identity = calloc(1, sizeof(*identity));
	struct material material = { 0 };

	fail(ret_error, files->cert, "no memory");
	if (identity) {
		identity->refs = 1;
		if (!slurp_all(files, &material, ret_error) ||
			!fill(identity, files, &material, ret_error)) {
			identity_unref(identity);
			identity = NULL;
		}
	}
	material_fini(&material);
	return identity;
}

struct identity *
identity_ref(struct identity *identity)
{
	if (identity)
		__atomic_add_fetch(&identity->refs, 1, __ATOMIC_RELAXED);
	return identity;
}

void
identity_unref(struct identity *identity)
{
	if (!identity || __atomic_sub_fetch(&identity->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	if (identity->credentials)
		gnutls_certificate_free_credentials(identity->credentials);
	if (identity->priority)
		gnutls_priority_deinit(identity->priority);
	free(identity);
}

/* ---- what it says ---- */

bool
identity_is_same(const struct identity *a, const struct identity *b)
{
	return memcmp(a->digest, b->digest, DIGEST_BYTES) == 0;
}

bool
identity_asks(const struct identity *identity)
{
	return identity->asks;
}

bool
identity_is_exposed(const struct identity *identity)
{
	return identity->is_exposed;
}

int64_t
identity_begins_s(const struct identity *identity)
{
	return identity->begins_s;
}

int64_t
identity_ends_s(const struct identity *identity)
{
	return identity->ends_s;
}

bool
identity_apply(const struct identity *identity, struct gnutls_session_int *session)
{
	gnutls_certificate_server_set_request(
		session, identity->asks ? GNUTLS_CERT_REQUIRE : GNUTLS_CERT_IGNORE);
	return gnutls_priority_set(session, identity->priority) == 0 &&
		gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, identity->credentials) == 0;
}

void
identity_name(const unsigned char *der, size_t len, char ret[IDENTITY_NAME_MAX])
{
	gnutls_datum_t text = { (unsigned char *)der, (unsigned)len };
	size_t size = IDENTITY_NAME_MAX, dn_size = IDENTITY_NAME_MAX;
	gnutls_x509_crt_t cert = NULL;

	if (gnutls_x509_crt_init(&cert) < 0 ||
		gnutls_x509_crt_import(cert, &text, GNUTLS_X509_FMT_DER) < 0 ||
		(gnutls_x509_crt_get_dn_by_oid(cert, GNUTLS_OID_X520_COMMON_NAME, 0, 0, ret, &size) < 0 &&
			gnutls_x509_crt_get_dn(cert, ret, &dn_size) < 0))
		snprintf(ret, IDENTITY_NAME_MAX, "?");
	gnutls_x509_crt_deinit(cert);
}
