/* What is handed out as files: workbooks and WebAssembly bundles. */
#include "sim/catalog.h"
#include "sim/documents.h"
#include "sim/exchange.h"
#include "sim/execute.h"
#include "sim/operations.h"
#include "sim/refuse.h"
#include "sim/reply.h"
#include "sim/workbook.h"
#include "sim/zip.h"

#include <stdio.h>

static const struct str absent = { NULL, 0 };

struct blob *
version_workbook(const struct version *version)
{
	if (version->workbook)
		return blob_ref(version->workbook);
	return workbook_make(version->service->model, absent, absent);
}

static void
name_file(struct exchange *ex, const char *name)
{
	struct buf *headers = &ex->answer.headers;

	buf_put_str(headers, STR("Content-Disposition: attachment; filename*=UTF-8''"));
	str_percent_encode(str_of(name), headers);
	buf_put_str(headers, STR("\r\n"));
}

/* The version of the path, of the service of the path. */
static struct version *
find_version(struct exchange *ex)
{
	struct service *service = store_service(
		&ex->world->store, match_arg(&ex->match, "folder"), match_arg(&ex->match, "service"));
	struct str id = match_arg(&ex->match, "version_id");
	struct version *version;

	if (!service || id.len == 0)
		return service ? service_latest(service) : NULL;
	version = store_version(&ex->world->store, id);
	return version && version->service == service ? version : NULL;
}

void
serve_workbook(struct exchange *ex)
{
	struct str type = request_query(&ex->request, STR("type"));
	struct str wanted = request_query(&ex->request, STR("filename"));
	struct version *version = find_version(ex);
	struct buf name;

	if (type.len && !str_eq_nocase(type, STR("withmetadata"))) {
		refuse_v1(ex, "INVALID_REQUEST", "type is empty or withmetadata");
		return;
	}
	if (!version) {
		refuse_v1(ex, "SERVICE_NOT_FOUND", "no such service or version");
		return;
	}
	buf_init(&name, 4096);
	if (!wanted.len || !str_percent_decode(wanted, true, &name))
		buf_put_str(&name, str_of(version->file_name));
	buf_put_char(&name, 0);
	answer_set_file(&ex->answer, 200, XLSX_TYPE, version_workbook(version));
	if (!buf_failed(&name))
		name_file(ex, name.data);
	buf_fini(&name);
}

static struct blob *
make_bundle(const struct callee *callee)
{
	static const char wasm[] = { 0, 'a', 's', 'm', 1, 0, 0, 0 };
	struct blob *bundle = blob_new();
	struct zip_writer zip;
	char name[NAME_BYTES + 40];

	zip_begin(&zip, bundle);
	snprintf(name, sizeof(name), "%s.wasm", callee->name);
	zip_add(&zip, name, str_range(wasm, sizeof(wasm)));
	snprintf(name, sizeof(name), "%s.js", callee->name);
	zip_add(&zip, name, STR("// loads the module beside it\n"));
	snprintf(name, sizeof(name), "%s.data", callee->name);
	zip_add(&zip, name, str_of(callee->version_id));
	snprintf(name, sizeof(name), "%sDefaultValidations.json", callee->name);
	zip_add(&zip, name, STR("{}"));
	zip_add(&zip, "checksums.md5", STR(""));
	zip_end(&zip);
	return bundle;
}

void
serve_wasm(struct exchange *ex)
{
	char name[NAME_BYTES + 8];
	struct located located;

	locate_by_route(ex, &located);
	execute_settle(ex, &located);
	if (!located.found) {
		refuse(ex, FAMILY_V3, 404, "SERVICE_NOT_FOUND", "");
	} else if (ex->match.open && !located.callee.open) {
		refuse(ex, FAMILY_V3, 403, "UNAUTHORIZED", "");
	} else {
		answer_set_file(&ex->answer, 200, ZIP_TYPE, make_bundle(&located.callee));
		snprintf(name, sizeof(name), "%s.zip", located.callee.name);
		name_file(ex, name);
	}
}
