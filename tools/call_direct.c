/* An operation without the daemon: the row becomes a request of the library. */
#include "tools/call.h"

#include "base/json.h"
#include "tools/command.h"
#include "tools/direct.h"
#include "tools/direct_request.h"
#include "tools/inputs.h"
#include "tools/payload.h"
#include "tools/problem.h"
#include "tools/progress.h"
#include "tools/upload.h"

#include <stdio.h>

struct direct {
	const struct call *call;
	struct cspark_blocking *blocking;
	struct output output;
	struct progress progress;
	struct inputs inputs; /* a JSON body */
	struct upload upload; /* a file */
	struct cspark_source source;
};

/* What only the daemon can do. */
static bool
check_call(const struct call *call)
{
	if (call->info->base == CSPARK_BASE_JOB)
		return !usage_error("this is a job of several calls, which the daemon makes; "
				    "it cannot be done with --direct.");
	if (call->tenant)
		return !usage_error("--tenant names a tenant of the daemon; with --direct "
				    "CSPARK_BASE_URL says which it is.");
	if (call->is_async)
		return !usage_error("--async needs the daemon.");
	return true;
}

/* ---- the body ---------------------------------------------------------------------------- */

static bool
take_body(struct direct *direct)
{
	const struct call *call = direct->call;
	const char *path = call->body;

	if (!path)
		return true;
	if (call->info->body != CSPARK_BODY_PARTS && !call->target)
		return inputs_take_file(&direct->inputs, path);
	if (!upload_open(&direct->upload, path))
		return false;
	/* The library reads a file from its beginning, as often as needed. */
	if ((direct->upload.len < 0 || strcmp(path, "-") == 0) && !upload_settle(&direct->upload))
		return false;
	direct->source.fd = direct->upload.fd;
	direct->source.len = (uint64_t)direct->upload.len;
	return true;
}

/* ---- the answer -------------------------------------------------------------------------- */

static bool
on_begin(void *arg, const struct cspark_answer_head *head)
{
	struct direct *direct = arg;

	progress_receive(&direct->progress, head->length);
	return output_begin(&direct->output,
		call_expects_file(direct->call, head->content_type, head->disposition), head->disposition,
		head->content_type);
}

static bool
on_put(void *arg, const char *data, size_t len)
{
	struct direct *direct = arg;

	progress_received(&direct->progress, len);
	return output_put(&direct->output, data, len);
}

static int
show_payload(struct direct *direct, const struct cspark_result *result)
{
	const struct call *call = direct->call;
	bool is_original = call->shape && strcmp(call->shape, "original") == 0;
	struct str text, body = str_range(result->body, result->body_len);
	struct buf scratch;
	int64_t total;
	int code = EXIT_ANSWERED;

	buf_init(&scratch, 2 * body.len + 1024);
	switch (payload_take(
		is_original ? CSPARK_PAYLOAD_WHOLE : call->info->payload, body, &scratch, &text, &total)) {
	case PAYLOAD_FAILED:
		problem_show(result->status, body);
		break;
	case PAYLOAD_MISSING:
		fputs("csparkctl: it does not exist.\n", stderr);
		break;
	case PAYLOAD_GOOD:
		if (output_begin(&direct->output, false, "", "application/json") &&
			output_put(&direct->output, text.at, text.len))
			code = call_finish(call, &direct->output, total);
		break;
	}
	buf_fini(&scratch);
	return code;
}

static int
send_request(struct direct *direct, const struct cspark_request *request)
{
	const struct call *call = direct->call;
	bool ok, is_file = call->info->payload == CSPARK_PAYLOAD_FILE;
	struct cspark_sink sink = { direct, on_begin, on_put };
	struct cspark_result result;
	int code = EXIT_ANSWERED;

	progress_start(&direct->progress, call->info->name);
	ok = cspark_blocking_fetch(direct->blocking, request,
		call->timeout_ms ? call->timeout_ms : DIRECT_TIMEOUT_MS, is_file ? &sink : NULL, &result);
	progress_end(&direct->progress);
	if (direct->output.has_failed)
		code = EXIT_ANSWERED;
	else if (!ok)
		problem_show_result(&result);
	else if (is_file)
		code = call_finish(call, &direct->output, -1);
	else
		code = show_payload(direct, &result);
	cspark_result_fini(&result);
	return code;
}

static int
run(struct direct *direct)
{
	const struct call *call = direct->call;
	struct str text = buf_text(&direct->inputs.body);
	struct direct_body body = {
		.text = { text.len ? text.at : NULL, text.len },
		.source = direct->upload.fd >= 0 ? &direct->source : NULL,
		.type = call->type ? call->type : direct->upload.content_type,
	};
	struct cspark_error error;
	struct cspark_request *request =
		direct_request(call, cspark_blocking_tenant(direct->blocking), &body, &error);
	int code = request ? send_request(direct, request) : usage_error("%s", error.detail);

	cspark_request_free(request);
	return code;
}

int
call_directly(const struct call *call)
{
	struct direct direct = { .call = call, .upload.fd = -1 };
	struct buf name;
	int code = EXIT_USAGE;

	if (!check_call(call))
		return EXIT_USAGE;
	buf_init(&name, 64 * 1024);
	call_put_file_name(call, &name);
	buf_put_char(&name, '\0');
	inputs_init(&direct.inputs);
	call_init_output(call, &direct.output);
	direct.output.fallback = name.data;
	if (take_body(&direct))
		direct.blocking = direct_open(
			call->ca_file, call->is_public || call->info->base == CSPARK_BASE_REALM);
	if (direct.blocking)
		code = run(&direct);
	cspark_blocking_free(direct.blocking);
	upload_close(&direct.upload);
	output_fini(&direct.output);
	inputs_fini(&direct.inputs);
	buf_fini(&name);
	return code;
}
