#include "tools/view.h"

#include "base/json_text.h"
#include "tools/cell.h"
#include "tools/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DEPTH_MAX   16
#define WIDTH_USUAL 80
#define WIDTH_LEAST 20

/* What people look for first; the rest comes behind as far as there is room. */
static const struct {
	enum cspark_operation operation;
	const char *columns;
} FIRST[] = {
	{ CSPARK_OP_SERVICE_SEARCH, "folderName fileName version modifiedDate id" },
	{ CSPARK_OP_SERVICE_FOLDER_LIST, "serviceName" },
	{ CSPARK_OP_SERVICE_VERSIONS, "revision versionLabel effectiveStartDate id author" },
	{ CSPARK_OP_FOLDER_LIST, "name status category activeServiceCount id" },
	{ CSPARK_OP_CATEGORY_LIST, "key value icon" },
	{ CSPARK_OP_TRANSFORM_LIST, "name transform_type updatedAt modifiedBy id" },
	{ CSPARK_OP_LOG_FIND, "timeStamp callGUID serviceVersion callPurpose sourceSystem totalTime" },
	{ CSPARK_OP_BATCH_LIST, "id data.batch_status data.pipeline_status data.service_uri" },
	{ CSPARK_OP_EXPORT_LIST, "id data.export_status data.created_timestamp data.created_by" },
	{ CSPARK_OP_IMPORT_LIST, "id data.import_status data.created_timestamp data.created_by" },
};

static const char *
first_columns(enum cspark_operation operation)
{
	for (size_t i = 0; i < sizeof(FIRST) / sizeof(FIRST[0]); i++) {
		if (FIRST[i].operation == operation)
			return FIRST[i].columns;
	}
	return NULL;
}

static int
terminal_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	uint64_t width = 0;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		width = size.ws_col;
	else if (!columns || !str_to_u64(str_of(columns), 10000, &width))
		width = WIDTH_USUAL;
	return width < WIDTH_LEAST ? WIDTH_LEAST : (int)width;
}

/* ---- printing ---------------------------------------------------------------------------- */

static void
print_scalar(struct str value)
{
	struct buf text;

	buf_init(&text, 1024 * 1024);
	cell_put(value, &text);
	printf("%.*s", STR_ARG(buf_text(&text)));
	buf_fini(&text);
}

static bool
is_container(struct str value)
{
	enum json_kind kind = json_kind_of(value);

	return kind == JSON_OBJECT || kind == JSON_ARRAY;
}

static bool
is_empty(struct str container)
{
	struct json_walk walk;
	struct str value;

	json_walk_init(&walk, container);
	return !json_walk_next(&walk, NULL, &value);
}

static void print_inner(struct str value, const char *first, int depth, int width);

static void
print_members(struct str text, const char *first, int depth, int width)
{
	struct json_walk walk;
	struct str key, value;

	json_walk_init(&walk, text);
	while (json_walk_next(&walk, &key, &value)) {
		printf("%*s", 2 * depth, "");
		if (key.len)
			print_scalar(key);
		putchar(key.len ? ':' : '-');
		if (is_container(value) && !is_empty(value) && depth < DEPTH_MAX) {
			putchar('\n');
			print_inner(value, first, depth + 1, width);
		} else {
			putchar(' ');
			print_scalar(is_container(value) && is_empty(value) ? STR("null") : value);
			putchar('\n');
		}
	}
}

static void
print_inner(struct str value, const char *first, int depth, int width)
{
	if (width && table_fits(value))
		table_print(value, first, 2 * depth, width);
	else
		print_members(value, first, depth, width);
}

void
view_tree(struct str json, int depth, int width)
{
	print_members(json, NULL, depth, width);
}

void
view_answer(enum cspark_operation operation, struct str json, int64_t total)
{
	size_t count = json_count(json);

	if (!is_container(json)) {
		print_scalar(json);
		putchar('\n');
		return;
	}
	if (is_empty(json))
		puts("nothing");
	print_inner(json, first_columns(operation), 0, terminal_width());
	if (json_kind_of(json) == JSON_ARRAY && total > (int64_t)count)
		printf("%zu of %lld\n", count, (long long)total);
}
