#include "sim/describe.h"

#include "base/json_text.h"
#include "sim/catalog.h"
#include "sim/compose.h"
#include "sim/exchange.h"
#include "sim/execute.h"
#include "sim/listing.h"
#include "sim/member.h"
#include "sim/operations.h"
#include "sim/options.h"
#include "sim/refuse.h"
#include "sim/reply.h"

#include <stdio.h>

/* The service of the path, if it may be seen; false once refused. */
static bool
locate(struct exchange *ex, struct located *ret)
{
	locate_by_route(ex, ret);
	execute_settle(ex, ret);
	if (!ret->found)
		refuse(ex, FAMILY_V3, 404, "SERVICE_NOT_FOUND", "");
	else if (ex->match.open && !ret->callee.open)
		refuse(ex, FAMILY_V3, 403, "UNAUTHORIZED", "");
	else
		return true;
	return false;
}

static void
reply_outputs(struct exchange *ex, const struct callee *callee, struct str outputs, struct str meta)
{
	struct buf *out = &ex->answer.body;
	char now[STAMP_BYTES];

	stamp_now(now);
	answer_reset(&ex->answer, 200, JSON_TYPE);
	compose(out,
		"{'status':'Success','error':null,'response_data':{'outputs':%j,'warnings':null,"
		"'errors':null,"
		"'service_chain':null},'response_meta':",
		outputs);
	put_response_meta(out, callee, 1, NULL, meta, now);
	buf_put_char(out, '}');
}

void
reply_metadata(struct exchange *ex, const struct callee *callee, struct str meta)
{
	struct buf outputs;

	buf_init(&outputs, 65536);
	compose(&outputs,
		"{'Metadata.Font':'Arial','Metadata.Title':%q,'Metadata.Logo':'data:image/png;base64,'}",
		callee->name);
	reply_outputs(ex, callee, buf_text(&outputs), meta);
	buf_fini(&outputs);
}

void
serve_metadata(struct exchange *ex)
{
	struct located located;

	if (locate(ex, &located))
		reply_metadata(ex, &located.callee, str_of("{}"));
}

/* -- validation ----------------------------------------------------------- */

/* What is valid depends on nothing here, so there is nothing to say about the effect of given inputs. */
void
reply_validation(struct exchange *ex, const struct callee *callee, struct str meta)
{
	const struct cell *cell = callee->model->inputs;
	char type[40];
	struct buf outputs;

	if (!member_text(meta, "validation_type", type, sizeof(type)) ||
		(type[0] && !str_eq(str_of(type), STR("dynamic")) &&
			!str_eq(str_of(type), STR("default_values")))) {
		refuse(ex, FAMILY_V3, 400, "INVALID_VALIDATION_TYPE", "");
		return;
	}
	buf_init(&outputs, 65536);
	buf_put_char(&outputs, '{');
	for (; cell->name && strcmp(type, "dynamic") != 0; cell++)
		compose(&outputs,
			"%s%q:{'validation_allow':'Decimal','validation_type':'static',"
			"'dependent_inputs':null,"
			"'min':0,'max':1000000,'options':null,'ignore_blank':true}",
			outputs.len > 1 ? "," : "", cell->name);
	buf_put_char(&outputs, '}');
	reply_outputs(ex, callee, buf_text(&outputs), meta);
	buf_fini(&outputs);
}

void
serve_validate(struct exchange *ex)
{
	struct str meta = json_member(request_body(&ex->request), STR("request_meta"));
	struct located located;

	if (refuse_bad_body(ex, FAMILY_V3) && locate(ex, &located))
		reply_validation(ex, &located.callee, meta);
}

/* -- versions ------------------------------------------------------------- */

void
serve_versions(struct exchange *ex)
{
	struct service *service = store_service(
		&ex->world->store, match_arg(&ex->match, "folder"), match_arg(&ex->match, "service"));
	struct list *at;
	struct buf all;

	if (!service) {
		refuse_v1(ex, "SERVICE_NOT_FOUND", "no such service");
		return;
	}
	buf_init(&all, (size_t)64 << 20);
	buf_put_char(&all, '[');
	for (at = service->versions.next; at != &service->versions; at = at->next) {
		const struct version *version = LIST_ITEM(at, struct version, node);

		compose(&all,
			"%s{'id':'%s','createdAt':'%s','engine':%q,'revision':'%s','effectiveStartDate':%q,"
			"'effectiveEndDate':%q,'isActive':true,'releaseNote':%q,'childEngines':null,"
			"'versionLabel':%q,'defaultEngineType':'Neuron','tags':%q,'product':%q,'author':'%s',"
			"'originalFileName':%q}",
			all.len > 1 ? "," : "", version->id, version->created, service->name, version->number,
			version->start, version->end, version->note, version->label,
			version->tags[0] ? version->tags : NULL, service->folder->name, USER,
			version->file_name);
	}
	buf_put_char(&all, ']');
	reply_v1(ex, "%j", buf_text(&all));
	buf_fini(&all);
}

/* -- schema --------------------------------------------------------------- */

static void
put_cells(struct buf *out, const struct cell *cell, const char *type)
{
	buf_put_char(out, '[');
	for (; cell->name; cell++)
		compose(out,
			"%s{'name':%q,'type':'%s','sheetName':'Sheet1','address':'%s','description':null,"
			"'sheetIndex':1,'rows':1,'columns':1,'cellCount':1,'value':%s,'rawValue':%s,"
			"'dataType':'NUMBER','numberFormatType':'NUMBER','numberFormat':'','textColor':null,"
			"'backGroundColor':null,'xjName':null,'validation':null,'validationCol':0,"
			"'validationRow':0,'headerSpecs':[],'subServiceName':null,'validationErrors':[]}",
			out->data[out->len - 1] == '[' ? "" : ",", cell->name, type, cell->address,
			cell->value, cell->value);
	buf_put_char(out, ']');
}

void
put_cell_table(struct buf *out, const struct cell *cell, const char *kind)
{
	buf_put_char(out, '[');
	for (; cell->name; cell++)
		compose(out, "%s{'%s Name':%q,'Description':null,'Address':'%s'}",
			out->data[out->len - 1] == '[' ? "" : ",", kind, cell->name, cell->address);
	buf_put_char(out, ']');
}

static void
put_summary(struct buf *out, const struct version *version)
{
	const struct service *service = version->service;

	compose(out,
		"'bookSummary':{'bookServiceName':%q,'bookFileName':%q,'bookFileHash':'AB12',"
		"'bookFileGUID':'%s',"
		"'bookRevision':'%s','bookReleaseDate':'%s','bookDescription':null,'bookAuthor':'%s',"
		"'bookUploadDate':'%s','bookUploaderEmail':'%s','bookVersionReleaseNotes':%q,"
		"'versionId':'%s',"
		"'product':%q,'isStarred':false,'universalFileHash':null,'versionLabel':%q,"
		"'parametersetCompatibilityGroup':'','tags':%q,'compilerVersion':'%s',"
		"'compilerVersionServiceUpdate':'MaintainVersion'}",
		service->name, version->file_name, version->file_document, version->number, version->created,
		USER, version->created, USER, version->note, version->id, service->folder->name,
		version->label[0] ? version->label : NULL, version->tags[0] ? version->tags : NULL,
		version->compiler);
}

static void
put_schema(struct exchange *ex, struct buf *out, const struct version *version)
{
	const struct service *service = version->service;
	const struct model *model = service->model;
	const char *tenant = ex->world->options->tenant;

	buf_put_char(out, '{');
	put_summary(out, version);
	compose(out,
		",'bookProperties':[{'name':'PublicAPI','value':'%s'}],'engineHash':'a1b2c3','engineID':'%s',"
		"'validationErrors':[],'xlInputs':",
		service->open ? "True" : "False", version->engine_document);
	put_cells(out, model->inputs, "XInput");
	compose(out, ",'xOutput':");
	put_cells(out, model->outputs, "XOutput");
	compose(out,
		",'effectiveStartDate':%q,'effectiveEndDate':%q,'engineType':'Neuron','success':true,"
		"'isActiveService':true,'nodeGenCompilerResult':{'Infos':[],'Warnings':[],'Errors':[],"
		"'CompilerVersion':'1.22.3'},'metadata':{'engineInformation':{'productName':%q,"
		"'serviceName':%q,'revision':'%s','serviceGuid':'%s','serviceVersionGuid':'%s',"
		"'publicAPI':%b,'tenant':%q},'xInputTable':",
		version->start, version->end, service->folder->name, service->name, version->number,
		service->id, version->id, service->open, tenant);
	put_cell_table(out, model->inputs, "Input");
	compose(out, ",'xOutputTable':");
	put_cell_table(out, model->outputs, "Output");
	compose(out,
		",'formsService':null,'staticService':null,'versionId':'%s'},'parameterset_version_id':''}",
		version->id);
}

void
serve_schema(struct exchange *ex)
{
	struct str id = match_arg(&ex->match, "version_id"), folder = match_arg(&ex->match, "folder");
	bool v3 = ex->match.route->family == FAMILY_V3;
	struct service *service = NULL;
	struct version *version = NULL;
	struct buf out;

	if (folder.at)
		service = store_service(&ex->world->store, folder, match_arg(&ex->match, "service"));
	if (id.len)
		version = store_version(&ex->world->store, id);
	else if (service)
		version = service_latest(service);
	if (!version || (service && version->service != service)) {
		if (v3)
			refuse(ex, FAMILY_V3, 404, "VERSION_NOT_FOUND", "");
		else
			refuse_v1(ex, "SERVICE_NOT_FOUND", "no such service or version");
		return;
	}
	buf_init(&out, (size_t)1 << 20);
	put_schema(ex, &out, version);
	reply_v1(ex, "%j", buf_text(&out));
	buf_fini(&out);
}

/* -- swagger -------------------------------------------------------------- */

static void
put_properties(struct buf *out, const struct cell *cell)
{
	buf_put_char(out, '{');
	for (; cell->name; cell++)
		compose(out, "%s%q:{'type':'number'}", out->data[out->len - 1] == '{' ? "" : ",", cell->name);
	buf_put_char(out, '}');
}

static void
reply_swagger(struct exchange *ex, const struct version *version)
{
	const struct service *service = version->service;
	struct buf path, inputs, outputs;

	buf_init(&path, 65536);
	buf_init(&inputs, 65536);
	buf_init(&outputs, 65536);
	buf_printf(&path, "/folders/%s/services/%s/execute", service->folder->name, service->name);
	put_properties(&inputs, service->model->inputs);
	put_properties(&outputs, service->model->outputs);
	reply_v4(ex,
		"{'swagger':'2.0','info':{'title':%q,'version':'%s'},'basePath':'/%s/api/v3','paths':{"
		"%S:{'post':{'parameters':[{'name':'body','in':'body','schema':{"
		"'type':'object','properties':{'request_data':{'type':'object','properties':{'inputs':{"
		"'type':'object','properties':%j}}}}}}],'responses':{'200':{'description':'OK','schema':{"
		"'type':'object','properties':%j}},'401':{'description':'Unauthorized'},"
		"'404':{'description':'Not Found'},'500':{'description':'Internal Server Error'}}}}}}",
		service->name, version->number, ex->world->options->tenant, buf_text(&path),
		buf_text(&inputs), buf_text(&outputs));
	buf_fini(&path);
	buf_fini(&inputs);
	buf_fini(&outputs);
}

void
serve_swagger(struct exchange *ex)
{
	struct service *service = store_service(
		&ex->world->store, match_arg(&ex->match, "folder"), match_arg(&ex->match, "service"));
	struct str id = match_arg(&ex->match, "version_id"), file = match_arg(&ex->match, "downloadable");
	struct version *version = service ? service_latest(service) : NULL;

	if (service && id.len)
		version = store_version(&ex->world->store, id);
	if (!version || version->service != service) {
		refuse(ex, FAMILY_V3, 404, "SERVICE_NOT_FOUND", "");
		return;
	}
	if (!str_eq_nocase(file, STR("true")) && !str_eq_nocase(file, STR("false"))) {
		refuse(ex, FAMILY_V3, 400, "INVALID_REQUEST", "");
		return;
	}
	reply_swagger(ex, version);
	if (str_eq_nocase(file, STR("true")))
		buf_put_str(&ex->answer.headers,
			STR("Content-Disposition: attachment; filename=\"swagger.json\"\r\n"));
}
