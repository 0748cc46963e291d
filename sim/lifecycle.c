/* The life of a service: upload, compile, publish, recompile, delete. */
#include "base/json_text.h"
#include "sim/catalog.h"
#include "sim/compose.h"
#include "sim/exchange.h"
#include "sim/execute.h"
#include "sim/member.h"
#include "sim/multipart.h"
#include "sim/operations.h"
#include "sim/refuse.h"
#include "sim/reply.h"

#include <stdio.h>

#define UPLOAD_MAX_BYTES ((size_t)200 << 20)

/* The folder and, if there is one, the service of the path. False once refused. */
static bool
find_place(struct exchange *ex, struct folder **ret_folder, struct service **ret_service)
{
	*ret_folder = store_folder(&ex->world->store, match_arg(&ex->match, "folder"));
	if (!*ret_folder) {
		refuse(ex, FAMILY_V3, 400, "FOLDER_NOT_FOUND", "");
		return false;
	}
	*ret_service = folder_service(*ret_folder, match_arg(&ex->match, "service"));
	return true;
}

void
serve_service_exists(struct exchange *ex)
{
	struct service *service = store_service(
		&ex->world->store, match_arg(&ex->match, "folder"), match_arg(&ex->match, "service"));
	const struct version *latest = service ? service_latest(service) : NULL;

	if (!latest) {
		reply_v3(ex,
			"{'id':null,'name':null,'is_exists':false,'version':null,"
			"'last_modified_date':null,'latest_version_id':null,'effective_start_date':null,"
			"'effective_end_date':null,'tags':null,'service_status':null}");
		return;
	}
	reply_v3(ex,
		"{'id':'%s','name':%q,'is_exists':true,'version':'%s','last_modified_date':'%s',"
		"'latest_version_id':'%s','effective_start_date':%q,'effective_end_date':%q,'tags':%q,"
		"'service_status':'active'}",
		service->id, service->name, latest->number, latest->created, latest->id, latest->start,
		latest->end, latest->tags[0] ? latest->tags : NULL);
}

/* -- upload --------------------------------------------------------------- */

/* effective_start_date and effective_end_date, as far as they are given; an end that is not after the start
 * counts as missing. */
static bool
read_dates(struct str wish, const char *start_name, const char *end_name, struct version *version)
{
	char start[STAMP_BYTES], end[STAMP_BYTES];

	if (!member_text(wish, start_name, start, sizeof(start)) ||
		!member_text(wish, end_name, end, sizeof(end)))
		return false;
	if (start[0])
		memcpy(version->start, start, sizeof(version->start));
	if (end[0] && strcmp(end, version->start) > 0)
		memcpy(version->end, end, sizeof(version->end));
	else
		stamp_years_later(version->start, 10, version->end);
	return true;
}

static bool
read_number(const struct service *service, struct str wish, const char *name, const char *usual,
	struct version *version)
{
	char difference[40];

	if (!member_text(wish, name, difference, sizeof(difference)))
		return false;
	if (str_eq_nocase(str_of(difference), STR("custom")))
		return true;
	return service_next_number(service, str_of(difference[0] ? difference : usual), version->number,
		sizeof(version->number));
}

static void
count_cells(const struct model *model, unsigned *ret_inputs, unsigned *ret_outputs)
{
	for (*ret_inputs = 0; model->inputs[*ret_inputs].name;)
		++*ret_inputs;
	for (*ret_outputs = 0; model->outputs[*ret_outputs].name;)
		++*ret_outputs;
}

static void
reply_uploaded(struct exchange *ex, const struct version *draft)
{
	struct callee callee = { .version = "" };
	struct buf *out = &ex->answer.body;
	unsigned inputs, outputs;

	memcpy(callee.service_id, draft->service->id, sizeof(callee.service_id));
	memcpy(callee.version_id, draft->id, sizeof(callee.version_id));
	memcpy(callee.version, draft->number, sizeof(callee.version));
	count_cells(draft->service->model, &inputs, &outputs);
	answer_reset(&ex->answer, 200, JSON_TYPE);
	compose(out,
		"{'status':'Success','error':null,'response_data':{'lines_of_code':1500,'hours_saved':12.5,"
		"'nodegen_compilation_jobid':'%s','original_file_documentid':'%s',"
		"'engine_file_documentid':'%s','warnings':null,'current_statistics':null,'no_of_sheets':1,"
		"'no_of_inputs':%u,'no_of_outputs':%u,'no_of_formulas':1,'no_of_cellswithdata':%u},"
		"'response_meta':",
		draft->job, draft->file_document, draft->engine_document, inputs, outputs,
		3 * (inputs + outputs));
	put_response_meta(out, &callee, 0, NULL, str_of("{}"), draft->created);
	buf_put_char(out, '}');
}

static void
make_draft(struct exchange *ex, struct service *service, struct str wish, const struct part *file)
{
	struct version *draft = service_add_draft(service);
	struct job *job;

	if (!read_dates(wish, "effective_start_date", "effective_end_date", draft) ||
		!read_number(service, wish, "version_difference", "minor", draft)) {
		store_drop_version(draft);
		refuse(ex, FAMILY_V3, 400, "INVALID_REQUEST_DATA", "");
		return;
	}
	draft->workbook = blob_of(file->content);
	if (file->file_name.len)
		copy_text(draft->file_name, sizeof(draft->file_name), file->file_name);
	job = job_start(&ex->world->jobs, JOB_COMPILE);
	memcpy(draft->job, job->id, sizeof(draft->job));
	reply_uploaded(ex, draft);
}

void
serve_upload(struct exchange *ex)
{
	struct str type = request_header(&ex->request, STR("content-type")),
		   body = request_body(&ex->request);
	struct str name = match_arg(&ex->match, "service");
	char plain_name[NAME_BYTES];
	struct part entity, file;
	struct folder *folder;
	struct service *service;

	if (!find_place(ex, &folder, &service))
		return;
	if (!multipart_find(type, body, "engineUploadRequestEntity", &entity) ||
		!multipart_find(type, body, "serviceFile", &file) || file.content.len == 0) {
		refuse(ex, FAMILY_V3, 400, "INVALID_REQUEST_DATA", "");
	} else if (!json_valid(entity.content.at, entity.content.len, NULL)) {
		refuse(ex, FAMILY_V3, 400, "INVALID_JSON", "");
	} else if (file.content.len > UPLOAD_MAX_BYTES || name.len >= NAME_BYTES) {
		refuse(ex, FAMILY_V3, 400, "EXCEEDED_FILE_SIZE", "");
	} else {
		copy_text(plain_name, sizeof(plain_name), name);
		service = service ? service : folder_add_service(folder, plain_name);
		make_draft(ex, service, json_member(entity.content, STR("request_data")), &file);
	}
}

/* -- compilation ---------------------------------------------------------- */

void
serve_compilation(struct exchange *ex)
{
	struct job *job = job_find(&ex->world->jobs, JOB_COMPILE, match_arg(&ex->match, "job"));
	struct version *version = job ? store_version_by_job(&ex->world->store, str_of(job->id)) : NULL;
	bool failed;
	int progress;

	if (!job || !version) {
		refuse(ex, FAMILY_V3, 400, "INVALID_JOB_ID", "");
		return;
	}
	progress = job_ask(job);
	failed = job->finished && job->plan.outcome == JOB_FAILS;
	/* A recompilation is published by its being done. */
	if (job->finished && !failed && version->recompiled) {
		version->recompiled = false;
		service_publish(version);
	}
	if (failed)
		reply_v3(ex, "{'status':'Failed','last_error_message':%q,'progress':100}",
			job->plan.message[0] ? job->plan.message : "The workbook could not be compiled");
	else
		reply_v3(ex, "{'status':'%s','last_error_message':'null','progress':%d}",
			progress < 100 ? "InProgress" : "Success", progress);
}

/* -- publish -------------------------------------------------------------- */

static struct version *
find_draft(const struct service *service, struct str wish)
{
	struct list *at;
	char file[NAME_BYTES], engine[NAME_BYTES];

	if (!member_text(wish, "original_file_documentid", file, sizeof(file)) ||
		!member_text(wish, "engine_file_documentid", engine, sizeof(engine)))
		return NULL;
	for (at = service->drafts.next; at != &service->drafts; at = at->next) {
		struct version *draft = LIST_ITEM(at, struct version, node);

		if (str_eq_nocase(str_of(file), str_of(draft->file_document)) &&
			str_eq_nocase(str_of(engine), str_of(draft->engine_document)))
			return draft;
	}
	return NULL;
}

static bool
is_compiled(struct exchange *ex, const struct version *draft)
{
	struct job *job = job_find(&ex->world->jobs, JOB_COMPILE, str_of(draft->job));

	return !job || (job_ask(job) == 100 && job->plan.outcome == JOB_SUCCEEDS);
}

void
serve_publish(struct exchange *ex)
{
	struct str wish = json_member(request_body(&ex->request), STR("request_data"));
	struct folder *folder;
	struct service *service;
	struct version *draft;

	if (!refuse_bad_body(ex, FAMILY_V3) || !find_place(ex, &folder, &service))
		return;
	draft = service ? find_draft(service, wish) : NULL;
	if (!draft) {
		refuse(ex, FAMILY_V3, 400, "DRAFT_NOT_FOUND", "");
	} else if (!is_compiled(ex, draft)) {
		refuse(ex, FAMILY_V3, 400, "COMPILATION_NOT_FINISHED", "");
	} else if (!read_dates(wish, "effective_start_date", "effective_end_date", draft) ||
		!read_number(service, wish, "version_difference", "minor", draft) ||
		!member_text(wish, "version_label", draft->label, sizeof(draft->label)) ||
		!member_text(wish, "release_note", draft->note, sizeof(draft->note)) ||
		!member_text(wish, "tags", draft->tags, sizeof(draft->tags))) {
		refuse(ex, FAMILY_V3, 400, "INVALID_REQUEST_DATA", "");
	} else {
		service_publish(draft);
		reply_v3(ex, "{'version_id':'%s'}", draft->id);
	}
}

/* -- recompile and delete ------------------------------------------------- */

static bool
read_recompilation(const struct service *service, struct str wish, struct version *draft)
{
	char compiler[sizeof(draft->compiler)];

	if (!read_dates(wish, "effectiveStartDate", "effectiveEndDate", draft) ||
		!read_number(service, wish, "upgradeType", "patch", draft) ||
		!member_text(wish, "releaseNotes", draft->note, sizeof(draft->note)) ||
		!member_text(wish, "versionLabel", draft->label, sizeof(draft->label)) ||
		!member_text(wish, "tags", draft->tags, sizeof(draft->tags)) ||
		!member_text(wish, "neuronCompilerVersion", compiler, sizeof(compiler)))
		return false;
	if (str_starts(str_of(compiler), STR("Neuron_")))
		memcpy(draft->compiler, compiler, sizeof(draft->compiler));
	return true;
}

void
serve_recompile(struct exchange *ex)
{
	struct str wish = json_member(request_body(&ex->request), STR("request_data"));
	char id[NAME_BYTES] = "";
	struct folder *folder;
	struct service *service;
	struct version *source, *draft;
	struct job *job;

	if (!refuse_bad_body(ex, FAMILY_V3) || !find_place(ex, &folder, &service))
		return;
	member_text(wish, "versionId", id, sizeof(id));
	source = id[0]  ? store_version(&ex->world->store, str_of(id)) :
		service ? service_latest(service) :
			  NULL;
	if (!source || source->service != service) {
		refuse(ex, FAMILY_V3, 400, "VERSION_NOT_FOUND", "");
		return;
	}
	draft = service_add_draft(service);
	if (!read_recompilation(service, wish, draft)) {
		store_drop_version(draft);
		refuse(ex, FAMILY_V3, 400, "INVALID_REQUEST_DATA", "");
		return;
	}
	draft->workbook = source->workbook ? blob_ref(source->workbook) : NULL;
	memcpy(draft->file_name, source->file_name, sizeof(draft->file_name));
	draft->recompiled = true;
	job = job_start(&ex->world->jobs, JOB_COMPILE);
	memcpy(draft->job, job->id, sizeof(draft->job));
	reply_v3(ex, "{'versionId':'%s','revision':'%s','jobId':'%s'}", draft->id, draft->number, job->id);
}

void
serve_service_delete(struct exchange *ex)
{
	struct folder *folder = store_folder(&ex->world->store, match_arg(&ex->match, "folder"));
	struct service *service = folder ? folder_service(folder, match_arg(&ex->match, "service")) : NULL;

	if (!service) {
		refuse_v1(ex, "SERVICE_NOT_FOUND", "no such service");
		return;
	}
	store_drop_service(service);
	reply_v1(ex, "null");
}
