/*
 * Reply: the headers of every answer, good or bad, in one place.
 */
#include "daemon/bulk.h"
#include "daemon/operate.h"
#include "daemon/reason.h"

#include <stdio.h>

#define HEADERS_MAX 20

struct headers {
	struct front_header list[HEADERS_MAX];
	size_t count;
};

static void
put(struct headers *headers, const char *name, const char *value)
{
	if (value && headers->count < HEADERS_MAX)
		headers->list[headers->count++] = (struct front_header){ name, value };
}

static void
put_number(struct headers *headers, struct call *call, const char *name, long value)
{
	put(headers, name, arena_printf(&call->arena, "%ld", value));
}

static void
put_slice(struct headers *headers, struct call *call, const char *name, struct str value)
{
	if (value.at)
		put(headers, name, arena_copy(&call->arena, value).at);
}

/* Milliseconds with three decimals, as Server-Timing wants them. */
static size_t
put_duration(char *at, const char *name, int64_t us)
{
	size_t len = strlen(name);
	char digits[24];
	size_t count = 0;
	uint64_t whole = us > 0 ? (uint64_t)us : 0;

	memcpy(at, name, len);
	do {
		if (count == 3)
			digits[count++] = '.';
		digits[count++] = (char)('0' + whole % 10);
		whole /= 10;
	} while (whole > 0 || count < 5);
	while (count > 0)
		at[len++] = digits[--count];
	return len;
}

struct durations
call_durations(const struct call *call, int64_t now_us)
{
	struct durations d = { now_us - call->started_us, -1, -1, -1 };

	if (call->ready_us && call->admitted_us)
		d.queue_us = call->admitted_us - call->ready_us;
	if (call->sent_us) {
		int64_t end_us = call->answered_us ? call->answered_us : now_us;
		int64_t away_us = end_us - call->sent_us;

		d.token_us = call->token_ms * 1000;
		d.spark_us = away_us - d.token_us - call->wait_ms * 1000;
		if (d.spark_us < call->spark_ms * 1000) /* waits are known to the millisecond only */
			d.spark_us = call->spark_ms * 1000 < away_us ? call->spark_ms * 1000 : away_us;
	}
	return d;
}

static void
put_timing(struct headers *headers, struct call *call)
{
	struct durations d = call_durations(call, loop_clock_us());
	char *text = arena_alloc(&call->arena, 160);
	size_t len;

	if (!text)
		return;
	len = put_duration(text, "total;dur=", d.total_us);
	len += put_duration(text + len, ", queue;dur=", d.queue_us);
	len += put_duration(text + len, ", token;dur=", d.token_us);
	len += put_duration(text + len, ", spark;dur=", d.spark_us);
	text[len] = '\0';
	put(headers, "Server-Timing", text);
}

/* A 503 always says when to come back; a 429 only if Spark did. */
static long
retry_after_s(const struct call *call)
{
	if (call->retry_after_s < 0 && call->status == 503)
		return 1;
	return call->status == 503 || call->status == 429 ? call->retry_after_s : -1;
}

/* What only operations have: a file, a job, a listing. A refusal has none of it. */
static void
put_operate(struct headers *headers, struct call *call, struct front_reply *reply)
{
	struct operate *operate = call->operate;

	if (call->error.code != CSPARK_OK)
		return;
	if (operate->disposition[0])
		put(headers, "Content-Disposition", operate->disposition);
	put_slice(headers, call, "X-Total-Count", operate->count);
	if (operate->file.len > 0)
		reply->source = &operate->file;
}

/* A list may be long. */
static void
put_bulk(struct call *call, struct front_reply *reply)
{
	struct bulk_summary summary;

	if (call->error.code != CSPARK_OK || !bulk_summary(call, &summary))
		return;
	reply->source = summary.source;
}

static void
put_preflight(struct headers *headers, struct call *call)
{
	put(headers, "Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE");
	put_slice(headers, call, "Access-Control-Allow-Headers",
		front_header(call->request, "Access-Control-Request-Headers"));
	if (front_header(call->request, "Access-Control-Request-Private-Network").at)
		put(headers, "Access-Control-Allow-Private-Network", "true");
	put(headers, "Access-Control-Max-Age", "600");
}

/* Without these a browser would keep the answer from the page that the listener allows. */
static void
put_cors(struct headers *headers, struct call *call)
{
	struct str origin = front_origin(call->request);

	if (!origin.at)
		return;
	put_slice(headers, call, "Access-Control-Allow-Origin", origin);
	put(headers, "Vary", "Origin");
	if (call->route.kind == ROUTE_PREFLIGHT)
		put_preflight(headers, call);
	else
		put(headers, "Access-Control-Expose-Headers", "*");
}

void
call_reply(struct call *call)
{
	struct headers headers = { .count = 0 };
	struct front_reply reply = {
		.status = call->status, .content_type = call->content_type, .body = call->body
	};

	put(&headers, "X-Request-Id", call->id);
	put_timing(&headers, call);
	if (!call->job) /* else the head leaves early, and there may be more */
		put_number(&headers, call, "X-Cspark-Attempts", (long)call->attempts);
	put_slice(&headers, call, "X-Spark-Call-Id", call->encoded.call_id);
	put_slice(&headers, call, "X-Spark-Version", call->encoded.version);
	if (call->encoded.warnings)
		put_number(&headers, call, "X-Spark-Warnings", (long)call->encoded.warnings);
	if (call->encoded.errors)
		put_number(&headers, call, "X-Spark-Errors", (long)call->encoded.errors);
	if (call->encoded.failed)
		put_number(&headers, call, "X-Spark-Failed-Records", (long)call->encoded.failed);
	if (retry_after_s(call) >= 0)
		put_number(&headers, call, "Retry-After", retry_after_s(call));
	/* Also where the body is Spark's own and does not tell. With a success it would say nothing. */
	if (call->error.code != CSPARK_OK)
		put(&headers, "X-Cspark-Reason",
			reason_name(reason_of(call->error.code, call->spark_status)));
	put(&headers, "Allow", call->allow);
	put(&headers, "Location", call->location);
	if (call->error.code == CSPARK_E_CALLER_UNKNOWN)
		put(&headers, "WWW-Authenticate", "Bearer");
	put_cors(&headers, call);
	if (call->operate)
		put_operate(&headers, call, &reply);
	put_bulk(call, &reply);
	reply.headers = headers.list;
	reply.header_count = headers.count;
	reply.close = call->error.code == CSPARK_E_DRAINING ||
		!lifecycle_facts(call->desk->life)->keeps_callers;
	front_reply(call->request, &reply);
}
