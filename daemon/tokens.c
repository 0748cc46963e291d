#include "daemon/tokens.h"

#include <stdlib.h>

#include "daemon/log.h"
#include "daemon/loop.h"
#include "daemon/mark.h"
#include "daemon/upstream.h"

#define WATCH_MS 1000

struct tenant_state {
	struct mark mark;
	bool failing; /* the last fetch failed: the next of the same kind is not logged again */
	enum cspark_code failing_code;
	bool warned; /* about an odd lifetime */
};

struct tokens {
	struct loop *loop;
	struct tokens_options options;
	struct upstream *upstream;
	struct loop_timer watch;
	struct tenant_state *states;
};

/* ---- news -------------------------------------------------------------------------------- */

static void
log_fetch(const struct tokens *tokens, size_t tenant, const struct cspark_token_news *news)
{
	struct log_line line;
	int64_t expires_ms = cspark_token_expires_ms(news->token);

	log_begin(&line, LOG_INFO_LEVEL, "token_refreshed");
	log_text(&line, "tenant", tokens->options.config->tenants[tenant].name);
	log_int(&line, "generation", (int64_t)cspark_token_generation(news->token));
	if (expires_ms >= 0)
		log_int(&line, "expires_in_s", (expires_ms - loop_now_ms(tokens->loop)) / 1000);
	log_ms(&line, "ms_total", news->fetch_ms * 1000);
	log_end(&line);
}

/* Also while an older token still serves: there is time to act, then. */
static bool
is_refused(const struct cspark_token_news *news)
{
	return news->state == CSPARK_TOKEN_LATCHED || news->error.code == CSPARK_E_CREDENTIALS_REFUSED;
}

/* One line for a failure and its repetitions: the kind is told once, then counted. */
static void
log_failure(struct tokens *tokens, size_t tenant, const struct cspark_token_news *news)
{
	struct tenant_state *state = &tokens->states[tenant];
	bool refused = is_refused(news);
	struct log_line line;

	if (state->failing && state->failing_code == news->error.code)
		return;
	state->failing = true;
	state->failing_code = news->error.code;
	log_begin(&line, refused ? LOG_ERROR_LEVEL : LOG_WARN_LEVEL,
		refused ? "credentials_refused" : "token_fetch_failed");
	log_text(&line, "tenant", tokens->options.config->tenants[tenant].name);
	log_text(&line, "reason", news->reason);
	log_text(&line, "detail", news->error.detail);
	if (news->retry_at_ms >= 0)
		log_int(&line, "retry_in_ms", news->retry_at_ms - loop_now_ms(tokens->loop));
	log_end(&line);
}

static void
log_odd_lifetime(struct tokens *tokens, size_t tenant, const struct cspark_token_news *news)
{
	struct tenant_state *state = &tokens->states[tenant];

	if (state->warned || !(news->shortened || news->assumed || news->clamped))
		return;
	state->warned = true;
	log_say(LOG_WARN_LEVEL, "token_lifetime", "tenant %s: the token endpoint's expires_in is %s",
		tokens->options.config->tenants[tenant].name,
		news->assumed         ? "missing or unusable; 60 s are assumed" :
			news->clamped ? "longer than a day; a day is assumed" :
					"very short");
}

static void
count_failure(struct tokens *tokens, struct admin_tenant *admin, const struct cspark_token_news *news)
{
	metrics_add(tokens->options.metrics, METRIC_TOKEN_FETCH_FAILURES, metrics_reason(news->reason), 1);
	atomic_fetch_add_explicit(&admin->failures, 1, memory_order_relaxed);
}

static void
tell_admin(const struct tokens *tokens, struct admin_tenant *admin, const struct cspark_token_news *news)
{
	if (news->state == CSPARK_TOKEN_VALID) {
		atomic_store_explicit(
			&admin->expires_ms, cspark_token_expires_ms(news->token), memory_order_relaxed);
		if (!news->failed)
			atomic_store_explicit(
				&admin->since_ms, loop_now_ms(tokens->loop), memory_order_relaxed);
	}
	atomic_store_explicit(&admin->state, news->state, memory_order_relaxed);
}

static void
on_news(void *arg, size_t tenant, const struct cspark_token_news *news)
{
	struct tokens *tokens = arg;
	struct admin_tenant *admin = &tokens->options.tenants[tenant];

	if (news->fetched) {
		metrics_add(tokens->options.metrics, METRIC_TOKEN_FETCHES, (unsigned)tenant, 1);
		atomic_fetch_add_explicit(&admin->fetches, 1, memory_order_relaxed);
	}
	if (news->failed) {
		count_failure(tokens, admin, news);
		log_failure(tokens, tenant, news);
	} else if (news->fetched && news->token) {
		tokens->states[tenant].failing = false;
		log_fetch(tokens, tenant, news);
		log_odd_lifetime(tokens, tenant, news);
	}
	tell_admin(tokens, admin, news);
	metrics_set(tokens->options.metrics, METRIC_TOKEN_LATCHED, (unsigned)tenant, is_refused(news));
	tokens->options.announce(tokens->options.arg, tenant, news);
}

/* ---- secret files -------------------------------------------------------------------------- */

static void
reread(struct tokens *tokens, size_t tenant)
{
	const struct config_tenant *config = &tokens->options.config->tenants[tenant];
	struct config_secret secret;
	struct cspark_credentials credentials = config->credentials;
	struct cspark_error error;

	if (!config_read_secret(config, &secret, &error)) {
		log_say(LOG_WARN_LEVEL, "credential_file_rejected",
			"tenant %s: %s; the old credentials stay in use", config->name, error.detail);
		return;
	}
	credentials.secret = secret.text;
	if (secret.client_id)
		credentials.client_id = secret.client_id;
	if (upstream_rotate(tokens->upstream, tenant, &credentials))
		log_say(LOG_INFO_LEVEL, "credential_file_read", "tenant %s: the secret file was read again",
			config->name);
	config_secret_fini(&secret);
}

/* A file that is gone for a moment (a rename under way) is looked at again at the next turn. */
static void
look(struct tokens *tokens, size_t tenant, bool always)
{
	const char *path = tokens->options.config->tenants[tenant].secret_file;
	struct mark mark;

	if (!path || !mark_of(path, &mark))
		return;
	if (!always && mark_is_same(&mark, &tokens->states[tenant].mark))
		return;
	tokens->states[tenant].mark = mark;
	reread(tokens, tenant);
}

static void
show_age(const struct tokens *tokens, size_t tenant)
{
	const struct admin_tenant *admin = &tokens->options.tenants[tenant];
	int64_t age_ms = 0;

	if (atomic_load_explicit(&admin->state, memory_order_relaxed) == CSPARK_TOKEN_VALID)
		age_ms = loop_now_ms(tokens->loop) -
			atomic_load_explicit(&admin->since_ms, memory_order_relaxed);
	metrics_set(tokens->options.metrics, METRIC_TOKEN_AGE, (unsigned)tenant, age_ms / 1000);
}

/* Once a second: what nobody tells. */
static void
on_watch(void *arg)
{
	struct tokens *tokens = arg;

	for (size_t i = 0; i < tokens->options.config->tenant_count; i++) {
		look(tokens, i, false);
		show_age(tokens, i);
	}
	loop_timer_set(tokens->loop, &tokens->watch, loop_now_ms(tokens->loop) + WATCH_MS);
}

void
tokens_reread(struct tokens *tokens)
{
	for (size_t i = 0; i < tokens->options.config->tenant_count; i++)
		look(tokens, i, true);
}

/* ---- life ------------------------------------------------------------------------------------ */

static const struct upstream_ops upstream_ops = { .news = on_news };

static bool
start_watching(struct tokens *tokens)
{
	tokens->states = calloc(tokens->options.config->tenant_count, sizeof *tokens->states);
	if (!tokens->states)
		return false;
	for (size_t i = 0; i < tokens->options.config->tenant_count; i++) {
		const char *path = tokens->options.config->tenants[i].secret_file;

		if (path)
			(void)mark_of(path, &tokens->states[i].mark);
	}
	loop_timer_init(&tokens->watch, on_watch, tokens);
	loop_timer_set(tokens->loop, &tokens->watch, loop_now_ms(tokens->loop) + WATCH_MS);
	return true;
}

struct tokens *
tokens_new(struct loop *loop, const struct tokens_options *options)
{
	struct tokens *tokens = calloc(1, sizeof *tokens);

	if (!tokens)
		return NULL;
	tokens->loop = loop;
	tokens->options = *options;
	for (size_t i = 0; i < options->config->tenant_count; i++)
		atomic_store_explicit(&options->tenants[i].expires_ms, -1, memory_order_relaxed);
	if (start_watching(tokens))
		tokens->upstream = upstream_new_authorities(loop, options->config, &upstream_ops, tokens);
	if (!tokens->upstream) {
		tokens_free(tokens);
		return NULL;
	}
	return tokens;
}

void
tokens_free(struct tokens *tokens)
{
	if (!tokens)
		return;
	loop_timer_set(tokens->loop, &tokens->watch, -1);
	upstream_free(tokens->upstream);
	free(tokens->states);
	free(tokens);
}

void
tokens_want(struct tokens *tokens, size_t tenant, uint64_t generation)
{
	upstream_refused(tokens->upstream, tenant, generation);
}
