#include "lib/token.h"

#include "base/secret.h"

#include <string.h>

struct cspark_token *
cspark_token_new(
	const char *header, struct str value, uint64_t generation, int64_t expires_ms, bool renewable)
{
	size_t size = strlen(header) + value.len + 1;
	struct cspark_token *token = secret_new(sizeof(*token) + size);

	if (token == NULL)
		return NULL;
	atomic_init(&token->refs, 1);
	token->generation = generation;
	token->expires_ms = expires_ms;
	token->renewable = renewable;
	token->len = size - 1;
	memcpy(token->line, header, size - 1 - value.len);
	if (value.len)
		memcpy(token->line + size - 1 - value.len, value.at, value.len);
	token->line[size - 1] = '\0';
	return token;
}

bool
cspark_token_usable(struct str value)
{
	for (size_t i = 0; i < value.len; i++) {
		if (value.at[i] <= 0x20 || value.at[i] >= 0x7f)
			return false;
	}
	return value.len > 0 && value.len <= CSPARK_TOKEN_MAX;
}

struct cspark_token *
cspark_token_ref(struct cspark_token *token)
{
	atomic_fetch_add_explicit(&token->refs, 1, memory_order_relaxed);
	return token;
}

void
cspark_token_unref(struct cspark_token *token)
{
	if (token == NULL || atomic_fetch_sub_explicit(&token->refs, 1, memory_order_acq_rel) != 1)
		return;
	secret_free(token);
}

uint64_t
cspark_token_generation(const struct cspark_token *token)
{
	return token->generation;
}

int64_t
cspark_token_expires_ms(const struct cspark_token *token)
{
	return token->expires_ms;
}
