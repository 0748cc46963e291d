#include "daemon/config_key.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Which structure keeps a section. */
#define BASE_TOP      struct config
#define BASE_LISTENER struct config_listener
#define BASE_TLS      struct config_listener
#define BASE_TENANT   struct config_tenant
#define BASE_AUTH     struct config_tenant
#define BASE_RETRY    struct config_tenant
#define BASE_LIMITS   struct config
#define BASE_BULK     struct config
#define BASE_LOG      struct config

/* What a type is kept in, held against the field at compile time. */
#define KEPT_TEXT   char *
#define KEPT_SECRET char *
#define KEPT_TEXTS  char **
#define KEPT_WORD   char *
#define KEPT_CHOICE int
#define KEPT_SET    unsigned
#define KEPT_FLAG   bool
#define KEPT_COUNT  unsigned
#define KEPT_MS     unsigned
#define KEPT_SIZE   uint64_t
#define KEPT_MODE   unsigned
#define X(section, key, type, field, text, min, max, form, reloadable, variable, help)                      \
	_Static_assert(__builtin_types_compatible_p(__typeof__(((BASE_##section *)0)->field), KEPT_##type), \
		#section "." #key " is kept in a field of another type");
#include "daemon/config.def"
#undef X

static const struct config_key keys[CONFIG_KEYS] = {
#define X(section, key, type, field, text, min, max, form, reloadable, variable, help)                  \
	{ CONFIG_##section, #key, CONFIG_##type, offsetof(BASE_##section, field), text, min, max, form, \
		reloadable, variable, help },
#include "daemon/config.def"
#undef X
};

static const struct config_place places[CONFIG_SECTIONS] = {
	[CONFIG_TOP] = { NULL, CONFIG_TOP, false, "" },
	[CONFIG_LISTENER] = { "listeners", CONFIG_TOP, true, "Where callers connect; at most 16." },
	[CONFIG_TLS] = { "tls", CONFIG_LISTENER, false,
		"TLS, with a certificate; not on unix sockets. The files are read again when they change." },
	[CONFIG_TENANT] = { "tenants", CONFIG_TOP, true,
		"Tenants of Spark; the first is used unless _tenant says otherwise." },
	[CONFIG_AUTH] = { "auth", CONFIG_TENANT, false,
		"Credentials: OAuth wins over an API key, that over a bearer token." },
	[CONFIG_RETRY] = { "retry", CONFIG_TENANT, false,
		"Repeated attempts, where the operation allows them." },
	[CONFIG_LIMITS] = { "limits", CONFIG_TOP, false, "What callers may ask of this process." },
	[CONFIG_BULK] = { "bulk", CONFIG_TOP, false, "How lists of records are cut into calls." },
	[CONFIG_LOG] = { "log", CONFIG_TOP, false, "One line for each request and event." },
};

const struct config_key *
config_key(enum config_key_id id)
{
	assert(id < CONFIG_KEYS);
	return &keys[id];
}

enum config_key_id
config_key_id(const struct config_key *key)
{
	return (enum config_key_id)(key - keys);
}

const struct config_key *
config_key_find(enum config_section section, const char *name)
{
	for (size_t i = 0; i < CONFIG_KEYS; i++)
		if (keys[i].section == section && strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

const struct config_place *
config_place(enum config_section section)
{
	assert(section < CONFIG_SECTIONS);
	return &places[section];
}

enum config_section
config_section_find(enum config_section parent, const char *name)
{
	for (int i = CONFIG_TOP + 1; i < CONFIG_SECTIONS; i++)
		if (places[i].parent == parent && strcmp(places[i].name, name) == 0)
			return (enum config_section)i;
	return CONFIG_SECTIONS;
}

enum config_section
config_section_owner(enum config_section section)
{
	while (!places[section].is_list && section != CONFIG_TOP)
		section = places[section].parent;
	return section;
}

void
config_key_path(const struct config_key *key, char *ret, size_t size)
{
	const struct config_place *place = &places[key->section];
	const char *outer = places[place->parent].name;

	snprintf(ret, size, "%s%s%s%s%s", place->name && outer ? outer : "", place->name && outer ? "." : "",
		place->name ? place->name : "", place->name ? "." : "", key->name);
}

void
config_size_text(uint64_t bytes, char *ret, size_t size)
{
	static const char units[] = { 'G', 'M', 'K' };

	for (int i = 0; i < 3; i++) {
		unsigned shift = 30 - 10 * (unsigned)i;

		if (bytes >= 1ULL << shift && bytes % (1ULL << shift) == 0) {
			snprintf(ret, size, "%" PRIu64 "%c", bytes >> shift, units[i]);
			return;
		}
	}
	snprintf(ret, size, "%" PRIu64, bytes);
}

void
config_key_range(const struct config_key *key, char *ret, size_t size)
{
	char min[24], max[24];

	switch (key->type) {
	case CONFIG_WORD:
	case CONFIG_CHOICE:
		snprintf(ret, size, "one of %s", key->form);
		return;
	case CONFIG_SET:
		snprintf(ret, size, "any of %s", key->form);
		return;
	case CONFIG_FLAG:
		snprintf(ret, size, "true or false");
		return;
	case CONFIG_MODE:
		snprintf(ret, size, "\"0000\" to \"0777\"");
		return;
	case CONFIG_SIZE:
		if (strcmp(key->form, "bytes") == 0) {
			config_size_text(key->min, min, sizeof(min));
			config_size_text(key->max, max, sizeof(max));
			snprintf(ret, size, "%s to %s bytes", min, max);
			return;
		}
		__attribute__((fallthrough));
	case CONFIG_COUNT:
	case CONFIG_MS:
		snprintf(ret, size, "%" PRIu64 " to %" PRIu64 " %s", key->min, key->max, key->form);
		return;
	case CONFIG_TEXT:
	case CONFIG_SECRET:
	case CONFIG_TEXTS:
		snprintf(ret, size, "%" PRIu64 " to %" PRIu64 " bytes of text", key->min, key->max);
	}
}

/* ---- the name that was meant ---- */

enum { NAME_MAX_BYTES = 32 };

static unsigned
least(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Levenshtein's distance, of names up to NAME_MAX_BYTES. */
static unsigned
distance(const char *a, const char *b)
{
	unsigned row[NAME_MAX_BYTES + 1];
	size_t b_len = strlen(b);

	if (strlen(a) > NAME_MAX_BYTES || b_len > NAME_MAX_BYTES)
		return NAME_MAX_BYTES;
	for (unsigned j = 0; j <= b_len; j++)
		row[j] = j;
	for (unsigned i = 0; a[i]; i++) {
		unsigned diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < b_len; j++) {
			unsigned swap = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			row[j + 1] = least(row[j] + 1, row[j + 1] + 1, swap);
		}
	}
	return row[b_len];
}

const char *
config_key_nearest(enum config_section section, const char *name)
{
	unsigned best = (unsigned)strlen(name) / 3 + 2; /* further away is no typing error */
	const char *nearest = NULL;

	for (size_t i = 0; i < CONFIG_KEYS + CONFIG_SECTIONS; i++) {
		bool is_key = i < CONFIG_KEYS;
		const struct config_place *place = is_key ? NULL : &places[i - CONFIG_KEYS];
		bool is_here = is_key ? keys[i].section == section : place->name && place->parent == section;
		const char *candidate = is_key ? keys[i].name : place->name;
		unsigned far = is_here ? distance(name, candidate) : NAME_MAX_BYTES;

		if (far < best) {
			best = far;
			nearest = candidate;
		}
	}
	return nearest;
}
