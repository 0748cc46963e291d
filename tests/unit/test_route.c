#include "daemon/route.h"

#include <criterion/criterion.h>

static bool
find(const char *method, const char *path, struct route *ret, struct cspark_error *error)
{
	const char *allow;

	error->code = CSPARK_OK;
	return route_find(str_of(method), str_of(path), ret, &allow, error);
}

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
		{ "GET", "/execute", CSPARK_E_NO_SUCH_ROUTE },
		{ "GET", "/execute/", CSPARK_E_NO_SUCH_ROUTE },
		{ "GET", "/healthz/", CSPARK_E_NO_SUCH_ROUTE },
		{ "GET", "//healthz", CSPARK_E_NO_SUCH_ROUTE },
		{ "DELETE", "/execute/f/s", CSPARK_E_METHOD_NOT_ALLOWED },
		{ "POST", "/status", CSPARK_E_METHOD_NOT_ALLOWED },
		{ "GET", "/t/api/v4/execute", CSPARK_E_METHOD_NOT_ALLOWED },
		{ "POST", "/t/api/v3/folders/../services/s/execute", CSPARK_E_NO_SUCH_ROUTE },
		{ "POST", "/t/api/v3/folders/%2e%2E/services/s/execute", CSPARK_E_NO_SUCH_ROUTE },
		{ "POST", "/t/api/v3/folders/a%2Fb/services/s/execute", CSPARK_E_NO_SUCH_ROUTE },
		{ "POST", "/t/api/v3/folders/a%00/services/s/execute", CSPARK_E_NO_SUCH_ROUTE },
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
