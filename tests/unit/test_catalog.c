#include "tools/catalog.h"

#include <criterion/criterion.h>

static enum cspark_operation
find(size_t *ret_used, const char *first, const char *second, const char *third)
{
	char *words[] = { (char *)first, (char *)second, (char *)third, NULL };

	return catalog_find(words, ret_used);
}

Test(catalog, finds_commands_by_their_words)
{
	size_t used;

	cr_assert_eq(find(&used, "services", "versions", "f/s"), CSPARK_OP_SERVICE_VERSIONS);
	cr_assert_eq(used, 2);
	cr_assert_eq(find(&used, "services", "schema-of", NULL), CSPARK_OP_SERVICE_SCHEMA_OF);
	cr_assert_eq(find(&used, "services", NULL, NULL), CSPARK_OPERATIONS);
	cr_assert_eq(find(&used, "services", "nothing", NULL), CSPARK_OPERATIONS);
	cr_assert_eq(find(&used, "services.versions", NULL, NULL), CSPARK_OPERATIONS);
	cr_assert_eq(find(&used, NULL, NULL, NULL), CSPARK_OPERATIONS);
}

Test(catalog, knows_short_names)
{
	size_t used;

	cr_assert_eq(find(&used, "export", "folders=a", NULL), CSPARK_OP_EXPORT_CREATE);
	cr_assert_eq(used, 1);
	cr_assert_eq(find(&used, "import", "x.zip", NULL), CSPARK_OP_IMPORT_CREATE);
	cr_assert_eq(find(&used, "wasm", "f/s", NULL), CSPARK_OP_SERVICE_WASM);
	cr_assert_eq(find(&used, "platform", NULL, NULL), CSPARK_OP_PLATFORM_CONFIG);
	cr_assert_eq(find(&used, "platform", "--json", NULL), CSPARK_OP_PLATFORM_CONFIG);
	cr_assert_eq(find(&used, "platform", "health", NULL), CSPARK_OP_PLATFORM_HEALTH);
	cr_assert_eq(find(&used, "platform", "helth", NULL), CSPARK_OPERATIONS, "a verb, but a wrong one");
}

Test(catalog, finds_every_command_by_its_own_name)
{
	for (enum cspark_operation i = 0; i < CSPARK_OPERATIONS; i++) {
		char *words[8] = { NULL }, *rest = NULL;
		struct buf name;
		size_t used, count = 0;

		if (!catalog_has(i))
			continue;
		buf_init(&name, 256);
		catalog_put_name(i, &name);
		buf_put_char(&name, '\0');
		for (char *word = strtok_r(name.data, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
			words[count++] = word;
		cr_assert_eq(catalog_find(words, &used), i, "%s", cspark_operation_name(i));
		cr_assert_eq(used, count);
		buf_fini(&name);
	}
}

static void
expect_nearest(const char *first, const char *second, const char *wanted)
{
	char *words[] = { (char *)first, (char *)second, NULL };
	struct buf scratch;
	struct str nearest;

	buf_init(&scratch, 256);
	nearest = catalog_nearest(words, &scratch);
	cr_assert(str_eq(nearest, str_of(wanted)), "%s: %.*s", first, STR_ARG(nearest));
	buf_fini(&scratch);
}

Test(catalog, says_what_was_meant)
{
	expect_nearest("service", NULL, "services");
	expect_nearest("services", "versoins", "services versions");
	expect_nearest("services", "recomp", "services recompile");
	expect_nearest("xyzzy", NULL, NULL);
}

static void
expect_arguments(enum cspark_operation operation, const char *wanted)
{
	struct buf text;

	buf_init(&text, 1024);
	catalog_put_arguments(operation, &text);
	cr_assert(str_eq(buf_text(&text), str_of(wanted)), "%.*s", STR_ARG(buf_text(&text)));
	buf_fini(&text);
}

Test(catalog, tells_arguments)
{
	expect_arguments(CSPARK_OP_SERVICE_VERSIONS, " FOLDER/SERVICE");
	expect_arguments(CSPARK_OP_SERVICE_CREATE, " FOLDER/SERVICE FILE [NAME=VALUE ...]");
	expect_arguments(CSPARK_OP_SERVICE_WASM, " LOCATOR");
	expect_arguments(CSPARK_OP_TRANSFORM_SAVE, " FOLDER/NAME -i FILE");
	expect_arguments(CSPARK_OP_BATCH_PUSH, " ID -i FILE");
	expect_arguments(CSPARK_OP_LOG_DOWNLOAD_STATUS, " FOLDER/SERVICE TYPE JOB");
}
