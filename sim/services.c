#include "sim/services.h"

#include <stdio.h>

static const struct service table[] = {
	{ "my-folder", "volume-cylinder", "b3cfea0c-aca4-471a-8500-26b887d14d69",
		"91299a5d-9328-4435-911b-4e5f7783f5d4", "0.1.0", model_cylinder, false },
	{ "my-folder", "public-cylinder", "5c7e4f3a-0c3b-4a0e-9a53-0d6c6b1f4e01",
		"d2f3b8a4-6d0e-4b8e-8f0c-9a1f2b3c4d02", "0.1.0", model_cylinder, true },
	{ NULL, "echo", "e0e0e0e0-0000-4000-8000-00000000000e", "e0e0e0e0-0000-4000-8000-0000000000e1",
		"1.0.0", model_echo, false },
	{ NULL, "public-echo", "e0e0e0e0-0000-4000-8000-0000000000f0", "e0e0e0e0-0000-4000-8000-0000000000f1",
		"1.0.0", model_echo, true },
	{ NULL, "sum", "50505050-0000-4000-8000-000000000050", "50505050-0000-4000-8000-000000000051",
		"2.3.1", model_sum, false },
	{ NULL, "picky", "61616161-0000-4000-8000-000000000060", "61616161-0000-4000-8000-000000000061",
		"1.0.0", model_picky, false },
};
#define ROWS (sizeof(table) / sizeof(table[0]))
#define ECHO 2

static void
settle(struct located *ret, struct str folder, struct str name, const struct service *service)
{
	snprintf(ret->label, sizeof(ret->label), "%.*s/%.*s", STR_ARG(folder), STR_ARG(name));
	ret->service = service;
}

static const struct service *
find_name(struct str folder, struct str name)
{
	size_t i;

	for (i = 0; i < ROWS; i++) {
		bool here = !table[i].folder || str_eq(folder, str_of(table[i].folder));

		if (here && str_eq(name, str_of(table[i].name)))
			return &table[i];
	}
	return NULL;
}

void
services_by_name(struct str folder, struct str name, bool any_service, struct located *ret)
{
	struct str mood, base = str_cut(name, '~', &mood);
	const struct service *service = NULL;

	*ret = (struct located){ .service = NULL };
	if (folder.len == 0 || name.len == 0)
		return;
	if (str_starts(name, STR("mood-"))) {
		mood = str_range(name.at + 5, name.len - 5);
		service = &table[ECHO];
	} else if (mood.at) {
		service = find_name(folder, base);
	}
	if (mood.at && !mood_read(mood, &ret->mood))
		service = NULL;
	if (!service)
		service = find_name(folder, name);
	if (!service && any_service)
		service = &table[ECHO];
	settle(ret, folder, name, service);
}

static void
found(const struct service *service, struct located *ret)
{
	settle(ret, str_of(service->folder ? service->folder : "any"), str_of(service->name), service);
}

void
services_by_id(struct str id, struct located *ret)
{
	size_t i;

	*ret = (struct located){ .service = NULL };
	for (i = 0; i < ROWS; i++)
		if (str_eq(id, str_of(table[i].service_id)))
			found(&table[i], ret);
}

void
services_by_version_id(struct str id, struct located *ret)
{
	size_t i;

	*ret = (struct located){ .service = NULL };
	for (i = 0; i < ROWS; i++)
		if (str_eq(id, str_of(table[i].version_id)))
			found(&table[i], ret);
}

bool
service_has_version(const struct service *service, struct str version)
{
	struct str full = str_of(service->version);

	if (version.len == 0 || str_eq(version, full))
		return true;
	return str_starts(full, version) && full.at[version.len] == '.';
}

bool
services_by_uri(struct str uri, bool any_service, struct located *ret)
{
	struct str version = { NULL, 0 }, name, folder;

	services_by_id(uri, ret);
	if (ret->service)
		return true;
	if (str_starts(uri, STR("folders/")))
		uri = str_range(uri.at + 8, uri.len - 8);
	folder = str_cut(uri, '/', &name);
	if (str_starts(name, STR("services/")))
		name = str_range(name.at + 9, name.len - 9);
	if (str_ends(name, STR("]")) && str_find(name, '[') >= 0) {
		name = str_cut(name, '[', &version);
		version.len--;
	}
	services_by_name(folder, name, any_service, ret);
	return !ret->service || service_has_version(ret->service, version);
}
