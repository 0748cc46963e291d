#include "sim/impex.h"

#include "sim/compose.h"
#include "sim/documents.h"
#include "sim/exchange.h"
#include "sim/listing.h"
#include "sim/member.h"
#include "sim/operations.h"
#include "sim/options.h"
#include "sim/refuse.h"
#include "sim/reply.h"

const char *
impex_word(enum job_kind kind)
{
	return kind == JOB_EXPORT ? "export" : "import";
}

struct job *
impex_start(struct exchange *ex, enum job_kind kind, struct str body)
{
	struct job *job = job_start(&ex->world->jobs, kind);

	if (!member_text(body, "source_system", job->source, sizeof(job->source)))
		job->source[0] = 0;
	if (!member_text(body, "correlation_id", job->correlation, sizeof(job->correlation)))
		job->correlation[0] = 0;
	return job;
}

static void
put_status_url(struct exchange *ex, const struct job *job, struct buf *out)
{
	char origin[512];

	origin_of(ex, origin, sizeof(origin));
	compose(out, "'status_url':'%s/%s/api/v4/%s/%s/status'", origin, ex->world->options->tenant,
		impex_word(job->kind), job->id);
}

void
impex_reply_started(struct exchange *ex, const struct job *job)
{
	reply_v4(ex, "{'id':'%s','object':'%s',", job->id, impex_word(job->kind));
	put_status_url(ex, job, &ex->answer.body);
	buf_put_char(&ex->answer.body, '}');
}

bool
impex_succeeded(const struct job *job)
{
	return job->finished && !job->cancelled && job->plan.outcome == JOB_SUCCEEDS && !job->errors.len;
}

/* An import that has not succeeded is closed all the same: its errors tell. */
static const char *
status_of(const struct job *job)
{
	if (job->cancelled)
		return "cancelled";
	if (!job->finished)
		return job->asked ? "in_progress" : "created";
	return job->kind == JOB_IMPORT || impex_succeeded(job) ? "closed" : "failed";
}

void
impex_put_head(struct exchange *ex, const struct job *job, struct buf *out)
{
	char now[STAMP_BYTES];

	stamp_now(now);
	compose(out, "{'object':'%s','id':'%s','response_timestamp':'%s','status':'%s',",
		impex_word(job->kind), job->id, now, status_of(job));
	put_status_url(ex, job, out);
	compose(out, ",'process_time':%l", stamp_ms() - job->since_ms);
}

void
impex_put_error(struct job *job, const char *code, const char *message, const char *about)
{
	compose(&job->errors, "%s{'type':'invalid_input','code':%q,'message':%q,'service_uri':%q}",
		job->errors.len ? "," : "", code, message, about);
}

struct job *
impex_find(struct exchange *ex, enum job_kind kind)
{
	struct job *job = job_find(&ex->world->jobs, kind, match_arg(&ex->match, "job"));

	if (!job)
		refuse(ex, FAMILY_V4, 500, "INVALID_JOB_ID", "no such job");
	return job;
}

/* -- describing all ------------------------------------------------------- */

static void
put_jobs(struct exchange *ex, enum job_kind kind, bool over, struct buf *out, unsigned *ret_count)
{
	const struct list *head = &ex->world->jobs.list, *at;

	*ret_count = 0;
	buf_put_char(out, '[');
	for (at = head->prev; at != head; at = at->prev) {
		const struct job *job = LIST_ITEM(at, struct job, node);

		if (job->kind != kind || (job->finished || job->cancelled) != over)
			continue;
		compose(out,
			"%s{'object':'%s','id':'%s','data':{'%s_status':'%s','response_timestamp':'%s',"
			"'created_by':'%s','created_timestamp':'%s','updated_timestamp':'%s',"
			"'process_time':%l}}",
			(*ret_count)++ ? "," : "", impex_word(kind), job->id, impex_word(kind),
			status_of(job), job->updated, USER, job->created, job->updated,
			stamp_ms() - job->since_ms);
	}
	buf_put_char(out, ']');
}

static void
describe(struct exchange *ex, enum job_kind kind)
{
	const char *word = impex_word(kind);
	struct buf running, recent;
	unsigned count, over;

	buf_init(&running, (size_t)16 << 20);
	buf_init(&recent, (size_t)16 << 20);
	put_jobs(ex, kind, false, &running, &count);
	put_jobs(ex, kind, true, &recent, &over);
	reply_v4(ex,
		"{'in_progress_%ss':%j,'recent_%ss':%j,'tenant':{'configuration':{'%s_api_job_limit':1},"
		"'status':{'%s_api_jobs_in_progress':%u}}}",
		word, buf_text(&running), word, buf_text(&recent), word, word, count);
	buf_fini(&running);
	buf_fini(&recent);
}

void
serve_export_describe(struct exchange *ex)
{
	describe(ex, JOB_EXPORT);
}

void
serve_import_describe(struct exchange *ex)
{
	describe(ex, JOB_IMPORT);
}
