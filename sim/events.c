/* Downloads of what has happened in the tenant: /api/v4/events/download. */
#include "base/json_text.h"
#include "sim/compose.h"
#include "sim/exchange.h"
#include "sim/listing.h"
#include "sim/operations.h"
#include "sim/refuse.h"
#include "sim/reply.h"
#include "sim/zip.h"

#include <stdio.h>

static void
put_service(struct buf *out, const struct service *service)
{
	const struct list *at;

	for (at = service->versions.next; at != &service->versions; at = at->next) {
		const struct version *version = LIST_ITEM(at, struct version, node);

		compose(out,
			"%s{'event_type':'PublishEngine','folder_id':'%s','service_name':%q,'version':'%s',"
			"'user_name':'%s','event_date':'%s'}",
			out->len > 1 ? "," : "", service->folder->id, service->name, version->number, USER,
			version->created);
	}
}

/* The one kind of event that is known afterwards: versions that were published. */
static struct blob *
make_archive(const struct store *store)
{
	struct blob *archive = blob_new();
	struct list *f, *s;
	struct zip_writer zip;
	struct buf text;

	buf_init(&text, (size_t)64 << 20);
	buf_put_char(&text, '[');
	for (f = store->folders.next; f != &store->folders; f = f->next) {
		struct folder *folder = LIST_ITEM(f, struct folder, node);

		for (s = folder->services.next; s != &folder->services; s = s->next)
			put_service(&text, LIST_ITEM(s, struct service, node));
	}
	buf_put_char(&text, ']');
	zip_begin(&zip, archive);
	zip_add(&zip, "events.json", buf_text(&text));
	zip_end(&zip);
	buf_fini(&text);
	return archive;
}

void
serve_events_download(struct exchange *ex)
{
	struct list_wish wish;
	struct job *job;

	if (!refuse_bad_body(ex, FAMILY_V4) ||
		!list_wish_read(ex, request_body(&ex->request), "pageSize", &wish))
		return;
	job = job_start(&ex->world->jobs, JOB_EVENTS);
	job->file = make_archive(&ex->world->store);
	reply_v4(ex, "{'object':'events','id':'%s','job_id':'%s','status':'created'}", job->id, job->id);
}

void
serve_events_status(struct exchange *ex)
{
	struct job *job = job_find(&ex->world->jobs, JOB_EVENTS, match_arg(&ex->match, "job"));
	bool failed, done;
	int progress;

	if (!job) {
		refuse(ex, FAMILY_V4, 500, "INVALID_JOB_ID", "no such job");
		return;
	}
	progress = job_ask(job);
	failed = job->finished && job->plan.outcome == JOB_FAILS;
	done = job->finished && !failed;
	if (done && !job->url[0])
		document_publish(ex, blob_ref(job->file), "events.zip", ZIP_TYPE, job->url, sizeof(job->url));
	reply_v4(ex,
		"{'object':'events','id':'%s','job_id':'%s','status':'%s','progress':%d,'download_url':%q}",
		job->id, job->id,
		failed       ? "failed" :
			done ? "completed" :
			       "in_progress",
		progress, done ? job->url : NULL);
}
