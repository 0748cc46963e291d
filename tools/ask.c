/* csparkctl execute and validate, the usual way: one POST to the daemon. */
#include "base/buf.h"
#include "base/str.h"
#include "tools/command.h"
#include "tools/execute.h"
#include "tools/http.h"
#include "tools/problem.h"

#include <stdio.h>

/* The daemon's own deadline ends a call; this is for a daemon that says nothing at all. */
#define PATIENCE_MS 120000
#define GRACE_MS    2000

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const META_PARAMETERS[] = {
#define X(NAME, param, kind, v3, v4, default3, default4, help) [CSPARK_META_##NAME] = (param),
#include "lib/metadata.def"
#undef X
};

static const struct {
	const char *name;
	const char *accept;
} FORMATS[] = {
	{ "json", "application/json" },
	{ "ndjson", "application/x-ndjson" },
	{ "csv", "text/csv" },
	{ "text", "text/plain" },
};

const char *
format_media_type(const char *format)
{
	for (size_t i = 0; format && i < COUNT(FORMATS); i++) {
		if (strcmp(format, FORMATS[i].name) == 0)
			return FORMATS[i].accept;
	}
	return NULL;
}

static void
put_locator(struct buf *target, const struct cspark_locator *locator)
{
	static const char *const FIRST[] = {
		[CSPARK_SERVICE_ID] = "service",
		[CSPARK_VERSION_ID] = "version",
		[CSPARK_PROXY] = "proxy",
	};
	struct str rest = str_of(locator->service);

	buf_put_char(target, '/');
	str_percent_encode(
		str_of(locator->kind == CSPARK_FOLDER_SERVICE ? locator->folder : FIRST[locator->kind]),
		target);
	if (locator->kind != CSPARK_PROXY) {
		buf_put_char(target, '/');
		str_percent_encode(rest, target);
	} else {
		while (rest.at) {
			buf_put_char(target, '/');
			str_percent_encode(str_cut(rest, '/', &rest), target);
		}
	}
	if (locator->version[0]) {
		buf_put_str(target, STR("%5B"));
		str_percent_encode(str_of(locator->version), target);
		buf_put_str(target, STR("%5D"));
	}
}

static void
put_parameter(struct buf *target, const char *name, struct str value)
{
	if (!value.at)
		return;
	buf_put_char(target, str_find(buf_text(target), '?') < 0 ? '?' : '&');
	buf_put_str(target, str_of(name));
	buf_put_char(target, '=');
	str_percent_encode(value, target);
}

void
execute_put_target(struct buf *target, const struct execute_options *options)
{
	static const char *const PATHS[] = {
		[VERB_EXECUTE] = "/execute",
		[VERB_VALIDATE] = "/validate",
	};
	char timeout[24];

	buf_put_str(target, str_of(PATHS[options->verb]));
	put_locator(target, &options->locator);
	for (size_t i = 0; i < CSPARK_META_FIELDS; i++) {
		struct cspark_bytes value = options->meta.value[i];

		put_parameter(target, META_PARAMETERS[i], str_range(value.at, value.len));
	}
	put_parameter(target, "_meta", str_range(options->meta.more.at, options->meta.more.len));
	put_parameter(target, "_shape", str_of(options->shape_name));
	put_parameter(target, "_format", str_of(options->format));
	put_parameter(target, "_separator", str_of(options->separator));
	put_parameter(target, "_decimal", str_of(options->decimal));
	put_parameter(target, "_tenant", str_of(options->tenant));
	put_parameter(target, "_type", str_of(options->validation));
	if (options->locator.is_public)
		put_parameter(target, "_public", STR("true"));
	if (options->is_strict)
		put_parameter(target, "_strict", STR("true"));
	snprintf(timeout, sizeof(timeout), "%ld", options->timeout_ms);
	if (options->timeout_ms)
		put_parameter(target, "_timeout", str_of(timeout));
}

static int
show_response(const struct http_response *response)
{
	if (response->status >= 200 && response->status < 300) {
		print_answer(response->body.at, response->body.len);
		return EXIT_OK;
	}
	problem_show(response->status, response->body);
	return EXIT_ANSWERED;
}

static int
ask_daemon(const struct execute_options *options, const char *target)
{
	struct http_request request = {
		.method = "POST",
		.target = target,
		.accept = format_media_type(options->format),
		.content_type = options->inputs.content_type,
		.body = buf_text(&options->inputs.body),
		.timeout_ms = options->timeout_ms ? options->timeout_ms + GRACE_MS : PATIENCE_MS,
	};
	struct http_response response;
	char why[300];
	int code = EXIT_UNREACHABLE;

	if (http_exchange(options->url, &request, &response, why, sizeof(why)))
		code = show_response(&response);
	else
		problem_show_unreachable(options->url, why);
	http_response_fini(&response);
	return code;
}

int
execute_through_daemon(const struct execute_options *options)
{
	struct buf target;
	int code;

	buf_init(&target, 128 * 1024);
	execute_put_target(&target, options);
	buf_put_char(&target, '\0');
	code = buf_failed(&target) ? usage_error("the options are too long.") :
				     ask_daemon(options, target.data);
	buf_fini(&target);
	return code;
}
