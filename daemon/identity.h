/*
 * An identity: what a TLS listener shows its callers, a certificate with its chain and key, and whom it
 * trusts, if callers must show one too. Immutable and counted; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/cspark.h"

enum { IDENTITY_NAME_MAX = 128 };

struct gnutls_session_int;
struct identity;

struct identity_files {
	const char *cert, *key;
	const char *client_ca; /* NULL: callers need no certificate */
	bool only_1_3;         /* not TLS 1.2 */
};

/* Reads the files. Given (identity_unref); NULL, with what is wrong with which file. */
struct identity *identity_load(const struct identity_files *files, struct cspark_error *ret_error);
struct identity *identity_ref(struct identity *identity); /* accepts NULL */
void identity_unref(struct identity *identity);           /* accepts NULL */

/* Made of the same bytes. */
bool identity_is_same(const struct identity *a, const struct identity *b);
/* Callers must show a certificate. */
bool identity_asks(const struct identity *identity);
/* Others can read the file with the key. */
bool identity_is_exposed(const struct identity *identity);
/* When the certificate becomes valid and when it expires, in seconds of the calendar. */
int64_t identity_begins_s(const struct identity *identity);
int64_t identity_ends_s(const struct identity *identity);

/* The session, which has not begun, is to use it; it must outlive the session. False: no memory. */
bool identity_apply(const struct identity *identity, struct gnutls_session_int *session);

/* The common name in a certificate in DER, or its whole subject if there is none; "?": not readable. */
void identity_name(const unsigned char *der, size_t len, char ret[IDENTITY_NAME_MAX]);
