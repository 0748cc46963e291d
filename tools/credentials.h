/*
 * Credentials from the environment, as the daemon and the official SDKs read them: CSPARK_CLIENT_ID and
 * CSPARK_CLIENT_SECRET, CSPARK_OAUTH_PATH, CSPARK_API_KEY, CSPARK_BEARER_TOKEN; each secret also from a
 * file that CSPARK_..._FILE names. The library itself reads no environment and no file.
 */
#pragma once

#include "lib/cspark.h"

#include <stdbool.h>

struct credentials {
	struct cspark_credentials value; /* its strings are the two below */
	char *client_id;
	char *secret;
	char why[400]; /* something failed */
};

/* OAuth wins over the API key, that over the token. False, and why, if a file is no good, or there is nothing
 * and <may_be_none> is false. */
bool credentials_look(struct credentials *ret, bool may_be_none);
/* The same with the sentence on stderr. */
bool credentials_read(struct credentials *ret, bool may_be_none);
/* What csparkd wants of its callers: CSPARK_CALLER_TOKEN, or the file that CSPARK_CALLER_TOKEN_FILE names.
 * Given (credentials_wipe); NULL: nothing, or the file is no good, with a sentence on stderr. */
char *credentials_badge(void);
void credentials_wipe(char *secret); /* wipes and frees; accepts NULL */

/* Where a configuration says they are. All borrowed. */
struct credentials_source {
	enum cspark_auth_kind kind;
	const char *client_id;
	const char *oauth_file; /* this, */
	const char *file;       /* or this, */
	const char *variable;   /* or this */
};
bool credentials_take(struct credentials *ret, const struct credentials_source *source);
/* Wipes. */
void credentials_fini(struct credentials *credentials);
