#include "daemon/renewal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/identity.h"
#include "daemon/log.h"
#include "daemon/loop.h"
#include "daemon/mark.h"

#define WATCH_MS 1000

enum { FILES = 3 };

struct renewal {
	struct identity *identity; /* in use; counted; NULL: not TLS */
	struct mark marks[FILES];
	bool is_fresh; /* the files were not like this at the look before */
};

struct renewals {
	struct loop *loop;
	const struct config *config;
	struct renewals_options options;
	struct loop_timer watch;
	struct renewal at[CONFIG_MAX_LISTENERS];
};

/* Of all listeners the one that expires first; 0: none speaks TLS. */
static void
show_expiry(struct renewals *renewals)
{
	int64_t first_s = 0;

	for (size_t i = 0; i < renewals->config->listener_count; i++) {
		const struct identity *identity = renewals->at[i].identity;

		if (identity && (first_s == 0 || identity_ends_s(identity) < first_s))
			first_s = identity_ends_s(identity);
	}
	metrics_set(renewals->options.metrics, METRIC_TLS_EXPIRY, 0, first_s);
}

static void
count(struct renewals *renewals, bool good)
{
	metrics_add(
		renewals->options.metrics, METRIC_TLS_RENEWALS, good ? METRICS_GOOD : METRICS_FAILED, 1);
}

static int64_t
days_left(const struct identity *identity)
{
	return (identity_ends_s(identity) - time(NULL)) / (24 * 3600);
}

static void
reread(struct renewals *renewals, size_t index)
{
	const struct config_listener *listener = &renewals->config->listeners[index];
	struct renewal *renewal = &renewals->at[index];
	struct cspark_error error;
	struct identity *identity = config_read_identity(listener, &error);

	if (!identity) {
		count(renewals, false);
		log_say(LOG_WARN_LEVEL, "certificate_rejected",
			"listener %s: %s; the old certificate stays in use", listener->address, error.detail);
		return;
	}
	if (identity_is_same(identity, renewal->identity)) {
		identity_unref(identity);
		return;
	}
	renewals->options.announce(renewals->options.arg, listener->id, identity);
	identity_unref(renewal->identity);
	renewal->identity = identity;
	count(renewals, true);
	log_say(LOG_INFO_LEVEL, "certificate_read",
		"listener %s: new callers see another certificate; it expires in %lld days",
		listener->address, (long long)days_left(identity));
}

/* Whether any file is another than at the look before. One that is gone for a moment says nothing. */
static bool
has_changed(struct renewal *renewal, const struct config_listener *listener)
{
	const char *paths[FILES] = { listener->tls.cert, listener->tls.key, listener->tls.client_ca };
	struct mark mark;
	bool changed = false;

	for (int i = 0; i < FILES; i++) {
		if (!paths[i] || !mark_of(paths[i], &mark) || mark_is_same(&mark, &renewal->marks[i]))
			continue;
		renewal->marks[i] = mark;
		changed = true;
	}
	return changed;
}

static void
look(struct renewals *renewals, size_t index)
{
	struct renewal *renewal = &renewals->at[index];
	bool was_fresh = renewal->is_fresh;

	if (!renewal->identity)
		return;
	renewal->is_fresh = has_changed(renewal, &renewals->config->listeners[index]);
	if (was_fresh && !renewal->is_fresh)
		reread(renewals, index);
}

static void
on_watch(void *arg)
{
	struct renewals *renewals = arg;

	for (size_t i = 0; i < renewals->config->listener_count; i++)
		look(renewals, i);
	show_expiry(renewals);
	loop_timer_set(renewals->loop, &renewals->watch, loop_now_ms(renewals->loop) + WATCH_MS);
}

static void
forget_all(struct renewals *renewals)
{
	for (size_t i = 0; i < CONFIG_MAX_LISTENERS; i++)
		identity_unref(renewals->at[i].identity);
	memset(renewals->at, 0, sizeof(renewals->at));
}

void
renewals_adopt(struct renewals *renewals, const struct config *config)
{
	forget_all(renewals);
	renewals->config = config;
	for (size_t i = 0; i < config->listener_count; i++)
		renewals->at[i].identity = identity_ref(config->listeners[i].tls.identity);
	show_expiry(renewals);
}

struct renewals *
renewals_new(struct loop *loop, const struct config *config, const struct renewals_options *options)
{
	struct renewals *renewals = calloc(1, sizeof(*renewals));

	if (!renewals)
		return NULL;
	renewals->loop = loop;
	renewals->options = *options;
	renewals_adopt(renewals, config);
	loop_timer_init(&renewals->watch, on_watch, renewals);
	loop_timer_set(loop, &renewals->watch, loop_now_ms(loop) + WATCH_MS);
	return renewals;
}

void
renewals_free(struct renewals *renewals)
{
	if (!renewals)
		return;
	loop_timer_set(renewals->loop, &renewals->watch, -1);
	forget_all(renewals);
	free(renewals);
}
