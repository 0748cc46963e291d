#include "daemon/rewrite.h"

#include <criterion/criterion.h>

#include "base/json.h"
#include "daemon/route.h"
#include "tests/unit/suite.h"

#define SPARK "https://excel.my-env.coherent.global"
#define STORE "https://entitystore.my-env.coherent.global"
#define HERE  "http://127.0.0.1:8080"

static struct rewrite rewrite;

static void
set_up(void)
{
	cr_assert(route_init());
	rewrite = (struct rewrite){ .policy = { .origin = SPARK }, .base = STR(HERE) };
}

static void
tear_down(void)
{
	route_fini();
}

TestSuite(rewrite, .init = set_up, .fini = tear_down);

static void
expect(const char *json, const char *wanted)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	cr_assert(rewrite_urls(&rewrite, str_of(json), &out));
	cr_expect(str_eq(buf_text(&out), str_of(wanted)), "%.*s", STR_ARG(buf_text(&out)));
	cr_expect(json_valid(out.data, out.len, NULL), "%.*s", STR_ARG(buf_text(&out)));
	buf_fini(&out);
}

Test(rewrite, keeps_the_path_of_an_operation)
{
	expect("{\"status_url\":\"" SPARK "/acme/api/v4/export/i/status\"}",
		"{\"status_url\":\"" HERE "/acme/api/v4/export/i/status\"}");
	expect("[\"" SPARK "/api/v1/product/GetProduct/my%20f?a=b\"]",
		"[\"" HERE "/api/v1/product/GetProduct/my%20f?a=b\"]");
}

Test(rewrite, sends_files_through_here)
{
	expect("{\"file\": \"" STORE "/x y\"}", "{\"file\": \"" STORE "/x y\"}");
	expect("{\"file\": \"" STORE "/a?b=c&d\" }",
		"{\"file\": \"" HERE
		"/files?url=https%3A%2F%2Fentitystore.my-env.coherent.global%2Fa%3Fb%3Dc%26d\" }");
	rewrite.tenant = STR("t&2");
	expect("\"" STORE "/a\"",
		"\"" HERE "/files?url=https%3A%2F%2Fentitystore.my-env.coherent.global%2Fa&_tenant=t%262\"");
}

/* What would be "raw" on its own path is a file like any other. */
Test(rewrite, asks_for_no_further_rights)
{
	expect("[\"" SPARK "/docstore/api/v1/f.xlsx\"]",
		"[\"" HERE "/files?url=https%3A%2F%2Fexcel.my-env.coherent.global"
		"%2Fdocstore%2Fapi%2Fv1%2Ff.xlsx\"]");
}

Test(rewrite, understands_escapes)
{
	expect("\"https:\\/\\/excel.my-env.coherent.global\\/acme\\/api\\/v4\\/export\\/i\\/status\"",
		"\"" HERE "/acme/api/v4/export/i/status\"");
	expect("\"\\u0068ttps://excel.my-env.coherent.global/acme/api/v4/export/i/status\"",
		"\"" HERE "/acme/api/v4/export/i/status\"");
	expect("\"https://excel.my-env.coherent.global/acme/api/v4/export/\\u0069/status\"",
		"\"" HERE "/acme/api/v4/export/i/status\"");
}

Test(rewrite, leaves_alone_what_is_not_sparks)
{
	static const char *const SAME[] = {
		"{\"a\":\"https://example.com/x\"}",
		"{\"a\":\"https://excel.my-env.coherent.global.evil/x\"}",
		"{\"a\":\"https://excel.my-env.coherent.globalevil/x\"}",
		"{\"a\":\"http\"}",
		"{\"a\":\"https://\"}",
		"{\"a\":\"see " SPARK "/x\"}",
		"{\"a\":\"\\\"" SPARK "/x\"}",
		"{\"a\":\"\\\\\", \"b\" : [ 1.50 , null]}",
		"[]",
		" \"\" ",
		"3",
	};

	for (size_t i = 0; i < sizeof SAME / sizeof *SAME; i++)
		expect(SAME[i], SAME[i]);
}

/* Names of members are no addresses to follow. */
Test(rewrite, leaves_names_alone)
{
	expect("{\"" SPARK "/acme/api/v4/export/i/status\" : 1,\"" STORE "/x\":\"" STORE "/x\"}",
		"{\"" SPARK "/acme/api/v4/export/i/status\" : 1,\"" STORE "/x\":\"" HERE
		"/files?url=https%3A%2F%2Fentitystore.my-env.coherent.global%2Fx\"}");
}

Test(rewrite, finds_urls_however_deep)
{
	expect("{\"a\":[{\"b\":[\"" SPARK "/health\",\"" SPARK "/health\"]}]}",
		"{\"a\":[{\"b\":[\"" HERE "/health\",\"" HERE "/health\"]}]}");
}

Test(rewrite, says_when_there_is_no_room)
{
	struct buf out;

	buf_init(&out, 20);
	cr_assert_not(rewrite_urls(&rewrite, STR("\"" STORE "/a\""), &out));
	buf_fini(&out);
}

/* ---- any JSON stays JSON ---- */

static void
stays_json(const char *name, struct str json)
{
	struct buf in, out;

	if (!json_valid(json.at, json.len, NULL))
		return;
	buf_init(&in, json.len + 4096);
	buf_init(&out, json.len * 4 + 4096);
	cr_assert(rewrite_urls(&rewrite, json, &out), "%s", name);
	cr_expect(str_eq(buf_text(&out), json), "%s has no URL of Spark's", name);
	buf_clear(&out);
	buf_printf(&in, "{\"a\":\"%s/x\",\"b\":[%.*s,\"%s/y\"]}", STORE, STR_ARG(json), STORE);
	if (json_valid(in.data, in.len, NULL)) { /* not what is nested too deep */
		cr_assert(rewrite_urls(&rewrite, buf_text(&in), &out), "%s", name);
		cr_expect(json_valid(out.data, out.len, NULL), "%s", name);
		cr_expect_gt(out.len, in.len);
	}
	buf_fini(&in);
	buf_fini(&out);
}

Test(rewrite, leaves_the_json_suite_json)
{
	suite_each(stays_json);
}
