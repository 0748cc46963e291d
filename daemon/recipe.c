#include "daemon/recipe.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/json_text.h"
#include "daemon/bytes.h"
#include "daemon/refuse.h"

/* ---- arguments ---- */

static struct str
without_underscore(struct str name)
{
	return name.len > 0 && name.at[0] == '_' ? str_range(name.at + 1, name.len - 1) : name;
}

bool
arguments_add(struct arguments *arguments, struct str name, struct str value)
{
	if (arguments->count == RECIPE_ARGUMENTS_MAX)
		return false;
	arguments->list[arguments->count++] = (struct cspark_argument){ bytes_of_str(name),
		bytes_of_str(value) };
	return true;
}

struct str
arguments_find(const struct arguments *arguments, const char *name)
{
	struct str wanted = without_underscore(str_of(name));

	for (size_t i = 0; i < arguments->count; i++) {
		if (str_eq(without_underscore(str_of_bytes(arguments->list[i].name)), wanted))
			return str_of_bytes(arguments->list[i].value);
	}
	return (struct str){ 0 };
}

/* ---- what judges share ---- */

/* A string or number of an answer as plain text, in the arena; at == NULL: it is not there. */
static struct str
text_at(struct str payload, const char *path, struct arena *arena)
{
	struct str value = json_path(payload, path), text = { 0 };
	struct buf out;

	if (json_is_null(value))
		return text;
	if (json_kind_of(value) == JSON_NUMBER)
		return arena_copy(arena, value);
	buf_init(&out, value.len + 1);
	if (json_unquote(value, &out))
		text = out.len ? arena_copy(arena, buf_text(&out)) : STR("");
	buf_fini(&out);
	return text;
}

/* A plain word or number of an answer as it is written, to be compared: takes no memory. */
static struct str
word_at(struct str payload, const char *path)
{
	struct str value = json_path(payload, path);

	if (json_is_null(value))
		return (struct str){ 0 };
	return json_kind_of(value) == JSON_STRING ? str_range(value.at + 1, value.len - 2) : value;
}

/* Keeps a value of the answer as an argument; an answer without it is of no use. */
static bool
learn(struct str payload, const char *path, const char *name, struct arguments *arguments,
	struct arena *arena, struct cspark_error *ret_error)
{
	struct str text = text_at(payload, path, arena);

	if (text.len == 0)
		return refuse(ret_error, CSPARK_E_UPSTREAM_GARBLED, "Spark's answer has no %s.", path);
	return arguments_add(arguments, str_of(name), text) ||
		refuse(ret_error, CSPARK_E_BAD_REQUEST, "There are too many parameters.");
}

static enum recipe_verdict
next_if(bool well)
{
	return well ? RECIPE_NEXT : RECIPE_FAIL;
}

static enum recipe_verdict
fail(int status, int *ret_status, struct cspark_error *ret_error, const char *what, struct str words)
{
	*ret_status = status;
	refuse(ret_error, CSPARK_E_SPARK_REJECTED, "%s%.*s", what, STR_ARG(words));
	return RECIPE_FAIL;
}

#define JUDGE(name)                                                                      \
	static enum recipe_verdict name(struct str payload, struct arguments *arguments, \
		struct arena *arena, int *ret_status, struct cspark_error *ret_error)

/* ---- compilations ---- */

JUDGE(after_upload)
{
	return next_if(learn(payload, "nodegen_compilation_jobid", "job", arguments, arena, ret_error) &&
		learn(payload, "original_file_documentid", "file_id", arguments, arena, ret_error) &&
		learn(payload, "engine_file_documentid", "engine_id", arguments, arena, ret_error));
}

JUDGE(after_recompile)
{
	return next_if(learn(payload, "jobId", "job", arguments, arena, ret_error));
}

static bool
is_whole(struct str payload)
{
	struct str progress = word_at(payload, "progress");

	return str_eq(progress, STR("100")) || str_starts(progress, STR("100."));
}

/* The progress may stay where it is when a compilation fails: then the status says so. */
JUDGE(while_compiling)
{
	struct str status = word_at(payload, "status"), words = text_at(payload, "last_error_message", arena);

	if (str_eq(words, STR("null")))
		words = (struct str){ 0 };
	if (str_eq_nocase(status, STR("Failed")) || str_eq_nocase(status, STR("Error")))
		return fail(422, ret_status, ret_error, "the compilation failed: ", words);
	if (!is_whole(payload))
		return RECIPE_AGAIN;
	if (str_eq_nocase(status, STR("Success")))
		return RECIPE_NEXT;
	return fail(422, ret_status, ret_error,
		"the compilation ended without success: ", words.len ? words : status);
}

/* ---- folders ---- */

/* The folder's own address ends with its name. */
JUDGE(after_folder)
{
	struct str url = text_at(payload, "get_product_url", arena);
	const char *slash = url.at ? memrchr(url.at, '/', url.len) : NULL;
	struct str name = { 0 };
	struct buf out;

	if (slash) {
		buf_init(&out, url.len + 1);
		if (str_percent_decode(
			    str_range(slash + 1, (size_t)(url.at + url.len - slash - 1)), false, &out) &&
			out.len > 0)
			name = arena_copy(arena, buf_text(&out));
		buf_fini(&out);
	}
	if (name.at && arguments->count < RECIPE_ARGUMENTS_MAX) {
		/* the first wins, and the caller's may have been trimmed */
		memmove(arguments->list + 1, arguments->list, arguments->count++ * sizeof *arguments->list);
		arguments->list[0] = (struct cspark_argument){ bytes_of_str(STR("name")),
			bytes_of_str(name) };
	}
	return next_if(arguments_find(arguments, "name").at ||
		refuse(ret_error, CSPARK_E_UPSTREAM_GARBLED, "Spark's answer has no get_product_url."));
}

/* ---- exports, imports, downloads ---- */

JUDGE(after_start)
{
	return next_if(learn(payload, "id", "id", arguments, arena, ret_error));
}

static bool
is_one_of(struct str word, const char *words)
{
	struct str one, rest = str_of(words);

	while (rest.at) {
		one = str_cut(rest, ' ', &rest);
		if (str_eq_nocase(one, word))
			return true;
	}
	return false;
}

/* "" and {} are as good as null. */
static bool
has_errors(struct str errors)
{
	struct json_walk walk;
	struct str item;

	if (json_is_null(errors) || json_string_is(errors, STR("")))
		return false;
	json_walk_init(&walk, errors);
	return (json_kind_of(errors) != JSON_ARRAY && json_kind_of(errors) != JSON_OBJECT) ||
		json_walk_next(&walk, NULL, &item);
}

/* Whether the job has ended, and well. What Spark calls a failed one is not documented. */
static enum recipe_verdict
judge_job(struct str payload, int *ret_status, struct cspark_error *ret_error)
{
	struct str status = word_at(payload, "status"), errors = json_member(payload, STR("errors"));
	bool is_over = is_one_of(status, "completed closed");
	bool is_bad = is_one_of(
		status, "failed cancelled canceled error closed_by_timeout completed_by_timeout");

	if ((is_over || is_bad) && has_errors(errors))
		return fail(422, ret_status, ret_error, "the job ended with errors: ",
			str_range(errors.at, errors.len < 160 ? errors.len : 160));
	if (is_bad)
		return fail(422, ret_status, ret_error, "the job ended as ", status);
	return is_over ? RECIPE_NEXT : RECIPE_AGAIN;
}

JUDGE(while_importing)
{
	return judge_job(payload, ret_status, ret_error);
}

static bool
learn_file(struct str payload, struct arguments *arguments, struct arena *arena, int *ret_status,
	struct cspark_error *ret_error)
{
	struct str wanted = arguments_find(arguments, "file"), item,
		   list = json_path(payload, "outputs.files");
	uint64_t index = 0;
	struct json_walk walk;

	if (wanted.at && !str_to_u64(wanted, 1000000, &index))
		return refuse(ret_error, CSPARK_E_BAD_PARAMETER, "file takes a whole number from 0.");
	json_walk_init(&walk, list);
	for (uint64_t i = 0; json_walk_next(&walk, NULL, &item); i++) {
		if (i == index)
			return learn(item, "file", "url", arguments, arena, ret_error);
	}
	*ret_status = 404;
	return refuse(ret_error, CSPARK_E_SPARK_REJECTED,
		"the export has %zu files, and none of the number %llu", json_count(list),
		(unsigned long long)index);
}

JUDGE(while_exporting)
{
	enum recipe_verdict verdict = judge_job(payload, ret_status, ret_error);

	if (verdict != RECIPE_NEXT)
		return verdict;
	return next_if(learn_file(payload, arguments, arena, ret_status, ret_error));
}

/* Asked for the files of an export that was started earlier: no wait. */
JUDGE(if_exported)
{
	enum recipe_verdict verdict = while_exporting(payload, arguments, arena, ret_status, ret_error);

	if (verdict != RECIPE_AGAIN)
		return verdict;
	return fail(
		409, ret_status, ret_error, "the export is not finished: it is ", word_at(payload, "status"));
}

/* The status is asked for in the format of the download. */
JUDGE(after_log_start)
{
	if (!arguments_find(arguments, "type").at)
		(void)arguments_add(arguments, STR("type"), STR("json"));
	return next_if(learn(payload, "job_id", "job", arguments, arena, ret_error));
}

JUDGE(while_collecting)
{
	if (!is_whole(payload))
		return RECIPE_AGAIN;
	return next_if(learn(payload, "download_url", "url", arguments, arena, ret_error));
}

JUDGE(after_rehydrate)
{
	return next_if(learn(payload, "download_url", "url", arguments, arena, ret_error));
}

/* ---- versions ---- */

/* Where a version belongs is told in two places of its schema. */
JUDGE(after_schema)
{
	static const char FOLDER[] = "metadata.engineInformation.productName", BOOK[] = "bookSummary.product";
	bool is_metadata = text_at(payload, FOLDER, arena).len > 0;

	return next_if(learn(payload, is_metadata ? FOLDER : BOOK, "folder", arguments, arena, ret_error) &&
		learn(payload,
			is_metadata ? "metadata.engineInformation.serviceName" :
				      "bookSummary.bookServiceName",
			"service", arguments, arena, ret_error));
}

/* ---- the table ---- */

#define STEP(name, operation, judge)               \
	{                                          \
		name, CSPARK_OP_##operation, judge \
	}
#define COMPILATION "/services/{folder}/{service}/compilations/{job}"

static const struct recipe RECIPES[] = {
	{ CSPARK_OP_SERVICE_CREATE,
		{ STEP("upload", SERVICE_UPLOAD, after_upload),
			STEP("compilation", COMPILATION_STATUS, while_compiling),
			STEP("publication", SERVICE_PUBLISH, NULL) },
		3, true, COMPILATION },
	{ CSPARK_OP_SERVICE_COMPILE,
		{ STEP("upload", SERVICE_UPLOAD, after_upload),
			STEP("compilation", COMPILATION_STATUS, while_compiling) },
		2, true, COMPILATION },
	{ CSPARK_OP_SERVICE_RECOMPILE,
		{ STEP("recompilation", RECOMPILE_START, after_recompile),
			STEP("compilation", COMPILATION_STATUS, while_compiling) },
		2, true, COMPILATION },
	{ CSPARK_OP_FOLDER_CREATE,
		{ STEP("create", FOLDER_MAKE, after_folder), STEP("get", FOLDER_GET, NULL) }, 2, false,
		NULL },
	{ CSPARK_OP_EXPORT_CREATE,
		{ STEP("start", EXPORT_START, after_start), STEP("export", EXPORT_STATUS, while_exporting),
			STEP("download", FILE_GET, NULL) },
		3, false, "/exports/{id}" },
	{ CSPARK_OP_EXPORT_FILES,
		{ STEP("export", EXPORT_STATUS, if_exported), STEP("download", FILE_GET, NULL) }, 2, false,
		NULL },
	{ CSPARK_OP_IMPORT_CREATE,
		{ STEP("start", IMPORT_START, after_start), STEP("import", IMPORT_STATUS, while_importing) },
		2, false, "/imports/{id}" },
	{ CSPARK_OP_LOG_DOWNLOAD,
		{ STEP("start", LOG_DOWNLOAD_START, after_log_start),
			STEP("collect", LOG_DOWNLOAD_STATUS, while_collecting),
			STEP("download", FILE_GET, NULL) },
		3, false, "/logs/{folder}/{service}/downloads/{type}/{job}" },
	{ CSPARK_OP_LOG_WORKBOOK,
		{ STEP("rehydrate", LOG_REHYDRATE, after_rehydrate), STEP("download", FILE_GET, NULL) }, 2,
		false, NULL },
	{ CSPARK_OP_VERSION_SWAGGER,
		{ STEP("find", VERSION_SCHEMA, after_schema), STEP("download", SERVICE_SWAGGER, NULL) }, 2,
		false, NULL },
	{ CSPARK_OP_VERSION_FILE,
		{ STEP("find", VERSION_SCHEMA, after_schema), STEP("download", SERVICE_FILE, NULL) }, 2,
		false, NULL },
};

/* The older way to the workbook of a call. */
static const struct recipe LEGACY_WORKBOOK = { CSPARK_OP_LOG_WORKBOOK,
	{ STEP("rehydrate", LOG_REHYDRATE_LEGACY, after_rehydrate), STEP("download", FILE_GET, NULL) }, 2,
	false, NULL };

const struct recipe *
recipe_find(enum cspark_operation operation, const struct arguments *arguments)
{
	if (operation == CSPARK_OP_LOG_WORKBOOK && str_eq(arguments_find(arguments, "legacy"), STR("true")))
		return &LEGACY_WORKBOOK;
	for (size_t i = 0; i < sizeof RECIPES / sizeof *RECIPES; i++) {
		if (RECIPES[i].operation == operation)
			return &RECIPES[i];
	}
	return NULL;
}

char *
recipe_later(const struct recipe *recipe, const struct arguments *arguments, struct arena *arena)
{
	struct str rest = str_of(recipe->later), name;
	char *text = NULL;
	char key[32];
	struct buf out;

	buf_init(&out, 4096);
	while (rest.at) {
		buf_put_str(&out, str_cut(rest, '{', &rest));
		if (!rest.at)
			break;
		name = str_cut(rest, '}', &rest);
		if (name.len < sizeof key) {
			memcpy(key, name.at, name.len);
			key[name.len] = '\0';
			str_percent_encode(arguments_find(arguments, key), &out);
		}
	}
	if (!buf_failed(&out) && out.len > 0)
		text = (char *)arena_copy(arena, buf_text(&out)).at;
	buf_fini(&out);
	return text;
}
