/* An operation the usual way: one request to the daemon. */
#include "tools/call.h"
#include "tools/catalog.h"
#include "tools/command.h"
#include "tools/http.h"
#include "tools/problem.h"
#include "tools/progress.h"
#include "tools/upload.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The daemon's own deadline ends a call; this is for a daemon that says nothing at all. A job says nothing
 * until it is over. */
#define PATIENCE_MS     120000
#define JOB_PATIENCE_MS 3600000
#define GRACE_MS        2000

struct asking {
	const struct call *call;
	struct output output;
	struct upload upload; /* fd -1: nothing is sent */
	struct progress progress;
	char label[64]; /* for the display */
};

static bool
on_begin(void *arg, const struct http_response *response)
{
	struct asking *asking = arg;
	/* A job that has only begun answers with words about it. */
	bool is_file = response->status != 202 &&
		call_expects_file(asking->call, response->content_type, response->disposition);

	return output_begin(&asking->output, is_file, response->disposition, response->content_type);
}

static bool
on_put(void *arg, const char *data, size_t len)
{
	return output_put(&((struct asking *)arg)->output, data, len);
}

static long
patience_of(const struct call *call)
{
	if (call->timeout_ms)
		return call->timeout_ms + GRACE_MS;
	return call->info->base == CSPARK_BASE_JOB && !call->is_async ? JOB_PATIENCE_MS : PATIENCE_MS;
}

static const char *
type_of(const struct asking *asking)
{
	const struct call *call = asking->call;

	if (call->type || asking->upload.fd < 0)
		return call->type;
	return call->info->body == CSPARK_BODY_PARTS ? asking->upload.content_type : "application/json";
}

/* ---- a job that has begun ---------------------------------------------------------------- */

/* Whether <path> is of the shape of <pattern>; the values of its parts are appended, blanks between them. */
static bool
fits(const char *pattern, struct str path, struct buf *out)
{
	struct str want, have, want_rest = str_of(pattern), have_rest = path;

	buf_clear(out);
	while (want_rest.at && have_rest.at) {
		want = str_cut(want_rest, '/', &want_rest);
		have = str_cut(have_rest, '/', &have_rest);
		if (!str_starts(want, STR("{")) && !str_eq(want, have))
			return false;
		if (str_starts(want, STR("{"))) {
			buf_put_char(out, str_eq(want, STR("{service}")) ? '/' : ' ');
			str_percent_decode(have, false, out);
		}
	}
	return !want_rest.at && !have_rest.at;
}

/* The command that asks at the address which the daemon gave. */
static void
tell_status(const char *location)
{
	struct str query, path = str_cut(str_of(location), '?', &query);
	struct buf words, name;

	buf_init(&words, 4096);
	buf_init(&name, 256);
	for (enum cspark_operation i = 0; i < CSPARK_OPERATIONS && !name.len; i++) {
		const struct cspark_operation_info *info = cspark_operation_info(i);

		if (strcmp(info->local_method, "GET") == 0 && fits(info->local_path, path, &words))
			catalog_put_name(i, &name);
	}
	if (name.len)
		fprintf(stderr, "It has begun; ask how far it is: csparkctl %.*s%.*s\n",
			STR_ARG(buf_text(&name)), STR_ARG(buf_text(&words)));
	buf_fini(&words);
	buf_fini(&name);
}

/* ---- the exchange ------------------------------------------------------------------------ */

static int
conclude(struct asking *asking, bool is_answered, const struct http_response *response, const char *why)
{
	progress_end(&asking->progress);
	if (asking->output.has_failed)
		return EXIT_ANSWERED;
	if (!is_answered) {
		problem_show_unreachable(asking->call->url, why);
		return EXIT_UNREACHABLE;
	}
	if (response->status < 200 || response->status >= 300) {
		problem_show(response->status, response->body);
		return EXIT_ANSWERED;
	}
	if (response->status == 202 && response->location[0] && isatty(STDERR_FILENO) &&
		!asking->call->capture)
		tell_status(response->location);
	return call_finish(asking->call, &asking->output, response->total);
}

static int
exchange(struct asking *asking, const char *target)
{
	const struct call *call = asking->call;
	struct http_source source = { asking->upload.fd, asking->upload.len };
	struct http_sink sink = { asking, on_begin, on_put };
	struct http_request request = {
		.method = call_method(call),
		.target = target,
		.content_type = type_of(asking),
		.prefer = call->is_async ? "respond-async" : NULL,
		.source = asking->upload.fd >= 0 ? &source : NULL,
		.sink = &sink,
		.progress = &asking->progress,
		.timeout_ms = patience_of(call),
		.is_patient = true,
	};
	struct http_response response;
	char why[300];
	bool is_answered;
	int code;

	progress_start(&asking->progress, asking->label);
	is_answered = http_exchange(call->url, &request, &response, why, sizeof(why));
	code = conclude(asking, is_answered, &response, why);
	http_response_fini(&response);
	return code;
}

static void
make_label(struct asking *asking)
{
	const struct call *call = asking->call;
	struct buf name;

	buf_init(&name, sizeof(asking->label) - 1);
	if (call->label)
		buf_put_str(&name, str_of(call->label));
	else
		catalog_put_name(call->operation, &name);
	snprintf(asking->label, sizeof(asking->label), "%.*s", STR_ARG(buf_text(&name)));
	buf_fini(&name);
}

int
call_through_daemon(const struct call *call)
{
	struct asking asking = { .call = call, .upload.fd = -1 };
	struct buf target, file_name;
	int code = EXIT_USAGE;

	buf_init(&target, 128 * 1024);
	buf_init(&file_name, 64 * 1024);
	call_init_output(call, &asking.output);
	make_label(&asking);
	call_put_target(call, &target);
	buf_put_char(&target, '\0');
	call_put_file_name(call, &file_name);
	buf_put_char(&file_name, '\0');
	asking.output.fallback = file_name.data;
	if (buf_failed(&target) || buf_failed(&file_name))
		usage_error("the arguments are too long.");
	else if (call_open_upload(call, &asking.upload))
		code = exchange(&asking, target.data);
	upload_close(&asking.upload);
	output_fini(&asking.output);
	buf_fini(&target);
	buf_fini(&file_name);
	return code;
}
