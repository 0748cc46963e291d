/*
 * Chunks on their way: which are made and sent, and what becomes of them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "daemon/bulk_own.h"
#include "daemon/bytes.h"
#include "daemon/chunk.h"
#include "daemon/edition.h"
#include "daemon/log.h"

/* clang-format off */
#define WINDOW        4   /* chunks that may be there, for each that may be under way */
#define HELD_MAX      (8 * 1024 * 1024) /* of answers that wait for an older one */
#define PAUSE_MS      250 /* first; doubles */
#define PAUSE_MAX_MS  10000
#define ALONE_MAX     16  /* records that are refused alone, with none accepted, before all are given up */
/* clang-format on */

/* ---- making ---- */

/* The shard's places are for everyone: a quarter is left to single requests, the rest is shared by lists. */
static unsigned
places_for(const struct bulk *bulk)
{
	const struct desk *desk = bulk->call->desk;
	unsigned limit = desk->admit.limit, bulks = 0;

	for (struct list *node = desk->bulks.next; node != &desk->bulks; node = node->next)
		bulks++;
	limit -= limit / 4;
	return limit > bulks ? limit / (bulks ? bulks : 1) : 1;
}

unsigned
bulk_concurrency(struct bulk *bulk)
{
	struct tempo_limits limits = bulk_tempo_limits(bulk);
	unsigned concurrency = tempo_concurrency(bulk_tempo(bulk), &limits);
	unsigned places = places_for(bulk);

	return concurrency < places ? concurrency : places;
}

/* More would have to be kept until an older one is done. */
static bool
is_far_ahead(const struct bulk *bulk, unsigned concurrency)
{
	return bulk->chunk_count >= WINDOW * concurrency || bulk->held >= HELD_MAX;
}

static struct chunk *
ready_chunk(const struct bulk *bulk)
{
	for (struct list *node = bulk->chunks.next; node != &bulk->chunks; node = node->next) {
		struct chunk *chunk = LIST_ITEM(node, struct chunk, node);

		if (chunk->state == CHUNK_READY)
			return chunk;
	}
	return NULL;
}

/* How many records are still to be done in calls under way, as far as can be told. */
static size_t
busy_records(struct bulk *bulk)
{
	int64_t now_ms = loop_now_ms(bulk->call->desk->loop);
	const struct tempo *tempo = bulk_tempo(bulk);
	double busy = 0;

	for (struct list *node = bulk->chunks.next; node != &bulk->chunks; node = node->next) {
		const struct chunk *chunk = LIST_ITEM(node, struct chunk, node);
		double whole_ms = tempo_expected_ms(tempo, (size_t)chunk->records), left = 1;

		if (chunk->state != CHUNK_SENT)
			continue;
		if (whole_ms > 0)
			left = 1 - (double)(now_ms - chunk->sent_ms) / whole_ms;
		busy += left > 0 ? left * (double)chunk->records : 0;
	}
	return (size_t)busy;
}

size_t
bulk_next_records(struct bulk *bulk, unsigned concurrency)
{
	struct tempo_limits limits = bulk_tempo_limits(bulk);

	return tempo_records(bulk_tempo(bulk), &limits, backlog_records(&bulk->backlog), busy_records(bulk),
		concurrency);
}

/* Of the records that wait; NULL: none are to be sent now. */
static struct chunk *
new_chunk(struct bulk *bulk, unsigned concurrency)
{
	const struct config *config = bulk->call->config;
	struct chunk *chunk;
	size_t records;

	if (backlog_records(&bulk->backlog) == 0 || is_far_ahead(bulk, concurrency))
		return NULL;
	if (!bulk->whole && loop_now_ms(bulk->call->desk->loop) < bulk->linger_ms &&
		backlog_bytes(&bulk->backlog) < config->bulk.chunk_bytes * concurrency)
		return NULL;
	chunk = bulk_chunk_new(bulk, &bulk->chunks);
	if (!chunk)
		return NULL;
	records = bulk_next_records(bulk, concurrency);
	chunk->has_names = bulk->backlog.names.len > 0;
	chunk->records = backlog_take(&bulk->backlog, records, config->bulk.chunk_bytes, &chunk->list);
	if (chunk->records > 0)
		return chunk;
	bulk_chunk_free(chunk);
	return NULL;
}

/* ---- sending ---- */

static void on_result(void *arg, struct cspark_result *result);

static struct cspark_request *
request_of(const struct chunk *chunk, struct cspark_error *ret_error)
{
	const struct call *call = chunk->bulk->call;
	struct ask ask = { .kind = ASK_MANY, .inputs = buf_text(&chunk->list), .records = chunk->records };

	return plan_request(call->tenant->tenant, &call->locator, &call->control, &ask, ret_error);
}

struct cspark_job *
bulk_ask(struct bulk *bulk, const struct cspark_request *request, cspark_done_fn *done, void *arg,
	struct cspark_error *ret_error)
{
	struct call *call = bulk->call;
	int64_t deadline_ms = loop_now_ms(call->desk->loop) + call->tenant->timeout_ms;
	struct cspark_call terms = {
		.deadline_ms = deadline_ms < bulk->deadline_ms ? deadline_ms : bulk->deadline_ms,
		.request_id = call->id,
		.traceparent = call->trace.parent,
		.tracestate = call->trace.state,
	};
	struct cspark_job *job = line_send(
		edition_line(call->edition, call->tenant), request, &terms, done, arg);

	if (!job) {
		*ret_error = (struct cspark_error){ CSPARK_E_OVERLOADED, "There is not enough memory." };
		return NULL;
	}
	bulk->made++;
	metrics_add(call->desk->metrics, METRIC_BULK_CALLS, 0, 1);
	if (call->sent_us == 0)
		call->sent_us = call->admitted_us = loop_clock_us();
	return job;
}

static bool
start(struct chunk *chunk, struct cspark_error *ret_error)
{
	struct bulk *bulk = chunk->bulk;

	chunk->request = request_of(chunk, ret_error);
	if (!chunk->request)
		return false;
	chunk->job = bulk_ask(bulk, chunk->request, on_result, chunk, ret_error);
	if (!chunk->job) {
		cspark_request_free(chunk->request);
		chunk->request = NULL;
		return false;
	}
	chunk->state = CHUNK_SENT;
	chunk->sent_ms = loop_now_ms(bulk->call->desk->loop);
	bulk->sent++;
	return true;
}

void
bulk_send(struct bulk *bulk)
{
	struct desk *desk = bulk->call->desk;
	unsigned concurrency = bulk_concurrency(bulk);
	struct cspark_error error;
	struct chunk *chunk;

	while (!bulk->over && bulk->sent < concurrency && loop_now_ms(desk->loop) >= bulk->hold_ms) {
		if (!desk_has_room(desk))
			return; /* bulks_pump() comes back */
		chunk = ready_chunk(bulk);
		if (!chunk && !bulk_batch_takes(bulk))
			chunk = new_chunk(bulk, concurrency);
		if (!chunk)
			return;
		desk_take_place(desk, &chunk->ticket);
		if (!start(chunk, &error)) {
			bulk_chunk_cancel(chunk);
			bulk_abort(bulk, &error);
		}
	}
}

void
bulk_chunk_cancel(struct chunk *chunk)
{
	struct bulk *bulk = chunk->bulk;
	struct call *call = bulk->call;
	enum cspark_outcome outcome;
	unsigned attempts;

	if (chunk->job) {
		upstream_cancel(call->desk->upstream, chunk->job, &outcome, &attempts);
		chunk->job = NULL;
		call->attempts += attempts;
		call_raise_outcome(call, outcome);
	}
	if (chunk->state == CHUNK_SENT) {
		bulk->sent--;
		chunk->state = CHUNK_READY;
	}
	desk_give_back(call->desk, &chunk->ticket);
	cspark_request_free(chunk->request);
	chunk->request = NULL;
}

/* ---- what becomes of it ---- */

void
bulk_keep_failure(
	struct bulk *bulk, const struct cspark_error *error, int status, char **body, size_t *body_len)
{
	if (bulk->error.code != CSPARK_OK)
		return;
	bulk->error = *error;
	bulk->error_status = status;
	bulk->error_retryable = cspark_code_retryable(error->code);
	bulk->error_body = *body;
	bulk->error_body_len = *body_len;
	*body = NULL;
	*body_len = 0;
}

/* What was sent again may have been executed the first time. */
static void
raise_outcome(struct chunk *chunk, enum cspark_outcome outcome)
{
	if (outcome > chunk->outcome)
		chunk->outcome = outcome;
}

void
bulk_chunk_fail(struct chunk *chunk, const struct cspark_error *error, enum cspark_outcome outcome)
{
	bulk_chunk_cancel(chunk);
	bulk_batch_drop(chunk);
	if (chunk->state == CHUNK_DONE)
		chunk->bulk->held -= chunk->body_len;
	chunk->state = CHUNK_FAILED;
	chunk->error = *error;
	raise_outcome(chunk, outcome);
	buf_fini(&chunk->list);
	bulk_keep_failure(chunk->bulk, error, chunk->status, &chunk->body, &chunk->body_len);
}

/* Its records as two chunks in its place; the first half is a new one. */
static bool
cut(struct chunk *chunk)
{
	struct bulk *bulk = chunk->bulk;
	size_t records = (size_t)chunk->records, first = records / 2;
	struct chunk *half = bulk_chunk_new(bulk, &chunk->node);
	struct buf rest;
	bool ok;

	if (!half)
		return false;
	buf_init(&rest, SIZE_MAX);
	ok = chunk_halves(buf_text(&chunk->list), chunk->has_names, records, first, &half->list, &rest);
	if (!ok) {
		buf_fini(&rest);
		bulk_chunk_free(half);
		return false;
	}
	metrics_add(bulk->call->desk->metrics, METRIC_BULK_CUTS, 0, 1);
	buf_fini(&chunk->list);
	chunk->list = rest;
	half->records = first;
	half->has_names = chunk->has_names;
	half->outcome = chunk->outcome;
	chunk->records = records - first;
	return true;
}

/* A record that stands alone. Where each one is refused, it is not the records that are at fault. */
static void
refuse_alone(struct chunk *chunk, const struct cspark_error *error, enum cspark_outcome outcome)
{
	struct bulk *bulk = chunk->bulk;

	bulk_chunk_fail(chunk, error, outcome);
	if (bulk->succeeded == 0 && bulk->answered == 0 && ++bulk->refused_alone >= ALONE_MAX)
		bulk_abort(bulk, error);
}

/* Longer each time, until something gets done again. */
static void
pause(struct chunk *chunk, const struct cspark_error *error, long retry_after_s)
{
	struct bulk *bulk = chunk->bulk;
	int64_t now_ms = loop_now_ms(bulk->call->desk->loop);
	int64_t wait_ms = (int64_t)PAUSE_MS << (bulk->pauses < 6 ? bulk->pauses : 6);

	if (now_ms - bulk->progress_ms > bulk->call->config->bulk.stall_ms) {
		bulk_abort(bulk, error);
		return;
	}
	if (wait_ms > PAUSE_MAX_MS)
		wait_ms = PAUSE_MAX_MS;
	if (retry_after_s * 1000 > wait_ms)
		wait_ms = retry_after_s * 1000;
	if (now_ms >= bulk->hold_ms) { /* what was under way together is one pause */
		bulk->pauses++;
		metrics_add(bulk->call->desk->metrics, METRIC_BULK_PAUSES, 0, 1);
	}
	if (now_ms + wait_ms > bulk->hold_ms)
		bulk->hold_ms = now_ms + wait_ms;
	tempo_was_too_many(bulk_tempo(bulk), now_ms);
}

/* What Spark says of a record stands beside the record: its whole answer has no place there. */
void
bulk_explain(const struct cspark_result *result, struct str body, struct cspark_error *ret_error)
{
	char words[200] = "";

	if (result->status >= 400)
		cspark_answer_complaint(bytes_of_str(body), words, sizeof(words));
	if (words[0])
		snprintf(ret_error->detail, sizeof(ret_error->detail), "Spark answered with status %d: %s",
			result->status, words);
	else
		snprintf(ret_error->detail, sizeof(ret_error->detail), "%s", result->detail);
}

/* For who wants to know why a list takes its time. */
static void
tell(const struct chunk *chunk, const struct cspark_result *result, const char *verdict)
{
	const struct call *call = chunk->bulk->call;
	struct log_line line;

	if (!log_on(LOG_DEBUG_LEVEL))
		return;
	log_begin(&line, LOG_DEBUG_LEVEL, "chunk");
	log_text(&line, "request_id", call->id);
	log_int(&line, "records", (int64_t)chunk->records);
	log_int(&line, "ms", loop_now_ms(call->desk->loop) - chunk->sent_ms);
	log_int(&line, "status", result->status);
	log_text(&line, "verdict", verdict);
	log_end(&line);
}

bool
bulk_is_late(const struct bulk *bulk)
{
	return loop_now_ms(bulk->call->desk->loop) >= bulk->deadline_ms;
}

static void
judge(struct chunk *chunk, const struct cspark_result *result)
{
	struct bulk *bulk = chunk->bulk;
	enum bulk_verdict verdict = bulk_judge(result->code, result->status, result->outcome);
	struct cspark_error error = { .code = result->code };

	tell(chunk, result, bulk_verdict_name(verdict));
	bulk_explain(result, (struct str){ chunk->body, chunk->body_len }, &error);
	raise_outcome(chunk, result->outcome);
	/* This says nothing of the call's length. */
	if (result->code == CSPARK_E_UPSTREAM_TIMEOUT && bulk_is_late(bulk)) {
		bulk_expire(bulk);
		return;
	}
	if (verdict == BULK_HALVE)
		tempo_was_too_long(bulk_tempo(bulk), (size_t)chunk->records);
	switch (verdict) {
	case BULK_HALVE:
	case BULK_CUT:
		if (chunk->records == 1 || !cut(chunk))
			refuse_alone(chunk, &error, result->outcome);
		break;
	case BULK_PAUSE:
		pause(chunk, &error, result->retry_after_s);
		break;
	case BULK_FAIL:
		bulk_chunk_fail(chunk, &error, result->outcome);
		break;
	case BULK_ABORT:
		bulk_chunk_fail(chunk, &error, result->outcome);
		bulk_abort(bulk, &error);
		break;
	}
}

/* What an earlier attempt left is void. */
static void
take_body(struct chunk *chunk, struct cspark_result *result)
{
	free(chunk->body);
	chunk->body = result->body;
	chunk->body_len = result->body_len;
	result->body = NULL;
	chunk->status = result->status;
}

void
bulk_chunk_done(struct chunk *chunk)
{
	struct bulk *bulk = chunk->bulk;

	chunk->state = CHUNK_DONE;
	buf_fini(&chunk->list);
	bulk->held += chunk->body_len;
	bulk->answered += chunk->records;
	bulk->progress_ms = loop_now_ms(bulk->call->desk->loop);
	bulk->pauses = 0;
}

static void
take_answer(struct chunk *chunk, struct cspark_result *result, bool was_full)
{
	struct bulk *bulk = chunk->bulk;

	tell(chunk, result, "ok");
	take_body(chunk, result);
	bulk_chunk_done(chunk);
	tempo_went_well(bulk_tempo(bulk), (size_t)chunk->records, result->timing.spark_ms, was_full,
		bulk->progress_ms);
}

static void
on_result(void *arg, struct cspark_result *result)
{
	struct chunk *chunk = arg;
	struct bulk *bulk = chunk->bulk;
	struct call *call = bulk->call;
	struct desk *desk = call->desk;
	bool was_full = bulk->sent >= bulk_concurrency(bulk);

	chunk->job = NULL;
	bulk_chunk_cancel(chunk);
	call_take_facts(call, result);
	if (result->code == CSPARK_OK) {
		take_answer(chunk, result, was_full);
	} else {
		take_body(chunk, result);
		judge(chunk, result);
	}
	bulk_go_on(bulk);
	desk_pump(desk);
}

/* ---- a list that was one call ---- */

/* Not if its own time is over: that is what the caller allowed, or what any call is given. */
static bool
is_divisible(const struct call *call)
{
	enum bulk_verdict verdict = bulk_judge(call->error.code, call->spark_status, call->outcome);

	if (call->error.code == CSPARK_E_UPSTREAM_TIMEOUT)
		return call->spark_status == 504;
	return verdict == BULK_CUT || verdict == BULK_HALVE;
}

/* The call's failure is the first one, should nothing succeed. */
static void
adopt_failure(struct bulk *bulk, struct call *call)
{
	bulk->error = call->error;
	bulk->error_status = call->spark_status;
	bulk->error_retryable = call->retryable;
	bulk->error_body = call->spark_answer;
	bulk->error_body_len = call->spark_answer_len;
	call->spark_answer = NULL;
	call->spark_body = (struct str){ 0 };
	call->error = (struct cspark_error){ .code = CSPARK_OK };
}

bool
bulk_takes_over(struct call *call)
{
	struct bulk *bulk = call->bulk;
	struct chunk *chunk;

	if (!bulk || bulk->begun || call->gone || call->ask.records < 2 || !is_divisible(call))
		return false;
	chunk = bulk_chunk_new(bulk, &bulk->chunks);
	if (!chunk)
		return false;
	chunk->list = call->raw;
	chunk->has_names = bulk->backlog.names.len > 0;
	buf_init(&call->raw, 0);
	chunk->records = call->ask.records;
	chunk->outcome = call->outcome;
	if (!cut(chunk)) {
		bulk_chunk_free(chunk);
		return false;
	}
	adopt_failure(bulk, call);
	bulk_begin(bulk);
	bulk_go_on(bulk);
	return true;
}
