/* csparkctl execute and validate: reads the arguments, and asks the daemon unless --direct says otherwise. */
#include "base/buf.h"
#include "base/str.h"
#include "tools/command.h"
#include "tools/execute.h"

#include <getopt.h>
#include <stdio.h>

#define TIMEOUT_MAX_MS 86400000

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Below this an option is a metadata field. */
enum {
	OPT_JSON = CSPARK_META_FIELDS,
	OPT_FILE,
	OPT_TYPE,
	OPT_META,
	OPT_PUBLIC,
	OPT_SHAPE,
	OPT_FORMAT,
	OPT_SEPARATOR,
	OPT_DECIMAL,
	OPT_TIMEOUT,
	OPT_TENANT,
	OPT_STRICT,
	OPT_DIRECT,
	OPT_CA_FILE,
	OPT_URL,
	OPT_HELP,
	OPT_VALIDATION,
};

#define ARGUMENT_OF_TEXT     required_argument
#define ARGUMENT_OF_LIST     required_argument
#define ARGUMENT_OF_COMPILER required_argument
#define ARGUMENT_OF_FLAG     optional_argument

/* "_purpose" is --purpose. */
static const struct option OPTIONS[] = {
#define X(NAME, param, kind, v3, v4, default3, default4, help) \
	{ &(param)[1], ARGUMENT_OF_##kind, NULL, CSPARK_META_##NAME },
#include "lib/metadata.def"
#undef X
	{ "json", required_argument, NULL, OPT_JSON },
	{ "file", required_argument, NULL, OPT_FILE },
	{ "type", required_argument, NULL, OPT_TYPE },
	{ "meta", required_argument, NULL, OPT_META },
	{ "public", no_argument, NULL, OPT_PUBLIC },
	{ "shape", required_argument, NULL, OPT_SHAPE },
	{ "format", required_argument, NULL, OPT_FORMAT },
	{ "separator", required_argument, NULL, OPT_SEPARATOR },
	{ "decimal", required_argument, NULL, OPT_DECIMAL },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "tenant", required_argument, NULL, OPT_TENANT },
	{ "strict", no_argument, NULL, OPT_STRICT },
	{ "direct", no_argument, NULL, OPT_DIRECT },
	{ "ca-file", required_argument, NULL, OPT_CA_FILE },
	{ "url", required_argument, NULL, OPT_URL },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "validation", required_argument, NULL, OPT_VALIDATION },
	{ NULL, 0, NULL, 0 },
};

void
execute_each_option(void (*each)(const char *name))
{
	for (const struct option *option = OPTIONS; option->name; option++)
		each(option->name);
}

static const char *const SHAPES[] = {
	[CSPARK_SIMPLE] = "simple",
	[CSPARK_ALIKE] = "alike",
	[CSPARK_ORIGINAL] = "original",
};

static const char *const VERBS[] = {
	[VERB_EXECUTE] = "execute",
	[VERB_VALIDATE] = "validate",
};

static const char *const SYNOPSES[] = {
	[VERB_EXECUTE] = "LOCATOR [NAME=VALUE ...] [OPTION ...]",
	[VERB_VALIDATE] = "LOCATOR [NAME=VALUE ...] [--validation static|dynamic] [OPTION ...]",
};

static void
print_help(enum execute_verb verb)
{
	printf("usage: csparkctl %s %s\n\n", VERBS[verb], SYNOPSES[verb]);
	puts("LOCATOR is folder/service, folder/service[1.2.3], service/ID, version/ID or proxy/ENDPOINT.\n"
	     "\n"
	     "inputs:\n"
	     "  NAME=VALUE        one input; 3, true, null and \"3\" are JSON, other text is a string\n"
	     "  --json TEXT       an object (one record) or an array (many)\n"
	     "  --file FILE       the same from a file, or CSV or NDJSON by its name; - is stdin\n"
	     "  --type TYPE       the media type of what --file reads\n"
	     "answer:\n"
	     "  --shape SHAPE     simple, alike or original\n"
	     "  --format FORMAT   json, ndjson, csv or text\n"
	     "  --separator CHAR  in CSV, inputs and answer: a comma, a semicolon, | or tab\n"
	     "  --decimal MARK    in CSV: a point or a comma\n"
	     "  --strict          errors among the outputs are an error\n"
	     "call:\n"
	     "  --timeout MS      for the whole call\n"
	     "  --public          use the public endpoints\n"
	     "  --tenant NAME     which of the daemon's tenants\n"
	     "  --url URL         where the daemon is\n"
	     "  --direct          do without the daemon; CSPARK_BASE_URL and a credential are needed\n"
	     "  --ca-file FILE    with --direct: whom to trust\n"
	     "metadata of Spark:");
	for (size_t i = 0; OPTIONS[i].val < CSPARK_META_FIELDS; i++)
		printf("  --%s%s\n", OPTIONS[i].name,
			OPTIONS[i].has_arg == required_argument ? " TEXT" : "[=true|false]");
	puts("  --meta JSON       further fields");
}

/* ---- arguments --------------------------------------------------------------------------- */

static bool
set_shape(struct execute_options *options, const char *name)
{
	for (size_t i = 0; i < COUNT(SHAPES); i++) {
		if (strcmp(name, SHAPES[i]) == 0) {
			options->shape = (enum cspark_shape)i;
			options->shape_name = name;
			return true;
		}
	}
	usage_error("--shape is simple, alike or original.");
	return false;
}

static bool
set_format(struct execute_options *options, const char *name)
{
	options->format = name;
	if (format_media_type(name))
		return true;
	usage_error("--format is json, ndjson, csv or text.");
	return false;
}

static bool
set_timeout(struct execute_options *options, const char *text)
{
	uint64_t timeout_ms;

	if (!str_to_u64(str_of(text), TIMEOUT_MAX_MS, &timeout_ms) || timeout_ms == 0) {
		usage_error("--timeout takes milliseconds.");
		return false;
	}
	options->timeout_ms = (long)timeout_ms;
	return true;
}

static bool
set_meta(struct execute_options *options, int field, const char *text)
{
	struct cspark_error error;
	struct cspark_bytes value = { text ? text : "true", strlen(text ? text : "true") };

	if (cspark_meta_set(&options->meta, (enum cspark_meta_field)field, value, &error))
		return true;
	usage_error("%s", error.detail);
	return false;
}

static bool
set_validation(struct execute_options *options, const char *text)
{
	options->validation = text;
	if (strcmp(text, "static") == 0 || strcmp(text, "dynamic") == 0)
		return true;
	usage_error("--validation is static or dynamic.");
	return false;
}

/* Inputs have one source; the pairs are counted by themselves. */
static bool
take_body(struct execute_options *options, const char *text, bool is_file)
{
	if (options->inputs.body.len || options->inputs.pairs) {
		usage_error("inputs come from arguments, --json or --file, not from two of them.");
		return false;
	}
	return is_file ? inputs_take_file(&options->inputs, text) : inputs_take_text(&options->inputs, text);
}

/* One option; false if that is the end, with <ret_code>. */
static bool
take_option(struct execute_options *options, int option, const char **ret_type, int *ret_code)
{
	*ret_code = EXIT_USAGE;
	if (option >= 0 && option < CSPARK_META_FIELDS)
		return set_meta(options, option, optarg);
	switch (option) {
	case OPT_JSON:
	case OPT_FILE:
		return take_body(options, optarg, option == OPT_FILE);
	case OPT_TYPE:
		*ret_type = optarg;
		return true;
	case OPT_META:
		options->meta.more = (struct cspark_bytes){ optarg, strlen(optarg) };
		return true;
	case OPT_PUBLIC:
		options->locator.is_public = true;
		return true;
	case OPT_SHAPE:
		return set_shape(options, optarg);
	case OPT_FORMAT:
		return set_format(options, optarg);
	case OPT_SEPARATOR:
		options->separator = optarg;
		return true;
	case OPT_DECIMAL:
		options->decimal = optarg;
		return true;
	case OPT_TIMEOUT:
		return set_timeout(options, optarg);
	case OPT_TENANT:
		options->tenant = optarg;
		return true;
	case OPT_STRICT:
		options->is_strict = true;
		return true;
	case OPT_DIRECT:
		options->is_direct = true;
		return true;
	case OPT_CA_FILE:
		options->ca_file = optarg;
		return true;
	case OPT_URL:
		options->url = optarg;
		return true;
	case OPT_VALIDATION:
		return set_validation(options, optarg);
	case OPT_HELP:
		print_help(options->verb);
		*ret_code = EXIT_OK;
		return false;
	default:
		return false;
	}
}

static bool
take_locator(struct execute_options *options, const char *text)
{
	bool is_public = options->locator.is_public;
	struct cspark_error error;

	if (!cspark_locator_parse((struct cspark_bytes){ text, strlen(text) }, &options->locator, &error)) {
		usage_error("%s", error.detail);
		return false;
	}
	options->locator.is_public = is_public;
	return true;
}

/* What is no option: the locator, then inputs. */
static bool
take_words(struct execute_options *options, char **words)
{
	if (!words[0]) {
		usage_error("%s needs a locator, as in \"csparkctl %s folder/service radius=3\".",
			VERBS[options->verb], VERBS[options->verb]);
		return false;
	}
	if (!take_locator(options, *words++))
		return false;
	if (words[0] && options->inputs.body.len) {
		usage_error("inputs come from arguments, --json or --file, not from two of them.");
		return false;
	}
	for (; *words; words++) {
		if (!inputs_add_pair(&options->inputs, *words))
			return false;
	}
	return inputs_end_pairs(&options->inputs);
}

/* False if there is nothing to run, with <ret_code>. */
static bool
take_arguments(struct execute_options *options, int argc, char **argv, int *ret_code)
{
	const char *type = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "h", OPTIONS, NULL)) != -1) {
		if (!take_option(options, option == 'h' ? OPT_HELP : option, &type, ret_code))
			return false;
	}
	if (options->validation && options->verb != VERB_VALIDATE)
		return usage_error("--validation belongs to validate.") == EXIT_OK;
	if (!take_words(options, argv + optind))
		return false;
	if (type)
		options->inputs.content_type = type;
	return true;
}

int
cmd_execute(int argc, char **argv, const char *url)
{
	struct execute_options options = { .url = url };
	int code = EXIT_USAGE;

	while (strcmp(argv[0], VERBS[options.verb]) != 0)
		options.verb++;
	inputs_init(&options.inputs);
	if (take_arguments(&options, argc, argv, &code))
		code = options.is_direct ? execute_directly(&options) : execute_through_daemon(&options);
	inputs_fini(&options.inputs);
	return code;
}
