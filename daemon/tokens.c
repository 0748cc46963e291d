#include "daemon/tokens.h"

#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "daemon/log.h"
#include "daemon/loop.h"
#include "daemon/mark.h"
#include "daemon/upstream.h"

#define WATCH_MS 1000

/* A tenant's credentials, as long as a snapshot has them that somebody uses. */
struct account {
	struct list node;
	unsigned id;
	const struct config_tenant *tenant; /* in the latest snapshot that has it */
	bool current;                       /* that is the one in force */
	struct line *line;
	struct config_secret secret; /* read since then, and in use; text NULL: the snapshot's is */
	struct mark secret_mark, ca_mark;
	uint64_t generation; /* of the token that was told last */
	bool failing;        /* the last fetch failed: the next of the same kind is not logged again */
	enum cspark_code failing_code;
	bool warned; /* about an odd lifetime */
};

/* A snapshot that was in force. */
struct past {
	struct list node;
	struct config *config; /* counted */
};

struct tokens {
	struct loop *loop;
	struct tokens_options options;
	struct upstream *upstream;
	struct loop_timer watch;
	struct list accounts;
	struct list pasts; /* oldest first; the last is in force */
};

static struct account *
account_at(struct list *node)
{
	return LIST_ITEM(node, struct account, node);
}

static struct account *
find(struct tokens *tokens, unsigned id)
{
	for (struct list *node = tokens->accounts.next; node != &tokens->accounts; node = node->next)
		if (account_at(node)->id == id)
			return account_at(node);
	return NULL;
}

/* ---- news -------------------------------------------------------------------------------- */

static void
log_fetch(const struct tokens *tokens, const struct account *account, const struct cspark_token_news *news)
{
	struct log_line line;
	int64_t expires_ms = cspark_token_expires_ms(news->token);

	log_begin(&line, LOG_INFO_LEVEL, "token_refreshed");
	log_text(&line, "tenant", account->tenant->name);
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
log_failure(const struct tokens *tokens, struct account *account, const struct cspark_token_news *news)
{
	bool refused = is_refused(news);
	struct log_line line;

	if (account->failing && account->failing_code == news->error.code)
		return;
	account->failing = true;
	account->failing_code = news->error.code;
	log_begin(&line, refused ? LOG_ERROR_LEVEL : LOG_WARN_LEVEL,
		refused ? "credentials_refused" : "token_fetch_failed");
	log_text(&line, "tenant", account->tenant->name);
	log_text(&line, "reason", news->reason);
	log_text(&line, "detail", news->error.detail);
	if (news->retry_at_ms >= 0)
		log_int(&line, "retry_in_ms", news->retry_at_ms - loop_now_ms(tokens->loop));
	log_end(&line);
}

static void
log_odd_lifetime(struct account *account, const struct cspark_token_news *news)
{
	if (account->warned || !(news->shortened || news->assumed || news->clamped))
		return;
	account->warned = true;
	log_say(LOG_WARN_LEVEL, "token_lifetime", "tenant %s: the token endpoint's expires_in is %s",
		account->tenant->name,
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

/* The age counts from when a token came, not from when it is told again. */
static void
tell_admin(const struct tokens *tokens, struct account *account, const struct cspark_token_news *news)
{
	struct admin_tenant *admin = &tokens->options.tenants[account->tenant->slot];

	if (news->state == CSPARK_TOKEN_VALID) {
		uint64_t generation = cspark_token_generation(news->token);

		atomic_store_explicit(
			&admin->expires_ms, cspark_token_expires_ms(news->token), memory_order_relaxed);
		if (generation != account->generation || atomic_load(&admin->since_ms) == 0)
			atomic_store_explicit(
				&admin->since_ms, loop_now_ms(tokens->loop), memory_order_relaxed);
		account->generation = generation;
	}
	atomic_store_explicit(&admin->state, news->state, memory_order_relaxed);
}

static void
take_note(struct tokens *tokens, struct account *account, const struct cspark_token_news *news)
{
	struct admin_tenant *admin = &tokens->options.tenants[account->tenant->slot];

	if (news->fetched) {
		metrics_add(tokens->options.metrics, METRIC_TOKEN_FETCHES, account->tenant->slot, 1);
		atomic_fetch_add_explicit(&admin->fetches, 1, memory_order_relaxed);
	}
	if (news->failed) {
		count_failure(tokens, admin, news);
		log_failure(tokens, account, news);
	} else if (news->fetched && news->token) {
		account->failing = false;
		log_fetch(tokens, account, news);
		log_odd_lifetime(account, news);
	}
	tell_admin(tokens, account, news);
	metrics_set(tokens->options.metrics, METRIC_TOKEN_LATCHED, account->tenant->slot, is_refused(news));
}

static void
on_news(void *arg, unsigned id, const struct cspark_token_news *news)
{
	struct tokens *tokens = arg;
	struct account *account = find(tokens, id);

	if (account->current) /* the slot of one that is not may be another's by now */
		take_note(tokens, account, news);
	tokens->options.announce(tokens->options.arg, id, news);
}

/* ---- files ------------------------------------------------------------------------------------ */

/* A file that is gone for a moment (a rename under way) is looked at again at the next turn. */
static bool
has_changed(const char *path, struct mark *mark)
{
	struct mark now;

	if (!path || !mark_of(path, &now) || mark_is_same(&now, mark))
		return false;
	*mark = now;
	return true;
}

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static const struct config_secret *
secret_in_use(const struct account *account)
{
	return account->secret.text ? &account->secret : &account->tenant->secret;
}

static bool
rotate(struct account *account, const struct config_secret *secret)
{
	struct cspark_credentials credentials = account->tenant->credentials;

	credentials.secret = secret->text;
	if (secret->client_id)
		credentials.client_id = secret->client_id;
	return line_rotate(account->line, &credentials);
}

static bool
is_in_use(const struct account *account, const struct config_secret *secret)
{
	const struct config_secret *old = secret_in_use(account);

	return same_text(old->text, secret->text) && same_text(old->client_id, secret->client_id);
}

/* The same secret again is no news, but if fetching fails, whoever <touched> the file wants it tried now. */
static void
reread(struct account *account, bool touched)
{
	struct config_secret secret;
	struct cspark_error error;

	if (!config_read_secret(account->tenant, &secret, &error)) {
		log_say(LOG_WARN_LEVEL, "credential_file_rejected",
			"tenant %s: %s; the old credentials stay in use", account->tenant->name,
			error.detail);
		return;
	}
	if ((is_in_use(account, &secret) && !(touched && account->failing)) || !rotate(account, &secret)) {
		config_secret_fini(&secret);
		return;
	}
	config_secret_fini(&account->secret);
	account->secret = secret;
	log_say(LOG_INFO_LEVEL, "credential_file_read", "tenant %s: the secret file was read again",
		account->tenant->name);
}

/* New connections use it, as they read it. What failed perhaps because of the old one is tried at once. */
static void
reread_ca(struct account *account)
{
	log_say(LOG_INFO_LEVEL, "ca_file_changed", "tenant %s: new connections trust what is in %s now",
		account->tenant->name, account->tenant->ca_file);
	if (account->failing)
		(void)rotate(account, secret_in_use(account));
}

static void
show_age(const struct tokens *tokens, const struct account *account)
{
	const struct admin_tenant *admin = &tokens->options.tenants[account->tenant->slot];
	int64_t age_ms = 0;

	if (atomic_load_explicit(&admin->state, memory_order_relaxed) == CSPARK_TOKEN_VALID)
		age_ms = loop_now_ms(tokens->loop) -
			atomic_load_explicit(&admin->since_ms, memory_order_relaxed);
	metrics_set(tokens->options.metrics, METRIC_TOKEN_AGE, account->tenant->slot, age_ms / 1000);
}

static void
look(const struct tokens *tokens, struct account *account)
{
	bool touched = account->secret_mark.inode != 0; /* if this is not the first look */

	if (has_changed(account->tenant->secret_file, &account->secret_mark))
		reread(account, touched);
	if (has_changed(account->tenant->ca_file, &account->ca_mark))
		reread_ca(account);
	show_age(tokens, account);
}

/* ---- accounts --------------------------------------------------------------------------------- */

static void
account_free(struct account *account)
{
	list_remove(&account->node);
	line_unref(account->line);
	config_secret_fini(&account->secret);
	free(account);
}

static bool
account_open(struct tokens *tokens, const struct config_tenant *tenant)
{
	struct account *account = calloc(1, sizeof *account);

	if (!account)
		return false;
	account->id = tenant->account;
	account->tenant = tenant;
	if (tenant->ca_file)
		(void)mark_of(tenant->ca_file, &account->ca_mark);
	list_append(&tokens->accounts, &account->node);
	account->line = line_open_authority(tokens->upstream, tenant);
	return account->line != NULL;
}

/* Those that <config> is the latest snapshot of. */
static void
close_accounts(struct tokens *tokens, const struct config *config)
{
	for (struct list *node = tokens->accounts.next, *next; node != &tokens->accounts; node = next) {
		const struct config_tenant *tenant = account_at(node)->tenant;

		next = node->next;
		if (tenant >= config->tenants && tenant < config->tenants + config->tenant_count)
			account_free(account_at(node));
	}
}

static void
past_free(struct tokens *tokens, struct past *past)
{
	close_accounts(tokens, past->config);
	config_unref(past->config);
	list_remove(&past->node);
	free(past);
}

static struct past *
first_past(struct tokens *tokens)
{
	return LIST_ITEM(tokens->pasts.next, struct past, node);
}

/* In their order: so an account goes with the last snapshot that has it. */
static void
forget_pasts(struct tokens *tokens)
{
	while (tokens->pasts.next != tokens->pasts.prev && !config_is_shared(first_past(tokens)->config))
		past_free(tokens, first_past(tokens));
}

/* Once a second: what nobody tells. */
static void
on_watch(void *arg)
{
	struct tokens *tokens = arg;

	for (struct list *node = tokens->accounts.next; node != &tokens->accounts; node = node->next)
		if (account_at(node)->current)
			look(tokens, account_at(node));
	forget_pasts(tokens);
	loop_timer_set(tokens->loop, &tokens->watch, loop_now_ms(tokens->loop) + WATCH_MS);
}

static bool
open_accounts(struct tokens *tokens, const struct config *config)
{
	for (size_t i = 0; i < config->tenant_count; i++)
		if (!find(tokens, config->tenants[i].account) && !account_open(tokens, &config->tenants[i]))
			return false;
	return true;
}

/* For a slot whose tenant begins anew: what was known of it is over. */
static void
reset_admin(const struct tokens *tokens, const struct config_tenant *tenant)
{
	struct admin_tenant *admin = &tokens->options.tenants[tenant->slot];

	atomic_store_explicit(&admin->expires_ms, -1, memory_order_relaxed);
	atomic_store_explicit(&admin->since_ms, 0, memory_order_relaxed);
	atomic_store_explicit(&admin->state, CSPARK_TOKEN_NONE, memory_order_relaxed);
	metrics_set(tokens->options.metrics, METRIC_TOKEN_LATCHED, tenant->slot, 0);
}

/* The snapshot has the secret as it was a moment ago: the file's mark is left alone, so that what has changed
 * since is noticed at the next look. */
static void
account_adopt(struct tokens *tokens, struct account *account, const struct config_tenant *tenant)
{
	bool changed = account->failing || !is_in_use(account, &tenant->secret);

	if (account->tenant == tenant) {
		reset_admin(tokens, tenant);
		account->current = true;
		return;
	}
	account->tenant = tenant;
	account->current = true;
	config_secret_fini(&account->secret);
	if (changed)
		(void)rotate(account, &tenant->secret);
	line_refused(account->line, 0); /* a shard may have a new client for it: the token is told again */
}

bool
tokens_adopt(struct tokens *tokens, struct config *config)
{
	struct past *past = calloc(1, sizeof *past);

	if (!past || !open_accounts(tokens, config)) {
		close_accounts(tokens, config);
		free(past);
		return false;
	}
	past->config = config_ref(config);
	list_append(&tokens->pasts, &past->node);
	for (struct list *node = tokens->accounts.next; node != &tokens->accounts; node = node->next)
		account_at(node)->current = false;
	for (size_t i = 0; i < config->tenant_count; i++)
		account_adopt(tokens, find(tokens, config->tenants[i].account), &config->tenants[i]);
	return true;
}

/* ---- life ------------------------------------------------------------------------------------ */

static const struct upstream_ops upstream_ops = { .news = on_news };

struct tokens *
tokens_new(struct loop *loop, const struct tokens_options *options)
{
	struct tokens *tokens = calloc(1, sizeof *tokens);

	if (!tokens)
		return NULL;
	tokens->loop = loop;
	tokens->options = *options;
	list_init(&tokens->accounts);
	list_init(&tokens->pasts);
	loop_timer_init(&tokens->watch, on_watch, tokens);
	loop_timer_set(loop, &tokens->watch, loop_now_ms(loop) + WATCH_MS);
	tokens->upstream = upstream_new(loop, 1, &upstream_ops, tokens);
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
	while (!list_empty(&tokens->pasts))
		past_free(tokens, first_past(tokens));
	upstream_free(tokens->upstream);
	free(tokens);
}

void
tokens_want(struct tokens *tokens, unsigned account, uint64_t generation)
{
	struct account *wanted = find(tokens, account);

	if (wanted)
		line_refused(wanted->line, generation);
}
