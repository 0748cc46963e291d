/*
 * A list, or the rest of a long one, by one of Spark's batches. What is to be asked next is batch.h's to say;
 * this file makes chunks for it, asks, and puts results where they belong. A chunk keeps its records until its
 * results are here; so whatever a batch does not deliver becomes ready to be sent as a call.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json_text.h"
#include "daemon/batch.h"
#include "daemon/bulk_own.h"
#include "daemon/bytes.h"
#include "daemon/chunk.h"
#include "daemon/edition.h"
#include "daemon/farewell.h"
#include "daemon/log.h"
#include "daemon/refuse.h"
#include "lib/cspark_operations.h"

/* clang-format off */
#define WINDOW_BYTES (8 * 1024 * 1024) /* of records in the batch and of results, as far as can be foretold */
#define GATHER_MS    1000 /* for more records, before a chunk that is not full is pushed */
#define FACTS_MAX    4096
/* clang-format on */

struct bulk_batch {
	struct bulk *bulk;
	struct batch batch;
	struct buf facts; /* JSON members: what Spark told of the service, for every answer */
	enum batch_step step; /* under way; BATCH_WAIT: none */
	struct cspark_request *request;
	struct cspark_job *job;
	struct admit_ticket ticket;
	struct loop_timer timer;
	size_t chunks;       /* of the push under way or in doubt */
	bool was_refused;    /* that push: not lost, nor at the wrong time */
	uint64_t numbered;   /* chunks */
	size_t bytes;        /* of the records in chunks that are BOUND or PUSHED */
	uint64_t came_bytes; /* of results, for so many records */
	uint64_t came_records;
};

static int64_t
now_ms(const struct bulk_batch *bb)
{
	return loop_now_ms(bb->bulk->call->desk->loop);
}

/* ---- whether ---- */

static bool
is_wanted(const struct bulk *bulk)
{
	const struct control *control = &bulk->call->control;
	unsigned above = bulk->call->config->bulk.batch_above;

	if (control->engine == CONTROL_SYNC || control->is_hybrid || control->is_public ||
		bulk->call->locator.is_public)
		return false;
	return control->engine == CONTROL_BATCH || (above > 0 && bulk->records > above);
}

bool
bulk_batch_takes(const struct bulk *bulk)
{
	return bulk->batch ? batch_takes_input(&bulk->batch->batch) : is_wanted(bulk);
}

uint64_t
bulk_batch_records(const struct bulk *bulk)
{
	return bulk->batch ? bulk->batch->batch.delivered : 0;
}

/* ---- chunks ---- */

static void
bind_chunk(struct bulk_batch *bb, struct chunk *chunk)
{
	chunk->state = CHUNK_BOUND;
	chunk->number = ++bb->numbered;
	bb->bytes += chunk->list.len;
}

void
bulk_batch_drop(struct chunk *chunk)
{
	if (chunk->state != CHUNK_BOUND && chunk->state != CHUNK_PUSHED)
		return;
	chunk->bulk->batch->bytes -= chunk->list.len;
	chunk->in_push = false;
	chunk->state = CHUNK_READY;
}

/* Its records, as far as they can be, as rows: a batch takes nothing else. The others are a chunk behind it,
 * which is returned; NULL: there are none. */
static struct chunk *
bind_rows(struct bulk_batch *bb, struct chunk *chunk)
{
	struct chunk *rest = NULL;
	struct buf rows, first;
	size_t count;

	buf_init(&rows, SIZE_MAX);
	buf_init(&first, SIZE_MAX);
	count = chunk_rows(buf_text(&chunk->list), &rows);
	if (count > 0 && count < chunk->records) {
		rest = bulk_chunk_new(bb->bulk, &bb->bulk->chunks);
		if (!rest ||
			!chunk_halves(buf_text(&chunk->list), false, (size_t)chunk->records, count, &first,
				&rest->list)) {
			count = 0;
			if (rest)
				bulk_chunk_free(rest);
			rest = NULL;
		}
	}
	if (rest) {
		rest->records = chunk->records - count;
		chunk->records = count;
	}
	if (count > 0) {
		buf_fini(&chunk->list);
		chunk->list = rows;
		chunk->has_names = true;
		bind_chunk(bb, chunk);
	} else {
		buf_fini(&rows); /* it goes by a call */
	}
	buf_fini(&first);
	return rest;
}

/* More would have to be kept, here and there, until it is woven. */
static bool
is_far_ahead(const struct bulk_batch *bb)
{
	uint64_t each = bb->came_records > 0 ? bb->came_bytes / bb->came_records : 0;

	return bb->bytes + batch_missing(&bb->batch) * each + bb->bulk->held >= WINDOW_BYTES;
}

static bool
is_worth_a_chunk(const struct bulk *bulk)
{
	const struct config *config = bulk->call->config;
	size_t waiting = backlog_records(&bulk->backlog);

	if (waiting == 0)
		return false;
	return bulk->whole || waiting >= config->bulk.batch_records ||
		backlog_bytes(&bulk->backlog) >= config->bulk.chunk_bytes ||
		loop_now_ms(bulk->call->desk->loop) >= bulk->linger_ms + GATHER_MS;
}

/* From what waits; what cannot go by the batch becomes ready for a call. */
static void
take_chunk(struct bulk_batch *bb)
{
	struct bulk *bulk = bb->bulk;
	const struct config *config = bulk->call->config;
	struct chunk *chunk = bulk_chunk_new(bulk, &bulk->chunks);

	if (!chunk)
		return;
	chunk->has_names = bulk->backlog.names.len > 0;
	chunk->records = backlog_take(
		&bulk->backlog, config->bulk.batch_records, config->bulk.chunk_bytes, &chunk->list);
	if (chunk->records == 0)
		bulk_chunk_free(chunk);
	else if (chunk->has_names)
		bind_chunk(bb, chunk);
	else
		while (chunk)
			chunk = bind_rows(bb, chunk);
}

static struct chunk *
next_bound(const struct bulk *bulk, const struct chunk *after)
{
	const struct list *node = after ? &after->node : &bulk->chunks;

	for (node = node->next; node != &bulk->chunks; node = node->next) {
		struct chunk *chunk = LIST_ITEM(node, struct chunk, node);

		if (chunk->state == CHUNK_BOUND)
			return chunk;
	}
	return NULL;
}

/* The next chunk to be pushed behind <after>, made if need be. */
static struct chunk *
supply_chunk(struct bulk_batch *bb, const struct chunk *after)
{
	struct chunk *chunk = next_bound(bb->bulk, after);

	while (!chunk && batch_takes_input(&bb->batch) && is_worth_a_chunk(bb->bulk) && !is_far_ahead(bb)) {
		unsigned before = bb->bulk->chunk_count;

		take_chunk(bb);
		if (bb->bulk->chunk_count == before)
			break; /* no memory */
		chunk = next_bound(bb->bulk, after);
	}
	return chunk;
}

/* ---- requests ---- */

static void
put_chunk(const struct chunk *chunk, struct buf *out)
{
	/* Spark's own ids are UUIDs, so ours look like some. */
	buf_printf(out, "{\"id\":\"00000000-0000-4000-8000-%012" PRIx64 "\",\"size\":%" PRIu64, chunk->number,
		chunk->records);
	buf_put_str(out, STR(",\"data\":{\"inputs\":"));
	buf_put_str(out, buf_text(&chunk->list));
	buf_put_str(out, STR(",\"parameters\":{}}}"));
}

/* As many chunks as it has room for; <ret_records> of records. */
static void
put_push(struct bulk_batch *bb, struct buf *out, uint64_t *ret_records)
{
	size_t room = batch_push_room(&bb->batch);
	struct chunk *chunk = supply_chunk(bb, NULL);

	*ret_records = 0;
	bb->chunks = 0;
	buf_put_str(out, STR("{\"chunks\":["));
	while (chunk && (bb->chunks == 0 || out->len + chunk->list.len <= room)) {
		if (bb->chunks++ > 0)
			buf_put_char(out, ',');
		put_chunk(chunk, out);
		chunk->in_push = true;
		*ret_records += chunk->records;
		chunk = supply_chunk(bb, chunk);
	}
	buf_put_str(out, STR("]}"));
}

static struct cspark_request *
open_request(const struct bulk_batch *bb, struct cspark_error *ret_error)
{
	const struct call *call = bb->bulk->call;
	struct cspark_execute execute = {
		.api = CSPARK_V4,
		.locator = &call->locator,
		.meta = &call->control.meta,
		.checked = true,
		.opens_batch = true,
	};

	return cspark_execute_request(call->tenant->tenant, &execute, ret_error);
}

static struct cspark_request *
step_request(const struct bulk_batch *bb, enum cspark_operation operation, struct str body,
	struct cspark_error *ret_error)
{
	char max[16] = "";
	struct cspark_argument arguments[] = {
		{ bytes_of_str(STR("id")), bytes_of_str(str_of(bb->batch.id)) },
		{ bytes_of_str(STR("max")), { max, 0 } },
	};
	struct cspark_ask ask = {
		.operation = operation,
		.arguments = arguments,
		.argument_count = operation == CSPARK_OP_BATCH_PULL ? 2 : 1,
		.body = bytes_of_str(body),
	};

	arguments[1].value.len = (size_t)snprintf(max, sizeof(max), "%u", batch_pull_max(&bb->batch));
	return cspark_operation_request(bb->bulk->call->tenant->tenant, &ask, ret_error);
}

static struct cspark_request *
push_request(struct bulk_batch *bb, struct cspark_error *ret_error)
{
	struct cspark_request *request;
	uint64_t records;
	struct buf body;

	buf_init(&body, SIZE_MAX);
	put_push(bb, &body, &records);
	batch_pushes(&bb->batch, records, now_ms(bb));
	request = step_request(bb, CSPARK_OP_BATCH_PUSH, buf_text(&body), ret_error);
	buf_fini(&body);
	return request;
}

static struct cspark_request *
request_of(struct bulk_batch *bb, enum batch_step step, struct cspark_error *ret_error)
{
	const struct str none = { 0 };

	switch (step) {
	case BATCH_CREATE:
		return open_request(bb, ret_error);
	case BATCH_PUSH:
		return push_request(bb, ret_error);
	case BATCH_PULL:
		return step_request(bb, CSPARK_OP_BATCH_PULL, none, ret_error);
	case BATCH_CLOSE:
		return step_request(bb, CSPARK_OP_BATCH_CLOSE, none, ret_error);
	default:
		return step_request(bb, CSPARK_OP_BATCH_STATUS, none, ret_error);
	}
}

/* ---- the end of it ---- */

static void
forget_question(struct bulk_batch *bb)
{
	struct desk *desk = bb->bulk->call->desk;

	cspark_request_free(bb->request);
	bb->request = NULL;
	bb->step = BATCH_WAIT;
	desk_give_back(desk, &bb->ticket);
}

static void
take_back(struct bulk_batch *bb)
{
	struct call *call = bb->bulk->call;
	enum cspark_outcome outcome;
	unsigned attempts;

	if (bb->job) {
		upstream_cancel(call->desk->upstream, bb->job, &outcome, &attempts);
		bb->job = NULL;
		call->attempts += attempts;
		call_raise_outcome(call, outcome);
	}
	forget_question(bb);
	loop_timer_set(call->desk->loop, &bb->timer, -1);
}

/* Spark need not compute what nobody pulls, nor wait for what nobody pushes. */
static void
say_farewell(struct bulk_batch *bb)
{
	const struct batch *batch = &bb->batch;
	bool is_done = batch_missing(batch) == 0 && batch->pushing == 0;
	struct cspark_request *request;
	struct cspark_error error;

	if (!batch->id[0] || batch->status.is_final || (is_done && batch->is_closed))
		return;
	request = step_request(bb, is_done ? CSPARK_OP_BATCH_CLOSE : CSPARK_OP_BATCH_CANCEL,
		(struct str){ 0 }, &error);
	if (request)
		farewell_send(bb->bulk->call, request);
}

void
bulk_batch_end(struct bulk *bulk)
{
	struct bulk_batch *bb = bulk->batch;

	if (!bb || bb->batch.is_left)
		return;
	take_back(bb);
	say_farewell(bb);
	batch_leave(&bb->batch);
}

void
bulk_batch_free(struct bulk *bulk)
{
	if (!bulk->batch)
		return;
	bulk_batch_end(bulk);
	buf_fini(&bulk->batch->facts);
	free(bulk->batch);
	bulk->batch = NULL;
}

/* Chunks that it has not got, and will not get. */
static void
drop_bound(struct bulk_batch *bb)
{
	for (struct chunk *chunk = next_bound(bb->bulk, NULL); chunk; chunk = next_bound(bb->bulk, chunk)) {
		if (!chunk->in_push)
			bulk_batch_drop(chunk);
	}
}

/* What it has not delivered is to be done by calls. */
static void
leave(struct bulk_batch *bb, const char *why, const char *detail)
{
	struct bulk *bulk = bb->bulk;
	struct log_line line;

	log_begin(&line, LOG_INFO_LEVEL, "batch_left");
	log_text(&line, "request_id", bulk->call->id);
	log_text(&line, "batch", bb->batch.id[0] ? bb->batch.id : NULL);
	log_text(&line, "reason", why);
	log_text(&line, "detail", detail);
	log_int(&line, "records_delivered", (int64_t)bb->batch.delivered);
	log_int(&line, "records_missing", (int64_t)batch_missing(&bb->batch));
	log_end(&line);
	metrics_add(bulk->call->desk->metrics, bb->batch.id[0] ? METRIC_BATCHES_LEFT : METRIC_BATCHES_REFUSED,
		0, 1);
	for (struct list *node = bulk->chunks.next; node != &bulk->chunks; node = node->next) {
		struct chunk *chunk = LIST_ITEM(node, struct chunk, node);

		if (chunk->state == CHUNK_PUSHED || chunk->in_push)
			chunk->outcome = CSPARK_MAYBE_EXECUTED;
		bulk_batch_drop(chunk);
	}
	bulk_batch_end(bulk);
}

/* ---- answers ---- */

/* What v4 answers tell beside their lists, with a comma behind each. */
static void
keep_facts(struct bulk_batch *bb, struct str data)
{
	static const char *const names[] = { "service_id", "version_id", "compiler_version",
		"correlation_id" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct str value = json_member(data, str_of(names[i]));

		if (!json_is_null(value) && json_kind_of(value) == JSON_STRING)
			buf_printf(&bb->facts, "\"%s\":%.*s,", names[i], STR_ARG(value));
	}
}

static bool
take_batch(struct bulk_batch *bb, struct str answer)
{
	struct buf id;
	bool ok;

	buf_init(&id, CSPARK_NAME_MAX);
	ok = json_unquote(json_member(answer, STR("id")), &id) && id.len > 0;
	if (ok) {
		batch_created(&bb->batch, buf_text(&id), now_ms(bb));
		keep_facts(bb, json_member(answer, STR("data")));
		metrics_add(bb->bulk->call->desk->metrics, METRIC_BATCHES, 0, 1);
	}
	buf_fini(&id);
	return ok;
}

/* The chunk that a result belongs to; NULL: to none that waits for one. */
static struct chunk *
chunk_of(const struct bulk *bulk, struct str result)
{
	struct str id = json_member(result, STR("id"));

	for (struct list *node = bulk->chunks.next; node != &bulk->chunks; node = node->next) {
		struct chunk *chunk = LIST_ITEM(node, struct chunk, node);
		char wanted[40];

		if (chunk->state != CHUNK_PUSHED)
			continue;
		snprintf(wanted, sizeof(wanted), "00000000-0000-4000-8000-%012" PRIx64, chunk->number);
		if (json_string_is(id, str_of(wanted)))
			return chunk;
	}
	return NULL;
}

/* The result of a chunk as a v4 answer. False: no memory. */
static bool
put_answer(const struct bulk_batch *bb, struct str result, struct buf *out)
{
	buf_put_char(out, '{');
	buf_put(out, bb->facts.data, bb->facts.len);
	return buf_put(out, result.at + 1, result.len - 1);
}

/* What is no result is computed again, by a call. */
static void
take_result(struct bulk_batch *bb, struct str result)
{
	struct bulk *bulk = bb->bulk;
	struct chunk *chunk = chunk_of(bulk, result);
	struct cspark_answer answer;
	struct cspark_error error;
	struct buf body;

	if (!chunk)
		return;
	batch_delivered(&bb->batch, chunk->records, now_ms(bb));
	bulk_batch_drop(chunk);
	chunk->outcome = CSPARK_MAYBE_EXECUTED;
	buf_init(&body, SIZE_MAX);
	if (!put_answer(bb, result, &body) ||
		!plan_read(buf_text(&body), (size_t)chunk->records, &answer, &error)) {
		buf_fini(&body);
		return;
	}
	bb->came_bytes += body.len;
	bb->came_records += chunk->records;
	free(chunk->body); /* what an earlier call left */
	chunk->body = buf_take(&body, &chunk->body_len);
	bulk_chunk_done(chunk);
}

static void
take_results(struct bulk_batch *bb, struct str answer)
{
	struct json_walk walk;
	struct str result;

	json_walk_init(&walk, json_member(answer, STR("data")));
	while (json_walk_next(&walk, NULL, &result)) {
		if (json_kind_of(result) == JSON_OBJECT)
			take_result(bb, result);
	}
}

/* What became of the chunks of a push. */
static void
settle_push(struct bulk_batch *bb, enum batch_fate fate)
{
	bool is_hopeless = fate == BATCH_CAME_NOT && bb->was_refused &&
		batch_push_refused(&bb->batch, bb->chunks);

	if (fate == BATCH_TORN)
		leave(bb, "torn", NULL);
	if (fate == BATCH_TORN || fate == BATCH_UNKNOWN)
		return;
	for (struct chunk *chunk = next_bound(bb->bulk, NULL); chunk; chunk = next_bound(bb->bulk, chunk)) {
		if (!chunk->in_push)
			continue;
		chunk->in_push = false;
		if (fate == BATCH_CAME)
			chunk->state = CHUNK_PUSHED;
		else if (is_hopeless)
			bulk_batch_drop(chunk);
	}
}

/* An answer to a pull may be without a status; then what is said to be there has been pulled. */
static void
take_status(struct bulk_batch *bb, enum batch_step step, struct str text)
{
	struct batch_status status = bb->batch.status;

	status.available = 0;
	if (!batch_status_read(text, &status) && step == BATCH_LOOK) {
		batch_failed(&bb->batch, step, false, CSPARK_EXECUTED, -1, now_ms(bb));
		return;
	}
	settle_push(bb, batch_told(&bb->batch, step, &status, now_ms(bb)));
}

static void
refuse_batch(struct bulk_batch *bb, const struct cspark_error *error)
{
	if (bb->bulk->call->config->bulk.batch_fallback)
		leave(bb, "refused", error->detail);
	else
		bulk_abort(bb->bulk, error);
}

/* Spark has said why. */
static void
take_refusal(struct bulk_batch *bb, struct cspark_result *result)
{
	struct cspark_error error = { .code = result->code };

	bulk_explain(result, (struct str){ result->body, result->body_len }, &error);
	if (!bb->bulk->call->config->bulk.batch_fallback)
		bulk_keep_failure(bb->bulk, &error, result->status, &result->body, &result->body_len);
	refuse_batch(bb, &error);
}

/* It does not go on. Without a batch at all that is a refusal. */
static void
leave_early(struct bulk_batch *bb)
{
	struct cspark_error error = { CSPARK_E_SPARK_UNAVAILABLE,
		"Spark opened no batch for bulk.stall_ms; bulk.batch_fallback = true would go on by calls." };

	if (!bb->batch.id[0])
		refuse_batch(bb, &error);
	else
		leave(bb, batch_missing(&bb->batch) > 0 ? "incomplete" : "stuck", NULL);
}

static void
take_answer(struct bulk_batch *bb, enum batch_step step, struct str answer)
{
	struct cspark_error error;

	switch (step) {
	case BATCH_CREATE:
		if (take_batch(bb, answer))
			break;
		refuse(&error, CSPARK_E_UPSTREAM_GARBLED, "Spark opened a batch, but did not say its id.");
		refuse_batch(bb, &error);
		break;
	case BATCH_PULL:
		take_results(bb, answer);
		take_status(bb, step, json_member(answer, STR("status")));
		break;
	case BATCH_CLOSE:
		batch_closed(&bb->batch);
		break;
	default:
		take_status(bb, step, answer);
	}
}

static void
take_failure(struct bulk_batch *bb, enum batch_step step, struct cspark_result *result)
{
	bool is_pause = bulk_judge(result->code, result->status, result->outcome) == BULK_PAUSE;
	enum batch_fate fate;

	if (result->code == CSPARK_E_UPSTREAM_TIMEOUT && bulk_is_late(bb->bulk)) {
		bulk_expire(bb->bulk);
		return;
	}
	fate = batch_failed(
		&bb->batch, step, is_pause, result->outcome, result->retry_after_s, now_ms(bb));
	if (step == BATCH_PUSH) {
		bb->was_refused = !is_pause;
		settle_push(bb, fate);
	}
	if (step == BATCH_CREATE && (!is_pause || bb->bulk->call->config->bulk.batch_fallback))
		take_refusal(bb, result);
}

static void
tell(const struct bulk_batch *bb, enum batch_step step, const struct cspark_result *result)
{
	struct log_line line;

	if (!log_on(LOG_DEBUG_LEVEL))
		return;
	log_begin(&line, LOG_DEBUG_LEVEL, "batch");
	log_text(&line, "request_id", bb->bulk->call->id);
	log_text(&line, "batch", bb->batch.id[0] ? bb->batch.id : NULL);
	log_text(&line, "step", batch_step_name(step));
	log_int(&line, "status", result->status);
	log_int(&line, "records_pushed", (int64_t)bb->batch.pushed);
	log_int(&line, "records_delivered", (int64_t)bb->batch.delivered);
	log_end(&line);
}

static void
on_result(void *arg, struct cspark_result *result)
{
	struct bulk_batch *bb = arg;
	struct bulk *bulk = bb->bulk;
	struct desk *desk = bulk->call->desk;
	enum batch_step step = bb->step;

	bb->job = NULL;
	forget_question(bb);
	call_take_facts(bulk->call, result);
	if (result->code == CSPARK_OK)
		take_answer(bb, step, (struct str){ result->body, result->body_len });
	else
		take_failure(bb, step, result);
	tell(bb, step, result);
	bulk_go_on(bulk);
	desk_pump(desk);
}

/* ---- asking ---- */

static void
ask(struct bulk_batch *bb, enum batch_step step)
{
	struct call *call = bb->bulk->call;
	int64_t deadline_ms = now_ms(bb) + call->tenant->timeout_ms;
	struct cspark_call terms = {
		.deadline_ms = deadline_ms < bb->bulk->deadline_ms ? deadline_ms : bb->bulk->deadline_ms,
		.request_id = call->id,
		.traceparent = call->trace.parent,
		.tracestate = call->trace.state,
	};
	struct cspark_error error = { CSPARK_E_OVERLOADED, "There is not enough memory." };

	if (!desk_has_room(call->desk))
		return; /* bulks_pump() comes back */
	desk_take_place(call->desk, &bb->ticket);
	bb->step = step;
	bb->request = request_of(bb, step, &error);
	if (bb->request)
		bb->job = line_send(
			edition_line(call->edition, call->tenant), bb->request, &terms, on_result, bb);
	if (!bb->job) {
		forget_question(bb);
		bulk_abort(bb->bulk, &error);
		return;
	}
	bb->bulk->made++;
	metrics_add(call->desk->metrics, METRIC_BULK_CALLS, 0, 1);
	if (call->sent_us == 0)
		call->sent_us = call->admitted_us = loop_clock_us();
}

static void
on_timer(void *arg)
{
	struct bulk_batch *bb = arg;

	bulk_go_on(bb->bulk);
}

static struct bulk_batch *
batch_new(struct bulk *bulk)
{
	struct bulk_batch *bb = calloc(1, sizeof(*bb));

	if (!bb)
		return NULL;
	bb->bulk = bulk;
	buf_init(&bb->facts, FACTS_MAX);
	admit_ticket_init(&bb->ticket);
	loop_timer_init(&bb->timer, on_timer, bb);
	batch_init(&bb->batch, now_ms(bb));
	return bb;
}

static struct batch_supply
supply_of(struct bulk_batch *bb)
{
	const struct bulk *bulk = bb->bulk;
	const struct chunk *chunk = supply_chunk(bb, NULL);

	return (struct batch_supply){
		.bytes = chunk ? chunk->list.len : 0,
		.is_all = !chunk && bulk->whole && backlog_records(&bulk->backlog) == 0,
		.patience_ms = bulk->call->config->bulk.stall_ms,
	};
}

/* No question is to be asked now. More records make a chunk, sooner or later. */
static void
rest(struct bulk_batch *bb, const struct batch_supply *supply)
{
	int64_t at_ms = batch_next_ms(&bb->batch, supply, now_ms(bb));
	int64_t gather_ms = now_ms(bb) + GATHER_MS;

	if (backlog_records(&bb->bulk->backlog) > 0 && (at_ms < 0 || gather_ms < at_ms))
		at_ms = gather_ms;
	loop_timer_set(bb->bulk->call->desk->loop, &bb->timer, at_ms);
}

static bool
has_batch(struct bulk *bulk)
{
	struct cspark_error error = { CSPARK_E_OVERLOADED, "There is not enough memory." };

	if (!bulk->batch && is_wanted(bulk)) {
		bulk->batch = batch_new(bulk);
		if (!bulk->batch)
			bulk_abort(bulk, &error);
	}
	return bulk->batch && !bulk->batch->batch.is_left;
}

void
bulk_batch_go_on(struct bulk *bulk)
{
	struct bulk_batch *bb;
	struct batch_supply supply;
	enum batch_step step;

	if (!has_batch(bulk) || bulk->batch->job)
		return;
	bb = bulk->batch;
	if (!batch_takes_input(&bb->batch))
		drop_bound(bb);
	supply = supply_of(bb);
	step = batch_next(&bb->batch, &supply, now_ms(bb));
	if (step == BATCH_LEAVE)
		leave_early(bb);
	else if (step == BATCH_WAIT)
		rest(bb, &supply);
	else
		ask(bb, step);
}
