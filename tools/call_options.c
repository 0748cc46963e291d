#include "tools/call_options.h"

#include "tools/catalog.h"
#include "tools/command.h"
#include "tools/help.h"

#include <getopt.h>
#include <string.h>

#define TIMEOUT_MAX_MS 86400000

enum {
	OPT_TYPE = 1,
	OPT_JSON,
	OPT_WAIT,
	OPT_ASYNC,
	OPT_SHAPE,
	OPT_PUBLIC,
	OPT_TENANT,
	OPT_TIMEOUT,
	OPT_URL,
	OPT_DIRECT,
	OPT_CA_FILE,
};

const struct call_option CALL_OPTIONS[] = {
	{ "input", 'i', "FILE", NULL, "what is sent; - is stdin" },
	{ "type", OPT_TYPE, "TYPE", NULL, "the media type of what is sent" },
	{ "output", 'o', "FILE", NULL, "where the answer goes, a folder too; - is stdout" },
	{ "force", 'f', NULL, NULL, "replace a file that exists" },
	{ "json", OPT_JSON, NULL, NULL, "print JSON on a terminal, too" },
	{ "wait", OPT_WAIT, NULL, NULL, "answer when the job is over; that is the default" },
	{ "async", OPT_ASYNC, NULL, NULL, "answer when the job has begun" },
	{ "shape", OPT_SHAPE, "SHAPE", "simple original", "the payload, or all that Spark sends" },
	{ "public", OPT_PUBLIC, NULL, NULL, "use the public endpoint" },
	{ "tenant", OPT_TENANT, "NAME", NULL, "which of the daemon's tenants" },
	{ "timeout", OPT_TIMEOUT, "MS", NULL, "for the whole call" },
	{ "url", OPT_URL, "URL", NULL, "where the daemon is" },
	{ "direct", OPT_DIRECT, NULL, NULL,
		"do without the daemon; CSPARK_BASE_URL and a credential are needed" },
	{ "ca-file", OPT_CA_FILE, "FILE", NULL, "with --direct: whom to trust" },
	{ "help", 'h', NULL, NULL, "tell about this command" },
	{ NULL, 0, NULL, NULL, NULL },
};

enum { OPTIONS_MAX = sizeof(CALL_OPTIONS) / sizeof(CALL_OPTIONS[0]) };

bool
call_option_fits(const struct call_option *option, enum cspark_operation operation)
{
	const struct cspark_operation_info *info = cspark_operation_info(operation);
	bool is_job = info->base == CSPARK_BASE_JOB;

	switch (option->letter) {
	case 'i':
	case OPT_TYPE:
		return catalog_takes_body(operation);
	case OPT_WAIT:
	case OPT_ASYNC:
		return is_job;
	case OPT_DIRECT:
	case OPT_CA_FILE:
		return !is_job;
	case OPT_SHAPE:
		return info->payload != CSPARK_PAYLOAD_FILE;
	case OPT_PUBLIC:
		return strstr(info->path, "{public}") != NULL;
	default:
		return true;
	}
}

/* ---- reading ----------------------------------------------------------------------------- */

static bool
set_shape(struct call *call, const char *shape)
{
	call->shape = shape;
	return strcmp(shape, "simple") == 0 || strcmp(shape, "original") == 0 ||
		!usage_error("--shape is simple or original.");
}

static bool
set_timeout(struct call *call, const char *text)
{
	uint64_t timeout_ms;

	if (!str_to_u64(str_of(text), TIMEOUT_MAX_MS, &timeout_ms) || timeout_ms == 0)
		return !usage_error("--timeout takes milliseconds.");
	call->timeout_ms = (long)timeout_ms;
	return true;
}

static bool
take_option(struct call *call, int option, const char *argument)
{
	switch (option) {
	case 'i':
		call->body = argument;
		return true;
	case 'o':
		call->output = argument;
		return true;
	case 'f':
		call->is_forced = true;
		return true;
	case OPT_TYPE:
		call->type = argument;
		return true;
	case OPT_JSON:
		call->is_json = true;
		return true;
	case OPT_WAIT:
	case OPT_ASYNC:
		call->is_async = option == OPT_ASYNC;
		return true;
	case OPT_SHAPE:
		return set_shape(call, argument);
	case OPT_PUBLIC:
		call->is_public = true;
		return true;
	case OPT_TENANT:
		call->tenant = argument;
		return true;
	case OPT_TIMEOUT:
		return set_timeout(call, argument);
	case OPT_URL:
		call->url = argument;
		return true;
	case OPT_DIRECT:
		call->is_direct = true;
		return true;
	case OPT_CA_FILE:
		call->ca_file = argument;
		return true;
	default:
		return false;
	}
}

static void
make_table(struct option table[OPTIONS_MAX])
{
	for (size_t i = 0; i < OPTIONS_MAX; i++) {
		const struct call_option *option = &CALL_OPTIONS[i];

		table[i] = (struct option){ option->name, option->argument ? required_argument : no_argument,
			NULL, option->letter };
	}
}

bool
call_take_options(struct call *call, int argc, char **argv, void (*help)(const struct call *call),
	char ***ret_words, int *ret_code)
{
	struct option table[OPTIONS_MAX];
	int option;

	make_table(table);
	*ret_code = EXIT_USAGE;
	while ((option = getopt_long(argc, argv, "hi:o:f", table, NULL)) != -1) {
		if (option == 'h') {
			help(call);
			*ret_code = EXIT_OK;
			return false;
		}
		if (!take_option(call, option, optarg))
			return false;
	}
	*ret_words = argv + optind;
	return true;
}

static void
print_help(const struct call *call)
{
	help_operation(call->operation);
}

bool
call_take(struct call *call, int argc, char **argv, int *ret_code)
{
	char **words;

	if (!call_take_options(call, argc, argv, print_help, &words, ret_code))
		return false;
	*ret_code = EXIT_USAGE;
	if (!call_take_words(call, words) || !call_check(call))
		return false;
	if (call->is_public && !strstr(call->info->path, "{public}")) {
		usage_error("this command has no public endpoint.");
		return false;
	}
	return true;
}
