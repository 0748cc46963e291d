/*
 * An answer that is a file: from Spark into a spool, and from there to the caller. The caller gets it when
 * it is whole, so that a failure can still be told; but when it takes long, the head leaves early and the
 * file is sent while it comes, lest the caller believe that nobody works.
 */
#include "daemon/operate.h"

#include <stdio.h>
#include <string.h>

#include "daemon/bytes.h"
#include "base/json.h"
#include "daemon/refuse.h"
#include "daemon/rewrite.h"

#define HOLD_BACK_MS 5000 /* so long the head waits for the whole file */

/* ---- from Spark ---- */

static bool
on_begin(void *arg, const struct cspark_answer_head *head)
{
	struct operate *operate = arg;

	if (operate->is_streaming) {
		refuse(&operate->stored, CSPARK_E_UPSTREAM_GARBLED,
			"Spark's answer broke off when the caller had a part of it already.");
		return false;
	}
	spool_clear(&operate->download);
	operate->has_download = true;
	operate->call->spark_status = head->status;
	operate->length = head->length;
	operate->download_since_ms = loop_now_ms(operate->call->desk->loop);
	snprintf(operate->download_type, sizeof operate->download_type, "%s", head->content_type);
	snprintf(operate->disposition, sizeof operate->disposition, "%s", head->disposition);
	return true;
}

/* The library says that the answer could not be stored; here it is known why. */
void
operate_explain(struct call *call)
{
	const struct cspark_error *stored = &call->operate->stored;

	if (call->error.code != CSPARK_E_INTERNAL || stored->code == CSPARK_OK)
		return;
	call->error = *stored;
	call_failed(call);
}

static void
fill_reply(struct call *call)
{
	struct operate *operate = call->operate;

	call->status = call->spark_status;
	call->content_type = operate->download_type[0] ? operate->download_type : NULL;
}

/* A HEAD has nothing to wait for. */
static bool
takes_long(const struct operate *operate)
{
	const struct call *call = operate->call;

	return loop_now_ms(call->desk->loop) - operate->download_since_ms > HOLD_BACK_MS &&
		!str_eq(call->method, STR("HEAD"));
}

static bool
start_stream(struct operate *operate)
{
	struct call *call = operate->call;

	if (!spool_to_file(&operate->download, &operate->stored))
		return false;
	fill_reply(call);
	operate->is_streaming = true;
	operate->file = (struct front_source){ spool_fd(&operate->download), operate->length,
		spool_len(&operate->download) };
	call_reply(call);
	return true;
}

static bool
on_data(void *arg, const char *data, size_t len)
{
	struct operate *operate = arg;
	struct call *call = operate->call;

	if (!spool_put(&operate->download, data, len, &operate->stored)) {
		if (operate->stored.code == CSPARK_E_BODY_TOO_LARGE)
			refuse(&operate->stored, CSPARK_E_UPSTREAM_GARBLED,
				"Spark's answer is larger than limits.max_download (%llu bytes).",
				(unsigned long long)call->config->limits.max_download);
		return false;
	}
	if (operate->is_streaming)
		front_grow(call->request, spool_len(&operate->download));
	else if (takes_long(operate))
		return start_stream(operate);
	return true;
}

void
operate_expect_file(struct call *call)
{
	struct operate *operate = call->operate;

	operate->sink = (struct cspark_sink){ operate, on_begin, on_data };
	call->sink = &operate->sink;
}

/* ---- to the caller ---- */

/* Answers of Spark's own that are small enough to be looked at. */
static bool
rewrites(const struct call *call)
{
	return call->route.kind == ROUTE_DROP_IN && call->tenant->rewrite_urls &&
		str_starts(str_of(call->operate->download_type), STR("application/json"));
}

static enum call_step
rewrite_body(struct call *call)
{
	struct str host = front_header(call->request, "Host");
	struct front_tls tls;
	const char *scheme = front_tls(call->request, &tls) ? "https" : "http";
	const struct config_tenant *tenant = call->tenant;
	struct rewrite rewrite = {
		.policy = { .origin = tenant->origin,
			.hosts = (const char *const *)tenant->file_hosts,
			.private_addresses = tenant->private_files },
		.base = str_of(arena_printf(&call->arena, "%s://%.*s", scheme, STR_ARG(host))),
		.tenant = tenant == call->config->tenants ? (struct str){ NULL, 0 } :
								  str_of(tenant->name),
	};

	if (!host.at || !json_valid(call->body.at, call->body.len, NULL))
		return STEP_REPLY;
	if (!rewrite_urls(&rewrite, call->body, &call->out))
		return call_no_memory(call);
	call->body = buf_text(&call->out);
	return STEP_REPLY;
}

enum call_step
operate_give_file(struct call *call)
{
	struct operate *operate = call->operate;
	struct spool *download = &operate->download;

	if (operate->is_streaming)
		return STEP_REPLY;
	fill_reply(call);
	if (str_eq(call->method, STR("HEAD")) && operate->length > 0) { /* a length, and nothing to read */
		operate->file = (struct front_source){ -1, operate->length, (uint64_t)operate->length };
		return STEP_REPLY;
	}
	if (spool_fd(download) < 0) {
		call->body = spool_text(download);
		return rewrites(call) ? rewrite_body(call) : STEP_REPLY;
	}
	operate->file = (struct front_source){ spool_fd(download), (int64_t)spool_len(download),
		spool_len(download) };
	return STEP_REPLY;
}

void
operate_end_stream(struct call *call, bool whole)
{
	const struct front_source *file = &call->operate->file;

	if (file->total != (int64_t)file->len) /* the head left before the last byte was there */
		front_finish(call->request, whole);
}
