#include "sim/digest.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

void
digest_of(struct str bytes, char ret[DIGEST_BYTES])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned i, len = 0;

	if (!EVP_Digest(bytes.at, bytes.len, digest, &len, EVP_sha256(), NULL))
		abort();
	for (i = 0; i < len; i++)
		snprintf(ret + 2 * i, 3, "%02x", digest[i]);
}
