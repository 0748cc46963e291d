#include <criterion/criterion.h>
#include <fcntl.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/identity.h"

enum { HOUR_S = 3600, PEM_MAX = 8192 };

static char folder[] = "/tmp/cspark-identity-XXXXXX";
static char cert_path[64], key_path[64], ca_path[64];

static void
write_file(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "w");

	cr_assert(file);
	fputs(text, file);
	fclose(file);
	cr_assert_eq(chmod(path, mode), 0);
}

static void
fill(gnutls_x509_crt_t cert, gnutls_x509_privkey_t key, const char *name)
{
	time_t now = time(NULL);

	cr_assert_eq(gnutls_x509_crt_set_key(cert, key), 0);
	cr_assert_eq(gnutls_x509_crt_set_version(cert, 3), 0);
	cr_assert_eq(gnutls_x509_crt_set_serial(cert, "\1", 1), 0);
	cr_assert_eq(gnutls_x509_crt_set_activation_time(cert, now - HOUR_S), 0);
	cr_assert_eq(gnutls_x509_crt_set_expiration_time(cert, now + HOUR_S), 0);
	if (name)
		cr_assert_eq(gnutls_x509_crt_set_dn_by_oid(
				     cert, GNUTLS_OID_X520_COMMON_NAME, 0, name, (unsigned)strlen(name)),
			0);
	cr_assert_eq(gnutls_x509_crt_sign2(cert, cert, key, GNUTLS_DIG_SHA256, 0), 0);
}

/* A certificate that signs itself, and its key, as texts; the certificate in DER as well. */
struct made {
	char cert[PEM_MAX], key[PEM_MAX];
	unsigned char der[PEM_MAX];
	size_t der_len;
};

static void
make(const char *name, struct made *ret)
{
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t cert;
	size_t size = PEM_MAX;

	cr_assert_eq(gnutls_x509_privkey_init(&key), 0);
	cr_assert_eq(gnutls_x509_privkey_generate(
			     key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
		0);
	cr_assert_eq(gnutls_x509_crt_init(&cert), 0);
	fill(cert, key, name);
	cr_assert_eq(gnutls_x509_crt_export(cert, GNUTLS_X509_FMT_PEM, ret->cert, &size), 0);
	size = PEM_MAX;
	cr_assert_eq(gnutls_x509_privkey_export_pkcs8(
			     key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, ret->key, &size),
		0);
	ret->der_len = PEM_MAX;
	cr_assert_eq(gnutls_x509_crt_export(cert, GNUTLS_X509_FMT_DER, ret->der, &ret->der_len), 0);
	gnutls_x509_crt_deinit(cert);
	gnutls_x509_privkey_deinit(key);
}

static void
install(const char *name)
{
	struct made made;

	make(name, &made);
	write_file(cert_path, made.cert, 0644);
	write_file(key_path, made.key, 0600);
	write_file(ca_path, made.cert, 0644);
}

static void
setup(void)
{
	cr_assert(mkdtemp(folder));
	snprintf(cert_path, sizeof cert_path, "%s/tls.crt", folder);
	snprintf(key_path, sizeof key_path, "%s/tls.key", folder);
	snprintf(ca_path, sizeof ca_path, "%s/ca.crt", folder);
	install("gateway");
}

static void
teardown(void)
{
	unlink(cert_path);
	unlink(key_path);
	unlink(ca_path);
	rmdir(folder);
}

TestSuite(identity, .init = setup, .fini = teardown);

static struct identity *
load(void)
{
	struct identity_files files = { .cert = cert_path, .key = key_path };
	struct cspark_error error;
	struct identity *identity = identity_load(&files, &error);

	cr_assert(identity, "%s", error.detail);
	return identity;
}

static void
expect_fault(const struct identity_files *files, const char *path, const char *words)
{
	struct cspark_error error;

	cr_expect_null(identity_load(files, &error));
	cr_expect(strstr(error.detail, path), "%s", error.detail);
	cr_expect(strstr(error.detail, words), "%s", error.detail);
}

Test(identity, tells_how_long_it_lasts)
{
	struct identity *identity = load();
	int64_t now_s = time(NULL);

	cr_expect_lt(identity_begins_s(identity), now_s);
	cr_expect_gt(identity_ends_s(identity), now_s);
	cr_expect_not(identity_asks(identity));
	identity_unref(identity);
}

Test(identity, is_the_same_if_its_files_are)
{
	struct identity *first = load(), *second = load();

	cr_expect(identity_is_same(first, second));
	identity_unref(second);
	install("gateway");
	second = load();
	cr_expect_not(identity_is_same(first, second));
	identity_unref(first);
	identity_unref(second);
}

Test(identity, is_another_with_other_cas)
{
	struct identity_files files = { cert_path, key_path, ca_path, false };
	struct identity *plain = load(), *strict;
	struct cspark_error error;

	strict = identity_load(&files, &error);
	cr_assert(strict, "%s", error.detail);
	cr_expect(identity_asks(strict));
	cr_expect_not(identity_is_same(plain, strict));
	identity_unref(plain);
	identity_unref(strict);
}

Test(identity, knows_whether_others_can_read_the_key)
{
	struct identity *identity = load();

	cr_expect_not(identity_is_exposed(identity));
	identity_unref(identity);
	chmod(key_path, 0604);
	identity = load();
	cr_expect(identity_is_exposed(identity));
	identity_unref(identity);
}

Test(identity, lives_as_long_as_somebody_has_it)
{
	struct identity *identity = load();

	cr_expect_eq(identity_ref(identity), identity);
	identity_unref(identity);
	cr_expect_gt(identity_ends_s(identity), 0);
	identity_unref(identity);
	identity_unref(NULL);
	cr_expect_null(identity_ref(NULL));
}

Test(identity, says_what_is_wrong_with_which_file)
{
	struct identity_files files = { .cert = cert_path, .key = key_path, .client_ca = key_path };
	struct made other;

	expect_fault(&files, key_path, "no certificate");
	files.client_ca = "/nowhere/ca";
	expect_fault(&files, "/nowhere/ca", "No such file");
	files = (struct identity_files){ .cert = key_path, .key = key_path };
	expect_fault(&files, key_path, "no certificate");
	files = (struct identity_files){ .cert = cert_path, .key = cert_path };
	expect_fault(&files, cert_path, "no private key");
	make("other", &other);
	write_file(key_path, other.key, 0600);
	files.key = key_path;
	expect_fault(&files, key_path, "not that of the certificate");
	write_file(key_path, "-----BEGIN ENCRYPTED PRIVATE KEY-----\n", 0600);
	expect_fault(&files, key_path, "passphrase");
}

Test(identity, survives_any_bytes)
{
	static const char *const texts[] = { "", "\n", "-----BEGIN CERTIFICATE-----",
		"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
		"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" };
	struct identity_files files = { .cert = cert_path, .key = key_path };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		install("gateway");
		write_file(cert_path, texts[i], 0644);
		expect_fault(&files, cert_path, "");
		install("gateway");
		write_file(key_path, texts[i], 0600);
		expect_fault(&files, key_path, "");
	}
}

Test(identity, names_a_caller)
{
	char name[IDENTITY_NAME_MAX];
	struct made made;

	make("alice", &made);
	identity_name(made.der, made.der_len, name);
	cr_expect_str_eq(name, "alice");
	identity_name((const unsigned char *)"junk", 4, name);
	cr_expect_str_eq(name, "?");
	make(NULL, &made);
	identity_name(made.der, made.der_len, name);
	cr_expect_str_eq(name, "?");
}
