#include "daemon/config_credential.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define PREFIX "credential:"

static bool
is_file_key(const struct config_key *key)
{
	return key->type == CONFIG_TEXT &&
		(key->section == CONFIG_TLS || str_ends(str_of(key->name), STR("_file")));
}

/* Why <name> cannot be found, as the end of a sentence; NULL: it can. */
static const char *
fault_of(const char *name, const char *folder)
{
	if (!*name || strchr(name, '/') || strcmp(name, "..") == 0)
		return "is no name of a credential";
	if (!folder || !*folder)
		return "needs $CREDENTIALS_DIRECTORY, which systemd sets for a unit with LoadCredential=";
	return NULL;
}

/* ---- for everybody who wants to know ---- */

struct visit {
	void (*take)(void *arg, const char *path);
	void *arg;
};

static void
visit_files(const struct visit *visit, enum config_section owner, const void *base)
{
	for (unsigned i = 0; i < CONFIG_KEYS; i++) {
		const struct config_key *key = config_key(i);
		const char *path;

		if (!is_file_key(key) || config_section_owner(key->section) != owner)
			continue;
		path = *(char *const *)((const char *)base + key->offset);
		if (path)
			visit->take(visit->arg, path);
	}
}

void
config_each_file(const struct config *config, void (*take)(void *arg, const char *path), void *arg)
{
	struct visit visit = { take, arg };

	visit_files(&visit, CONFIG_TOP, config);
	for (size_t i = 0; i < config->listener_count; i++)
		visit_files(&visit, CONFIG_LISTENER, &config->listeners[i]);
	for (size_t i = 0; i < config->tenant_count; i++)
		visit_files(&visit, CONFIG_TENANT, &config->tenants[i]);
}

/* ---- credentials ---- */

static void
resolve(struct config_draft *draft, const struct config_part *part, enum config_key_id id, const char *folder)
{
	const struct config_key *key = config_key(id);
	char **field = (char **)((char *)part->base + key->offset);
	const char *name, *fault;
	char *path;

	if (!*field || !str_starts(str_of(*field), STR(PREFIX)))
		return;
	name = *field + strlen(PREFIX);
	fault = fault_of(name, folder);
	if (fault)
		config_report_error(draft->report, config_part_origin(part, id), "%s \"%s\" %s", key->name,
			*field, fault);
	else if (asprintf(&path, "%s/%s", folder, name) < 0)
		config_report_error(draft->report, config_part_origin(part, id), "no memory");
	else
		config_value_take(field, path);
}

static void
resolve_part(struct config_draft *draft, const struct config_part *part, const char *folder)
{
	for (unsigned i = 0; i < CONFIG_KEYS; i++)
		if (is_file_key(config_key(i)) &&
			config_section_owner(config_key(i)->section) == part->section)
			resolve(draft, part, i, folder);
}

void
config_credential_resolve(struct config_draft *draft, char *(*getenv_fn)(const char *))
{
	const char *folder = getenv_fn("CREDENTIALS_DIRECTORY");

	for (size_t i = 0; i < draft->config->listener_count; i++)
		resolve_part(draft, &draft->listeners[i], folder);
	for (size_t i = 0; i < draft->config->tenant_count; i++)
		resolve_part(draft, &draft->tenants[i], folder);
}
