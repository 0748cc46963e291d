#include "tools/call.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>

static struct call call;

static void
silence(void)
{
	cr_redirect_stderr();
}

TestSuite(arguments, .init = silence);

static bool
take(enum cspark_operation operation, const char *const *words)
{
	call = (struct call){ .operation = operation, .info = cspark_operation_info(operation) };
	return call_take_words(&call, (char *const *)words) && call_check(&call);
}

#define TAKE(operation, ...) take(CSPARK_OP_##operation, (const char *const[]){ __VA_ARGS__, NULL })

static void
expect_target(const char *wanted)
{
	struct buf target;

	buf_init(&target, 64 * 1024);
	call_put_target(&call, &target);
	cr_assert(str_eq(buf_text(&target), str_of(wanted)), "%.*s", STR_ARG(buf_text(&target)));
	buf_fini(&target);
}

Test(arguments, fill_the_path_in_order)
{
	cr_assert(TAKE(SERVICE_VERSIONS, "my folder/a?b"));
	expect_target("/services/my%20folder/a%3Fb/versions");
	cr_assert(TAKE(SERVICE_VERSIONS, "f", "s"));
	expect_target("/services/f/s/versions");
	cr_assert(TAKE(SERVICE_VERSIONS, "folder=a=b", "service=c"));
	expect_target("/services/a%3Db/c/versions");
	cr_assert(TAKE(SERVICE_VERSIONS, "folders/f/services/s"));
	expect_target("/services/f/s/versions");
	cr_assert(TAKE(TRANSFORM_GET, "f/doc"));
	expect_target("/transforms/f/doc");
	cr_assert(TAKE(LOG_DOWNLOAD_STATUS, "f/s", "json", "j-1"));
	expect_target("/logs/f/s/downloads/json/j-1");
}

Test(arguments, take_locators_of_every_kind)
{
	cr_assert(TAKE(SERVICE_WASM, "f/s"));
	expect_target("/services/f/s/wasm");
	cr_assert(TAKE(SERVICE_WASM, "service/0a"));
	expect_target("/service/0a/wasm");
	cr_assert(TAKE(SERVICE_WASM, "version/0a"));
	expect_target("/version/0a/wasm");
	cr_assert_not(TAKE(SERVICE_WASM, "proxy/x"));
	cr_assert_not(TAKE(SERVICE_WASM, "f/s[1.2]"));
	cr_assert_not(TAKE(SERVICE_VERSIONS, "service/0a"), "needs the names");
}

Test(arguments, put_parameters_into_the_query)
{
	cr_assert(TAKE(FOLDER_LIST, "name=a&b", "limit=3", "_page=2", "favorite=true"));
	expect_target("/folders?name=a%26b&_limit=3&_page=2&favorite=true");
	cr_assert(TAKE(SERVICE_SEARCH, "foldername=pricing", "_limit=5"));
	expect_target("/services?foldername=pricing&_limit=5");
	cr_assert(TAKE(FOLDER_UPDATE, "id-1", "name="));
	expect_target("/folders/id-1?name=");
	call.tenant = "t";
	call.timeout_ms = 7;
	expect_target("/folders/id-1?name=&_tenant=t&_timeout=7");
}

Test(arguments, hold_parameters_to_the_table)
{
	cr_assert_not(TAKE(FOLDER_LIST, "nmae=x"));
	cr_assert_not(TAKE(FOLDER_LIST, "name=x", "name=y"));
	cr_assert_not(TAKE(FOLDER_LIST, "limit=3", "_limit=4"));
	cr_assert_not(TAKE(FOLDER_LIST, "limit=three"));
	cr_assert_not(TAKE(FOLDER_LIST, "favorite=yes"));
	cr_assert_not(TAKE(FOLDER_LIST, "what"));
	cr_assert_not(TAKE(EXPORT_CREATE, "file_filter=all"));
	cr_assert_not(TAKE(EVENT_DOWNLOAD, "search=["));
	cr_assert_not(TAKE(CATEGORY_SAVE, "icon=x"), "the name is needed");
	cr_assert_not(TAKE(FOLDER_LIST, "name=\xff"));
	cr_assert_not(TAKE(SERVICE_VERSIONS, "f"));
}

Test(arguments, take_a_file)
{
	cr_assert(TAKE(SERVICE_CREATE, "pricing/motor", "motor.xlsx", "versioning=major"));
	expect_target("/services/pricing/motor?_versioning=major");
	cr_assert_str_eq(call.body, "motor.xlsx");
	cr_assert(TAKE(IMPORT_CREATE, "package.zip", "services=a/b:c/d"));
	expect_target("/imports?services=a%2Fb%3Ac%2Fd");
	cr_assert(TAKE(FOLDER_COVER, "id-1", "x/cover.png"));
	expect_target("/folders/id-1/cover?_filename=cover.png");
	cr_assert(TAKE(TRANSFORM_UPLOAD, "f", "vol_transform.json"));
	expect_target("/transforms/f?name=vol");
	cr_assert_not(TAKE(SERVICE_CREATE, "pricing/motor", "a.xlsx", "b.xlsx"));
	cr_assert_not(TAKE(SERVICE_VERSIONS, "f/s", "a.xlsx"));
}

Test(arguments, name_the_file_of_an_answer)
{
	struct buf name;

	buf_init(&name, 1024);
	cr_assert(TAKE(SERVICE_WASM, "f/s"));
	call_put_file_name(&call, &name);
	cr_assert(str_eq(buf_text(&name), STR("s")));
	buf_clear(&name);
	cr_assert(TAKE(EXPORT_CREATE, "folders=a"));
	call_put_file_name(&call, &name);
	cr_assert(str_eq(buf_text(&name), STR("exports")));
	buf_fini(&name);
}
