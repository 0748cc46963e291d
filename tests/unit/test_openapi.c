#include "daemon/openapi.h"

#include "base/json.h"
#include "base/json_text.h"
#include "lib/cspark_operations.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

static struct buf document;

static void
set_up(void)
{
	buf_init(&document, OPENAPI_MAX);
	openapi_put(&document);
	cr_assert(!buf_failed(&document));
}

static void
tear_down(void)
{
	buf_fini(&document);
}

TestSuite(openapi, .init = set_up, .fini = tear_down);

/* The operation object at a path of ours; its parts may have other names. */
static struct str
operation_at(const char *path, const char *method)
{
	struct str paths = json_member(buf_text(&document), STR("paths")), key, item;
	struct json_walk walk;

	json_walk_init(&walk, paths);
	while (json_walk_next(&walk, &key, &item)) {
		const char *at = path;
		size_t i = 1;

		for (; i < key.len - 1 && *at == key.at[i]; i++, at++) {
			if (*at == '{') {
				at = strchr(at, '}');
				i += strcspn(key.at + i, "}");
			}
		}
		if (i == key.len - 1 && *at == '\0')
			return json_member(item, str_of(method));
	}
	return (struct str){ NULL, 0 };
}

static void
check_row(const struct cspark_operation_info *info)
{
	char path[200], method[8] = "";
	const char *locator = strstr(info->local_path, "{locator}");
	struct str operation, parameters;

	for (size_t i = 0; info->local_method[i]; i++)
		method[i] = (char)tolower((unsigned char)info->local_method[i]);
	snprintf(path, sizeof(path), "%s", info->local_path);
	if (locator)
		snprintf(path, sizeof(path), "%.*sversion/{version_id}%s", (int)(locator - info->local_path),
			info->local_path, locator + strlen("{locator}"));
	operation = operation_at(path, method);
	cr_assert(operation.at, "%s %s is missing", method, path);
	cr_expect(json_string_is(json_member(operation, STR("summary")), str_of(info->summary)), "%s", path);
	parameters = json_member(operation, STR("parameters"));
	for (const struct cspark_parameter *p = info->parameters; p->wire; p++) {
		char name[64];

		if (!p->name || strcmp(p->name, "*") == 0)
			continue;
		snprintf(name, sizeof(name), "\"name\":\"%s\"", p->name);
		cr_expect(memmem(parameters.at, parameters.len, name, strlen(name)), "%s: no %s", path,
			p->name);
	}
}

Test(openapi, is_one_json_text)
{
	cr_expect(json_valid(document.data, document.len, NULL));
}

Test(openapi, has_every_local_route_with_its_parameters)
{
	for (int i = 0; i < CSPARK_OPERATIONS; i++) {
		const struct cspark_operation_info *info = cspark_operation_info((enum cspark_operation)i);

		if (info->local_path[0])
			check_row(info);
	}
}

Test(openapi, knows_every_error)
{
	static const char *const CODES[] = {
#define X(NAME, name, status, retryable, title) "\"" name "\"",
#include "lib/error.def"
#undef X
	};
	struct str codes = json_path(buf_text(&document), "components.schemas.Problem.properties.code.enum");

	for (size_t i = 0; i < sizeof(CODES) / sizeof(CODES[0]); i++)
		cr_expect(memmem(codes.at, codes.len, CODES[i], strlen(CODES[i])), "%s", CODES[i]);
}

Test(openapi, names_paths_that_differ_in_names_alone_once)
{
	cr_expect(operation_at("/folders/{name}", "get").at);
	cr_expect(operation_at("/folders/{name}", "patch").at);
	cr_expect_null(memmem(document.data, document.len, "\"/folders/{id}\":", 16));
}

Test(openapi, says_what_is_asked_of_spark)
{
	struct str spark = json_member(operation_at("/services", "get"), STR("x-spark"));

	cr_expect(json_string_is(json_member(spark, STR("group")), STR("read")));
	cr_expect(json_string_is(json_member(spark, STR("class")), STR("read")));
	cr_expect(json_string_is(
		json_member(spark, STR("call")), STR("POST /{tenant}/api/v3/services/search")));
	cr_expect(json_string_is(json_member(spark, STR("sdk")), STR("services.search")));
}

Test(openapi, fails_quietly_where_there_is_no_room)
{
	struct buf small;

	buf_init(&small, 1000);
	openapi_put(&small);
	cr_expect(buf_failed(&small));
	buf_fini(&small);
}
