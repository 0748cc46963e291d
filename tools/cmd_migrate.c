/* csparkctl migrate: an export from one tenant of the daemon, and its files into another. */
#include "base/json.h"
#include "base/json_text.h"
#include "tools/call.h"
#include "tools/call_options.h"
#include "tools/catalog.h"
#include "tools/command.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* How often the export is asked how far it is: soon at first. */
#define WAIT_FIRST_MS 300
#define WAIT_MAX_MS   10000

struct migration {
	struct call export;
	struct call import;
	struct call base; /* what the options say */
	const char *from;
	const char *to;
	struct buf sources; /* of the services, without where they go */
	char id[128];       /* of the export */
};

static void
print_help(const struct call *call)
{
	puts("usage: csparkctl migrate FROM_TENANT TO_TENANT [NAME=VALUE ...] [OPTION ...]\n\n"
	     "Exports from one of the daemon's tenants and imports into another.\n\n"
	     "parameters:\n"
	     "  folders=A,B,...            folders to export\n"
	     "  services=FROM:TO,...       services to export; :TO renames one on the way\n"
	     "  version_ids=A,B,...        versions to export\n"
	     "  version_filter=latest|all  which versions\n"
	     "  existing=abort|replace|add_version\n"
	     "                             what happens to a service that exists\n"
	     "  source=TEXT, correlation=TEXT\n\n"
	     "options: --json --url --timeout --help");
}

/* ---- words ------------------------------------------------------------------------------- */

/* "a/b:c/d,e/f" gives "a/b,e/f". */
static void
put_sources(struct str mapping, struct buf *out)
{
	struct str target, one;

	for (const char *comma = ""; mapping.at; comma = ",") {
		one = str_cut(mapping, ',', &mapping);
		buf_put_str(out, str_of(comma));
		buf_put_str(out, str_cut(one, ':', &target));
	}
}

static bool
knows(enum cspark_operation operation, struct str name)
{
	return cspark_parameter_find(operation, (struct cspark_bytes){ name.at, name.len }) != NULL;
}

/* A service that keeps its place needs no word in the import. */
static bool
take_services(struct migration *migration, char *word)
{
	char *words[] = { word, NULL };
	struct str mapping, name = str_cut(str_of(word), '=', &mapping);

	(void)name;
	buf_put_str(&migration->sources, STR("services="));
	put_sources(mapping, &migration->sources);
	buf_put_char(&migration->sources, '\0');
	if (str_find(mapping, ':') >= 0 && !call_take_words(&migration->import, words))
		return false;
	words[0] = migration->sources.data;
	return !buf_failed(&migration->sources) && call_take_words(&migration->export, words);
}

static bool
take_word(struct migration *migration, char *word)
{
	char *words[] = { word, NULL };
	struct str value, name = str_cut(str_of(word), '=', &value);
	bool is_of_import = value.at && knows(CSPARK_OP_IMPORT_CREATE, name);
	bool is_of_export = value.at && knows(CSPARK_OP_EXPORT_CREATE, name);

	if (str_eq(name, STR("file")) || str_eq(name, STR("file_filter")))
		return !usage_error("migrate has no parameter \"%.*s\".", STR_ARG(name));
	if (str_eq(name, STR("services")) && value.at && !migration->sources.len)
		return take_services(migration, word);
	/* What neither knows is refused by the export, whose names are those that people know. */
	if (is_of_import && !call_take_words(&migration->import, words))
		return false;
	return (is_of_import && !is_of_export) || call_take_words(&migration->export, words);
}

static bool
take_words(struct migration *migration, char **words)
{
	if (!words[0] || !words[1] || strchr(words[0], '=') || strchr(words[1], '='))
		return !usage_error("migrate needs two tenants of the daemon, from and to.");
	migration->from = words[0];
	migration->to = words[1];
	for (words += 2; *words; words++) {
		if (!take_word(migration, *words))
			return false;
	}
	if (!call_argument(&migration->export, "folders").at &&
		!call_argument(&migration->export, "services").at &&
		!call_argument(&migration->export, "version_ids").at)
		return !usage_error("migrate needs folders=, services= or version_ids=.");
	return true;
}

/* ---- the export -------------------------------------------------------------------------- */

static struct call
call_for(const struct migration *migration, enum cspark_operation operation, const char *tenant)
{
	struct call call = migration->base;

	call.operation = operation;
	call.info = cspark_operation_info(operation);
	call.tenant = tenant;
	return call;
}

static void
add_argument(struct call *call, const char *name, const char *value)
{
	call->arguments[call->argument_count++] = (struct cspark_argument){ { name, strlen(name) },
		{ value, strlen(value) } };
}

static int
begin_export(struct migration *migration)
{
	struct call call = migration->export;
	struct buf answer, id;
	int code;

	buf_init(&answer, 1024 * 1024);
	buf_init(&id, sizeof(migration->id) - 1);
	call.is_async = true;
	call.capture = &answer;
	code = call_run(&call);
	if (code == EXIT_OK &&
		(!json_valid(answer.data, answer.len, NULL) ||
			!json_unquote(json_member(buf_text(&answer), STR("id")), &id) || !id.len)) {
		fputs("csparkctl: the answer to the export names no job.\n", stderr);
		code = EXIT_ANSWERED;
	}
	snprintf(migration->id, sizeof(migration->id), "%.*s", STR_ARG(buf_text(&id)));
	buf_fini(&answer);
	buf_fini(&id);
	return code;
}

/* What an export's status says: < 0: not over; else the count of files, and how it went. */
static int
judge(struct str answer, int *ret_code)
{
	struct str status = json_member(answer, STR("status"));
	struct str errors = json_member(answer, STR("errors"));
	bool is_over = status.at &&
		(json_string_is(status, STR("completed")) || json_string_is(status, STR("closed")));
	bool has_failed = status.at &&
		(json_string_is(status, STR("failed")) || json_string_is(status, STR("cancelled")));

	*ret_code = EXIT_OK;
	if (!is_over && !has_failed)
		return -1;
	if (is_over && (json_is_null(errors) || (json_kind_of(errors) == JSON_ARRAY && !json_count(errors))))
		return (int)json_count(json_path(answer, "outputs.files"));
	fprintf(stderr, "csparkctl: the export ended as %.*s%s%.*s\n", STR_ARG(status),
		json_is_null(errors) ? "" : ": ", STR_ARG(json_is_null(errors) ? (struct str){ 0 } : errors));
	*ret_code = EXIT_ANSWERED;
	return 0;
}

static int
await_export(struct migration *migration, int *ret_files)
{
	struct call call = call_for(migration, CSPARK_OP_EXPORT_STATUS, migration->from);
	useconds_t wait_ms = WAIT_FIRST_MS;
	struct buf answer;
	int code;

	add_argument(&call, "id", migration->id);
	buf_init(&answer, 64 * 1024 * 1024);
	call.capture = &answer;
	call.label = "exporting";
	for (*ret_files = -1;;) {
		buf_clear(&answer);
		code = call_run(&call);
		if (code == EXIT_OK && json_valid(answer.data, answer.len, NULL))
			*ret_files = judge(buf_text(&answer), &code);
		if (code != EXIT_OK || *ret_files >= 0)
			break;
		usleep(wait_ms * 1000);
		wait_ms = wait_ms * 2 > WAIT_MAX_MS ? WAIT_MAX_MS : wait_ms * 2;
	}
	buf_fini(&answer);
	return code;
}

/* ---- the files --------------------------------------------------------------------------- */

static int
move_file(struct migration *migration, int number, int fd)
{
	struct call fetch = call_for(migration, CSPARK_OP_EXPORT_FILES, migration->from);
	struct call import = migration->import;
	char index[16];
	int code;

	snprintf(index, sizeof(index), "%d", number);
	add_argument(&fetch, "id", migration->id);
	add_argument(&fetch, "file", index);
	fetch.output_fd = fd;
	fetch.label = "fetching";
	import.input_fd = fd;
	import.type = "application/zip";
	import.label = "importing";
	code = call_run(&fetch);
	return code == EXIT_OK ? call_run(&import) : code;
}

static int
migrate(struct migration *migration)
{
	int files = 0, fd, code = begin_export(migration);

	if (code == EXIT_OK)
		code = await_export(migration, &files);
	if (code != EXIT_OK)
		return code;
	if (files == 0) {
		fputs("csparkctl: the export has no files.\n", stderr);
		return EXIT_ANSWERED;
	}
	fd = upload_temporary();
	if (fd < 0)
		return EXIT_USAGE;
	for (int i = 0; i < files && code == EXIT_OK; i++)
		code = move_file(migration, i, fd);
	close(fd);
	return code;
}

int
cmd_migrate(int argc, char **argv, const char *url)
{
	struct migration migration = { .base.url = url };
	struct call *base = &migration.base;
	char **words;
	int code = EXIT_USAGE;

	if (!call_take_options(base, argc, argv, print_help, &words, &code))
		return code;
	if (base->is_direct || base->tenant || base->output || base->body || base->is_async || base->shape)
		return usage_error("migrate takes --json, --url and --timeout alone.");
	buf_init(&migration.sources, 64 * 1024);
	migration.export = call_for(&migration, CSPARK_OP_EXPORT_CREATE, NULL);
	migration.import = call_for(&migration, CSPARK_OP_IMPORT_CREATE, NULL);
	code = EXIT_USAGE;
	if (take_words(&migration, words)) {
		migration.export.tenant = migration.from;
		migration.import.tenant = migration.to;
		code = migrate(&migration);
	}
	buf_fini(&migration.sources);
	return code;
}
