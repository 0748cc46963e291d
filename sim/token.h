/*
 * The token endpoint, as Keycloak shapes it, and the tokens it has issued. Thread-safe.
 */
#pragma once

#include "base/str.h"

#include <pthread.h>
#include <stdbool.h>

struct exchange;
struct options;
struct token;

struct tokens {
	pthread_mutex_t lock;
	struct token *newest; /* a list; expired ones are dropped in passing */
	double lifetime_s;
	char secret[256]; /* of the client; "": as in the options */
};

void tokens_init(struct tokens *tokens, double lifetime_s);
void tokens_set_lifetime(struct tokens *tokens, double lifetime_s);
/* From now on; "": the one of the options again. */
void tokens_set_secret(struct tokens *tokens, const char *secret);
/* All that were issued so far. */
void tokens_revoke(struct tokens *tokens);
void tokens_revoke_one(struct tokens *tokens, const char *text);
bool tokens_accept(struct tokens *tokens, struct str text);
