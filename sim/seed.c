#include "sim/seed.h"

#include "base/json_text.h"
#include "sim/catalog.h"
#include "sim/exchange.h"
#include "sim/member.h"
#include "sim/options.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>

static const char *const categories[][2] = {
	{ "Medical", "medical.svg" },
	{ "Critical Illness", "critical_illness.svg" },
	{ "Universal Life", "universal_life.svg" },
	{ "Annuity", "annuity.svg" },
	{ "Term", "term.svg" },
	{ "Property & Casualty", "property.svg" },
	{ "Other", "other.svg" },
};

static struct version *
add_version(struct service *service, const char *number)
{
	struct version *version = service_add_draft(service);

	snprintf(version->number, sizeof(version->number), "%s", number);
	snprintf(version->start, sizeof(version->start), "2000-01-01T00:00:00.000Z");
	snprintf(version->end, sizeof(version->end), "2100-01-01T00:00:00.000Z");
	service_publish(version);
	return version;
}

static void
add_built_in(struct folder *folder, const struct built_in *row)
{
	struct service *service = folder_add_service(folder, row->name);
	struct version *version = add_version(service, row->number);

	service->model = catalog_model(str_of(row->model));
	service->open = row->open;
	memcpy(service->id, row->service_id, sizeof(service->id));
	memcpy(version->id, row->version_id, sizeof(version->id));
}

static struct blob *
read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	struct blob *blob;
	char piece[65536];
	size_t n;

	if (!file)
		return NULL;
	blob = blob_new();
	while ((n = fread(piece, 1, sizeof(piece), file)) > 0)
		blob_put(blob, piece, n);
	fclose(file);
	return blob;
}

/* service.json says what differs from what a service is like anyway. */
static bool
describe(struct service *service, struct version *version, struct str json)
{
	char model[NAME_BYTES], number[32], service_id[UUID_BYTES], version_id[UUID_BYTES];
	bool good = json_valid(json.at, json.len, NULL) && json_kind_of(json) == JSON_OBJECT &&
		member_text(json, "model", model, sizeof(model)) &&
		member_plain(json, "version", number, sizeof(number)) &&
		member_plain(json, "service_id", service_id, sizeof(service_id)) &&
		member_plain(json, "version_id", version_id, sizeof(version_id)) &&
		member_text(json, "label", version->label, sizeof(version->label)) &&
		member_text(json, "note", version->note, sizeof(version->note)) &&
		member_text(json, "tags", version->tags, sizeof(version->tags));

	if (!good || (model[0] && !catalog_model(str_of(model))))
		return false;
	if (model[0])
		service->model = catalog_model(str_of(model));
	service->open = member_is_true(json, "public");
	if (number[0])
		memcpy(version->number, number, sizeof(version->number));
	if (service_id[0])
		memcpy(service->id, service_id, sizeof(service->id));
	if (version_id[0])
		memcpy(version->id, version_id, sizeof(version->id));
	return true;
}

static bool
seed_service(struct folder *folder, const char *path, const char *name)
{
	char file[4200];
	struct blob *workbook, *json;
	struct service *service;
	struct version *version;
	bool good = true;

	snprintf(file, sizeof(file), "%.4096s/workbook.xlsx", path);
	workbook = read_file(file);
	snprintf(file, sizeof(file), "%.4096s/service.json", path);
	json = read_file(file);
	if (!workbook && !json)
		return true;
	service = folder_service(folder, str_of(name));
	service = service ? service : folder_add_service(folder, name);
	version = add_version(service, "0.1.0");
	version->workbook = workbook;
	if (json)
		good = describe(service, version, blob_text(json));
	blob_unref(json);
	if (!good)
		fprintf(stderr, "cspark-sim: %s is not understood\n", file);
	return good;
}

static bool seed_folders(struct world *world, struct folder *folder, const char *path);

static bool
seed_entry(struct world *world, struct folder *folder, const char *path, const char *name)
{
	struct folder *inner;

	if (folder)
		return seed_service(folder, path, name);
	inner = store_folder(&world->store, str_of(name));
	return seed_folders(world, inner ? inner : store_add_folder(&world->store, name), path);
}

/* The two levels of folders: of folders (<folder> is NULL), of services in one. */
static bool
seed_folders(struct world *world, struct folder *folder, const char *path)
{
	char inner[4096];
	struct dirent *entry;
	bool good = true;
	DIR *dir = opendir(path);

	if (!dir && errno == ENOTDIR && folder)
		return true; /* a file that happens to lie there */
	if (!dir) {
		fprintf(stderr, "cspark-sim: %s: %s\n", path, strerror(errno));
		return false;
	}
	while (good && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN))
			continue;
		snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
		good = strlen(entry->d_name) < NAME_BYTES && seed_entry(world, folder, inner, entry->d_name);
	}
	closedir(dir);
	return good;
}

bool
seed_world(struct world *world)
{
	struct folder *folder = store_add_folder(&world->store, BUILT_IN_FOLDER);
	size_t i;

	memcpy(folder->id, BUILT_IN_FOLDER_ID, sizeof(folder->id));
	snprintf(folder->description, sizeof(folder->description), "What the simulator has built in");
	for (i = 0; i < catalog_service_count; i++)
		add_built_in(folder, &catalog_services[i]);
	for (i = 0; i < sizeof(categories) / sizeof(categories[0]); i++)
		store_add_category(&world->store, categories[i][0], categories[i][0], categories[i][1]);
	return !world->options->seed || seed_folders(world, NULL, world->options->seed);
}

void
world_reset(struct world *world)
{
	pthread_mutex_lock(&world->store.lock);
	store_clear(&world->store);
	history_clear(&world->history);
	jobs_clear(&world->jobs);
	documents_clear(&world->documents);
	batches_clear(&world->batches);
	world->runner = (struct runner){ .pulled = "" };
	world->documents.lifetime_s = world->options->url_lifetime_s;
	seed_world(world);
	pthread_mutex_unlock(&world->store.lock);
}
