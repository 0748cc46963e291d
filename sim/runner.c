/* The endpoints that only the Hybrid Runner has. */
#include "base/json_text.h"
#include "sim/catalog.h"
#include "sim/compose.h"
#include "sim/describe.h"
#include "sim/digest.h"
#include "sim/exchange.h"
#include "sim/execute.h"
#include "sim/listing.h"
#include "sim/multipart.h"
#include "sim/operations.h"
#include "sim/options.h"
#include "sim/package.h"
#include "sim/refuse.h"
#include "sim/reply.h"

#include <stdio.h>

void
serve_runner_health(struct exchange *ex)
{
	reply_v4(ex, "{'msg':'ok'}");
}

void
serve_runner_version(struct exchange *ex)
{
	const struct runner *runner = &ex->world->runner;

	reply_v4(ex, "{'lastPullDate':%q,'filehash':%q,'version':'1.46.0'}",
		runner->pulled[0] ? runner->pulled : NULL, runner->hash[0] ? runner->hash : NULL);
}

static void
put_model(struct buf *out, const struct version *version)
{
	compose(out,
		"%s{'id':'%s','thread_stats':{'1':{'init_time_ms':0,'init_memory_mb':null,'uptime_ms':1000,"
		"'peak_memory_mb':null,'last_execute_consume_memory_mb':null,'current_memory_mb':120.5}},"
		"'memory_usage_mb':120.5,'uptime_ms':1000,'min_time_ms':1,'mean_time_ms':1,'p95_time_ms':1,"
		"'p99_time_ms':1,'max_time_ms':1,'busy':0,'size':1,'last_use':'%s','completed_count':0,"
		"'running_count':0,'crash_count':0,'timeout_count':0}",
		out->len > 1 ? "," : "", version->id, version->created);
}

void
serve_runner_status(struct exchange *ex)
{
	struct store *store = &ex->world->store;
	unsigned count = 0;
	struct list *f, *s;
	struct buf models;

	buf_init(&models, (size_t)16 << 20);
	buf_put_char(&models, '[');
	for (f = store->folders.next; f != &store->folders; f = f->next) {
		struct folder *folder = LIST_ITEM(f, struct folder, node);

		for (s = folder->services.next; s != &folder->services; s = s->next, count++)
			put_model(&models, service_latest(LIST_ITEM(s, struct service, node)));
	}
	buf_put_char(&models, ']');
	reply_v4(ex,
		"{'models':[{'tenant':%q,'model_stats':%j,'total_model':%u,'total_instances':%u}],"
		"'memory_usage_mb':122.75,'memory_limit_mb':4096}",
		ex->world->options->tenant, buf_text(&models), count, count);
	buf_fini(&models);
}

/* -- upload --------------------------------------------------------------- */

static struct version *
load(struct exchange *ex, const struct package *package, const struct packed *packed)
{
	struct store *store = &ex->world->store;
	struct folder *folder = store_folder(store, str_of(packed->folder));
	struct service *service;
	struct version *version;

	folder = folder ? folder : store_add_folder(store, packed->folder);
	service = folder_service(folder, str_of(packed->service));
	service = service ? service : folder_add_service(folder, packed->service);
	memcpy(service->id, packed->service_id, sizeof(service->id));
	if (catalog_model(str_of(packed->model)))
		service->model = catalog_model(str_of(packed->model));
	service->open = packed->open;
	version = store_version(store, str_of(packed->version.id));
	if (version)
		store_drop_version(version);
	version = service_add_draft(service);
	memcpy(version->id, packed->version.id, sizeof(version->id));
	memcpy(version->number, packed->version.number, sizeof(version->number));
	memcpy(version->start, packed->version.start, sizeof(version->start));
	memcpy(version->end, packed->version.end, sizeof(version->end));
	memcpy(version->file_name, packed->version.file_name, sizeof(version->file_name));
	version->workbook = package_workbook(package, packed);
	service_publish(version);
	return version;
}

static void
put_loaded(struct exchange *ex, struct buf *out, const struct version *version)
{
	const struct service *service = version->service;

	compose(out,
		"%s{'EffectiveStartDate':%q,'EffectiveEndDate':%q,'EngineInformation':{'FileSize':%z,"
		"'Author':'%s','ProductName':%q,'Revision':'%s','ServiceName':%q,"
		"'DefaultEngineType':'Neuron',"
		"'OriginalFileName':%q,'EngineUpgradeType':'minor','PublicAPI':%b,'FileGuid':'%s',"
		"'ServiceGuid':'%s','ServiceVersionGuid':'%s','Tenant':%q,'CompilerVersion':'%s',"
		"'DirectAddressingOutputsEnabled':false},'XInputTable':",
		out->len > 1 ? "," : "", version->start, version->end,
		version->workbook ? blob_text(version->workbook).len : (size_t)0, USER, service->folder->name,
		version->number, service->name, version->file_name, service->open, version->file_document,
		service->id, version->id, ex->world->options->tenant, version->compiler);
	put_cell_table(out, service->model->inputs, "Input");
	compose(out, ",'XOutputTable':");
	put_cell_table(out, service->model->outputs, "Output");
	compose(out, ",'VersionId':'%s','HasSignatureChain':null}", version->id);
}

void
serve_runner_upload(struct exchange *ex)
{
	struct str type = request_header(&ex->request, STR("content-type"));
	struct runner *runner = &ex->world->runner;
	struct package package;
	struct packed packed;
	struct part file;
	struct buf services;

	if (!multipart_find(type, request_body(&ex->request), "file", &file) ||
		!package_open(&package, file.content, "onpremises")) {
		refuse(ex, FAMILY_V3, 400, "INVALID_IMPORT_ZIP", "");
		return;
	}
	buf_init(&services, (size_t)16 << 20);
	buf_put_char(&services, '[');
	while (package_next(&package, &packed))
		put_loaded(ex, &services, load(ex, &package, &packed));
	buf_put_char(&services, ']');
	package_close(&package);
	stamp_now(runner->pulled);
	digest_of(file.content, runner->hash);
	reply_v4(ex, "{'response_data':[{'tenant':%q,'services':%j}]}", ex->world->options->tenant,
		buf_text(&services));
	buf_fini(&services);
}

/* -- metadata and validation ---------------------------------------------- */

/* Here the body says which service is meant. */
static bool
locate(struct exchange *ex, struct str meta, struct located *ret)
{
	if (!refuse_bad_body(ex, FAMILY_V3))
		return false;
	locate_by_meta(ex, meta, ret);
	execute_settle(ex, ret);
	if (!ret->found)
		refuse(ex, FAMILY_V3, 404, "SERVICE_NOT_FOUND", "");
	return ret->found;
}

void
serve_runner_metadata(struct exchange *ex)
{
	struct str meta = json_member(request_body(&ex->request), STR("request_meta"));
	struct located located;

	if (locate(ex, meta, &located))
		reply_metadata(ex, &located.callee, meta);
}

void
serve_runner_validate(struct exchange *ex)
{
	struct str meta = json_member(request_body(&ex->request), STR("request_meta"));
	struct located located;

	if (locate(ex, meta, &located))
		reply_validation(ex, &located.callee, meta);
}
