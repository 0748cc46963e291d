#include "daemon/edition.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "daemon/config_follow.h"

/* The line of <before> that does for <tenant> as well; NULL: there is none. */
static struct line *
find_line(const struct edition *before, const struct config *config, const struct config_tenant *tenant)
{
	const struct config_tenant *was = before ? config_find_tenant(before->config, tenant->name) : NULL;

	if (!was || !config_same_client(before->config, was, config, tenant))
		return NULL;
	return edition_line(before, was);
}

struct edition *
edition_new(struct upstream *upstream, struct config *config, const struct edition *before)
{
	size_t count = config->tenant_count;
	struct edition *edition = calloc(1, sizeof *edition + count * sizeof edition->lines[0]);

	if (!edition) {
		config_unref(config);
		return NULL;
	}
	edition->refs = 1;
	edition->config = config;
	for (size_t i = 0; i < count; i++) {
		struct line *line = find_line(before, config, &config->tenants[i]);

		edition->lines[i] =
			line ? line_ref(line) : line_open_client(upstream, config, &config->tenants[i]);
		if (!edition->lines[i]) {
			edition_unref(edition);
			return NULL;
		}
	}
	return edition;
}

struct edition *
edition_ref(struct edition *edition)
{
	edition->refs++;
	return edition;
}

void
edition_unref(struct edition *edition)
{
	if (!edition || --edition->refs > 0)
		return;
	for (size_t i = 0; i < edition->config->tenant_count; i++)
		line_unref(edition->lines[i]);
	for (size_t i = 0; i < CONFIG_MAX_LISTENERS; i++)
		secret_free(edition->badges[i]);
	config_unref(edition->config);
	free(edition);
}

struct line *
edition_line(const struct edition *edition, const struct config_tenant *tenant)
{
	return edition->lines[tenant - edition->config->tenants];
}

const char *
edition_badge(const struct edition *edition, const struct config_listener *listener)
{
	const char *newer = edition->badges[listener - edition->config->listeners];

	return newer ? newer : listener->caller_token;
}

void
edition_set_badge(struct edition *edition, unsigned id, const char *token)
{
	const struct config_listener *listener = config_find_listener(edition->config, id);
	char *copy = listener ? secret_copy(str_of(token)) : NULL;
	char **badge;

	if (!copy)
		return;
	badge = &edition->badges[listener - edition->config->listeners];
	secret_free(*badge);
	*badge = copy;
}
