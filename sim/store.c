#include "sim/store.h"

#include "sim/catalog.h"

#include <stdio.h>
#include <stdlib.h>

static void *
allocate(size_t bytes)
{
	void *memory = calloc(1, bytes);

	if (!memory)
		abort();
	return memory;
}

void
store_init(struct store *store)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&store->lock, &attr);
	pthread_mutexattr_destroy(&attr);
	list_init(&store->folders);
	list_init(&store->categories);
	list_init(&store->transforms);
}

void
store_clear(struct store *store)
{
	pthread_mutex_lock(&store->lock);
	while (!list_empty(&store->folders))
		store_drop_folder(LIST_ITEM(store->folders.next, struct folder, node));
	while (!list_empty(&store->transforms))
		store_drop_transform(LIST_ITEM(store->transforms.next, struct transform, node));
	while (!list_empty(&store->categories))
		store_drop_category(LIST_ITEM(store->categories.next, struct category, node));
	pthread_mutex_unlock(&store->lock);
}

/* -- folders -------------------------------------------------------------- */

struct folder *
store_folder(struct store *store, struct str name)
{
	struct list *at;

	for (at = store->folders.next; at != &store->folders; at = at->next)
		if (str_eq(name, str_of(LIST_ITEM(at, struct folder, node)->name)))
			return LIST_ITEM(at, struct folder, node);
	return NULL;
}

struct folder *
store_folder_by_id(struct store *store, struct str id)
{
	struct list *at;

	for (at = store->folders.next; at != &store->folders; at = at->next)
		if (str_eq_nocase(id, str_of(LIST_ITEM(at, struct folder, node)->id)))
			return LIST_ITEM(at, struct folder, node);
	return NULL;
}

struct folder *
store_add_folder(struct store *store, const char *name)
{
	struct folder *folder = allocate(sizeof(*folder));

	list_init(&folder->services);
	stamp_uuid(folder->id);
	stamp_now(folder->created);
	snprintf(folder->name, sizeof(folder->name), "%s", name);
	snprintf(folder->category, sizeof(folder->category), "Other");
	snprintf(folder->status, sizeof(folder->status), "Design");
	snprintf(folder->modified, sizeof(folder->modified), "%s", folder->created);
	snprintf(folder->start, sizeof(folder->start), "%s", folder->created);
	stamp_years_later(folder->start, 10, folder->launch);
	list_append(&store->folders, &folder->node);
	return folder;
}

void
store_drop_folder(struct folder *folder)
{
	while (!list_empty(&folder->services))
		store_drop_service(LIST_ITEM(folder->services.next, struct service, node));
	list_remove(&folder->node);
	blob_unref(folder->cover);
	free(folder);
}

/* -- services ------------------------------------------------------------- */

struct service *
folder_service(struct folder *folder, struct str name)
{
	struct list *at;

	for (at = folder->services.next; at != &folder->services; at = at->next)
		if (str_eq(name, str_of(LIST_ITEM(at, struct service, node)->name)))
			return LIST_ITEM(at, struct service, node);
	return NULL;
}

struct service *
folder_add_service(struct folder *folder, const char *name)
{
	struct service *service = allocate(sizeof(*service));

	list_init(&service->versions);
	list_init(&service->drafts);
	stamp_uuid(service->id);
	snprintf(service->name, sizeof(service->name), "%s", name);
	service->folder = folder;
	service->model = catalog_model_for(str_of(service->name));
	service->open = str_starts(str_of(service->name), STR("public-"));
	list_append(&folder->services, &service->node);
	return service;
}

void
store_drop_service(struct service *service)
{
	while (!list_empty(&service->versions))
		store_drop_version(LIST_ITEM(service->versions.next, struct version, node));
	while (!list_empty(&service->drafts))
		store_drop_version(LIST_ITEM(service->drafts.next, struct version, node));
	list_remove(&service->node);
	free(service);
}

struct service *
store_service(struct store *store, struct str folder_name, struct str name)
{
	struct folder *folder = store_folder(store, folder_name);
	struct service *service = folder ? folder_service(folder, name) : NULL;

	return service && !list_empty(&service->versions) ? service : NULL;
}

struct service *
store_service_by_id(struct store *store, struct str id)
{
	struct list *f, *s;

	for (f = store->folders.next; f != &store->folders; f = f->next) {
		struct folder *folder = LIST_ITEM(f, struct folder, node);

		for (s = folder->services.next; s != &folder->services; s = s->next) {
			struct service *service = LIST_ITEM(s, struct service, node);

			if (str_eq_nocase(id, str_of(service->id)) && !list_empty(&service->versions))
				return service;
		}
	}
	return NULL;
}

/* -- versions ------------------------------------------------------------- */

struct version *
service_latest(const struct service *service)
{
	if (list_empty(&service->versions))
		return NULL;
	return LIST_ITEM(service->versions.next, struct version, node);
}

/* Spark's own dates compare as text; a date without a time is the beginning of the day. */
static bool
is_effective(const struct version *version, struct str date)
{
	size_t len = date.len < 19 ? date.len : 19;

	return date.len == 0 ||
		(strncmp(version->start, date.at, len) <= 0 && strncmp(version->end, date.at, len) >= 0);
}

static bool
is_number(const char *full, struct str number)
{
	return number.len == 0 || str_eq(number, str_of(full)) ||
		(str_starts(str_of(full), number) && full[number.len] == '.');
}

struct version *
service_version(const struct service *service, struct str number, struct str date)
{
	struct list *at;

	for (at = service->versions.next; at != &service->versions; at = at->next) {
		struct version *version = LIST_ITEM(at, struct version, node);

		if (is_number(version->number, number) && is_effective(version, date))
			return version;
	}
	return NULL;
}

typedef bool fits_fn(const struct version *version, struct str text);

static bool
has_id(const struct version *version, struct str id)
{
	return str_eq_nocase(id, str_of(version->id));
}

static bool
has_job(const struct version *version, struct str job)
{
	return str_eq_nocase(job, str_of(version->job));
}

static struct version *
find_in(const struct list *head, fits_fn *fits, struct str text)
{
	struct list *at;

	for (at = head->next; at != head; at = at->next)
		if (fits(LIST_ITEM(at, struct version, node), text))
			return LIST_ITEM(at, struct version, node);
	return NULL;
}

static struct version *
find_version(struct store *store, fits_fn *fits, bool drafts, struct str text)
{
	struct list *f, *s;
	struct version *found = NULL;

	for (f = store->folders.next; f != &store->folders; f = f->next) {
		struct folder *folder = LIST_ITEM(f, struct folder, node);

		for (s = folder->services.next; s != &folder->services && !found; s = s->next) {
			struct service *service = LIST_ITEM(s, struct service, node);

			found = find_in(&service->versions, fits, text);
			if (!found && drafts)
				found = find_in(&service->drafts, fits, text);
		}
	}
	return found;
}

struct version *
store_version(struct store *store, struct str id)
{
	return find_version(store, has_id, false, id);
}

struct version *
store_version_by_job(struct store *store, struct str job)
{
	return job.len ? find_version(store, has_job, true, job) : NULL;
}

struct version *
service_add_draft(struct service *service)
{
	struct version *draft = allocate(sizeof(*draft));

	draft->service = service;
	stamp_uuid(draft->id);
	stamp_uuid(draft->file_document);
	stamp_uuid(draft->engine_document);
	stamp_now(draft->created);
	snprintf(draft->start, sizeof(draft->start), "%s", draft->created);
	stamp_years_later(draft->start, 10, draft->end);
	snprintf(draft->file_name, sizeof(draft->file_name), "%.120s.xlsx", service->name);
	snprintf(draft->compiler, sizeof(draft->compiler), "Neuron_v1.22.3");
	list_append(&service->drafts, &draft->node);
	return draft;
}

void
service_publish(struct version *draft)
{
	list_remove(&draft->node);
	list_append(draft->service->versions.next, &draft->node); /* in front of what is first */
	stamp_now(draft->created);
	stamp_now(draft->service->folder->modified);
}

void
store_drop_version(struct version *version)
{
	list_remove(&version->node);
	blob_unref(version->workbook);
	free(version);
}

bool
service_next_number(const struct service *service, struct str difference, char *ret, size_t max)
{
	static const char *const words[] = { "major", "minor", "patch" };
	const struct version *latest = service_latest(service);
	unsigned part[3] = { 0 };
	int i, at = -1;

	for (i = 0; i < 3; i++)
		if (str_eq_nocase(difference, str_of(words[i])))
			at = i;
	if (at < 0)
		return false;
	if (latest)
		sscanf(latest->number, "%u.%u.%u", &part[0], &part[1], &part[2]);
	part[at]++;
	for (i = at + 1; i < 3; i++)
		part[i] = 0;
	snprintf(ret, max, "%u.%u.%u", part[0], part[1], part[2]);
	return true;
}

/* -- categories and transforms -------------------------------------------- */

struct category *
store_category(struct store *store, struct str key)
{
	struct list *at;

	for (at = store->categories.next; at != &store->categories; at = at->next)
		if (str_eq_nocase(key, str_of(LIST_ITEM(at, struct category, node)->key)))
			return LIST_ITEM(at, struct category, node);
	return NULL;
}

void
store_add_category(struct store *store, const char *key, const char *value, const char *icon)
{
	struct category *category = allocate(sizeof(*category));

	snprintf(category->key, sizeof(category->key), "%s", key);
	snprintf(category->value, sizeof(category->value), "%s", value);
	snprintf(category->icon, sizeof(category->icon), "%s", icon);
	list_append(&store->categories, &category->node);
}

void
store_drop_category(struct category *category)
{
	list_remove(&category->node);
	free(category);
}

struct transform *
store_transform(struct store *store, struct str folder, struct str name)
{
	struct list *at;

	for (at = store->transforms.next; at != &store->transforms; at = at->next) {
		struct transform *transform = LIST_ITEM(at, struct transform, node);

		if (str_eq(folder, str_of(transform->folder)) && str_eq(name, str_of(transform->name)))
			return transform;
	}
	return NULL;
}

struct transform *
store_add_transform(struct store *store, struct str folder, struct str name)
{
	struct transform *transform = allocate(sizeof(*transform));

	stamp_uuid(transform->id);
	stamp_now(transform->created);
	snprintf(transform->folder, sizeof(transform->folder), "%.*s", STR_ARG(folder));
	snprintf(transform->name, sizeof(transform->name), "%.*s", STR_ARG(name));
	list_append(&store->transforms, &transform->node);
	return transform;
}

void
store_drop_transform(struct transform *transform)
{
	list_remove(&transform->node);
	blob_unref(transform->document);
	free(transform);
}
