#include "tests/flow/fake_upstream.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cspark_job fake_jobs[64];
size_t fake_job_count;
enum cspark_outcome fake_cancel_outcome;
bool fake_upstream_full;
unsigned fake_lines;

struct line {
	unsigned refs;
	size_t tenant;
};

void
fake_upstream_reset(void)
{
	memset(fake_jobs, 0, sizeof fake_jobs);
	fake_job_count = 0;
	fake_cancel_outcome = CSPARK_NOT_SENT;
	fake_upstream_full = false;
}

struct line *
line_open_client(
	struct upstream *upstream, const struct config *config, const struct config_tenant *tenant)
{
	struct line *line = calloc(1, sizeof *line);

	cr_assert(line);
	*line = (struct line){ .refs = 1, .tenant = (size_t)(tenant - config->tenants) };
	fake_lines++;
	return line;
}

struct line *
line_ref(struct line *line)
{
	line->refs++;
	return line;
}

void
line_unref(struct line *line)
{
	if (!line || --line->refs > 0)
		return;
	fake_lines--;
	free(line);
}

struct cspark_job *
line_send(struct line *line, const struct cspark_request *request, const struct cspark_call *call,
	cspark_done_fn *done, void *arg)
{
	struct cspark_job *job;

	if (fake_upstream_full)
		return NULL;
	cr_assert_lt(fake_job_count, 64);
	job = &fake_jobs[fake_job_count++];
	*job = (struct cspark_job){ .open = true,
		.tenant = line->tenant,
		.line = line,
		.request = request,
		.call = *call,
		.done = done,
		.arg = arg };
	snprintf(job->method, sizeof job->method, "%s", request->method);
	snprintf(job->path, sizeof job->path, "%s", request->path);
	return job;
}

void
upstream_cancel(struct upstream *upstream, struct cspark_job *job, enum cspark_outcome *ret_outcome,
	unsigned *ret_attempts)
{
	cr_assert(job->open);
	job->open = false;
	job->cancelled = true;
	*ret_outcome = fake_cancel_outcome;
	*ret_attempts = fake_cancel_outcome == CSPARK_NOT_SENT ? 0 : 1;
}

static void
finish(size_t index, struct cspark_result *result, const char *body)
{
	struct cspark_job *job = &fake_jobs[index];

	cr_assert_lt(index, fake_job_count);
	cr_assert(job->open);
	job->open = false;
	result->body = body ? strdup(body) : NULL;
	result->body_len = body ? strlen(body) : 0;
	snprintf(result->content_type, sizeof result->content_type, "application/json");
	result->attempts = 1;
	job->done(job->arg, result);
	free(result->body); /* NULL if it was taken */
}

static const struct cspark_sink *
sink_of(size_t job)
{
	cr_assert_lt(job, fake_job_count);
	cr_assert(fake_jobs[job].open);
	cr_assert_not_null(fake_jobs[job].call.sink, "it goes to memory");
	return fake_jobs[job].call.sink;
}

bool
fake_upstream_begin(size_t job, int status, int64_t length, const char *type, const char *disposition)
{
	const struct cspark_sink *sink = sink_of(job);
	struct cspark_answer_head head = {
		.status = status, .length = length, .content_type = type, .disposition = disposition
	};

	return sink->begin(sink->arg, &head);
}

bool
fake_upstream_put(size_t job, const void *data, size_t len)
{
	const struct cspark_sink *sink = sink_of(job);

	return sink->put(sink->arg, data, len);
}

void
fake_upstream_answer(size_t job, const char *body)
{
	struct cspark_result result = {
		.code = CSPARK_OK, .status = 200, .outcome = CSPARK_EXECUTED, .retry_after_s = -1
	};

	finish(job, &result, body);
}

void
fake_upstream_fail(
	size_t job, enum cspark_code code, enum cspark_outcome outcome, int status, const char *body)
{
	struct cspark_result result = { .code = code,
		.status = status,
		.outcome = outcome,
		.retry_after_s = -1,
		.retryable = cspark_code_retryable(code) };

	snprintf(result.detail, sizeof result.detail, "scripted failure");
	finish(job, &result, body);
}
