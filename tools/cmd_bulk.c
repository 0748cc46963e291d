/* csparkctl bulk: reads the arguments; bulk.c does the work. */
#include "tools/bulk.h"
#include "tools/command.h"
#include "tools/execute.h"

#include <getopt.h>
#include <stdio.h>

#define RECORDS        5000 /* in a piece */
#define RECORDS_DIRECT 200  /* Spark works on a call for 55 s at most */
#define PATIENCE_MAX_S 86400
#define TIMEOUT_MAX_MS 86400000

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Below this an option is a metadata field; letters are themselves. */
enum {
	OPT_IN = 256,
	OPT_OUT,
	OPT_RESUME,
	OPT_PIECE,
	OPT_PARALLEL,
	OPT_PATIENCE,
	OPT_META,
	OPT_PUBLIC,
	OPT_SEPARATOR,
	OPT_DECIMAL,
	OPT_TIMEOUT,
	OPT_TENANT,
	OPT_DIRECT,
	OPT_CA_FILE,
	OPT_URL,
};

#define ARGUMENT_OF_TEXT     required_argument
#define ARGUMENT_OF_LIST     required_argument
#define ARGUMENT_OF_COMPILER required_argument
#define ARGUMENT_OF_FLAG     optional_argument

static const struct option OPTIONS[] = {
#define X(NAME, param, kind, v3, v4, default3, default4, help) \
	{ &(param)[1], ARGUMENT_OF_##kind, NULL, CSPARK_META_##NAME },
#include "lib/metadata.def"
#undef X
	{ "input", required_argument, NULL, 'i' },
	{ "output", required_argument, NULL, 'o' },
	{ "in", required_argument, NULL, OPT_IN },
	{ "out", required_argument, NULL, OPT_OUT },
	{ "resume", no_argument, NULL, OPT_RESUME },
	{ "force", no_argument, NULL, 'f' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "piece", required_argument, NULL, OPT_PIECE },
	{ "parallel", required_argument, NULL, OPT_PARALLEL },
	{ "patience", required_argument, NULL, OPT_PATIENCE },
	{ "meta", required_argument, NULL, OPT_META },
	{ "public", no_argument, NULL, OPT_PUBLIC },
	{ "separator", required_argument, NULL, OPT_SEPARATOR },
	{ "decimal", required_argument, NULL, OPT_DECIMAL },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "tenant", required_argument, NULL, OPT_TENANT },
	{ "direct", no_argument, NULL, OPT_DIRECT },
	{ "ca-file", required_argument, NULL, OPT_CA_FILE },
	{ "url", required_argument, NULL, OPT_URL },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

void
bulk_each_option(void (*each)(const char *name))
{
	for (const struct option *option = OPTIONS; option->name; option++)
		each(option->name);
}

static const struct {
	const char *name;
	const char *ending;
	enum cut_form form;
} FORMS[] = {
	{ "csv", ".csv", CUT_CSV },
	{ "ndjson", ".ndjson", CUT_NDJSON },
	{ "ndjson", ".jsonl", CUT_NDJSON },
	{ "json", ".json", CUT_JSON },
};

/* What has an option of its own, or would change the form of the answers. */
static const char *const TAKEN[] = { "_format", "_shape", "_strict", "_separator", "_decimal", "_timeout" };

struct arguments {
	struct execute_options execute;
	struct bulk_options bulk;
	struct buf target;
	const char *in, *out; /* NULL: not said */
};

static void
print_help(void)
{
	puts("usage: csparkctl bulk LOCATOR [-i FILE] [-o FILE] [_NAME=VALUE ...] [OPTION ...]\n"
	     "\n"
	     "Runs a service for each record of a list of any length; the results come in the list's order.\n"
	     "\n"
	     "  -i, --input FILE  the list: .csv, .ndjson, .jsonl or .json; stdin without it\n"
	     "  -o, --output FILE the results, by the same endings; stdout without it\n"
	     "  --in FORMAT       csv, ndjson or json, whatever the file is called\n"
	     "  --out FORMAT      the same of the results; without both as the list\n"
	     "  --resume          go on behind the rows that the output has already\n"
	     "  -f, --force       replace an output that exists\n"
	     "  -q, --quiet       do not tell how far it is\n"
	     "  --patience S      how long to ask again while the daemon or Spark is away (60)\n"
	     "  --piece N         records in one request, at most (5000; 200 with --direct)\n"
	     "  --parallel N      requests at a time (3)\n"
	     "  --separator CHAR  in CSV, list and results: a comma, a semicolon, | or tab\n"
	     "  --decimal MARK    in CSV: a point or a comma\n"
	     "  --timeout MS      for each request\n"
	     "  --public          use the public endpoints\n"
	     "  --tenant NAME     which of the daemon's tenants\n"
	     "  --url URL         where the daemon is\n"
	     "  --direct          do without the daemon, as \"csparkctl execute\" does; not for CSV\n"
	     "  --ca-file FILE    with --direct: whom to trust\n"
	     "  --meta JSON       further metadata of Spark\n"
	     "metadata of Spark, as for \"csparkctl execute\":");
	for (size_t i = 0; OPTIONS[i].val < CSPARK_META_FIELDS; i++)
		printf("  --%s%s\n", OPTIONS[i].name,
			OPTIONS[i].has_arg == required_argument ? " TEXT" : "[=true|false]");
}

/* ---- options ----------------------------------------------------------------------------- */

static bool
set_number(const char *name, const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	if (str_to_u64(str_of(text), max, ret) && *ret >= min)
		return true;
	return !usage_error("--%s takes a whole number from %llu to %llu.", name, (unsigned long long)min,
		(unsigned long long)max);
}

static bool
set_meta(struct execute_options *execute, int field, const char *text)
{
	struct cspark_error error;
	struct cspark_bytes value = { text ? text : "true", strlen(text ? text : "true") };

	return cspark_meta_set(&execute->meta, (enum cspark_meta_field)field, value, &error) ||
		!usage_error("%s", error.detail);
}

static bool
set_separator(struct arguments *arguments, const char *text)
{
	arguments->execute.separator = text;
	arguments->bulk.separator = strcmp(text, "tab") == 0 ? '\t' : text[0];
	return strcmp(text, "tab") == 0 || (text[0] && strchr(",;|\t", text[0]) && !text[1]) ||
		!usage_error("--separator is a comma, a semicolon, | or tab.");
}

static bool
take_number(struct arguments *arguments, int option)
{
	struct bulk_options *bulk = &arguments->bulk;
	uint64_t number;

	switch (option) {
	case OPT_PIECE:
		return set_number("piece", optarg, 1, 1000000, &bulk->piece_records);
	case OPT_PARALLEL:
		if (!set_number("parallel", optarg, 1, BULK_PARALLEL_MAX, &number))
			return false;
		bulk->parallel = (unsigned)number;
		return true;
	case OPT_PATIENCE:
		if (!set_number("patience", optarg, 0, PATIENCE_MAX_S, &number))
			return false;
		bulk->patience_ms = (int64_t)number * 1000;
		return true;
	default:
		if (!set_number("timeout", optarg, 1, TIMEOUT_MAX_MS, &number))
			return false;
		bulk->timeout_ms = arguments->execute.timeout_ms = (long)number;
		return true;
	}
}

static bool
take_option(struct arguments *arguments, int option)
{
	struct bulk_options *bulk = &arguments->bulk;

	if (option >= 0 && option < CSPARK_META_FIELDS)
		return set_meta(&arguments->execute, option, optarg);
	switch (option) {
	case 'i':
		bulk->input = optarg;
		return true;
	case 'o':
		bulk->output = optarg;
		return true;
	case 'f':
		bulk->replaces = true;
		return true;
	case 'q':
		bulk->is_quiet = true;
		return true;
	case OPT_IN:
		arguments->in = optarg;
		return true;
	case OPT_OUT:
		arguments->out = optarg;
		return true;
	case OPT_RESUME:
		bulk->resumes = true;
		return true;
	case OPT_META:
		arguments->execute.meta.more = (struct cspark_bytes){ optarg, strlen(optarg) };
		return true;
	case OPT_PUBLIC:
		arguments->execute.locator.is_public = true;
		return true;
	case OPT_SEPARATOR:
		return set_separator(arguments, optarg);
	case OPT_DECIMAL:
		arguments->execute.decimal = optarg;
		return true;
	case OPT_TENANT:
		arguments->execute.tenant = optarg;
		return true;
	case OPT_DIRECT:
		arguments->execute.is_direct = true;
		return true;
	case OPT_CA_FILE:
		arguments->execute.ca_file = optarg;
		return true;
	case OPT_URL:
		bulk->url = optarg;
		return true;
	case '?':
		return false;
	default:
		return take_number(arguments, option);
	}
}

/* ---- forms ------------------------------------------------------------------------------- */

/* By what is said, or else by the file's name. False: neither tells. */
static bool
find_form(const char *said, const char *path, enum cut_form *ret)
{
	struct str text = str_of(said ? said : path);

	for (size_t i = 0; i < COUNT(FORMS); i++) {
		if (said ? str_eq(text, str_of(FORMS[i].name)) : str_ends(text, str_of(FORMS[i].ending))) {
			*ret = FORMS[i].form;
			return true;
		}
	}
	return false;
}

static bool
set_forms(struct arguments *arguments)
{
	struct bulk_options *bulk = &arguments->bulk;

	if (!find_form(arguments->in, bulk->input, &bulk->in))
		return !usage_error(arguments->in ? "--in is csv, ndjson or json." :
			"the name of the list does not say its format; say --in csv, ndjson or json.");
	bulk->out = bulk->in;
	if (!find_form(arguments->out, bulk->output, &bulk->out) && arguments->out)
		return !usage_error("--out is csv, ndjson or json.");
	arguments->execute.format = bulk->out == CUT_CSV ? "csv" : "ndjson";
	return true;
}

/* ---- words ------------------------------------------------------------------------------- */

static bool
is_taken(struct str name)
{
	for (size_t i = 0; i < COUNT(TAKEN); i++) {
		if (str_eq(name, str_of(TAKEN[i])))
			return true;
	}
	return false;
}

/* Without the daemon there are those of Spark alone. */
static bool
set_parameter(struct execute_options *execute, struct str name, struct str value)
{
	enum cspark_meta_field field = cspark_meta_find((struct cspark_bytes){ name.at, name.len });
	struct cspark_bytes text = { value.at, value.len };
	struct cspark_error error;

	if (field == CSPARK_META_FIELDS)
		return !usage_error("%.*s needs the daemon.", STR_ARG(name));
	return cspark_meta_set(&execute->meta, field, text, &error) || !usage_error("%s", error.detail);
}

static bool
put_parameter(struct arguments *arguments, const char *word)
{
	struct str value, name = str_cut(str_of(word), '=', &value);

	if (!value.at || !str_starts(name, STR("_")))
		return !usage_error("\"%s\" is no parameter, which is given as _name=value.", word);
	if (is_taken(name))
		return !usage_error("%.*s cannot be given so; see the options.", STR_ARG(name));
	if (arguments->execute.is_direct)
		return set_parameter(&arguments->execute, name, value);
	buf_put_char(&arguments->target, '&'); /* _format is there */
	str_percent_encode(name, &arguments->target);
	buf_put_char(&arguments->target, '=');
	str_percent_encode(value, &arguments->target);
	return true;
}

static bool
take_words(struct arguments *arguments, char **words)
{
	struct cspark_locator *locator = &arguments->execute.locator;
	bool is_public = locator->is_public;
	struct cspark_error error;

	if (!words[0])
		return !usage_error(
			"bulk needs a locator, as in \"csparkctl bulk folder/service -i FILE\".");
	if (!cspark_locator_parse((struct cspark_bytes){ words[0], strlen(words[0]) }, locator, &error))
		return !usage_error("%s", error.detail);
	locator->is_public = is_public;
	execute_put_target(&arguments->target, &arguments->execute);
	for (words++; *words; words++) {
		if (!put_parameter(arguments, *words))
			return false;
	}
	buf_put_char(&arguments->target, '\0');
	arguments->bulk.target = arguments->target.data;
	return !buf_failed(&arguments->target) || !usage_error("the arguments are too long.");
}

static bool
check_output(const struct bulk_options *bulk)
{
	bool is_file = bulk->output && strcmp(bulk->output, "-") != 0;

	if (bulk->resumes && !is_file)
		return !usage_error("--resume needs a file to go on with: -o FILE.");
	return !bulk->resumes || !bulk->replaces || !usage_error("--resume and --force exclude each other.");
}

/* What only the daemon can do. */
static bool
check_direct(struct arguments *arguments)
{
	struct execute_options *execute = &arguments->execute;
	struct bulk_options *bulk = &arguments->bulk;

	if (bulk->piece_records == 0)
		bulk->piece_records = execute->is_direct ? RECORDS_DIRECT : RECORDS;
	if (!execute->is_direct)
		return true;
	bulk->direct = execute;
	if (execute->tenant)
		return !usage_error("--tenant names a tenant of the daemon; with --direct CSPARK_BASE_URL "
				    "says which it is.");
	return (bulk->in != CUT_CSV && bulk->out != CUT_CSV) ||
		!usage_error("CSV needs the daemon; --direct takes and gives NDJSON and JSON.");
}

static int
run(struct arguments *arguments, int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "hi:o:fq", OPTIONS, NULL)) != -1) {
		if (option == 'h') {
			print_help();
			return EXIT_OK;
		}
		if (!take_option(arguments, option))
			return EXIT_USAGE;
	}
	if (!check_output(&arguments->bulk) || !set_forms(arguments) || !check_direct(arguments) ||
		!take_words(arguments, argv + optind))
		return EXIT_USAGE;
	return bulk_run(&arguments->bulk);
}

int
cmd_bulk(int argc, char **argv, const char *url)
{
	struct arguments arguments = {
		.bulk = {
			.url = url,
			.separator = ',',
			.parallel = 3,
			.patience_ms = 60000,
		},
	};
	int code;

	buf_init(&arguments.target, 128 * 1024);
	code = run(&arguments, argc, argv);
	buf_fini(&arguments.target);
	return code;
}
