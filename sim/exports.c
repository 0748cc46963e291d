/* Exports: /api/v4/export. */
#include "base/json_text.h"
#include "sim/compose.h"
#include "sim/digest.h"
#include "sim/documents.h"
#include "sim/exchange.h"
#include "sim/impex.h"
#include "sim/member.h"
#include "sim/operations.h"
#include "sim/package.h"
#include "sim/refuse.h"
#include "sim/reply.h"
#include "sim/services.h"

#include <stdio.h>

#define CHOSEN_MAX 2000

/* The versions to export, oldest first within a service, none twice. */
struct choice {
	struct version *versions[CHOSEN_MAX];
	unsigned count;
	bool all; /* of each service, not the latest alone */
};

static void
choose_version(struct choice *choice, struct version *version)
{
	unsigned i;

	for (i = 0; i < choice->count; i++)
		if (choice->versions[i] == version)
			return;
	if (choice->count < CHOSEN_MAX)
		choice->versions[choice->count++] = version;
}

static void
choose_service(struct choice *choice, struct service *service)
{
	struct list *at = choice->all ? service->versions.prev : service->versions.next;

	for (; at != &service->versions; at = choice->all ? at->prev : &service->versions)
		choose_version(choice, LIST_ITEM(at, struct version, node));
}

static bool
choose_folder(struct world *world, struct choice *choice, struct str name)
{
	struct folder *folder = store_folder(&world->store, name);
	struct list *at;

	if (!folder)
		return false;
	for (at = folder->services.next; at != &folder->services; at = at->next)
		choose_service(choice, LIST_ITEM(at, struct service, node));
	return true;
}

static bool
choose_uri(struct world *world, struct choice *choice, struct str uri)
{
	struct service *service = store_service_by_id(&world->store, uri);
	struct str folder, name, number = { NULL, 0 };
	struct version *version;

	if (!service && services_split_uri(uri, &folder, &name, &number))
		service = store_service(&world->store, folder, name);
	if (!service)
		return false;
	if (number.len == 0) {
		choose_service(choice, service);
		return true;
	}
	version = service_version(service, number, str_of(""));
	if (version)
		choose_version(choice, version);
	return version != NULL;
}

static bool
choose_id(struct world *world, struct choice *choice, struct str id)
{
	struct version *version = store_version(&world->store, id);

	if (version)
		choose_version(choice, version);
	return version != NULL;
}

typedef bool choose_fn(struct world *world, struct choice *choice, struct str text);

/* False if one of them leads to nothing. */
static bool
choose_each(struct world *world, struct choice *choice, struct str list, choose_fn *choose)
{
	struct json_walk walk;
	struct str value;
	char text[TEXT_BYTES];

	json_walk_init(&walk, list);
	while (json_walk_next(&walk, NULL, &value))
		if (!value_text(value, text, sizeof(text)) || !choose(world, choice, str_of(text)))
			return false;
	return true;
}

static void
put_outputs(const struct choice *choice, struct buf *out)
{
	const struct service *last = NULL;
	unsigned i;

	compose(out, "'services':[");
	for (i = 0; i < choice->count; i++) {
		const struct service *service = choice->versions[i]->service;
		const char *folder = service->folder->name;

		if (service != last)
			compose(out,
				"%s{'service_uri_source':%U,'folder_source':%q,'service_source':%q,"
				"'service_id_source':'%s'}",
				last ? "," : "", folder, service->name, NULL, folder, service->name,
				service->id);
		last = service;
	}
	compose(out, "],'service_versions':[");
	for (i = 0; i < choice->count; i++) {
		const struct version *version = choice->versions[i];
		const struct service *service = version->service;
		const char *folder = service->folder->name;

		compose(out,
			"%s{'service_uri_source':%U,'folder_source':%q,'service_source':%q,"
			"'version_source':'%s','service_id_source':'%s','version_id_source':'%s'}",
			i ? "," : "", folder, service->name, version->number, folder, service->name,
			version->number, service->id, version->id);
	}
	buf_put_char(out, ']');
}

static void
start(struct exchange *ex, struct str body, const struct choice *choice, const char *filter)
{
	struct job *job = impex_start(ex, JOB_EXPORT, body);
	struct package_writer package;
	unsigned i;

	package_begin(&package, filter);
	for (i = 0; i < choice->count; i++)
		package_add(&package, choice->versions[i]);
	job->file = package_end(&package);
	member_text(body, "file_name", job->file_name, sizeof(job->file_name));
	if (!job->file_name[0])
		snprintf(job->file_name, sizeof(job->file_name), "package.zip");
	put_outputs(choice, &job->outputs);
	if (!job->file)
		impex_put_error(job, "EXCEEDED_FILE_SIZE", "the package has become too large", NULL);
	if (job->plan.outcome == JOB_FAILS)
		impex_put_error(job, "EXPORT_FAILED",
			job->plan.message[0] ? job->plan.message : "The export failed", NULL);
	impex_reply_started(ex, job);
}

static bool
is_one_of(const char *text, const char *one, const char *other)
{
	return strcmp(text, one) == 0 || strcmp(text, other) == 0;
}

void
serve_export_start(struct exchange *ex)
{
	struct str body = request_body(&ex->request), inputs = json_member(body, STR("inputs"));
	char filter[40], versions[40];
	struct choice choice = { .count = 0 };
	struct world *world = ex->world;

	if (!refuse_bad_body(ex, FAMILY_V4))
		return;
	if (!member_text(body, "file_filter", filter, sizeof(filter)) ||
		!member_text(body, "version_filter", versions, sizeof(versions)) ||
		!is_one_of(filter[0] ? filter : "migrate", "migrate", "onpremises") ||
		!is_one_of(versions[0] ? versions : "latest", "latest", "all")) {
		refuse(ex, FAMILY_V4, 500, "INVALID_REQUEST", "file_filter or version_filter makes no sense");
		return;
	}
	choice.all = strcmp(versions, "all") == 0;
	if (!choose_each(world, &choice, json_member(inputs, STR("folders")), choose_folder))
		refuse(ex, FAMILY_V4, 404, "FOLDER_NOT_FOUND", "no such folder");
	else if (!choose_each(world, &choice, json_member(inputs, STR("services")), choose_uri))
		refuse(ex, FAMILY_V4, 404, "SERVICE_NOT_FOUND", "no such service");
	else if (!choose_each(world, &choice, json_member(inputs, STR("version_ids")), choose_id))
		refuse(ex, FAMILY_V4, 404, "VERSION_NOT_FOUND", "no such version");
	else if (choice.count == 0)
		refuse(ex, FAMILY_V4, 500, "INVALID_REQUEST", "there is nothing to export");
	else
		start(ex, body, &choice, filter[0] ? filter : "migrate");
}

void
serve_export_status(struct exchange *ex)
{
	struct job *job = impex_find(ex, JOB_EXPORT);
	struct buf *out = &ex->answer.body;
	char hash[DIGEST_BYTES];

	if (!job)
		return;
	if (!job->cancelled)
		job_ask(job);
	reply_v4(ex, "");
	impex_put_head(ex, job, out);
	if (impex_succeeded(job)) {
		if (!job->url[0])
			document_publish(ex, blob_ref(job->file), job->file_name, ZIP_TYPE, job->url,
				sizeof(job->url));
		digest_of(blob_text(job->file), hash);
		compose(out, ",'outputs':{'files':[{'file':%q,'file_hash':'%s'}],%j}", job->url, hash,
			buf_text(&job->outputs));
	} else {
		compose(out, ",'outputs':null");
	}
	if (job->finished && job->errors.len)
		compose(out, ",'errors':[%j]", buf_text(&job->errors));
	else
		compose(out, ",'errors':null");
	compose(out, ",'warnings':[],'source_system':%q,'correlation_id':%q}", job->source,
		job->correlation[0] ? job->correlation : NULL);
}

void
serve_export_cancel(struct exchange *ex)
{
	struct job *job = impex_find(ex, JOB_EXPORT);
	char status[40];

	if (!job || !refuse_bad_body(ex, FAMILY_V4))
		return;
	if (!member_text(request_body(&ex->request), "export_status", status, sizeof(status)) ||
		strcmp(status, "cancelled") != 0) {
		refuse(ex, FAMILY_V4, 500, "INVALID_REQUEST", "export_status can only become cancelled");
		return;
	}
	if (job->finished) {
		refuse(ex, FAMILY_V4, 500, "INVALID_JOB_STATUS", "the export is over");
		return;
	}
	job->cancelled = true;
	reply_v4(ex, "{'id':'%s','object':'export','status':'cancelled'}", job->id);
}
