/* Imports: /api/v4/import. */
#include "base/json_text.h"
#include "sim/catalog.h"
#include "sim/compose.h"
#include "sim/exchange.h"
#include "sim/impex.h"
#include "sim/member.h"
#include "sim/multipart.h"
#include "sim/operations.h"
#include "sim/package.h"
#include "sim/refuse.h"
#include "sim/reply.h"
#include "sim/services.h"

#include <stdio.h>

enum existing { EXISTING_ABORT, EXISTING_REPLACE, EXISTING_ADD };

struct import {
	struct world *world;
	struct package package;
	struct str modify; /* services_modify */
	enum existing existing;
	struct job *job;
	struct buf services; /* of the outputs */
	struct buf versions;
};

/* Where a version of the package goes. */
struct goal {
	char folder[NAME_BYTES];
	char service[NAME_BYTES];
	char uri[2 * NAME_BYTES];
	char upgrade[40];
};

static bool
is_source(struct str text, const struct packed *packed)
{
	struct str folder, name, version;

	if (str_eq_nocase(text, str_of(packed->service_id)))
		return true;
	return services_split_uri(text, &folder, &name, &version) && str_eq(folder, str_of(packed->folder)) &&
		str_eq(name, str_of(packed->service));
}

static void
set_goal(struct goal *goal, struct str folder, struct str service)
{
	copy_text(goal->folder, sizeof(goal->folder), folder);
	copy_text(goal->service, sizeof(goal->service), service);
	snprintf(goal->uri, sizeof(goal->uri), "%s/%s", goal->folder, goal->service);
}

/* As services_modify has it, or where it came from. */
static void
find_goal(const struct import *import, const struct packed *packed, struct goal *ret)
{
	char source[TEXT_BYTES], target[TEXT_BYTES];
	struct str entry, folder, name, version;
	struct json_walk walk;

	*ret = (struct goal){ .upgrade = "minor" };
	set_goal(ret, str_of(packed->folder), str_of(packed->service));
	json_walk_init(&walk, import->modify);
	while (json_walk_next(&walk, NULL, &entry)) {
		if (!member_text(entry, "service_uri_source", source, sizeof(source)) ||
			!is_source(str_of(source), packed))
			continue;
		if (member_text(entry, "service_uri_destination", target, sizeof(target)) && target[0] &&
			services_split_uri(str_of(target), &folder, &name, &version))
			set_goal(ret, folder, name);
		if (member_text(entry, "update_version_type", target, sizeof(ret->upgrade)) && target[0])
			snprintf(ret->upgrade, sizeof(ret->upgrade), "%.39s", target);
	}
}

/* Every source that services_modify names must be in the package. */
static bool
sources_are_there(struct import *import)
{
	char source[TEXT_BYTES];
	struct json_walk walk;
	struct packed packed;
	struct str entry;

	json_walk_init(&walk, import->modify);
	while (json_walk_next(&walk, NULL, &entry)) {
		bool found = false;

		if (!member_text(entry, "service_uri_source", source, sizeof(source)))
			return false;
		package_rewind(&import->package);
		while (!found && package_next(&import->package, &packed))
			found = is_source(str_of(source), &packed);
		if (!found)
			return false;
	}
	return true;
}

/* Nothing is imported unless all of it can be. */
static void
look_for_errors(struct import *import)
{
	struct packed packed;
	struct version number;
	struct goal goal;

	package_rewind(&import->package);
	while (package_next(&import->package, &packed)) {
		struct folder *folder;
		struct service *service;

		find_goal(import, &packed, &goal);
		folder = store_folder(&import->world->store, str_of(goal.folder));
		service = folder ? folder_service(folder, str_of(goal.service)) : NULL;
		if (!folder)
			impex_put_error(import->job, "FOLDER_NOT_FOUND",
				"the destination folder does not exist", goal.uri);
		else if (service && service_latest(service) && import->existing == EXISTING_ABORT)
			impex_put_error(import->job, "SERVICE_ALREADY_EXISTS", "the service exists already",
				goal.uri);
		else if (service &&
			!service_next_number(
				service, str_of(goal.upgrade), number.number, sizeof(number.number)))
			impex_put_error(
				import->job, "INVALID_REQUEST", "no such update_version_type", goal.uri);
	}
}

static void
put_version(struct import *import, const struct packed *packed, const struct goal *goal,
	const struct version *version, const char *status)
{
	compose(&import->versions,
		"%s{'service_uri_source':%U,'folder_source':%q,'service_source':%q,"
		"'version_source':%q,'service_id_source':'%s','version_id_source':'%s',"
		"'service_uri_destination':%U,'folder_destination':%q,'service_destination':%q,"
		"'version_destination':'%s','service_id_destination':'%s','version_id_destination':'%s',"
		"'status':'%s'}",
		import->versions.len ? "," : "", packed->folder, packed->service, packed->version.number,
		packed->folder, packed->service, packed->version.number, packed->service_id,
		packed->version.id, goal->folder, goal->service, version->number, goal->folder, goal->service,
		version->number, version->service->id, version->id, status);
}

static void
put_service(struct import *import, const struct packed *packed, const struct goal *goal,
	const struct service *service, const char *status)
{
	compose(&import->services,
		"%s{'service_uri_source':%U,'folder_source':%q,'service_source':%q,"
		"'service_id_source':'%s','service_uri_destination':%q,'folder_destination':%q,"
		"'service_destination':%q,'service_id_destination':'%s','status':'%s'}",
		import->services.len ? "," : "", packed->folder, packed->service, NULL, packed->folder,
		packed->service, packed->service_id, goal->uri, goal->folder, goal->service, service->id,
		status);
}

static struct service *
make_room(
	struct import *import, const struct packed *packed, const struct goal *goal, const char **ret_status)
{
	struct folder *folder = store_folder(&import->world->store, str_of(goal->folder));
	struct service *service = folder_service(folder, str_of(goal->service));

	*ret_status = service ? "updated" : "added";
	if (!service)
		service = folder_add_service(folder, goal->service);
	while (import->existing == EXISTING_REPLACE && service_latest(service)) {
		store_drop_version(service_latest(service));
		*ret_status = "replaced";
	}
	if (catalog_model(str_of(packed->model)))
		service->model = catalog_model(str_of(packed->model));
	service->open = packed->open;
	return service;
}

/* The texts of the packed version in a new one; its own ids, its own number where there was one before. */
static struct version *
add_version(struct import *import, struct service *service, const struct packed *packed, const char *upgrade)
{
	struct version *version = service_add_draft(service);
	const struct version *source = &packed->version;

	memcpy(version->number, source->number, sizeof(version->number));
	if (service_latest(service) && import->existing == EXISTING_ADD)
		service_next_number(service, str_of(upgrade), version->number, sizeof(version->number));
	memcpy(version->label, source->label, sizeof(version->label));
	memcpy(version->note, source->note, sizeof(version->note));
	memcpy(version->tags, source->tags, sizeof(version->tags));
	memcpy(version->start, source->start, sizeof(version->start));
	memcpy(version->end, source->end, sizeof(version->end));
	memcpy(version->file_name, source->file_name, sizeof(version->file_name));
	version->workbook = package_workbook(&import->package, packed);
	service_publish(version);
	return version;
}

static void
carry_out(struct import *import)
{
	struct packed packed;
	struct goal goal;
	char last[UUID_BYTES] = "";
	struct service *service = NULL;
	const char *status = NULL;

	package_rewind(&import->package);
	while (package_next(&import->package, &packed)) {
		find_goal(import, &packed, &goal);
		if (!service || strcmp(last, packed.service_id) != 0) {
			service = make_room(import, &packed, &goal, &status);
			put_service(import, &packed, &goal, service, status);
			memcpy(last, packed.service_id, sizeof(last));
		}
		put_version(
			import, &packed, &goal, add_version(import, service, &packed, goal.upgrade), "added");
	}
	compose(&import->job->outputs, "'services':[%j],'service_versions':[%j]", buf_text(&import->services),
		buf_text(&import->versions));
}

static void
start(struct exchange *ex, struct import *import, struct str body)
{
	struct job *job = impex_start(ex, JOB_IMPORT, body);

	import->job = job;
	buf_init(&import->services, (size_t)16 << 20);
	buf_init(&import->versions, (size_t)16 << 20);
	if (job->plan.outcome == JOB_FAILS)
		impex_put_error(job, "IMPORT_FAILED",
			job->plan.message[0] ? job->plan.message : "The import failed", NULL);
	else
		look_for_errors(import);
	if (!job->errors.len && job->plan.outcome == JOB_SUCCEEDS)
		carry_out(import);
	buf_fini(&import->services);
	buf_fini(&import->versions);
	impex_reply_started(ex, job);
}

static bool
read_existing(struct str body, enum existing *ret)
{
	static const char *const words[] = { "abort", "replace", "add_version" };
	char text[40];
	int i;

	*ret = EXISTING_ABORT;
	if (!member_text(body, "services_existing", text, sizeof(text)))
		return false;
	for (i = 0; i < 3; i++)
		if (strcmp(text, words[i]) == 0)
			*ret = (enum existing)i;
	return !text[0] || strcmp(text, words[*ret]) == 0;
}

static void
begin(struct exchange *ex, struct str body, struct str file)
{
	struct import import = { .world = ex->world, .modify = json_path(body, "inputs.services_modify") };

	if (!read_existing(body, &import.existing)) {
		refuse(ex, FAMILY_V4, 500, "INVALID_REQUEST", "services_existing makes no sense");
	} else if (!package_open(&import.package, file, "migrate")) {
		refuse(ex, FAMILY_V4, 500, "INVALID_IMPORT_ZIP", "the file is no package for an import");
	} else {
		if (sources_are_there(&import))
			start(ex, &import, body);
		else
			refuse(ex, FAMILY_V4, 404, "SERVICE_NOT_FOUND", "no such service in the package");
		package_close(&import.package);
	}
}

void
serve_import_start(struct exchange *ex)
{
	struct str type = request_header(&ex->request, STR("content-type")),
		   body = request_body(&ex->request);
	struct part entity, file;

	if (!multipart_find(type, body, "importRequestEntity", &entity) ||
		!json_valid(entity.content.at, entity.content.len, NULL))
		refuse(ex, FAMILY_V4, 500, "INVALID_REQUEST", "importRequestEntity is missing or no JSON");
	else if (!multipart_find(type, body, "file", &file))
		refuse(ex, FAMILY_V4, 500, "INVALID_IMPORT_ZIP", "file is missing");
	else if (file.content.len > PACKAGE_MAX_BYTES)
		refuse(ex, FAMILY_V4, 500, "EXCEEDED_FILE_SIZE", "the file is larger than 200 MB");
	else
		begin(ex, entity.content, file.content);
}

void
serve_import_status(struct exchange *ex)
{
	struct job *job = impex_find(ex, JOB_IMPORT);
	struct buf *out = &ex->answer.body;

	if (!job)
		return;
	job_ask(job);
	reply_v4(ex, "");
	impex_put_head(ex, job, out);
	if (job->finished && job->errors.len)
		compose(out, ",'outputs':{'services':[],'service_versions':[]},'errors':[%j]",
			buf_text(&job->errors));
	else if (job->finished)
		compose(out, ",'outputs':{%j},'errors':null", buf_text(&job->outputs));
	else
		compose(out, ",'outputs':null,'errors':null");
	compose(out, ",'warnings':[],'source_system':%q,'correlation_id':%q}", job->source,
		job->correlation[0] ? job->correlation : NULL);
}
