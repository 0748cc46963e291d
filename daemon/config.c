#include "daemon/config.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "daemon/config_check.h"
#include "daemon/config_credential.h"
#include "daemon/config_draft.h"
#include "daemon/config_file.h"
#include "daemon/identity.h"

static void
set_text(struct config_draft *draft, struct config_part *part, enum config_key_id id, const char *text,
	const char *source)
{
	struct config_value value = { .kind = CONFIG_VALUE_TEXT, .text = text };

	if (part)
		config_draft_set(draft, part, config_key(id), &value, (struct config_origin){ source, 0 });
}

static struct config_part *
first_tenant(struct config_draft *draft, struct config_origin origin)
{
	return draft->config->tenant_count > 0 ? &draft->tenants[0]
					       : config_draft_add(draft, CONFIG_TENANT, origin);
}

static void
read_environment(struct config_draft *draft, char *(*getenv_fn)(const char *))
{
	for (unsigned i = 0; i < CONFIG_KEYS; i++) {
		const char *name = config_key(i)->variable;
		const char *text = name ? getenv_fn(name) : NULL;

		if (text && *text) /* compose files say "not set" with an empty value */
			set_text(
				draft, first_tenant(draft, (struct config_origin){ name, 0 }), i, text, name);
	}
}

static void
read_flags(struct config_draft *draft, const struct config_flags *flags)
{
	if (flags->listen) {
		for (size_t i = 0; i < draft->config->listener_count; i++)
			config_value_clear(CONFIG_LISTENER, &draft->config->listeners[i]);
		draft->config->listener_count = 0;
		draft->listeners[0] = (struct config_part){ .section = CONFIG_LISTENER };
		set_text(draft,
			config_draft_add(draft, CONFIG_LISTENER, (struct config_origin){ "--listen", 0 }),
			CONFIG_KEY_LISTENER_address, flags->listen, "--listen");
	}
	if (flags->log_level)
		set_text(draft, &draft->top, CONFIG_KEY_LOG_level, flags->log_level, "--log-level");
}

/* Later sources override earlier ones. */
static void
gather(struct config_draft *draft, const struct config_flags *flags, char *(*getenv_fn)(const char *))
{
	if (flags->file)
		config_file_read(draft, flags->file);
	read_environment(draft, getenv_fn);
	read_flags(draft, flags);
	if (draft->config->listener_count == 0)
		config_draft_add(draft, CONFIG_LISTENER, (struct config_origin){ flags->file, 0 });
}

struct config *
config_load(const struct config_flags *flags, char *(*getenv_fn)(const char *), struct config_report *report)
{
	struct config_draft *draft = config_draft_new(report);
	struct config *config = NULL;

	if (!draft) {
		config_report_error(report, (struct config_origin){ NULL, 0 }, "no memory");
		return NULL;
	}
	gather(draft, flags, getenv_fn);
	config_credential_resolve(draft, getenv_fn);
	config_check(draft, getenv_fn);
	if (!config_report_is_bad(report)) {
		config = draft->config;
		draft->config = NULL;
	}
	config_draft_free(draft);
	return config;
}

struct config *
config_ref(struct config *config)
{
	__atomic_add_fetch(&config->refs, 1, __ATOMIC_RELAXED);
	return config;
}

bool
config_is_shared(const struct config *config)
{
	return __atomic_load_n(&config->refs, __ATOMIC_ACQUIRE) > 1;
}

const struct config_listener *
config_find_listener(const struct config *config, unsigned id)
{
	for (size_t i = 0; i < config->listener_count; i++)
		if (config->listeners[i].id == id)
			return &config->listeners[i];
	return NULL;
}

const struct config_tenant *
config_find_tenant(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->tenant_count; i++)
		if (strcmp(config->tenants[i].name, name) == 0)
			return &config->tenants[i];
	return NULL;
}

static void
tenant_fini(struct config_tenant *tenant)
{
	config_value_clear(CONFIG_TENANT, tenant);
	config_secret_fini(&tenant->secret);
	free(tenant->origin);
	free(tenant->secret_file);
	config_value_wipe(tenant->api_proxy); /* may hold a password */
	config_value_wipe(tenant->token_proxy);
}

static void
listener_fini(struct config_listener *listener)
{
	config_value_clear(CONFIG_LISTENER, listener);
	secret_free(listener->caller_token);
	identity_unref(listener->tls.identity);
	free(listener->uids.at);
	free(listener->gids.at);
}

void
config_unref(struct config *config)
{
	if (!config || __atomic_sub_fetch(&config->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (size_t i = 0; i < config->listener_count; i++)
		listener_fini(&config->listeners[i]);
	for (size_t i = 0; i < config->tenant_count; i++)
		tenant_fini(&config->tenants[i]);
	config_value_clear(CONFIG_TOP, config);
	free(config->listeners);
	free(config->tenants);
	free(config);
}
