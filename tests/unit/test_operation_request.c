#include "lib/cspark_operations.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/json_text.h"
#include "lib/operations.h"
#include "tests/unit/requests.h"

/* ---- every row ---- */

#define START "2025-02-01T10:00:00.000Z"
#define UNTIL "2035-02-01T10:00:00.000Z"
#define FS    "folder=f&service=s"

/* What the vendor's reference says, for the least that can be asked. */
static const struct {
	enum cspark_operation operation;
	const char *arguments;
	const char *method, *path;
	const char *body; /* NULL: none */
} ROWS[] = {
	{ CSPARK_OP_EXECUTE_V3_BODY, "", "POST", "/acme/api/v3/execute", "{}" },
	{ CSPARK_OP_EXECUTE_V3_BARE, "", "POST", "/acme/api/v3", "{}" },
	{ CSPARK_OP_EXECUTE_V4, "", "POST", "/acme/api/v4/execute", "{}" },
	{ CSPARK_OP_VALIDATE, FS, "POST", "/acme/api/v3/folders/f/services/s/validation", "{}" },
	{ CSPARK_OP_VALIDATE, "service_id=i", "POST", "/acme/api/v3/service/i/validation", "{}" },
	{ CSPARK_OP_VALIDATE, "version_id=i", "POST", "/acme/api/v3/version/i/validation", "{}" },
	{ CSPARK_OP_TRANSFORM, FS "&using_folder=tf&using_name=tn", "POST",
		"/acme/api/v4/transforms/tf/tn/for/f/s", "{}" },
	{ CSPARK_OP_TRANSFORM_LEGACY, FS "&using_name=tn", "POST",
		"/acme/api/v4/transforms/tn/for/folders/f/services/s", "{}" },
	{ CSPARK_OP_SERVICE_SEARCH, "", "POST", "/acme/api/v3/services/search",
		"{\"request_data\":{\"page\":1,\"page_size\":-1,\"sort\":\"name1_co\","
		"\"fields\":[\"id\",\"foldername\",\"filename\",\"version\",\"modifiedDate\"],"
		"\"search\":[]}}" },
	{ CSPARK_OP_SERVICE_FOLDER_LIST, "folder=f", "POST", "/api/v1/product/f/engines",
		"{\"page\":1,\"pageSize\":100,\"sort\":\"name1\",\"search\":[]}" },
	{ CSPARK_OP_SERVICE_EXISTS, FS, "GET", "/acme/api/v3/folders/f/services/s/exists", NULL },
	{ CSPARK_OP_SERVICE_VERSIONS, FS, "GET", "/api/v1/product/f/engines/getversions/s", NULL },
	{ CSPARK_OP_SERVICE_SCHEMA, FS, "GET", "/api/v1/product/f/engines/get/s", NULL },
	{ CSPARK_OP_SERVICE_SCHEMA_OF, FS "&version_id=v", "GET", "/api/v1/product/f/engines/get/s/v", NULL },
	{ CSPARK_OP_SERVICE_SCHEMA_BY, FS "&version_id=v", "GET",
		"/api/v1/product/f/engines/getbyversionid/s/v", NULL },
	{ CSPARK_OP_VERSION_SCHEMA, "version_id=v", "POST",
		"/acme/api/v3/GetEngineDetailByVersionId/versionid/v", NULL },
	{ CSPARK_OP_SERVICE_METADATA, FS, "GET", "/acme/api/v3/folders/f/services/s/metadata", NULL },
	{ CSPARK_OP_SERVICE_METADATA, "service_id=i", "GET", "/acme/api/v3/service/i/metadata", NULL },
	{ CSPARK_OP_SERVICE_METADATA, "version_id=i", "GET", "/acme/api/v3/version/i/metadata", NULL },
	{ CSPARK_OP_SERVICE_SWAGGER, FS, "GET",
		"/acme/api/v3/folders/f/services/s/downloadswagger/All/false/", NULL },
	{ CSPARK_OP_SERVICE_SWAGGER, FS "&subservice=a,b&downloadable=true&version_id=v", "GET",
		"/acme/api/v3/folders/f/services/s/downloadswagger/a%2Cb/true/v", NULL },
	{ CSPARK_OP_SERVICE_FILE, FS, "GET", "/api/v1/product/f/engines/s/download/?filename=&type=", NULL },
	{ CSPARK_OP_SERVICE_FILE, FS "&_type=configured&_filename=a%20b.xlsx&_version_id=v", "GET",
		"/api/v1/product/f/engines/s/download/v?filename=a%20b.xlsx&type=withmetadata", NULL },
	{ CSPARK_OP_SERVICE_FILE, FS "&_type=original", "GET",
		"/api/v1/product/f/engines/s/download/?filename=&type=", NULL },
	{ CSPARK_OP_SERVICE_WASM, FS, "GET", "/acme/api/v3/nodegen/getnodegenzipbyId/folders/f/services/s",
		NULL },
	{ CSPARK_OP_SERVICE_WASM, "service_id=i", "GET", "/acme/api/v3/nodegen/getnodegenzipbyId/service/i",
		NULL },
	{ CSPARK_OP_SERVICE_WASM, "version_id=i", "GET", "/acme/api/v3/nodegen/getnodegenzipbyId/version/i",
		NULL },
	{ CSPARK_OP_COMPILATION_STATUS, FS "&job=j", "GET",
		"/acme/api/v3/folders/f/services/s/getcompilationprogess/j", NULL },
	{ CSPARK_OP_SERVICE_PUBLISH, FS "&file_id=o&engine_id=e", "POST",
		"/acme/api/v3/folders/f/services/s/publish",
		"{\"request_data\":{\"draft_service_name\":\"s\",\"effective_start_date\":\"" START "\","
		"\"effective_end_date\":\"" UNTIL "\",\"original_file_documentid\":\"o\","
		"\"engine_file_documentid\":\"e\",\"version_difference\":\"minor\","
		"\"should_trck_user_action\":false}}" },
	{ CSPARK_OP_RECOMPILE_START, FS, "POST", "/acme/api/v3/folders/f/services/s/recompileNodgen",
		"{\"request_data\":{\"upgradeType\":\"patch\",\"neuronCompilerVersion\":\"StableLatest\","
		"\"releaseNotes\":\"Recompiled via csparkd\",\"effectiveStartDate\":\"" START "\","
		"\"effectiveEndDate\":\"" UNTIL "\"}}" },
	{ CSPARK_OP_SERVICE_DELETE, FS, "DELETE", "/api/v1/product/f/engines/delete/s", NULL },
	{ CSPARK_OP_FOLDER_LIST, "", "POST", "/api/v1/product/list",
		"{\"page\":1,\"pageSize\":100,\"sort\":\"-updated\","
		"\"shouldFetchActiveServicesCount\":true,\"search\":[]}" },
	{ CSPARK_OP_FOLDER_MAKE, "name=n", "POST", "/api/v1/product/create",
		"Name=n&Description=Created%20by%20csparkd&Category=Other"
		"&StartDate=2025-02-01T10%3A00%3A00.000Z&LaunchDate=2035-02-01T10%3A00%3A00.000Z"
		"&Status=Design" },
	{ CSPARK_OP_FOLDER_GET, "name=n", "GET", "/api/v1/product/GetProduct/n", NULL },
	{ CSPARK_OP_FOLDER_GET, "name=n&services=3", "GET",
		"/api/v1/product/GetProduct/n?noOfCalculationEngines=3", NULL },
	{ CSPARK_OP_FOLDER_EXISTS, "name=n", "POST", "/api/v1/product/isproductexists/n", NULL },
	{ CSPARK_OP_FOLDER_UPDATE, "id=i&description=d", "POST", "/api/v1/product/update/i",
		"{\"description\":\"d\",\"shouldTrackUserAction\":true}" },
	{ CSPARK_OP_FOLDER_DELETE, "id=i", "DELETE", "/api/v1/product/delete/i", NULL },
	{ CSPARK_OP_CATEGORY_LIST, "", "GET", "/api/v1/lookup/getcategories", NULL },
	{ CSPARK_OP_CATEGORY_SAVE, "name=n&key=k", "POST", "/api/v1/lookup/savecategory",
		"{\"value\":\"n\",\"key\":\"k\",\"icon\":\"other.svg\"}" },
	{ CSPARK_OP_CATEGORY_DELETE, "key=k", "DELETE", "/api/v1/lookup/deletecategory/k", NULL },
	{ CSPARK_OP_TRANSFORM_LIST, "folder=f&type=t", "POST", "/acme/api/v4/transforms/list/f",
		"{\"page\":1,\"pageSize\":100,\"sort\":\"-updatedAt\","
		"\"search\":[{\"field\":\"transform_type\",\"value\":\"t\"}]}" },
	{ CSPARK_OP_TRANSFORM_GET, "folder=f&name=n", "GET", "/acme/api/v4/transforms/f/n", NULL },
	{ CSPARK_OP_TRANSFORM_DELETE, "folder=f&name=n", "DELETE", "/acme/api/v4/transforms/f/n", NULL },
	{ CSPARK_OP_BATCH_LIST, "", "GET", "/acme/api/v4/batch/status", NULL },
	{ CSPARK_OP_BATCH_CREATE, "service=f/s[1.2.3]", "POST", "/acme/api/v4/batch",
		"{\"service\":\"f/s[1.2.3]\",\"call_purpose\":\"Async Batch Execution\","
		"\"source_system\":\"csparkd\",\"acceptable_error_percentage\":0}" },
	{ CSPARK_OP_BATCH_GET, "id=i", "GET", "/acme/api/v4/batch/i", NULL },
	{ CSPARK_OP_BATCH_STATUS, "id=i", "GET", "/acme/api/v4/batch/i/status", NULL },
	{ CSPARK_OP_BATCH_PULL, "id=i", "GET", "/acme/api/v4/batch/i/chunkresults?max=100", NULL },
	{ CSPARK_OP_BATCH_CLOSE, "id=i", "PATCH", "/acme/api/v4/batch/i", "{\"batch_status\":\"closed\"}" },
	{ CSPARK_OP_BATCH_CANCEL, "id=i", "PATCH", "/acme/api/v4/batch/i",
		"{\"batch_status\":\"cancelled\"}" },
	{ CSPARK_OP_LOG_GET, "call_id=c", "GET", "/acme/api/v3/log/getexecutionhistorybycallid/c", NULL },
	{ CSPARK_OP_LOG_GET, "call_id=c&index=2", "GET",
		"/acme/api/v3/log/getexecutionhistorybycallid/c?index=2", NULL },
	{ CSPARK_OP_LOG_GET_RECORD, "call_id=c&record=2", "GET",
		"/acme/api/v3/log/getexecutionhistorybycallid/c/2", NULL },
	{ CSPARK_OP_LOG_REHYDRATE, FS "&call_id=c", "POST",
		"/acme/api/v3/folders/f/services/s/download/xml/c", "{}" },
	{ CSPARK_OP_LOG_REHYDRATE, FS "&call_id=c&index=0", "POST",
		"/acme/api/v3/folders/f/services/s/download/xml/c?index=0", "{}" },
	{ CSPARK_OP_LOG_REHYDRATE_LEGACY, FS "&call_id=c", "POST",
		"/acme/api/v3/folders/f/services/s/download/c", "{}" },
	{ CSPARK_OP_LOG_FIND, FS "&_start=a&_end=b&version_id=v&user=u", "POST",
		"/api/v1/product/f/engines/s/logs",
		"{\"page\":1,\"pageSize\":100,\"sort\":\"-updated\",\"search\":["
		"{\"field\":\"StartDate\",\"value\":\"a\"},{\"field\":\"EndDate\",\"value\":\"b\"},"
		"{\"field\":\"version\",\"id\":\"v\"},{\"field\":\"username\",\"value\":\"u\"}]}" },
	{ CSPARK_OP_LOG_DOWNLOAD_START, FS "&call_ids=a,b&version_id=v", "POST",
		"/acme/api/v3/folders/f/services/s/log/downloadjson",
		"{\"request_data\":{\"call_ids\":[\"a\",\"b\"]},\"request_meta\":{\"version_id\":\"v\"}}" },
	{ CSPARK_OP_LOG_DOWNLOAD_START, FS "&type=csv&has_errors=true", "POST",
		"/acme/api/v3/folders/f/services/s/log/downloadcsv",
		"{\"request_data\":{\"has_errors\":true},\"request_meta\":{}}" },
	{ CSPARK_OP_LOG_DOWNLOAD_STATUS, FS "&type=csv&job=j", "GET",
		"/acme/api/v3/folders/f/services/s/log/downloadcsv/status/j", NULL },
	{ CSPARK_OP_EXPORT_LIST, "", "GET", "/acme/api/v4/export/status", NULL },
	{ CSPARK_OP_EXPORT_START, "folders=a&services=f/s,%20f/t&version_ids=v", "POST",
		"/acme/api/v4/export",
		"{\"inputs\":{\"folders\":[\"a\"],\"services\":[\"f/s\",\"f/t\"],\"version_ids\":[\"v\"]},"
		"\"file_filter\":\"migrate\",\"version_filter\":\"latest\",\"source_system\":\"csparkd\"}" },
	{ CSPARK_OP_EXPORT_START, "services=f/s&_correlation=c", "POST", "/acme/api/v4/export",
		"{\"inputs\":{\"services\":[\"f/s\"]},\"file_filter\":\"migrate\","
		"\"version_filter\":\"latest\",\"source_system\":\"csparkd\",\"correlation_id\":\"c\"}" },
	{ CSPARK_OP_EXPORT_STATUS, "id=i", "GET", "/acme/api/v4/export/i/status", NULL },
	{ CSPARK_OP_EXPORT_CANCEL, "id=i", "PATCH", "/acme/api/v4/export/i",
		"{\"export_status\":\"cancelled\"}" },
	{ CSPARK_OP_IMPORT_LIST, "", "GET", "/acme/api/v4/import/status", NULL },
	{ CSPARK_OP_IMPORT_STATUS, "id=i", "GET", "/acme/api/v4/import/i/status", NULL },
	{ CSPARK_OP_EVENT_DOWNLOAD, "", "POST", "/acme/api/v4/events/download",
		"{\"page_no\":1,\"pageSize\":100,\"sort_column\":\"-updated\",\"sort_order\":\"desc\","
		"\"search\":[]}" },
	{ CSPARK_OP_EVENT_STATUS, "job=j", "GET", "/acme/api/v4/events/download/status/j", NULL },
	{ CSPARK_OP_PLATFORM_CONFIG, "", "GET", "/api/v1/config/GetSparkConfiguration", NULL },
	{ CSPARK_OP_PLATFORM_CONFIG_ALL, "", "GET", "/api/v1/config/GetAllSparkConfiguration", NULL },
	{ CSPARK_OP_PLATFORM_HEALTH, "", "GET", "/health", NULL },
	{ CSPARK_OP_HYBRID_HEALTH, "", "GET", "/healthcheck", NULL },
	{ CSPARK_OP_HYBRID_VERSION, "", "GET", "/version", NULL },
	{ CSPARK_OP_HYBRID_STATUS, "", "GET", "/status", NULL },
	{ CSPARK_OP_HYBRID_VALIDATE, "", "POST", "/acme/api/v3/validation", "{}" },
	{ CSPARK_OP_HYBRID_METADATA, "", "POST", "/acme/api/v3/metadata", "{}" },
};

static struct cspark_request *
make(enum cspark_operation operation, const char *arguments, const char *body)
{
	struct cspark_error error = { .detail = "" };
	struct asked asked;
	struct cspark_ask ask;
	struct cspark_request *request;

	asked_read(&asked, arguments);
	ask = ask_for(operation, &asked, body);
	request = cspark_operation_request("acme", &ask, &error);
	cr_assert(request, "%s?%s: %s", cspark_operation_name(operation), arguments, error.detail);
	buf_fini(&asked.text);
	return request;
}

static void
expect_body(enum cspark_operation operation, const char *arguments, const char *body, const char *wanted)
{
	struct cspark_request *request = make(operation, arguments, body);

	cr_expect_str_eq(request->body, wanted, "%s: %s", cspark_operation_name(operation), request->body);
	cr_expect_eq(request->body_len, strlen(wanted));
	cspark_request_free(request);
}

static void
refuse(enum cspark_operation operation, const char *arguments, const char *body, enum cspark_code code,
	const char *word)
{
	struct cspark_error error = { .detail = "" };
	struct asked asked;
	struct cspark_ask ask;
	struct cspark_request *request;

	asked_read(&asked, arguments);
	ask = ask_for(operation, &asked, body);
	request = cspark_operation_request("acme", &ask, &error);
	cr_expect_null(request, "%s?%s is made", cspark_operation_name(operation), arguments);
	cr_expect_eq(error.code, code, "%s?%s: %d %s", cspark_operation_name(operation), arguments,
		(int)error.code, error.detail);
	cr_expect(strstr(error.detail, word), "no %s in %s", word, error.detail);
	cspark_request_free(request);
	buf_fini(&asked.text);
}

Test(operation_request, makes_what_the_reference_says)
{
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		const char *name = cspark_operation_name(ROWS[i].operation);
		struct cspark_request *request = make(ROWS[i].operation, ROWS[i].arguments, NULL);

		cr_expect_str_eq(request->method, ROWS[i].method, "%s", name);
		cr_expect_str_eq(request->path, ROWS[i].path, "%s: %s", name, request->path);
		cr_expect_eq(request->body == NULL, ROWS[i].body == NULL, "%s", name);
		if (request->body && ROWS[i].body)
			cr_expect_str_eq(request->body, ROWS[i].body, "%s: %s", name, request->body);
		cr_expect_eq(request->body_len, ROWS[i].body ? strlen(ROWS[i].body) : 0, "%s", name);
		cr_expect_eq(request->operation, ROWS[i].operation);
		cr_expect_null(request->parts);
		cspark_request_free(request);
	}
}

/* What has a path of its own and no file to send is above; documents, parts and jobs are below. */
Test(operation_request, has_every_row_in_its_tests)
{
	static const enum cspark_operation ELSEWHERE[] = { CSPARK_OP_EXECUTE_V3, CSPARK_OP_TRANSFORM_RUN,
		CSPARK_OP_TRANSFORM_VALIDATE, CSPARK_OP_TRANSFORM_SAVE, CSPARK_OP_BATCH_PUSH,
		CSPARK_OP_AUTH_CERTS };
	bool seen[CSPARK_OPERATIONS] = { false };

	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
		seen[ROWS[i].operation] = true;
	for (size_t i = 0; i < sizeof ELSEWHERE / sizeof *ELSEWHERE; i++)
		seen[ELSEWHERE[i]] = true;
	for (enum cspark_operation op = 0; op < CSPARK_OPERATIONS; op++) {
		const struct cspark_operation_info *info = cspark_operation_info(op);

		cr_expect(seen[op] || info->path[0] == '\0' || info->body == CSPARK_BODY_PARTS, "%s",
			info->name);
	}
}

/* ---- names ---- */

Test(operation_request, encodes_every_byte_of_a_name)
{
	static const struct {
		const char *name, *wire;
	} NAMES[] = {
		{ "a%20b", "a%20b" },
		{ "100%25", "100%25" },
		{ "%252F", "%252F" },
		{ "%C3%BCber", "%C3%BCber" },
		{ "%E6%97%A5", "%E6%97%A5" },
		{ "a%2Fb", "a%2Fb" },
		{ "a?b=c", "a%3Fb%3Dc" },
		{ "a%23b", "a%23b" },
		{ "a%26b", "a%26b" },
		{ "a+b", "a%2Bb" },
		{ "...", "..." },
		{ "a\"b", "a%22b" },
		{ "A-z_0.9~", "A-z_0.9~" },
	};
	char arguments[80], wanted[160];

	for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
		struct cspark_request *request;

		snprintf(arguments, sizeof arguments, "folder=f&service=%s", NAMES[i].name);
		snprintf(wanted, sizeof wanted, "/acme/api/v3/folders/f/services/%s/exists", NAMES[i].wire);
		request = make(CSPARK_OP_SERVICE_EXISTS, arguments, NULL);
		cr_expect_str_eq(request->path, wanted, "%s", request->path);
		cspark_request_free(request);
	}
}

Test(operation_request, refuses_names_that_would_change_the_path)
{
	static const char *const ODD[] = { ".", "..", "a%2F..%2Fb", "..%2Fs", "%2F", "a%2F", "", "a%00b",
		"a%0Ab", "%FF", "%C0%AF" };
	char arguments[80];

	for (size_t i = 0; i < sizeof ODD / sizeof *ODD; i++) {
		snprintf(arguments, sizeof arguments, "folder=f&service=%s", ODD[i]);
		refuse(CSPARK_OP_SERVICE_DELETE, arguments, NULL, CSPARK_E_BAD_PARAMETER, "service");
		refuse(CSPARK_OP_SERVICE_WASM, arguments, NULL, CSPARK_E_BAD_PARAMETER, "service");
		snprintf(arguments, sizeof arguments, "folder=%s&service=s", ODD[i]);
		refuse(CSPARK_OP_SERVICE_DELETE, arguments, NULL, CSPARK_E_BAD_PARAMETER, "folder");
	}
	refuse(CSPARK_OP_SERVICE_SWAGGER, FS "&_subservice=..", NULL, CSPARK_E_BAD_PARAMETER, "subservice");
	refuse(CSPARK_OP_SERVICE_SWAGGER, FS "&_version_id=..", NULL, CSPARK_E_BAD_PARAMETER, "version_id");
	refuse(CSPARK_OP_SERVICE_WASM, "version_id=..", NULL, CSPARK_E_BAD_PARAMETER, "version_id");
	refuse(CSPARK_OP_SERVICE_WASM, "service_id=.", NULL, CSPARK_E_BAD_PARAMETER, "service_id");
}

Test(operation_request, needs_every_part_of_the_path)
{
	refuse(CSPARK_OP_FOLDER_DELETE, "", NULL, CSPARK_E_BAD_PARAMETER, "id");
	refuse(CSPARK_OP_FOLDER_GET, "", NULL, CSPARK_E_BAD_PARAMETER, "name");
	refuse(CSPARK_OP_SERVICE_DELETE, "folder=f", NULL, CSPARK_E_BAD_PARAMETER, "service");
	refuse(CSPARK_OP_SERVICE_METADATA, "folder=f", NULL, CSPARK_E_BAD_PARAMETER, "service");
	refuse(CSPARK_OP_LOG_DOWNLOAD_STATUS, FS "&job=j", NULL, CSPARK_E_BAD_PARAMETER, "type");
	refuse(CSPARK_OP_LOG_DOWNLOAD_START, FS "&type=", NULL, CSPARK_E_BAD_PARAMETER, "type");
}

Test(operation_request, puts_public_where_spark_wants_it)
{
	struct asked asked;
	struct cspark_ask ask;
	struct cspark_request *request;

	asked_read(&asked, FS);
	ask = ask_for(CSPARK_OP_SERVICE_WASM, &asked, NULL);
	ask.is_public = true;
	request = cspark_operation_request("acme", &ask, NULL);
	cr_assert_str_eq(request->path, "/acme/api/v3/nodegen/public/getnodegenzipbyId/folders/f/services/s");
	cr_assert(request->is_public);
	cspark_request_free(request);
	ask.operation = CSPARK_OP_SERVICE_METADATA;
	request = cspark_operation_request("acme", &ask, NULL);
	cr_assert_str_eq(request->path, "/acme/api/v3/public/folders/f/services/s/metadata");
	cspark_request_free(request);
	buf_fini(&asked.text);
}

Test(operation_request, has_no_public_side_where_spark_has_none)
{
	struct cspark_error error = { .detail = "" };
	struct asked asked;
	struct cspark_ask ask;

	asked_read(&asked, FS);
	ask = ask_for(CSPARK_OP_SERVICE_EXISTS, &asked, NULL);
	ask.is_public = true;
	cr_assert_null(cspark_operation_request("acme", &ask, &error));
	cr_assert_eq(error.code, CSPARK_E_BAD_PARAMETER);
	cr_assert(strstr(error.detail, "_public"), "%s", error.detail);
	buf_fini(&asked.text);
}

/* ---- bodies ---- */

Test(operation_request, lets_the_callers_own_members_win)
{
	expect_body(CSPARK_OP_BATCH_CREATE, "service=f/s&_source=x",
		"{ \"service\" : \"g/t\" , \"call_purpose\":null,\"more\":[1, 2]}",
		"{\"source_system\":\"x\",\"acceptable_error_percentage\":0,"
		"\"service\":\"g/t\",\"call_purpose\":null,\"more\":[1, 2]}");
	expect_body(CSPARK_OP_RECOMPILE_START, FS "&_notes=n",
		"{\"releaseNotes\":\"own\",\"effectiveStartDate\":1,"
		"\"effectiveEndDate\":2}",
		"{\"request_data\":{\"upgradeType\":\"patch\",\"neuronCompilerVersion\":\"StableLatest\","
		"\"releaseNotes\":\"own\",\"effectiveStartDate\":1,\"effectiveEndDate\":2}}");
	expect_body(CSPARK_OP_EXPORT_START, "folders=a", "{\"inputs\":{\"services\":[\"f/s\"]}}",
		"{\"file_filter\":\"migrate\",\"version_filter\":\"latest\",\"source_system\":\"csparkd\","
		"\"inputs\":{\"services\":[\"f/s\"]}}");
	expect_body(CSPARK_OP_FOLDER_LIST, "name=x", "{\"search\":[],\"page\":2}",
		"{\"pageSize\":100,\"sort\":\"-updated\",\"shouldFetchActiveServicesCount\":true,"
		"\"search\":[],\"page\":2}");
}

Test(operation_request, leaves_an_envelope_of_the_callers_alone)
{
	static const char OWN[] = "{\"request_data\":{\"page\":7}, \"request_meta\":{}}";

	expect_body(CSPARK_OP_SERVICE_SEARCH, "_page=2", OWN, OWN);
}

Test(operation_request, makes_filters_of_what_else_is_said)
{
	expect_body(CSPARK_OP_SERVICE_SEARCH, "foldername=pri%22cing&_page=2&_limit=5&_fields=id&x=", NULL,
		"{\"request_data\":{\"page\":2,\"page_size\":5,\"sort\":\"name1_co\",\"fields\":[\"id\"],"
		"\"search\":[{\"field\":\"foldername\",\"value\":\"pri\\\"cing\"},"
		"{\"field\":\"x\",\"value\":\"\"}]}}");
	expect_body(CSPARK_OP_SERVICE_FOLDER_LIST, "folder=f&name=n", NULL,
		"{\"page\":1,\"pageSize\":100,\"sort\":\"name1\","
		"\"search\":[{\"field\":\"name\",\"value\":\"n\"}]}");
	expect_body(CSPARK_OP_FOLDER_LIST, "favorite=true&name=n&status=", NULL,
		"{\"page\":1,\"pageSize\":100,\"sort\":\"-updated\","
		"\"shouldFetchActiveServicesCount\":true,\"search\":[{\"field\":\"name\",\"value\":\"n\"},"
		"{\"field\":\"isstarred\",\"value\":true}]}");
}

Test(operation_request, sends_documents_as_a_string)
{
	struct cspark_request *request = make(
		CSPARK_OP_TRANSFORM_SAVE, "folder=f&name=n", "{\"a\": \"\\u00fc\\n\"}");

	cr_assert_str_eq(request->path, "/acme/api/v4/transforms/f/n");
	cr_assert_str_eq(request->body, "{\"transform_content\":\"{\\\"a\\\": \\\"\\\\u00fc\\\\n\\\"}\"}");
	cspark_request_free(request);
	expect_body(CSPARK_OP_TRANSFORM_VALIDATE, "", "{\"transform_content\":\"{}\"}",
		"{\"transform_content\":\"{}\"}");
	refuse(CSPARK_OP_TRANSFORM_SAVE, "folder=f&name=n", NULL, CSPARK_E_BAD_REQUEST, "document");
}

Test(operation_request, makes_a_fresh_key_for_a_new_category)
{
	struct cspark_request *one = make(CSPARK_OP_CATEGORY_SAVE, "name=n", NULL),
			      *two = make(CSPARK_OP_CATEGORY_SAVE, "name=n", NULL);
	struct str key = json_member(str_of(one->body), STR("key"));

	cr_assert_eq(key.len, 38);
	cr_assert_eq(key.at[15], '4');
	cr_assert_str_neq(one->body, two->body);
	cspark_request_free(one);
	cspark_request_free(two);
}

Test(operation_request, writes_forms)
{
	expect_body(CSPARK_OP_FOLDER_MAKE, "",
		"{\"Name\":\"a b&c\",\"description\":\"\",\"Status\":null,"
		"\"Category\":7,\"StartDate\":\"x\",\"LaunchDate\":\"y\"}",
		"Name=a%20b%26c&Description=&Category=7&StartDate=x&LaunchDate=y&Status=Design");
}

Test(operation_request, sends_long_texts_of_a_form_whole)
{
	enum { LONG = 300 * 1024 };
	char *body = malloc(LONG + 64);
	struct cspark_request *request;
	int len = snprintf(body, 64, "{\"Name\":\"n\",\"Description\":\"");

	memset(body + len, 'd', LONG);
	memcpy(body + len + LONG, "\"}", 3);
	request = make(CSPARK_OP_FOLDER_MAKE, "", body);
	cr_assert_gt(request->body_len, LONG);
	cspark_request_free(request);
	free(body);
}

Test(operation_request, passes_any_json_to_a_transform)
{
	expect_body(CSPARK_OP_TRANSFORM, FS "&using_folder=tf&using_name=tn", "[1, 2.50]", "[1, 2.50]");
	expect_body(CSPARK_OP_BATCH_PUSH, "id=i", "{\"chunks\":[]}", "{\"chunks\":[]}");
	refuse(CSPARK_OP_TRANSFORM, FS "&using_folder=tf&using_name=tn", "[1,", CSPARK_E_BAD_JSON, "line 1");
	refuse(CSPARK_OP_BATCH_CREATE, "service=f/s", "[]", CSPARK_E_BAD_REQUEST, "object");
}

Test(operation_request, reads_mappings)
{
	struct cspark_request *request = make(
		CSPARK_OP_IMPORT_START, "services=f/s,%20f/t:g/u&existing=replace", NULL);

	cr_assert_eq(request->part_count, 2);
	cr_assert_str_eq(request->parts[0].text.at,
		"{\"inputs\":{\"services_modify\":["
		"{\"service_uri_source\":\"f/s\",\"service_uri_destination\":\"f/s\","
		"\"update_version_type\":\"minor\"},"
		"{\"service_uri_source\":\"f/t\",\"service_uri_destination\":\"g/u\","
		"\"update_version_type\":\"minor\"}]},\"services_existing\":\"replace\","
		"\"source_system\":\"csparkd\"}");
	cspark_request_free(request);
}

/* ---- dates ---- */

static void
expect_end(int64_t now_s, const char *arguments, const char *start, const char *end)
{
	struct asked asked;
	struct cspark_ask ask;
	struct cspark_request *request;
	char wanted[120];

	asked_read(&asked, arguments);
	ask = ask_for(CSPARK_OP_RECOMPILE_START, &asked, NULL);
	ask.now_s = now_s;
	request = cspark_operation_request("acme", &ask, NULL);
	cr_assert_not_null(request);
	snprintf(wanted, sizeof wanted, "\"effectiveStartDate\":\"%s\",\"effectiveEndDate\":\"%s\"", start,
		end);
	cr_expect(strstr(request->body, wanted), "no %s in %s", wanted, request->body);
	cspark_request_free(request);
	buf_fini(&asked.text);
}

Test(operation_request, counts_ten_years)
{
	expect_end(0, FS, "1970-01-01T00:00:00.000Z", "1980-01-01T00:00:00.000Z");
	expect_end(1709208000, FS, "2024-02-29T12:00:00.000Z", "2034-03-01T12:00:00.000Z");
	expect_end(
		253402300799 - 10 * 31556952LL, FS, "9989-12-31T13:47:59.000Z", "9999-12-31T13:47:59.000Z");
	expect_end(REQUEST_NOW_S, FS "&_start=2030-05-06", "2030-05-06", "2040-05-06T00:00:00.000Z");
	expect_end(REQUEST_NOW_S, FS "&_start=2030-05-06T07:08:09.123Z", "2030-05-06T07:08:09.123Z",
		"2040-05-06T07:08:09.000Z");
	expect_end(REQUEST_NOW_S, FS "&_start=soon", "soon", UNTIL);
	expect_end(REQUEST_NOW_S, FS "&_end=2031-01-01", START, "2031-01-01");
}

Test(operation_request, looks_a_week_back_from_an_end)
{
	expect_body(CSPARK_OP_LOG_FIND, FS "&_end=2024-03-03T01:02:03Z", NULL,
		"{\"page\":1,\"pageSize\":100,\"sort\":\"-updated\",\"search\":["
		"{\"field\":\"StartDate\",\"value\":\"2024-02-25T01:02:03.000Z\"},"
		"{\"field\":\"EndDate\",\"value\":\"2024-03-03T01:02:03Z\"}]}");
	expect_body(CSPARK_OP_LOG_FIND, FS, NULL,
		"{\"page\":1,\"pageSize\":100,\"sort\":\"-updated\",\"search\":["
		"{\"field\":\"StartDate\",\"value\":\"" START "\"}]}");
}

/* ---- what is refused ---- */

Test(operation_request, names_the_parameter_that_is_wrong)
{
	refuse(CSPARK_OP_FOLDER_LIST, "_page=one", NULL, CSPARK_E_BAD_PARAMETER, "_page");
	refuse(CSPARK_OP_FOLDER_LIST, "page=1.5", NULL, CSPARK_E_BAD_PARAMETER, "_page");
	refuse(CSPARK_OP_FOLDER_LIST, "page=", NULL, CSPARK_E_BAD_PARAMETER, "_page");
	refuse(CSPARK_OP_FOLDER_LIST, "page=-", NULL, CSPARK_E_BAD_PARAMETER, "_page");
	refuse(CSPARK_OP_FOLDER_LIST, "page=01", NULL, CSPARK_E_BAD_PARAMETER, "_page");
	refuse(CSPARK_OP_FOLDER_LIST, "page=%201", NULL, CSPARK_E_BAD_PARAMETER, "_page");
	refuse(CSPARK_OP_FOLDER_LIST, "page=99999999999", NULL, CSPARK_E_BAD_PARAMETER, "_page");
	refuse(CSPARK_OP_FOLDER_LIST, "favorite=yes", NULL, CSPARK_E_BAD_PARAMETER, "favorite");
	refuse(CSPARK_OP_FOLDER_LIST, "name=a%0Ab", NULL, CSPARK_E_BAD_PARAMETER, "name");
	refuse(CSPARK_OP_FOLDER_LIST, "name=%FF", NULL, CSPARK_E_BAD_PARAMETER, "name");
	refuse(CSPARK_OP_RECOMPILE_START, FS "&_versioning=huge", NULL, CSPARK_E_BAD_PARAMETER,
		"_versioning takes one of: major minor patch");
	refuse(CSPARK_OP_RECOMPILE_START, FS "&_versioning=", NULL, CSPARK_E_BAD_PARAMETER, "_versioning");
	refuse(CSPARK_OP_EVENT_DOWNLOAD, "search=%7B", NULL, CSPARK_E_BAD_PARAMETER, "search");
	refuse(CSPARK_OP_BATCH_PULL, "id=i&max=many", NULL, CSPARK_E_BAD_PARAMETER, "max");
}

Test(operation_request, names_the_parameter_that_is_missing)
{
	refuse(CSPARK_OP_SERVICE_PUBLISH, FS "&engine_id=e", NULL, CSPARK_E_BAD_PARAMETER, "_file_id");
	refuse(CSPARK_OP_SERVICE_PUBLISH, FS "&file_id=o", "{\"engine\":1}", CSPARK_E_BAD_PARAMETER,
		"_engine_id");
	refuse(CSPARK_OP_FOLDER_MAKE, "", NULL, CSPARK_E_BAD_PARAMETER, "name");
	refuse(CSPARK_OP_CATEGORY_SAVE, "", "{\"key\":\"k\"}", CSPARK_E_BAD_PARAMETER, "name");
}

/* The body cannot say what steers a job or stands in the path. */
Test(operation_request, looks_for_what_is_needed_where_it_is_read)
{
	static const struct {
		enum cspark_operation operation;
		const char *arguments, *body, *word;
	} ASKS[] = {
		{ CSPARK_OP_TRANSFORM_RUN, "", "{\"request_data\":{}}", "_using" },
		{ CSPARK_OP_TRANSFORM_RUN, "", "{\"@using\":1,\"_using\":1}", "_using" },
		{ CSPARK_OP_LOG_WORKBOOK, "call_id=c", "{\"service\":\"f/s\"}", "service" },
		{ CSPARK_OP_FILE_GET, "", "{\"url\":\"http://h/\"}", "url" },
	};

	for (size_t i = 0; i < sizeof ASKS / sizeof *ASKS; i++) {
		struct cspark_error error = { .detail = "" };
		struct asked asked;
		struct cspark_ask ask;

		asked_read(&asked, ASKS[i].arguments);
		ask = ask_for(ASKS[i].operation, &asked, ASKS[i].body);
		cr_expect_not(cspark_ask_check(&ask, &error), "%s", ASKS[i].body);
		cr_expect(strstr(error.detail, ASKS[i].word), "%s", error.detail);
		buf_fini(&asked.text);
	}
}

/* A comma of the query becomes an object of the body. */
Test(operation_request, refuses_more_than_it_can_hold)
{
	enum { COMMAS = 20000 };
	char *arguments = malloc(COMMAS + 16);

	memcpy(arguments, "services=", 9);
	memset(arguments + 9, ',', COMMAS);
	arguments[9 + COMMAS] = '\0';
	refuse(CSPARK_OP_IMPORT_START, arguments, NULL, CSPARK_E_OVERLOADED, "too large");
	free(arguments);
}
