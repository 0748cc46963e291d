#include "daemon/config_draft.h"

#include <stdlib.h>

struct config_draft *
config_draft_new(struct config_report *report)
{
	struct config_draft *draft = calloc(1, sizeof(*draft));

	if (!draft)
		return NULL;
	draft->report = report;
	draft->config = calloc(1, sizeof(*draft->config));
	if (!draft->config)
		goto fail;
	draft->config->refs = 1;
	draft->config->listeners = calloc(CONFIG_MAX_LISTENERS, sizeof(*draft->config->listeners));
	draft->config->tenants = calloc(CONFIG_MAX_TENANTS, sizeof(*draft->config->tenants));
	if (!draft->config->listeners || !draft->config->tenants)
		goto fail;
	draft->top = (struct config_part){ .section = CONFIG_TOP, .base = draft->config };
	if (config_value_defaults(CONFIG_TOP, draft->config))
		return draft;
fail:
	config_draft_free(draft);
	return NULL;
}

void
config_draft_free(struct config_draft *draft)
{
	if (draft)
		config_unref(draft->config);
	free(draft);
}

/* Where the next part of its kind goes; NULL if there are enough. */
static struct config_part *
next_part(struct config_draft *draft, enum config_section section)
{
	struct config *config = draft->config;
	bool is_listener = section == CONFIG_LISTENER;
	size_t *count = is_listener ? &config->listener_count : &config->tenant_count;
	size_t max = is_listener ? CONFIG_MAX_LISTENERS : CONFIG_MAX_TENANTS;
	struct config_part *part;

	if (*count >= max)
		return NULL;
	part = is_listener ? &draft->listeners[*count] : &draft->tenants[*count];
	part->base = is_listener ? (void *)&config->listeners[*count] : (void *)&config->tenants[*count];
	++*count;
	return part;
}

struct config_part *
config_draft_add(struct config_draft *draft, enum config_section section, struct config_origin origin)
{
	struct config_part *part = next_part(draft, section);

	if (!part) {
		config_report_error(draft->report, origin, "too many %s", config_place(section)->name);
		return NULL;
	}
	part->section = section;
	part->origin = origin;
	if (config_value_defaults(section, part->base))
		return part;
	config_report_error(draft->report, origin, "no memory");
	return NULL;
}

void
config_draft_set(struct config_draft *draft, struct config_part *part, const struct config_key *key,
	const struct config_value *value, struct config_origin origin)
{
	struct config_fault fault;
	char path[96];

	if (config_value_set(key, part->base, value, &fault)) {
		part->origins[config_key_id(key)] = origin;
		return;
	}
	config_key_path(key, path, sizeof(path));
	config_report_error(draft->report, origin, "%s: %s", path, fault.text);
}

struct config_origin
config_part_origin(const struct config_part *part, enum config_key_id id)
{
	return config_part_has(part, id) ? part->origins[id] : part->origin;
}

bool
config_part_has(const struct config_part *part, enum config_key_id id)
{
	return part->origins[id].source != NULL;
}
