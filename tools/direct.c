/* csparkctl execute --direct: the library instead of the daemon. */
#include "base/json_text.h"
#include "tools/command.h"
#include "tools/credentials.h"
#include "tools/execute.h"
#include "tools/problem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The daemon's defaults. */
#define TIMEOUT_MS        58000
#define RETRIES_MAX       2
#define RETRY_INTERVAL_MS 1000

/* What only the daemon can do. */
static bool
check_options(const struct execute_options *options)
{
	if (options->tenant)
		usage_error(
			"--tenant names a tenant of the daemon; with --direct CSPARK_BASE_URL says which "
			"it is.");
	else if (options->is_strict)
		usage_error("--strict needs the daemon.");
	else if (options->format && strcmp(options->format, "json") != 0)
		usage_error("--format %s needs the daemon.", options->format);
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

static int
run(struct cspark_blocking *blocking, const struct execute_options *options)
{
	struct str inputs = buf_text(&options->inputs.body);
	struct cspark_execute execute = {
		.api = api_for(inputs),
		.locator = &options->locator,
		.meta = &options->meta,
		.inputs = { inputs.len ? inputs.at : NULL, inputs.len },
	};
	struct cspark_error error;
	struct cspark_result result;
	struct cspark_request *request = cspark_execute_request(
		cspark_blocking_tenant(blocking), &execute, &error);
	int code = EXIT_ANSWERED;

	if (!request)
		return usage_error("%s", error.detail);
	if (cspark_blocking_run(
		    blocking, request, options->timeout_ms ? options->timeout_ms : TIMEOUT_MS, &result))
		code = print_shaped(options, execute.api, &result);
	else
		problem_show_result(&result);
	cspark_result_fini(&result);
	cspark_request_free(request);
	return code;
}

int
execute_directly(const struct execute_options *options)
{
	struct cspark_blocking_options settings = {
		.base_url = getenv("CSPARK_BASE_URL"),
		.route.ca_file = options->ca_file,
		.retry = { .max = RETRIES_MAX, .interval_ms = RETRY_INTERVAL_MS },
	};
	struct cspark_blocking *blocking;
	struct credentials credentials;
	struct cspark_error error;
	int code = EXIT_USAGE;

	if (!check_options(options))
		return EXIT_USAGE;
	if (!settings.base_url || !*settings.base_url)
		return usage_error(
			"--direct needs CSPARK_BASE_URL, as in https://excel.ENVIRONMENT.coherent.global/TE"
			"NANT.");
	if (!credentials_read(&credentials, options->locator.is_public))
		return EXIT_USAGE;
	settings.credentials = credentials.value;
	settings.route.proxy = cspark_proxy_for(settings.base_url, getenv);
	blocking = cspark_global_init() ? cspark_blocking_new(&settings, &error) : NULL;
	credentials_fini(&credentials);
	if (blocking)
		code = run(blocking, options);
	else
		usage_error("%s", error.detail);
	cspark_blocking_free(blocking);
	return code;
}
