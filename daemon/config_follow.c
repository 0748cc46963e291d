#include "daemon/config_follow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config_value.h"

static bool
fail(struct cspark_error *ret_error, const char *why)
{
	ret_error->code = CSPARK_E_INTERNAL;
	snprintf(ret_error->detail, sizeof ret_error->detail, "%s", why);
	return false;
}

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* ---- what stays until a restart ---- */

/* The keys kept in the structure of <owner>. */
static bool
keep_fixed(enum config_section owner, void *fresh, const void *running, struct buf *ret_kept)
{
	char path[96];

	for (unsigned i = 0; i < CONFIG_KEYS; i++) {
		const struct config_key *key = config_key(i);

		if (key->reloadable || config_section_owner(key->section) != owner ||
			config_value_same(key, fresh, running))
			continue;
		config_key_path(key, path, sizeof path);
		buf_printf(ret_kept, "%s%s", ret_kept->len ? ", " : "", path);
		if (!config_value_copy(key, fresh, running))
			return false;
	}
	return true;
}

/* ---- listeners ---- */

/* The address of a first listener that has passed sockets is not what it listens on. */
static const struct config_listener *
listener_before(const struct config_lineage *lineage, const struct config *config, size_t index,
	const char *address)
{
	bool is_first_fed = lineage->is_first_fed;

	if (!config)
		return NULL;
	if (is_first_fed && index == 0)
		return &config->listeners[0];
	for (size_t i = is_first_fed; i < config->listener_count; i++)
		if (strcmp(config->listeners[i].address, address) == 0)
			return &config->listeners[i];
	return NULL;
}

static bool
follow_listener(struct config_lineage *lineage, struct config *config, size_t index,
	const struct config *running, struct buf *ret_kept)
{
	struct config_listener *fresh = &config->listeners[index];
	const struct config_listener *before = listener_before(lineage, running, index, fresh->address);

	fresh->id = before ? before->id : ++lineage->listeners;
	return !before || keep_fixed(CONFIG_LISTENER, fresh, before, ret_kept);
}

/* ---- tenants ---- */

/* The secret may differ: that is a rotation, and the old token serves until there is a new one. */
static bool
same_account(const struct config_tenant *a, const struct config_tenant *b)
{
	return a->credentials.kind == b->credentials.kind && same_text(a->base_url, b->base_url) &&
		same_text(a->token_url, b->token_url) && same_text(a->token_proxy, b->token_proxy) &&
		same_text(a->ca_file, b->ca_file) && a->connect_timeout_ms == b->connect_timeout_ms &&
		a->http_version == b->http_version;
}

bool
config_same_client(const struct config *config_a, const struct config_tenant *a,
	const struct config *config_b, const struct config_tenant *b)
{
	return a->account == b->account && a->slot == b->slot && same_text(a->api_proxy, b->api_proxy) &&
		a->retry_max == b->retry_max && a->retry_interval_ms == b->retry_interval_ms &&
		a->breaker == b->breaker && config_a->limits.max_answer == config_b->limits.max_answer;
}

static bool
find_slot(struct config_lineage *lineage, struct config_tenant *fresh, struct cspark_error *ret_error)
{
	unsigned slot = 0;

	while (slot < lineage->slots && strcmp(lineage->names[slot], fresh->name) != 0)
		slot++;
	fresh->slot = slot;
	if (slot < lineage->slots)
		return true;
	if (slot == CONFIG_SLOTS)
		return fail(ret_error, "too many names of tenants since the start: restart csparkd");
	lineage->names[slot] = strdup(fresh->name);
	if (!lineage->names[slot])
		return fail(ret_error, "no memory");
	lineage->slots++;
	return true;
}

static bool
follow_tenant(struct config_lineage *lineage, struct config_tenant *fresh, const struct config *running,
	struct cspark_error *ret_error)
{
	const struct config_tenant *before = running ? config_find_tenant(running, fresh->name) : NULL;

	fresh->account = before && same_account(before, fresh) ? before->account : ++lineage->accounts;
	return find_slot(lineage, fresh, ret_error);
}

/* ---- all ---- */

bool
config_follow(struct config_lineage *lineage, struct config *fresh, const struct config *running,
	struct buf *ret_kept, struct cspark_error *ret_error)
{
	if (running && !keep_fixed(CONFIG_TOP, fresh, running, ret_kept))
		return fail(ret_error, "no memory");
	for (size_t i = 0; i < fresh->listener_count; i++)
		if (!follow_listener(lineage, fresh, i, running, ret_kept))
			return fail(ret_error, "no memory");
	for (size_t i = 0; i < fresh->tenant_count; i++)
		if (!follow_tenant(lineage, &fresh->tenants[i], running, ret_error))
			return false;
	return true;
}

void
config_lineage_fini(struct config_lineage *lineage)
{
	for (unsigned i = 0; i < lineage->slots; i++)
		free(lineage->names[i]);
	lineage->slots = 0;
}
