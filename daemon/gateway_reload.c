#include "daemon/gateway_own.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/environment.h"
#include "daemon/log.h"

#define KEPT_MAX 4096

/* ---- terms: what a snapshot is to each shard -------------------------------------------------- */

/* What is not in force. The first <count> shards have their sockets. */
static void
drop_terms(struct shard_terms *terms, unsigned count)
{
	for (unsigned i = 0; terms && i < count; i++)
		shard_terms_fini(&terms[i]);
	free(terms);
}

/* With references to <config>, and sockets of each shard's own. Given; NULL: <sockets> are dropped. */
static struct shard_terms *
make_terms(const struct gateway *gateway, struct config *config, struct sockets *sockets,
	struct cspark_error *ret_error)
{
	struct shard_terms *terms = calloc(gateway->shard_count, sizeof *terms);

	for (unsigned i = 0; terms && i < gateway->shard_count; i++) {
		if (!sockets_share(sockets, i == 0, terms[i].places, ret_error)) {
			sockets_drop(sockets, true);
			drop_terms(terms, i);
			return NULL;
		}
		terms[i].config = config_ref(config);
		terms[i].place_count = sockets->count;
	}
	if (!terms)
		sockets_drop(sockets, false);
	return terms;
}

/* ---- putting in force -------------------------------------------------------------------------- */

/* Of tenants that are configured no more nothing is shown. */
static void
show_names(struct gateway *gateway)
{
	const struct config_lineage *lineage = &gateway->lineage;

	for (unsigned i = 0; i < lineage->slots; i++)
		__atomic_store_n(&gateway->tenant_names[i],
			config_find_tenant(gateway->config, lineage->names[i]) ? lineage->names[i] : NULL,
			__ATOMIC_RELEASE);
}

/* From here on nothing can fail. */
static void
put_in_force(struct gateway *gateway, struct config *config, struct sockets *sockets,
	struct shard_terms *terms)
{
	enum log_level level;

	sockets_replace(&gateway->sockets, sockets);
	gateway->lineage.is_first_fed = gateway->sockets.is_first_fed;
	config_unref(gateway->config);
	gateway->config = config;
	show_names(gateway);
	lifecycle_allow(&gateway->life, config->drain_delay_ms, config->drain_ms);
	badges_adopt(gateway->badges, config);
	renewals_adopt(gateway->renewals, config);
	if (log_level_parse(config->log.level, &level))
		log_set_level(level);
	gateway->behind = gateway->shard_count;
	for (unsigned i = 0; i < gateway->shard_count; i++)
		shard_adopt(gateway->shards[i], &terms[i]);
	free(terms);
}

static bool
can_serve(const struct config *config, struct cspark_error *ret_error)
{
	for (size_t i = 0; i < config->listener_count; i++)
		if (config->listeners[i].tls.identity && !front_can_tls())
			goto fail;
	return true;
fail:
	snprintf(ret_error->detail, sizeof ret_error->detail,
		"a listener wants TLS, and this libmicrohttpd was built without it");
	return false;
}

/* Opens, then prepares, then tells: each undoes what was done before it. */
static bool
prepare(struct gateway *gateway, struct config *config, struct cspark_error *ret_error)
{
	struct sockets sockets;
	struct shard_terms *terms;

	if (!can_serve(config, ret_error) ||
		!config_follow(&gateway->lineage, config, gateway->config, &gateway->kept, ret_error) ||
		!sockets_open(&sockets, &gateway->sockets, config, ret_error))
		return false;
	terms = make_terms(gateway, config, &sockets, ret_error);
	if (!terms)
		return false;
	if (!tokens_adopt(gateway->tokens, config)) {
		sockets_drop(&sockets, true);
		drop_terms(terms, gateway->shard_count);
		return false;
	}
	put_in_force(gateway, config, &sockets, terms);
	return true;
}

bool
gateway_adopt(struct gateway *gateway, struct config *config, struct cspark_error *ret_error)
{
	buf_fini(&gateway->kept);
	buf_init(&gateway->kept, KEPT_MAX);
	*ret_error = (struct cspark_error){ CSPARK_E_INTERNAL, "no memory" };
	if (prepare(gateway, config, ret_error))
		return true;
	config_unref(config);
	return false;
}

/* ---- reloading ----------------------------------------------------------------------------------- */

static void
count(struct gateway *gateway, bool good)
{
	struct admin *admin = &gateway->admin;

	atomic_fetch_add_explicit(
		good ? &admin->reloads.good : &admin->reloads.failed, 1, memory_order_relaxed);
	atomic_store_explicit(&admin->reloads.last_ms, loop_now_ms(gateway->loop), memory_order_relaxed);
	atomic_store_explicit(&admin->reloads.last_failed, !good, memory_order_relaxed);
	metrics_add(gateway->metrics[gateway->shard_count], METRIC_RELOADS,
		good ? METRICS_GOOD : METRICS_FAILED, 1);
	lifecycle_reloaded(&gateway->life);
}

/* The sentences of a report in one line. */
static const char *
join_lines(struct buf *text)
{
	while (text->len > 0 && text->data[text->len - 1] == '\n')
		text->len--;
	buf_put_char(text, '\0');
	for (char *at = text->data; at && *at; at++)
		if (*at == '\n')
			*at = at[1] == ' ' ? ' ' : ';';
	return text->data ? text->data : "no memory";
}

static void
refuse(struct gateway *gateway, const char *reasons)
{
	struct log_line line;

	count(gateway, false);
	log_begin(&line, LOG_ERROR_LEVEL, "reload_failed");
	log_text(&line, "message", "the configuration in force stays");
	log_long(&line, "reasons", reasons);
	log_end(&line);
}

static void
say_reloaded(struct gateway *gateway)
{
	struct buf *kept = &gateway->kept;
	struct log_line line;

	count(gateway, true);
	log_begin(&line, kept->len ? LOG_WARN_LEVEL : LOG_INFO_LEVEL, "reload");
	log_text(&line, "message",
		kept->len ? "the configuration was read again; some changes need a restart"
			  : "the configuration was read again");
	log_int(&line, "listeners", (int64_t)gateway->config->listener_count);
	log_int(&line, "tenants", (int64_t)gateway->config->tenant_count);
	if (kept->len)
		log_long(&line, "restart_needed", join_lines(kept));
	log_end(&line);
}

static void
try_config(struct gateway *gateway, struct config *config, struct config_report *report)
{
	struct cspark_error error;

	if (!config) {
		refuse(gateway, join_lines(&report->errors));
		return;
	}
	if (report->warnings.len > 0)
		log_say(LOG_WARN_LEVEL, "config_warnings", "%s", join_lines(&report->warnings));
	if (!gateway_adopt(gateway, config, &error))
		refuse(gateway, error.detail);
}

/* One after another: what comes while shards are behind is done when they are not. */
void
gateway_reload(struct gateway *gateway)
{
	struct config_report report;

	if (gateway->behind > 0) {
		gateway->again = true;
		return;
	}
	if (!lifecycle_reload(&gateway->life)) {
		log_say(LOG_INFO_LEVEL, "reload_ignored", "csparkd is being stopped");
		return;
	}
	config_report_init(&report);
	try_config(gateway, config_load(gateway->flags, environment_get, &report), &report);
	config_report_fini(&report);
}

void
gateway_adopted(struct gateway *gateway)
{
	assert(gateway->behind > 0);
	if (--gateway->behind > 0)
		return;
	if (gateway->is_up)
		say_reloaded(gateway);
	else
		gateway_say_up(gateway);
	gateway->is_up = true;
	if (gateway->again) {
		gateway->again = false;
		gateway_reload(gateway);
	}
}
