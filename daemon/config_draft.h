/*
 * A configuration under construction: the structures, and for each field who set it. Lives during
 * config_load() only.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "daemon/config_key.h"
#include "daemon/config_report.h"
#include "daemon/config_value.h"

/* One structure: the configuration itself, a listener or a tenant. */
struct config_part {
	enum config_section section; /* CONFIG_TOP, CONFIG_LISTENER, CONFIG_TENANT */
	void *base;
	struct config_origin origin; /* of the group as a whole */
	struct config_origin origins[CONFIG_KEYS];
};

struct config_draft {
	struct config *config;
	struct config_report *report; /* borrowed */
	mode_t file_mode;             /* of the configuration file */
	struct config_part top;
	struct config_part listeners[CONFIG_MAX_LISTENERS]; /* config->listener_count of them */
	struct config_part tenants[CONFIG_MAX_TENANTS];
};

/* Given (config_draft_free), with all defaults; NULL: no memory. */
struct config_draft *config_draft_new(struct config_report *report);
/* The configuration inside is freed too, unless it was taken (draft->config = NULL). Accepts NULL. */
void config_draft_free(struct config_draft *draft);

/* A new listener or tenant with its defaults. NULL, reported: too many, or no memory. */
struct config_part *config_draft_add(
	struct config_draft *draft, enum config_section section, struct config_origin origin);
/* Sets a field of <part> and remembers who did; a bad value is reported and changes nothing. */
void config_draft_set(struct config_draft *draft, struct config_part *part, const struct config_key *key,
	const struct config_value *value, struct config_origin origin);
/* Who set the key; if nobody, the place of the group. */
struct config_origin config_part_origin(const struct config_part *part, enum config_key_id id);
bool config_part_has(const struct config_part *part, enum config_key_id id);
