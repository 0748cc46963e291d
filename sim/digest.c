#include "sim/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

void
digest_of(struct str bytes, char ret[DIGEST_BYTES])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned i, len = 0;

	/* The process may end while other threads are at work: nothing is to be torn down under them. */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
	if (!EVP_Digest(bytes.at, bytes.len, digest, &len, EVP_sha256(), NULL))
		abort();
	for (i = 0; i < len; i++)
		snprintf(ret + 2 * i, 3, "%02x", digest[i]);
}
