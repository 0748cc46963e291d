/*
 * Access: the one log line and the numbers of a call, at its end.
 */
#include "daemon/bulk.h"
#include "daemon/log.h"
#include "daemon/operate.h"
#include "daemon/reason.h"

/* Who ended it, and when. */
static const char *
end_name(const struct call *call, enum front_end end)
{
	static const char *const of_front[] = {
		[FRONT_CALLER_LEFT] = "caller_left",
		[FRONT_CALLER_SLOW] = "caller_slow",
		[FRONT_STOPPED] = "stopped",
		[FRONT_TORN] = "torn",
	};

	if (call->error.code == CSPARK_E_CANCELLED)
		return "caller_left";
	if (end != FRONT_OK)
		return of_front[end];
	switch (call->error.code) {
	case CSPARK_OK:
		return "ok";
	case CSPARK_E_UPSTREAM_TIMEOUT:
		return "deadline";
	case CSPARK_E_DRAINING:
		return "drained";
	default:
		return call->attempts > 0 ? "spark" : "refused";
	}
}

/* 499 as nginx has it: the caller left before there was an answer. */
static int
status_for_log(const struct call *call, enum front_end end)
{
	if (call->status == 0)
		return end == FRONT_CALLER_SLOW ? 408 : 499;
	return call->status;
}

/* What the caller was told, unless the answer did not reach it. */
static enum reason
reason_for_log(const struct call *call, enum front_end end)
{
	static const enum reason of_front[] = {
		[FRONT_OK] = REASON_OK,
		[FRONT_CALLER_LEFT] = REASON_CALLER_LEFT,
		[FRONT_CALLER_SLOW] = REASON_CALLER_SLOW,
		[FRONT_STOPPED] = REASON_DRAINING,
		[FRONT_TORN] = REASON_FAULT,
	};

	if (call->error.code != CSPARK_OK)
		return reason_of(call->error.code, call->spark_status);
	return of_front[end];
}

/* One in <log.sample> of the requests that say nothing new; what failed is always told. */
static bool
is_told(const struct call *call, enum front_end end)
{
	struct desk *desk = call->desk;
	unsigned every = call->config->log.sample;

	if (every <= 1 || end != FRONT_OK || call->error.code != CSPARK_OK)
		return true;
	desk->untold = (desk->untold + 1) % every;
	return desk->untold == 0;
}

static struct str
service_name(const struct call *call)
{
	return call->locator.service[0] ? str_of(call->locator.service) : (struct str){ NULL, 0 };
}

static void
put_tls(struct log_line *line, const struct call *call)
{
	struct front_tls tls;

	if (!front_tls(call->request, &tls))
		return;
	log_text(line, "tls", tls.version);
	log_text(line, "subject", tls.subject);
}

static void
put_names(struct log_line *line, const struct call *call)
{
	log_text(line, "request_id", call->id);
	log_str(line, "trace_id", trace_id(&call->trace));
	log_str(line, "span_id", trace_span_id(&call->trace));
	log_text(line, "listener", front_listener(call->request));
	log_text(line, "caller", front_caller(call->request));
	put_tls(line, call);
	log_str(line, "method", call->method);
	log_text(line, "route", call->route.pattern);
	log_text(line, "operation", route_operation_name(call->operation));
	log_text(line, "tenant", call->tenant ? call->tenant->name : NULL);
	log_text(line, "folder", call->locator.folder[0] ? call->locator.folder : NULL);
	log_str(line, "service", service_name(call));
	log_str(line, "version", call->encoded.version);
}

/* How a list was done. */
static void
put_bulk(struct log_line *line, const struct call *call)
{
	struct bulk_summary summary;

	if (!bulk_summary(call, &summary))
		return;
	log_int(line, "records_failed", (int64_t)summary.failed);
	log_int(line, "records_batched", (int64_t)summary.batched);
	log_int(line, "calls", summary.calls);
}

static void
write_line(const struct call *call, enum front_end end, uint64_t bytes_out, const struct durations *d)
{
	struct log_line line;

	if (!log_on(LOG_INFO_LEVEL) || !is_told(call, end))
		return;
	log_begin(&line, LOG_INFO_LEVEL, "access");
	put_names(&line, call);
	log_int(&line, "status", status_for_log(call, end));
	log_text(&line, "code", call->error.code ? cspark_code_name(call->error.code) : NULL);
	log_int(&line, "spark_status", call->spark_status);
	log_str(&line, "call_id", call->encoded.call_id);
	log_int(&line, "attempts", call->attempts);
	log_int(&line, "records",
		(int64_t)(call->ask.kind == ASK_MANY ? call->ask.records :
				call->sent_us        ? 1 :
						       0));
	put_bulk(&line, call);
	log_int(&line, "bytes_in", (int64_t)call->bytes_in);
	log_int(&line, "bytes_out", (int64_t)bytes_out);
	log_ms(&line, "ms_total", d->total_us);
	log_ms(&line, "ms_queue", d->queue_us);
	log_ms(&line, "ms_token", d->token_us);
	log_ms(&line, "ms_spark", d->spark_us);
	log_text(&line, "end", end_name(call, end));
	log_text(&line, "reason", reason_name(reason_for_log(call, end)));
	log_end(&line);
}

static void
count_files(struct metrics *metrics, const struct operate *operate)
{
	metrics_add(metrics, METRIC_UPLOAD_BYTES, 0, spool_len(&operate->upload));
	metrics_add(metrics, METRIC_DOWNLOAD_BYTES, 0, spool_len(&operate->download));
}

void
call_account(const struct call *call, enum front_end end, uint64_t bytes_out)
{
	struct durations d = call_durations(call, loop_clock_us());
	struct metrics_request numbers = {
		.operation = call->operation,
		.status = status_for_log(call, end),
		.total_us = d.total_us,
		.queue_us = d.queue_us,
		.token_us = d.token_us,
		.spark_us = d.spark_us,
		.bytes_in = call->bytes_in,
		.bytes_out = bytes_out,
	};

	struct bulk_summary summary;

	metrics_request(call->desk->metrics, &numbers);
	if (call->works && (call->error.code == CSPARK_E_DRAINING || end == FRONT_STOPPED))
		lifecycle_count_cut(call->desk->admin->life);
	if (call->error.code != CSPARK_OK)
		metrics_add(call->desk->metrics, METRIC_ERRORS, call->error.code, 1);
	if (bulk_summary(call, &summary))
		metrics_add(call->desk->metrics, METRIC_RECORDS_FAILED, 0, summary.failed);
	if (call->operate)
		count_files(call->desk->metrics, call->operate);
	if (call->ask.kind == ASK_MANY && call->error.code == CSPARK_OK)
		metrics_add(call->desk->metrics, METRIC_RECORDS, 0, call->ask.records);
	write_line(call, end, bytes_out, &d);
}
