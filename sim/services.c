#include "sim/services.h"

#include "sim/catalog.h"
#include "sim/exchange.h"
#include "sim/options.h"

#include <stdio.h>

static void
settle(struct located *ret, struct str folder, struct str name)
{
	snprintf(ret->label, sizeof(ret->label), "%.*s/%.*s", STR_ARG(folder), STR_ARG(name));
}

static void
take_version(struct located *ret, const struct version *version)
{
	const struct service *service = version->service;
	struct callee *callee = &ret->callee;

	ret->found = true;
	memcpy(callee->folder, service->folder->name, sizeof(callee->folder));
	memcpy(callee->name, service->name, sizeof(callee->name));
	memcpy(callee->service_id, service->id, sizeof(callee->service_id));
	memcpy(callee->version_id, version->id, sizeof(callee->version_id));
	memcpy(callee->version, version->number, sizeof(callee->version));
	callee->model = service->model;
	callee->open = service->open;
}

static void
take_built_in(struct located *ret, struct str folder, const struct built_in *row)
{
	struct callee *callee = &ret->callee;

	ret->found = true;
	snprintf(callee->folder, sizeof(callee->folder), "%.*s", STR_ARG(folder));
	snprintf(callee->name, sizeof(callee->name), "%s", row->name);
	snprintf(callee->service_id, sizeof(callee->service_id), "%s", row->service_id);
	snprintf(callee->version_id, sizeof(callee->version_id), "%s", row->version_id);
	snprintf(callee->version, sizeof(callee->version), "%s", row->number);
	callee->model = catalog_model(str_of(row->model));
	callee->open = row->open;
}

/* What is built in exists in every folder nobody has made. */
static const struct built_in *
built_in_anywhere(struct str name)
{
	size_t i;

	for (i = 0; i < catalog_service_count; i++)
		if (catalog_services[i].anywhere && str_eq(name, str_of(catalog_services[i].name)))
			return &catalog_services[i];
	return NULL;
}

static void
find_name(struct world *world, struct str folder, struct str name, struct located *ret)
{
	const struct built_in *row = built_in_anywhere(name);
	struct service *service;

	pthread_mutex_lock(&world->store.lock);
	service = store_service(&world->store, folder, name);
	if (service)
		take_version(ret, service_latest(service));
	else if (row && !store_folder(&world->store, folder))
		take_built_in(ret, folder, row);
	pthread_mutex_unlock(&world->store.lock);
}

void
services_mood(struct str name, struct mood *ret)
{
	struct str mood;

	ret->kind = NULL;
	if (str_starts(name, STR("mood-")))
		mood = str_range(name.at + 5, name.len - 5);
	else
		str_cut(name, '~', &mood);
	if (mood.at && !mood_read(mood, ret))
		ret->kind = NULL;
}

void
services_by_name(struct world *world, struct str folder, struct str name, struct located *ret)
{
	struct str mood, base = str_cut(name, '~', &mood);

	*ret = (struct located){ .found = false };
	if (folder.len == 0 || name.len == 0)
		return;
	services_mood(name, &ret->mood);
	if (ret->mood.kind && str_starts(name, STR("mood-")))
		take_built_in(ret, folder, built_in_anywhere(STR("echo")));
	else if (ret->mood.kind)
		find_name(world, folder, base, ret);
	if (!ret->found)
		find_name(world, folder, name, ret);
	if (!ret->found && world->options->any_service)
		take_built_in(ret, folder, built_in_anywhere(STR("echo")));
	settle(ret, folder, name);
}

/* The ids of what exists anywhere, unless its own folder has it. */
static void
find_built_in(struct str id, bool of_version, struct located *ret)
{
	size_t i;

	for (i = 0; i < catalog_service_count; i++) {
		const struct built_in *row = &catalog_services[i];

		if (row->anywhere &&
			str_eq_nocase(id, str_of(of_version ? row->version_id : row->service_id)))
			take_built_in(ret, STR("any"), row);
	}
}

static void
find_id(struct world *world, struct str id, bool of_version, struct located *ret)
{
	struct service *service;
	struct version *version;

	*ret = (struct located){ .found = false };
	pthread_mutex_lock(&world->store.lock);
	service = of_version ? NULL : store_service_by_id(&world->store, id);
	version = of_version ? store_version(&world->store, id) : service ? service_latest(service) : NULL;
	if (version)
		take_version(ret, version);
	pthread_mutex_unlock(&world->store.lock);
	if (!ret->found)
		find_built_in(id, of_version, ret);
	if (ret->found)
		settle(ret, str_of(ret->callee.folder), str_of(ret->callee.name));
}

void
services_by_id(struct world *world, struct str id, struct located *ret)
{
	find_id(world, id, false, ret);
}

void
services_by_version_id(struct world *world, struct str id, struct located *ret)
{
	find_id(world, id, true, ret);
}

bool
services_choose(struct world *world, struct located *located, struct str number, struct str date)
{
	struct str full = str_of(located->callee.version);
	struct service *service;
	struct version *version = NULL;
	bool good;

	if (number.len == 0 && date.len == 0)
		return true;
	pthread_mutex_lock(&world->store.lock);
	service = store_service_by_id(&world->store, str_of(located->callee.service_id));
	if (service)
		version = service_version(service, number, date);
	if (version)
		take_version(located, version);
	pthread_mutex_unlock(&world->store.lock);
	good = number.len == 0 || str_eq(number, full) ||
		(str_starts(full, number) && full.at[number.len] == '.');
	return service ? version != NULL : good;
}

bool
services_split_uri(struct str uri, struct str *ret_folder, struct str *ret_name, struct str *ret_version)
{
	*ret_version = (struct str){ NULL, 0 };
	if (str_starts(uri, STR("/")))
		uri = str_range(uri.at + 1, uri.len - 1);
	if (str_starts(uri, STR("folders/")))
		uri = str_range(uri.at + 8, uri.len - 8);
	*ret_folder = str_cut(uri, '/', ret_name);
	if (str_starts(*ret_name, STR("services/")))
		*ret_name = str_range(ret_name->at + 9, ret_name->len - 9);
	if (str_ends(*ret_name, STR("]")) && str_find(*ret_name, '[') >= 0) {
		*ret_name = str_cut(*ret_name, '[', ret_version);
		ret_version->len--;
	}
	return ret_name->at != NULL;
}

bool
services_by_uri(struct world *world, struct str uri, struct located *ret)
{
	struct str version, name, folder;

	services_by_id(world, uri, ret);
	if (ret->found)
		return true;
	services_split_uri(uri, &folder, &name, &version);
	services_by_name(world, folder, name, ret);
	return !ret->found || services_choose(world, ret, version, str_of(""));
}
