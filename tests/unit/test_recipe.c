#include "daemon/recipe.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct arena arena;
static struct arguments arguments;
static struct cspark_error error;
static int status;

static void
set_up(void)
{
	arena_init(&arena, 1 << 20);
	arguments.count = 0;
}

static void
tear_down(void)
{
	arena_fini(&arena);
}

TestSuite(recipe, .init = set_up, .fini = tear_down);

static const struct recipe *
recipe_of(enum cspark_operation operation)
{
	const struct recipe *recipe = recipe_find(operation, &arguments);

	cr_assert(recipe, "%s", cspark_operation_name(operation));
	return recipe;
}

static enum recipe_verdict
judge(enum cspark_operation operation, unsigned step, const char *payload)
{
	error = (struct cspark_error){ .detail = "" };
	status = 0;
	return recipe_of(operation)->steps[step].judge(str_of(payload), &arguments, &arena, &status, &error);
}

static void
expect(enum cspark_operation operation, unsigned step, const char *payload, enum recipe_verdict verdict)
{
	enum recipe_verdict said = judge(operation, step, payload);

	cr_expect_eq(said, verdict, "%s %u: %d for %s: %s", cspark_operation_name(operation), step, (int)said,
		payload, error.detail);
}

/* A failure that is Spark's word, with its status; or 0: an answer that makes no sense. */
static void
expect_failure(
	enum cspark_operation operation, unsigned step, const char *payload, int wanted, const char *word)
{
	expect(operation, step, payload, RECIPE_FAIL);
	cr_expect_eq(status, wanted, "%d for %s", status, payload);
	cr_expect_eq(error.code, wanted ? CSPARK_E_SPARK_REJECTED : CSPARK_E_UPSTREAM_GARBLED, "%s", payload);
	cr_expect(strstr(error.detail, word), "no %s in %s", word, error.detail);
}

static void
expect_argument(const char *name, const char *value)
{
	struct str found = arguments_find(&arguments, name);

	cr_expect(found.at && str_eq(found, str_of(value)), "%s is %.*s", name, STR_ARG(found));
}

static void
give(const char *name, const char *value)
{
	cr_assert(arguments_add(&arguments, str_of(name), str_of(value)));
}

/* ---- the table ---- */

Test(recipe, is_there_for_every_job)
{
	for (enum cspark_operation op = 0; op < CSPARK_OPERATIONS; op++) {
		const struct cspark_operation_info *info = cspark_operation_info(op);
		const struct recipe *recipe = recipe_find(op, &arguments);

		cr_expect_eq(recipe != NULL, info->base == CSPARK_BASE_JOB, "%s", info->name);
		for (unsigned i = 0; recipe && i < recipe->step_count; i++) {
			cr_expect_not_null(recipe->steps[i].name);
			cr_expect_neq(
				cspark_operation_info(recipe->steps[i].operation)->base, CSPARK_BASE_JOB);
		}
	}
}

/* A step that waits is never the first, which alone may be asked to answer later; a file is the last. */
Test(recipe, asks_in_an_order_that_can_be_told)
{
	for (enum cspark_operation op = 0; op < CSPARK_OPERATIONS; op++) {
		const struct recipe *recipe = recipe_find(op, &arguments);

		for (unsigned i = 0; recipe && i < recipe->step_count; i++) {
			const struct cspark_operation_info *step = cspark_operation_info(
				recipe->steps[i].operation);

			cr_expect(i + 1 == recipe->step_count || step->payload != CSPARK_PAYLOAD_FILE);
			cr_expect(i + 1 == recipe->step_count || recipe->steps[i].judge);
		}
	}
}

Test(recipe, says_where_to_ask_later)
{
	give("folder", "a b");
	give("_service", "100%/\xc3\xbc");
	give("job", "j?#");
	give("id", "..");
	cr_expect_str_eq(recipe_later(recipe_of(CSPARK_OP_SERVICE_CREATE), &arguments, &arena),
		"/services/a%20b/100%25%2F%C3%BC/compilations/j%3F%23");
	cr_expect_str_eq(recipe_later(recipe_of(CSPARK_OP_EXPORT_CREATE), &arguments, &arena), "/exports/..");
	cr_expect_null(recipe_of(CSPARK_OP_FOLDER_CREATE)->later);
	cr_expect_null(recipe_of(CSPARK_OP_LOG_WORKBOOK)->later);
}

Test(recipe, knows_the_older_way_to_a_workbook)
{
	cr_expect_eq(recipe_of(CSPARK_OP_LOG_WORKBOOK)->steps[0].operation, CSPARK_OP_LOG_REHYDRATE);
	give("_legacy", "true");
	cr_expect_eq(recipe_of(CSPARK_OP_LOG_WORKBOOK)->steps[0].operation, CSPARK_OP_LOG_REHYDRATE_LEGACY);
}

Test(recipe, holds_a_bounded_number_of_arguments)
{
	give("name", "n");
	for (unsigned i = 1; i < RECIPE_ARGUMENTS_MAX - 1; i++)
		give("x", "y");
	expect(CSPARK_OP_EXPORT_CREATE, 0, "{\"id\":\"i\"}", RECIPE_NEXT);
	cr_expect_not(arguments_add(&arguments, STR("x"), STR("y")));
	expect(CSPARK_OP_EXPORT_CREATE, 0, "{\"id\":\"i\"}", RECIPE_FAIL);
	expect(CSPARK_OP_FOLDER_CREATE, 0, "{\"get_product_url\":\"https://h/n\"}", RECIPE_NEXT);
}

Test(recipe, finds_the_first_argument_of_a_name)
{
	give("_name", "first");
	give("name", "second");
	expect_argument("name", "first");
	expect_argument("_name", "first");
	cr_expect_null(arguments_find(&arguments, "nam").at);
	cr_expect_null(arguments_find(&arguments, "__name").at);
}

/* ---- compilations ---- */

#define UPLOADED                                                                   \
	"{\"nodegen_compilation_jobid\":\"j\",\"original_file_documentid\":\"o\"," \
	"\"engine_file_documentid\":\"e\"}"

Test(recipe, learns_from_an_upload)
{
	expect(CSPARK_OP_SERVICE_CREATE, 0, UPLOADED, RECIPE_NEXT);
	expect_argument("job", "j");
	expect_argument("file_id", "o");
	expect_argument("engine_id", "e");
	expect_failure(CSPARK_OP_SERVICE_CREATE, 0,
		"{\"original_file_documentid\":\"o\",\"engine_file_documentid\":\"e\"}", 0,
		"nodegen_compilation_jobid");
	expect_failure(CSPARK_OP_SERVICE_CREATE, 0, "{\"nodegen_compilation_jobid\":null}", 0, "jobid");
	expect_failure(CSPARK_OP_SERVICE_CREATE, 0, "{\"nodegen_compilation_jobid\":\"\"}", 0, "jobid");
	expect_failure(CSPARK_OP_SERVICE_CREATE, 0, "{\"nodegen_compilation_jobid\":{\"a\":1}}", 0,
		"nodegen_compilation_jobid");
	expect_failure(CSPARK_OP_SERVICE_CREATE, 0, "null", 0, "jobid");
	expect_failure(CSPARK_OP_SERVICE_CREATE, 0, "[]", 0, "jobid");
}

Test(recipe, learns_from_a_recompilation)
{
	expect(CSPARK_OP_SERVICE_RECOMPILE, 0, "{\"jobId\":12,\"revision\":\"1.2.4\"}", RECIPE_NEXT);
	expect_argument("job", "12");
	expect_failure(CSPARK_OP_SERVICE_RECOMPILE, 0, "{\"jobid\":\"j\"}", 0, "jobId");
}

Test(recipe, waits_for_a_compilation)
{
	static const char *const UNDER_WAY[] = {
		"{\"status\":\"InProgress\",\"last_error_message\":\"null\",\"progress\":40}",
		"{\"status\":\"Success\",\"progress\":99}",
		"{\"status\":null,\"progress\":null}",
		"{\"progress\":\"40\"}",
		"{}",
		"null",
		"\"x\"",
		"{\"status\":\"InProgress\",\"progress\":1000}",
	};
	static const char *const WELL[] = {
		"{\"status\":\"Success\",\"last_error_message\":\"null\",\"progress\":100}",
		"{\"status\":\"Success\",\"progress\":\"100\"}",
		"{\"status\":\"success\",\"progress\":100.0}",
	};

	for (size_t i = 0; i < sizeof UNDER_WAY / sizeof *UNDER_WAY; i++)
		expect(CSPARK_OP_SERVICE_CREATE, 1, UNDER_WAY[i], RECIPE_AGAIN);
	for (size_t i = 0; i < sizeof WELL / sizeof *WELL; i++)
		expect(CSPARK_OP_SERVICE_RECOMPILE, 1, WELL[i], RECIPE_NEXT);
}

Test(recipe, says_how_a_compilation_failed)
{
	expect_failure(CSPARK_OP_SERVICE_CREATE, 1,
		"{\"status\":\"Failed\",\"last_error_message\":\"no such function\",\"progress\":40}", 422,
		"no such function");
	expect_failure(CSPARK_OP_SERVICE_CREATE, 1,
		"{\"status\":\"Error\",\"last_error_message\":\"null\",\"progress\":100}", 422, "failed");
	expect_failure(CSPARK_OP_SERVICE_CREATE, 1,
		"{\"status\":\"Partial\",\"last_error_message\":\"null\",\"progress\":100}", 422, "Partial");
	expect_failure(
		CSPARK_OP_SERVICE_CREATE, 1, "{\"status\":null,\"progress\":100}", 422, "without success");
}

/* ---- folders ---- */

Test(recipe, finds_a_folder_by_the_name_that_it_got)
{
	give("name", " my folder ");
	expect(CSPARK_OP_FOLDER_CREATE, 0,
		"{\"folderId\":\"i\",\"get_product_url\":\"https://h/product/GetProduct/my%20folder\"}",
		RECIPE_NEXT);
	expect_argument("name", "my folder");
}

Test(recipe, finds_a_folder_by_the_name_that_was_asked_for)
{
	static const char *const ANSWERS[] = { "{}", "null", "{\"get_product_url\":null}",
		"{\"get_product_url\":\"\"}", "{\"get_product_url\":\"https://h/x/\"}",
		"{\"get_product_url\":\"https://h/%zz\"}", "{\"get_product_url\":7}" };

	expect_failure(CSPARK_OP_FOLDER_CREATE, 0, "{}", 0, "get_product_url");
	give("name", "n");
	for (size_t i = 0; i < sizeof ANSWERS / sizeof *ANSWERS; i++) {
		expect(CSPARK_OP_FOLDER_CREATE, 0, ANSWERS[i], RECIPE_NEXT);
		expect_argument("name", "n");
	}
}

/* ---- exports and imports ---- */

#define FILES(list) "{\"status\":\"closed\",\"errors\":null,\"outputs\":{\"files\":" list "}}"

Test(recipe, waits_for_an_export_and_takes_its_file)
{
	expect(CSPARK_OP_EXPORT_CREATE, 0, "{\"id\":\"i\",\"object\":\"export\"}", RECIPE_NEXT);
	expect_argument("id", "i");
	expect_failure(CSPARK_OP_EXPORT_CREATE, 0, "{\"response_data\":{\"id\":\"i\"}}", 0, "id");
	expect(CSPARK_OP_EXPORT_CREATE, 1, "{\"status\":\"in_progress\"}", RECIPE_AGAIN);
	expect(CSPARK_OP_EXPORT_CREATE, 1, "{\"status\":null}", RECIPE_AGAIN);
	expect(CSPARK_OP_EXPORT_CREATE, 1, FILES("[{\"file\":\"https://h/a\"},{\"file\":\"https://h/b\"}]"),
		RECIPE_NEXT);
	expect_argument("url", "https://h/a");
}

Test(recipe, takes_the_file_that_is_wanted)
{
	give("file", "1");
	expect(CSPARK_OP_EXPORT_FILES, 0,
		FILES("[{\"file\":\"https://h/a\"},{\"file\":\"https:\\/\\/h\\/b\"}]"), RECIPE_NEXT);
	expect_argument("url", "https://h/b");
	expect_failure(CSPARK_OP_EXPORT_FILES, 0, FILES("[{\"file\":\"https://h/a\"}]"), 404, "1 files");
	expect_failure(CSPARK_OP_EXPORT_FILES, 0, FILES("null"), 404, "0 files");
	expect_failure(CSPARK_OP_EXPORT_FILES, 0, FILES("[0,{\"file_hash\":\"x\"}]"), 0, "file");
}

Test(recipe, refuses_a_file_by_no_number)
{
	give("file", "-1");
	expect(CSPARK_OP_EXPORT_FILES, 0, FILES("[{\"file\":\"https://h/a\"}]"), RECIPE_FAIL);
	cr_assert_eq(error.code, CSPARK_E_BAD_PARAMETER);
}

Test(recipe, does_not_wait_for_an_export_of_earlier)
{
	expect_failure(CSPARK_OP_EXPORT_FILES, 0, "{\"status\":\"in_progress\"}", 409, "in_progress");
	expect_failure(CSPARK_OP_EXPORT_FILES, 0, "{\"status\":null}", 409, "not finished");
}

Test(recipe, says_how_a_job_failed)
{
	static const char *const ENDS[] = { "failed", "cancelled", "Failed", "error", "closed_by_timeout",
		"completed_by_timeout" };
	char payload[80];

	for (size_t i = 0; i < sizeof ENDS / sizeof *ENDS; i++) {
		snprintf(payload, sizeof payload, "{\"status\":\"%s\"}", ENDS[i]);
		expect_failure(CSPARK_OP_EXPORT_CREATE, 1, payload, 422, ENDS[i]);
		expect_failure(CSPARK_OP_IMPORT_CREATE, 1, payload, 422, ENDS[i]);
	}
	expect_failure(CSPARK_OP_IMPORT_CREATE, 1, "{\"status\":\"closed\",\"errors\":[{\"code\":\"X\"}]}",
		422, "{\"code\":\"X\"}");
	expect_failure(CSPARK_OP_IMPORT_CREATE, 1, "{\"status\":\"closed\",\"errors\":{\"code\":\"X\"}}", 422,
		"\"X\"");
	expect_failure(
		CSPARK_OP_IMPORT_CREATE, 1, "{\"status\":\"completed\",\"errors\":\"boom\"}", 422, "boom");
}

Test(recipe, knows_a_job_that_ended_well)
{
	static const char *const WELL[] = { "{\"status\":\"closed\"}",
		"{\"status\":\"completed\",\"errors\":null}", "{\"status\":\"Completed\",\"errors\":[]}",
		"{\"status\":\"closed\",\"errors\":{}}", "{\"status\":\"closed\",\"errors\":\"\"}",
		"{\"status\":\"closed\",\"warnings\":[1]}" };

	for (size_t i = 0; i < sizeof WELL / sizeof *WELL; i++)
		expect(CSPARK_OP_IMPORT_CREATE, 1, WELL[i], RECIPE_NEXT);
	expect(CSPARK_OP_IMPORT_CREATE, 1, "{\"status\":\"in_progress\",\"errors\":[1]}", RECIPE_AGAIN);
	expect(CSPARK_OP_IMPORT_CREATE, 1, "[]", RECIPE_AGAIN);
}

/* ---- logs ---- */

Test(recipe, waits_for_logs)
{
	expect(CSPARK_OP_LOG_DOWNLOAD, 0, "{\"job_id\":\"j\"}", RECIPE_NEXT);
	expect_argument("job", "j");
	expect_argument("type", "json");
	expect(CSPARK_OP_LOG_DOWNLOAD, 1, "{\"progress\":99,\"download_url\":null}", RECIPE_AGAIN);
	expect(CSPARK_OP_LOG_DOWNLOAD, 1, "{\"progress\":null}", RECIPE_AGAIN);
	expect_failure(
		CSPARK_OP_LOG_DOWNLOAD, 1, "{\"progress\":100,\"download_url\":null}", 0, "download_url");
	expect(CSPARK_OP_LOG_DOWNLOAD, 1, "{\"progress\":\"100\",\"download_url\":\"https://h/z\"}",
		RECIPE_NEXT);
	expect_argument("url", "https://h/z");
}

Test(recipe, asks_for_logs_in_the_format_that_was_begun)
{
	give("type", "csv");
	expect(CSPARK_OP_LOG_DOWNLOAD, 0, "{\"job_id\":\"j\"}", RECIPE_NEXT);
	expect_argument("type", "csv");
	expect_failure(CSPARK_OP_LOG_DOWNLOAD, 0, "{\"job_id\":null}", 0, "job_id");
}

Test(recipe, fetches_the_workbook_of_a_call)
{
	expect(CSPARK_OP_LOG_WORKBOOK, 0, "{\"download_url\":\"https://h/w.xlsx\"}", RECIPE_NEXT);
	expect_argument("url", "https://h/w.xlsx");
	expect_failure(CSPARK_OP_LOG_WORKBOOK, 0, "{}", 0, "download_url");
}

/* ---- versions ---- */

Test(recipe, finds_where_a_version_belongs)
{
	expect(CSPARK_OP_VERSION_FILE, 0,
		"{\"metadata\":{\"engineInformation\":{\"productName\":\"f\",\"serviceName\":\"s\"}}}",
		RECIPE_NEXT);
	expect_argument("folder", "f");
	expect_argument("service", "s");
	arguments.count = 0;
	expect(CSPARK_OP_VERSION_SWAGGER, 0,
		"{\"metadata\":null,\"bookSummary\":{\"product\":\"g\",\"bookServiceName\":\"t\"}}",
		RECIPE_NEXT);
	expect_argument("folder", "g");
	expect_argument("service", "t");
	expect_failure(
		CSPARK_OP_VERSION_FILE, 0, "{\"bookSummary\":{\"product\":\"g\"}}", 0, "bookServiceName");
	expect_failure(CSPARK_OP_VERSION_FILE, 0, "{}", 0, "bookSummary.product");
}
