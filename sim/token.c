#include "sim/token.h"

#include "sim/exchange.h"
#include "sim/operations.h"
#include "sim/options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#define TOKENS_MAX 10000

struct token {
	struct token *next;
	double expires_s;
	char text[TOKEN_BYTES];
};

static double
clock_s(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void
tokens_init(struct tokens *tokens, double lifetime_s)
{
	*tokens = (struct tokens){ .lifetime_s = lifetime_s };
	pthread_mutex_init(&tokens->lock, NULL);
}

void
tokens_set_lifetime(struct tokens *tokens, double lifetime_s)
{
	pthread_mutex_lock(&tokens->lock);
	tokens->lifetime_s = lifetime_s;
	pthread_mutex_unlock(&tokens->lock);
}

void
tokens_set_secret(struct tokens *tokens, const char *secret)
{
	pthread_mutex_lock(&tokens->lock);
	snprintf(tokens->secret, sizeof(tokens->secret), "%s", secret);
	pthread_mutex_unlock(&tokens->lock);
}

static void
copy_secret(struct tokens *tokens, const struct options *options, char ret[sizeof(tokens->secret)])
{
	pthread_mutex_lock(&tokens->lock);
	snprintf(ret, sizeof(tokens->secret), "%s",
		tokens->secret[0] ? tokens->secret : options->client_secret);
	pthread_mutex_unlock(&tokens->lock);
}

static void
drop_from(struct token **at)
{
	while (*at) {
		struct token *token = *at;

		*at = token->next;
		free(token);
	}
}

void
tokens_revoke(struct tokens *tokens)
{
	pthread_mutex_lock(&tokens->lock);
	drop_from(&tokens->newest);
	pthread_mutex_unlock(&tokens->lock);
}

void
tokens_revoke_one(struct tokens *tokens, const char *text)
{
	struct token *token;

	pthread_mutex_lock(&tokens->lock);
	for (token = tokens->newest; token; token = token->next)
		if (strcmp(token->text, text) == 0)
			token->expires_s = 0;
	pthread_mutex_unlock(&tokens->lock);
}

bool
tokens_accept(struct tokens *tokens, struct str text)
{
	double now_s = clock_s(CLOCK_BOOTTIME);
	struct token *token;
	bool good;

	pthread_mutex_lock(&tokens->lock);
	for (token = tokens->newest; token; token = token->next)
		if (str_eq(text, str_of(token->text)))
			break;
	good = token && token->expires_s > now_s;
	pthread_mutex_unlock(&tokens->lock);
	return good;
}

static void
put_base64url(struct buf *out, struct str bytes)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t i;

	for (i = 0; i < bytes.len; i += 3) {
		size_t left = bytes.len - i;
		unsigned group = (unsigned char)bytes.at[i] << 16;

		group |= left > 1 ? (unsigned)(unsigned char)bytes.at[i + 1] << 8 : 0;
		group |= left > 2 ? (unsigned char)bytes.at[i + 2] : 0;
		buf_put_char(out, digits[group >> 18]);
		buf_put_char(out, digits[group >> 12 & 63]);
		if (left > 1)
			buf_put_char(out, digits[group >> 6 & 63]);
		if (left > 2)
			buf_put_char(out, digits[group & 63]);
	}
}

/* Looks like a JWT, is signed by nobody: what makes it good is that we remember it. */
static void
write_token(char *ret, const struct options *opt, double lifetime_s)
{
	char claims[200], signature[64];
	struct buf text;
	long now = (long)clock_s(CLOCK_REALTIME);

	if (getrandom(signature, sizeof(signature), 0) != sizeof(signature))
		abort();
	snprintf(claims, sizeof(claims),
		"{\"exp\":%.0f,\"iat\":%ld,\"typ\":\"Bearer\",\"azp\":\"%.40s\",\"realm\":\"%.40s\"}",
		floor((double)now + lifetime_s), now, opt->client_id, opt->tenant);
	buf_init(&text, TOKEN_BYTES - 1);
	put_base64url(&text, STR("{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"cspark-sim\"}"));
	buf_put_char(&text, '.');
	put_base64url(&text, str_of(claims));
	buf_put_char(&text, '.');
	put_base64url(&text, str_range(signature, sizeof(signature)));
	snprintf(ret, TOKEN_BYTES, "%.*s", STR_ARG(buf_text(&text)));
	buf_fini(&text);
}

/* Forgets what has expired, and the oldest beyond the maximum. */
static void
prune(struct tokens *tokens, double now_s)
{
	struct token **at = &tokens->newest;
	unsigned count = 0;

	while (*at && count < TOKENS_MAX) {
		struct token *token = *at;

		if (token->expires_s > now_s) {
			at = &token->next;
			count++;
			continue;
		}
		*at = token->next;
		free(token);
	}
	drop_from(at);
}

static double
issue(struct tokens *tokens, const struct options *opt, char *ret_text)
{
	struct token *token = calloc(1, sizeof(*token));
	double now_s = clock_s(CLOCK_BOOTTIME), lifetime_s;

	if (!token)
		abort();
	pthread_mutex_lock(&tokens->lock);
	lifetime_s = tokens->lifetime_s;
	prune(tokens, now_s);
	write_token(token->text, opt, lifetime_s);
	token->expires_s = now_s + lifetime_s;
	token->next = tokens->newest;
	tokens->newest = token;
	snprintf(ret_text, TOKEN_BYTES, "%s", token->text);
	pthread_mutex_unlock(&tokens->lock);
	return lifetime_s;
}

static void
refuse_client(struct exchange *ex, int status, const char *code, const char *description)
{
	answer_reset(&ex->answer, status, "application/json");
	buf_printf(&ex->answer.body, "{\"error\":\"%s\",\"error_description\":\"%s\"}", code, description);
}

/* The decoded value of a form field; false if it is absent or badly encoded. */
static bool
form_field(struct str form, struct str name, struct buf *ret)
{
	while (form.at && form.len) {
		struct str value, key = str_cut(str_cut(form, '&', &form), '=', &value);

		if (str_eq(key, name))
			return value.at && str_percent_decode(value, true, ret);
	}
	return false;
}

static bool
field_is(struct str form, struct str name, const char *expected, bool *ret_present)
{
	struct buf value;
	bool same;

	buf_init(&value, 8192);
	*ret_present = form_field(form, name, &value);
	same = *ret_present && str_eq_constant_time(str_of(expected), buf_text(&value));
	buf_fini(&value);
	return same;
}

static bool
request_is_good(struct exchange *ex, struct str realm)
{
	const struct options *opt = ex->world->options;
	struct str form = request_body(&ex->request),
		   type = request_header(&ex->request, STR("content-type"));
	struct str rest, media = str_trim(str_cut(type, ';', &rest));
	char expected[sizeof(ex->world->tokens.secret)];
	bool present, grant, id, secret;

	if (!str_eq(realm, str_of(opt->tenant))) {
		answer_set(&ex->answer, 404, "application/json", STR("{\"error\":\"Realm does not exist\"}"));
		return false;
	}
	if (!str_eq_nocase(media, STR("application/x-www-form-urlencoded"))) {
		answer_set(&ex->answer, 415, "application/json",
			STR("{\"error\":\"HTTP 415 Unsupported Media Type\"}"));
		return false;
	}
	grant = field_is(form, STR("grant_type"), "client_credentials", &present);
	if (!present)
		refuse_client(ex, 400, "invalid_request", "Missing form parameter: grant_type");
	else if (!grant)
		refuse_client(ex, 400, "unsupported_grant_type", "Unsupported grant_type");
	if (!grant)
		return false;
	id = field_is(form, STR("client_id"), opt->client_id, &present);
	if (!id) {
		refuse_client(ex, 401, "invalid_client", "Invalid client or Invalid client credentials");
		return false;
	}
	copy_secret(&ex->world->tokens, opt, expected);
	secret = field_is(form, STR("client_secret"), expected, &present);
	if (!secret)
		refuse_client(ex, 401, "unauthorized_client", "Invalid client or Invalid client credentials");
	return secret;
}

void
serve_token(struct exchange *ex)
{
	struct str realm = match_arg(&ex->match, "realm");
	double lifetime_s;

	stats_add(&ex->world->stats, STAT_token_requests, 1);
	if (!request_is_good(ex, realm))
		return;
	ex->good = true;
	lifetime_s = issue(&ex->world->tokens, ex->world->options, ex->token);
	stats_add(&ex->world->stats, STAT_tokens_issued, 1);
	answer_reset(&ex->answer, 200, "application/json");
	buf_put_str(&ex->answer.headers, STR("Cache-Control: no-store\r\nPragma: no-cache\r\n"));
	buf_printf(&ex->answer.body,
		"{\"access_token\":\"%s\",\"expires_in\":%.9g,\"refresh_expires_in\":0,"
		"\"token_type\":\"Bearer\",\"not-before-policy\":0,\"scope\":\"email profile\"}",
		ex->token, lifetime_s);
}
