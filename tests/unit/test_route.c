#include "daemon/route.h"

#include "lib/cspark_operations.h"

#include <criterion/criterion.h>
#include <stdio.h>

static bool
find(const char *method, const char *path, struct route *ret, struct cspark_error *error)
{
	const char *allow;

	error->code = CSPARK_OK;
	return route_find(str_of(method), str_of(path), ret, &allow, error);
}

static void
set_up(void)
{
	cr_assert(route_init());
}

TestSuite(route, .init = set_up, .fini = route_fini);

Test(route, finds_what_is_served)
{
	static const struct {
		const char *method, *path;
		enum route_kind kind;
		unsigned operation;
		bool is_public;
	} rows[] = {
		{ "GET", "/execute/f/s", ROUTE_EXECUTE, CSPARK_OP_EXECUTE_V3, false },
		{ "POST", "/execute/f/s%5B1.2.3%5D", ROUTE_EXECUTE, CSPARK_OP_EXECUTE_V3, false },
		{ "GET", "/healthz", ROUTE_ADMIN, ROUTE_OP_LOCAL, false },
		{ "HEAD", "/readyz", ROUTE_ADMIN, ROUTE_OP_LOCAL, false },
		{ "GET", "/openapi.json", ROUTE_ADMIN, ROUTE_OP_LOCAL, false },
		{ "POST", "/auth/realms/t/protocol/openid-connect/token", ROUTE_TOKEN, ROUTE_OP_LOCAL,
			false },
		{ "POST", "/t/api/v3/folders/f/services/s/execute", ROUTE_DROP_IN, CSPARK_OP_EXECUTE_V3,
			false },
		{ "POST", "/t/api/v3/service/id", ROUTE_DROP_IN, CSPARK_OP_EXECUTE_V3, false },
		{ "POST", "/t/api/v3/public/version/id", ROUTE_DROP_IN, CSPARK_OP_EXECUTE_V3, true },
		{ "POST", "/t/api/v3/proxy/a/b", ROUTE_DROP_IN, CSPARK_OP_EXECUTE_V3, false },
		{ "POST", "/t/api/v3/execute", ROUTE_DROP_IN, CSPARK_OP_EXECUTE_V3_BODY, false },
		{ "POST", "/t/api/v3", ROUTE_DROP_IN, CSPARK_OP_EXECUTE_V3_BARE, false },
		{ "POST", "/t/api/v4/execute", ROUTE_DROP_IN, CSPARK_OP_EXECUTE_V4, false },
		{ "POST", "/t/api/v4/public/execute", ROUTE_DROP_IN, CSPARK_OP_EXECUTE_V4, true },
		{ "POST", "/validate/f/s", ROUTE_EXECUTE, CSPARK_OP_VALIDATE, false },
		{ "GET", "/services/f/s", ROUTE_OPERATION, CSPARK_OP_SERVICE_EXISTS, false },
		{ "PUT", "/services/f/s", ROUTE_OPERATION, CSPARK_OP_SERVICE_CREATE, false },
		{ "GET", "/version/id/metadata", ROUTE_OPERATION, CSPARK_OP_SERVICE_METADATA, false },
		{ "GET", "/logs/id/workbook", ROUTE_OPERATION, CSPARK_OP_LOG_WORKBOOK, false },
		{ "GET", "/logs/f/s", ROUTE_OPERATION, CSPARK_OP_LOG_FIND, false },
		{ "PATCH", "/folders/id", ROUTE_OPERATION, CSPARK_OP_FOLDER_UPDATE, false },
		{ "POST", "/transforms/validate", ROUTE_OPERATION, CSPARK_OP_TRANSFORM_VALIDATE, false },
		{ "GET", "/health", ROUTE_DROP_IN, CSPARK_OP_PLATFORM_HEALTH, false },
		{ "POST", "/api/v1/product/uploadcoverimage", ROUTE_DROP_IN, CSPARK_OP_FOLDER_COVER, false },
		{ "GET", "/api/v1/product/f/engines/s/download/", ROUTE_DROP_IN, CSPARK_OP_SERVICE_FILE,
			false },
		{ "GET", "/api/v1/product/f/engines/s/download", ROUTE_DROP_IN, CSPARK_OP_SERVICE_FILE,
			false },
		{ "GET", "/api/v1/product/f/engines/s/download/v", ROUTE_DROP_IN, CSPARK_OP_SERVICE_FILE,
			false },
		{ "GET", "/t/api/v3/version/id/metadata", ROUTE_DROP_IN, CSPARK_OP_SERVICE_METADATA, false },
		{ "GET", "/t/api/v3/nodegen/public/getnodegenzipbyid/service/id", ROUTE_DROP_IN,
			CSPARK_OP_SERVICE_WASM, true },
		{ "POST", "/t/api/v4/transform/list/f", ROUTE_DROP_IN, CSPARK_OP_TRANSFORM_LIST, false },
		{ "POST", "/t/api/v4/transforms/f/n", ROUTE_DROP_IN, CSPARK_OP_TRANSFORM_SAVE, false },
		{ "POST", "/t/api/v3/folders/f/services/s/log/downloadcsv", ROUTE_DROP_IN,
			CSPARK_OP_LOG_DOWNLOAD_START, false },
		{ "GET", "/t/api/v4/batch/status", ROUTE_DROP_IN, CSPARK_OP_BATCH_LIST, false },
		{ "GET", "/t/api/v4/batch/id", ROUTE_DROP_IN, CSPARK_OP_BATCH_GET, false },
		{ "GET", "/t/api/v4/execute", ROUTE_DROP_IN, CSPARK_OP_RAW_READ, false },
		{ "DELETE", "/api/v9/anything", ROUTE_DROP_IN, CSPARK_OP_RAW_CHANGE, false },
	};
	struct cspark_error error;
	struct route route;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		cr_assert(find(rows[i].method, rows[i].path, &route, &error), "%s: %s", rows[i].path,
			error.detail);
		cr_assert_eq(route.kind, rows[i].kind, "%s", rows[i].path);
		cr_assert_eq(route.operation, rows[i].operation, "%s", rows[i].path);
		cr_assert_eq(route.is_public, rows[i].is_public, "%s", rows[i].path);
	}
}

Test(route, refuses_what_is_not)
{
	static const struct {
		const char *method, *path;
		enum cspark_code code;
	} rows[] = {
		{ "GET", "/", CSPARK_E_NO_SUCH_ROUTE },
		{ "GET", "/execute", CSPARK_E_METHOD_NOT_ALLOWED },
		{ "GET", "/execute/", CSPARK_E_NO_SUCH_ROUTE },
		{ "GET", "/healthz/", CSPARK_E_NO_SUCH_ROUTE },
		{ "GET", "//healthz", CSPARK_E_NO_SUCH_ROUTE },
		{ "DELETE", "/execute/f/s", CSPARK_E_METHOD_NOT_ALLOWED },
		{ "POST", "/status", CSPARK_E_METHOD_NOT_ALLOWED },
		{ "POST", "/t/api/v3/folders/../services/s/execute", CSPARK_E_BAD_LOCATOR },
		{ "POST", "/t/api/v3/folders/%2e%2E/services/s/execute", CSPARK_E_BAD_LOCATOR },
		{ "POST", "/t/api/v3/folders/a%2Fb/services/s/execute", CSPARK_E_BAD_LOCATOR },
		{ "POST", "/t/api/v3/folders/a%00/services/s/execute", CSPARK_E_BAD_LOCATOR },
		{ "POST", "/t/api/v3/proxy/a/../b", CSPARK_E_BAD_LOCATOR },
		{ "POST", "/t/api/v3/proxy/a//b", CSPARK_E_BAD_LOCATOR },
	};
	struct cspark_error error;
	struct route route;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		cr_assert_not(find(rows[i].method, rows[i].path, &route, &error), "%s", rows[i].path);
		cr_assert_eq(error.code, rows[i].code, "%s: %s", rows[i].path, cspark_code_name(error.code));
		cr_assert_neq(error.detail[0], '\0');
	}
}

Test(route, names_the_methods_that_are_allowed)
{
	struct cspark_error error;
	struct route route;
	const char *allow;

	cr_assert_not(route_find(STR("PUT"), STR("/execute/f/s"), &route, &allow, &error));
	cr_assert_str_eq(allow, "GET, POST");
}

Test(route, gives_every_operation_a_name)
{
	for (unsigned i = 0; i < ROUTE_OPERATIONS; i++)
		cr_assert_not_null(route_operation_names[i]);
}

Test(route, tells_the_parts_of_a_path)
{
	struct cspark_error error;
	struct route route;

	cr_assert(find("GET", "/t/api/v3/folders/f/services/s/log/downloadcsv/status/j", &route, &error));
	cr_assert(str_eq(route_part(&route, "tenant"), STR("t")));
	cr_assert(str_eq(route_part(&route, "folder"), STR("f")));
	cr_assert(str_eq(route_part(&route, "type"), STR("csv")));
	cr_assert(str_eq(route_part(&route, "job"), STR("j")));
	cr_assert_null(route_part(&route, "version").at);

	cr_assert(find("GET", "/t/api/v3/folders/f/services/s/downloadswagger/All/False/v", &route, &error));
	cr_assert_eq(route.part_count, ROUTE_PARTS_MAX);
	cr_assert(str_eq(route_part(&route, "version_id"), STR("v")));
}

/* Each operation can be reached: locally, unless its row says otherwise, and under Spark's own path. */
Test(route, reaches_every_operation)
{
	for (unsigned i = 0; i < CSPARK_OPERATIONS; i++) {
		const struct cspark_operation_info *info = cspark_operation_info(i);
		struct cspark_error error;
		struct route route;
		char path[200];

		if (info->local_path[0] == '\0')
			continue;
		/* a pattern is a path with odd names */
		snprintf(path, sizeof path, "%s", info->local_path);
		for (char *at = path; *at; at++)
			*at = *at == '{' || *at == '}' ? 'x' : *at;
		if (strstr(info->local_path, "{locator}"))
			continue;
		cr_assert(find(info->local_method, path, &route, &error), "%s %s: %s", info->local_method,
			path, error.detail);
		cr_assert_eq(route.operation, i, "%s %s is %s", info->local_method, path,
			route_operation_name(route.operation));
	}
}
