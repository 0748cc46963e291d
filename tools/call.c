/* What both ways of making a call share: where the answer goes, and how it is shown. */
#include "tools/call.h"

#include "base/json.h"
#include "tools/catalog.h"
#include "tools/command.h"
#include "tools/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

void
call_init_output(const struct call *call, struct output *output)
{
	output_init(output);
	output->path = call->output;
	output->is_forced = call->is_forced;
	output->given_fd = call->output_fd;
}

bool
call_expects_file(const struct call *call, const char *content_type, const char *disposition)
{
	if (call->info->payload != CSPARK_PAYLOAD_FILE)
		return false;
	return disposition[0] || (!strstr(content_type, "json") && strncmp(content_type, "text/", 5) != 0);
}

bool
call_open_upload(const struct call *call, struct upload *ret)
{
	*ret = (struct upload){ .fd = -1 };
	if (call->input_fd)
		return upload_open_fd(ret, call->input_fd);
	return !call->body || upload_open(ret, call->body);
}

/* For people, where a file came to lie that they have not named themselves. */
static void
tell_file(const struct call *call, const struct output *output)
{
	bool is_named = output->path && strcmp(output->path, output->name) == 0;

	if (isatty(STDERR_FILENO) && !is_named && !output->given_fd)
		fprintf(stderr, "%s: %" PRIu64 " bytes\n", output->name, output->len);
}

int
call_finish(const struct call *call, struct output *output, int64_t total)
{
	struct str text = buf_text(&output->text);

	if (!output_finish(output))
		return EXIT_ANSWERED;
	if (output->kind == OUTPUT_FILE)
		tell_file(call, output);
	if (output->kind != OUTPUT_MEMORY)
		return EXIT_OK;
	if (call->capture)
		buf_put_str(call->capture, text);
	else if (call->is_json || !isatty(STDOUT_FILENO) || !json_valid(text.at, text.len, NULL))
		print_answer(text.at, text.len);
	else
		view_answer(call->operation, text, total);
	return EXIT_OK;
}

int
call_run(const struct call *call)
{
	struct output output;
	bool ok;

	call_init_output(call, &output);
	ok = output_check(&output);
	output_fini(&output);
	if (!ok)
		return EXIT_USAGE;
	return call->is_direct ? call_directly(call) : call_through_daemon(call);
}
