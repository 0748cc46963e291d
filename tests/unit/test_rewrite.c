#include "daemon/rewrite.h"

#include "daemon/route.h"

#include <criterion/criterion.h>

static void
set_up(void)
{
	cr_assert(route_init());
}

TestSuite(rewrite, .init = set_up, .fini = route_fini);

#define ORIGIN "https://excel.my-env.coherent.global"
#define STORE "https://entitystore.my-env.coherent.global"

static void
check(struct str tenant, const char *json, const char *want)
{
	struct rewrite rewrite = { { ORIGIN, NULL, false }, STR("http://localhost:8080"), tenant };
	struct buf out;

	buf_init(&out, 4096);
	cr_assert(rewrite_urls(&rewrite, str_of(json), &out));
	cr_assert(str_eq(buf_text(&out), str_of(want)), "%s became %.*s", json, STR_ARG(buf_text(&out)));
	buf_fini(&out);
}

static const struct str none = { NULL, 0 };

Test(rewrite, keeps_the_path_of_operations)
{
	check(none, "{\"a\":\"" ORIGIN "/api/v1/product/GetProduct/new\",\"b\":1}",
		"{\"a\":\"http://localhost:8080/api/v1/product/GetProduct/new\",\"b\":1}");
	check(none, "[\"" ORIGIN "/my-tenant/api/v4/export/id/status\"]",
		"[\"http://localhost:8080/my-tenant/api/v4/export/id/status\"]");
	check(none, "[\"" ORIGIN "/my-tenant/api/v4/batch/id?a=b\"]",
		"[\"http://localhost:8080/my-tenant/api/v4/batch/id?a=b\"]");
}

Test(rewrite, takes_other_files_through_ours)
{
	check(none, "[\"" STORE "/docstore/f.xlsx\"]",
		"[\"http://localhost:8080/files?url=https%3A%2F%2Fentitystore.my-env.coherent.global"
		"%2Fdocstore%2Ff.xlsx\"]");
	check(STR("my tenant"), "[\"" STORE "/f\"]",
		"[\"http://localhost:8080/files?url=https%3A%2F%2Fentitystore.my-env.coherent.global%2Ff"
		"&_tenant=my%20tenant\"]");
}

/* What would be "raw" on its own path is a file like any other. */
Test(rewrite, asks_for_no_further_rights)
{
	check(none, "[\"" ORIGIN "/docstore/api/v1/f.xlsx\"]",
		"[\"http://localhost:8080/files?url=https%3A%2F%2Fexcel.my-env.coherent.global"
		"%2Fdocstore%2Fapi%2Fv1%2Ff.xlsx\"]");
}

Test(rewrite, leaves_the_rest_alone)
{
	static const char *const texts[] = {
		"{}",
		"[1,null,\"a\\\"b\",\"\"]",
		"[\"http\",\"https://\",\"https://elsewhere.example/f\"]",
		"[\"" ORIGIN ".elsewhere.example/health\"]",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		check(none, texts[i], texts[i]);
}
