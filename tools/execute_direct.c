/* csparkctl execute --direct, validate --direct: the library instead of the daemon. */
#include "base/json_text.h"
#include "lib/cspark_operations.h"
#include "tools/command.h"
#include "tools/direct.h"
#include "tools/execute.h"
#include "tools/problem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What only the daemon can do. */
static bool
check_options(const struct execute_options *options)
{
	if (options->tenant)
		usage_error("--tenant names a tenant of the daemon; with --direct CSPARK_BASE_URL says which "
			    "it is.");
	else if (options->is_strict)
		usage_error("--strict needs the daemon.");
	else if (options->verb == VERB_VALIDATE && options->locator.kind == CSPARK_PROXY)
		usage_error("a proxy endpoint cannot be validated.");
	else if (options->validation && options->meta.more.at)
		usage_error("--validation together with --meta needs the daemon.");
	else if (options->format && strcmp(options->format, "json") != 0)
		usage_error("--format %s needs the daemon.", options->format);
	else if (options->separator || options->decimal)
		usage_error("--separator and --decimal are for CSV, which needs the daemon.");
	else if (strcmp(options->inputs.content_type, "application/json") != 0)
		usage_error("%s needs the daemon; --direct takes JSON.", options->inputs.content_type);
	else
		return true;
	return false;
}

static enum cspark_api
api_for(struct str inputs)
{
	return inputs.len && json_kind_of(inputs) == JSON_ARRAY ? CSPARK_V4 : CSPARK_V3;
}

static int
print_shaped(const struct execute_options *options, enum cspark_api api, const struct cspark_result *result)
{
	struct cspark_bytes body = { result->body, result->body_len };
	struct cspark_answer answer;
	char *text;
	size_t len;

	if (!cspark_answer_read(api, body, &answer)) {
		fputs("csparkctl: what Spark answered is no answer to an execution\n", stderr);
		return EXIT_ANSWERED;
	}
	if (answer.failed) {
		problem_show(result->status, str_range(body.at, body.len));
		return EXIT_ANSWERED;
	}
	text = cspark_answer_text(&answer, body, options->shape, &len);
	if (!text) {
		fputs("csparkctl: no memory for the answer\n", stderr);
		return EXIT_ANSWERED;
	}
	print_answer(text, len);
	free(text);
	return EXIT_OK;
}

static struct cspark_request *
execution_request(struct cspark_blocking *blocking, const struct execute_options *options,
	enum cspark_api api, struct cspark_error *ret_error)
{
	struct str inputs = buf_text(&options->inputs.body);
	struct cspark_meta meta = options->meta;
	struct cspark_execute execute = {
		.api = api,
		.locator = &options->locator,
		.meta = &meta,
		.inputs = { inputs.len ? inputs.at : NULL, inputs.len },
	};
	struct str more = { 0 };

	if (options->validation)
		more = strcmp(options->validation, "dynamic") == 0 ?
			STR("{\"validation_type\":\"dynamic\"}") :
			STR("{\"validation_type\":\"default_values\"}");
	if (more.at)
		meta.more = (struct cspark_bytes){ more.at, more.len };
	return cspark_execute_request(cspark_blocking_tenant(blocking), &execute, ret_error);
}

static struct cspark_argument
argument(const char *name, const char *value)
{
	return (struct cspark_argument){ { name, strlen(name) }, { value, strlen(value) } };
}

/* A validation has the body of an execution, and another address. */
static struct cspark_request *
validation_request(struct cspark_blocking *blocking, const struct cspark_locator *locator,
	struct cspark_request *execution, struct cspark_error *ret_error)
{
	struct cspark_argument arguments[2] = { argument(
		locator->kind == CSPARK_SERVICE_ID ? "service_id" : "version_id", locator->service) };
	struct cspark_ask ask = {
		.operation = CSPARK_OP_VALIDATE,
		.arguments = arguments,
		.argument_count = 1,
		.is_public = locator->is_public,
		.body = { execution->body, execution->body_len },
		.now_s = time(NULL),
	};
	struct cspark_request *request;

	if (locator->kind == CSPARK_FOLDER_SERVICE) {
		arguments[0] = argument("folder", locator->folder);
		arguments[1] = argument("service", locator->service);
		ask.argument_count = 2;
	}
	request = cspark_operation_request(cspark_blocking_tenant(blocking), &ask, ret_error);
	cspark_request_free(execution);
	return request;
}

static int
run(struct cspark_blocking *blocking, const struct execute_options *options)
{
	bool is_validation = options->verb == VERB_VALIDATE;
	enum cspark_api api = is_validation ? CSPARK_V3 : api_for(buf_text(&options->inputs.body));
	struct cspark_error error;
	struct cspark_result result;
	struct cspark_request *request = execution_request(blocking, options, api, &error);
	int code = EXIT_ANSWERED;

	if (request && is_validation)
		request = validation_request(blocking, &options->locator, request, &error);
	if (!request)
		return usage_error("%s", error.detail);
	if (cspark_blocking_run(blocking, request,
		    options->timeout_ms ? options->timeout_ms : DIRECT_TIMEOUT_MS, &result))
		code = print_shaped(options, api, &result);
	else
		problem_show_result(&result);
	cspark_result_fini(&result);
	cspark_request_free(request);
	return code;
}

int
execute_directly(const struct execute_options *options)
{
	struct cspark_blocking *blocking;
	int code;

	if (!check_options(options))
		return EXIT_USAGE;
	blocking = direct_open(options->ca_file, options->locator.is_public);
	code = blocking ? run(blocking, options) : EXIT_USAGE;
	cspark_blocking_free(blocking);
	return code;
}
