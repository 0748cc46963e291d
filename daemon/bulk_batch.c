/*
 * A list, or the rest of a long one, by one of Spark's batches. What is to be asked next is batch.h's to say;
 * this file asks, and tells what came of it. A chunk keeps its records until its results are here; so
 * whatever a batch does not deliver goes by calls, like any other chunk.
 */
#include <stdlib.h>

#include "daemon/bulk_batch_own.h"
#include "daemon/farewell.h"
#include "daemon/log.h"
#include "daemon/refuse.h"

#define REST_MS   1000 /* while records wait for more of them, before they are a chunk */
#define FACTS_MAX 4096

/* ---- whether ---- */

static bool
is_wanted(const struct bulk *bulk)
{
	const struct control *control = &bulk->call->control;
	unsigned above = bulk->call->config->bulk.batch_above;

	if (control->engine == CONTROL_SYNC || control->is_hybrid || bulk->call->locator.is_public)
		return false;
	return control->engine == CONTROL_BATCH || (above > 0 && bulk->records > above);
}

bool
bulk_batch_takes(const struct bulk *bulk)
{
	return bulk->batch ? batch_takes_input(&bulk->batch->batch) : is_wanted(bulk);
}

bool
bulk_batch_is_open(const struct bulk *bulk)
{
	return bulk->batch && !bulk->batch->batch.is_left;
}

uint64_t
bulk_batch_records(const struct bulk *bulk)
{
	return bulk->batch ? bulk->batch->batch.delivered : 0;
}

/* ---- the end of it ---- */

static void
forget_question(struct bulk_batch *bb)
{
	cspark_request_free(bb->request);
	bb->request = NULL;
	bb->step = BATCH_WAIT;
	desk_give_back(bb->bulk->call->desk, &bb->ticket);
}

static void
take_back_question(struct bulk_batch *bb)
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
	request = is_done ? bulk_batch_request(bb, BATCH_CLOSE, &error) : bulk_batch_cancel_request(bb);
	if (request)
		farewell_send(bb->bulk->call, request);
}

void
bulk_batch_end(struct bulk *bulk)
{
	struct bulk_batch *bb = bulk->batch;

	if (!bb || bb->batch.is_left)
		return;
	take_back_question(bb);
	loop_timer_set(bulk->call->desk->loop, &bb->timer, -1);
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

/* What it has not delivered is to be done by calls. */
static void
leave(struct bulk_batch *bb, const char *why, const char *detail)
{
	const struct batch *batch = &bb->batch;
	struct call *call = bb->bulk->call;
	struct log_line line;

	log_begin(&line, LOG_INFO_LEVEL, "batch_left");
	log_text(&line, "request_id", call->id);
	log_text(&line, "batch", batch->id[0] ? batch->id : NULL);
	log_text(&line, "reason", why);
	log_text(&line, "detail", detail);
	log_int(&line, "records_delivered", (int64_t)batch->delivered);
	log_int(&line, "records_missing", (int64_t)batch_missing(batch));
	log_end(&line);
	metrics_add(call->desk->metrics, batch->id[0] ? METRIC_BATCHES_LEFT : METRIC_BATCHES_REFUSED, 0, 1);
	bulk_batch_drop_all(bb);
	bulk_batch_end(bb->bulk);
}

/* There is none to be had. */
static void
do_without(struct bulk_batch *bb, const struct cspark_error *error)
{
	if (bb->bulk->call->config->bulk.batch_fallback)
		leave(bb, "refused", error->detail);
	else
		bulk_abort(bb->bulk, error);
}

/* It does not go on. */
static void
leave_early(struct bulk_batch *bb)
{
	struct cspark_error error;

	if (bb->batch.id[0]) {
		leave(bb, batch_missing(&bb->batch) > 0 ? "incomplete" : "stuck", NULL);
		return;
	}
	refuse(&error, CSPARK_E_SPARK_UNAVAILABLE,
		"Spark opened no batch within bulk.stall_ms; with bulk.batch_fallback = true the list "
		"would go by calls.");
	do_without(bb, &error);
}

/* ---- answers ---- */

/* An answer to a pull may be without a status; then what was said to be there has been pulled. */
static void
take_status(struct bulk_batch *bb, enum batch_step step, struct str text)
{
	struct batch_status status = bb->batch.status;
	int64_t now_ms = bulk_batch_now_ms(bb);
	enum batch_fate fate;

	status.available = 0;
	if (!batch_status_read(text, &status) && step == BATCH_LOOK) {
		batch_failed(&bb->batch, step, false, CSPARK_EXECUTED, -1, now_ms);
		return;
	}
	fate = batch_told(&bb->batch, step, &status, now_ms);
	if (fate == BATCH_TORN)
		leave(bb, "torn", NULL);
	else
		bulk_batch_settle(bb, fate);
}

static void
take_batch(struct bulk_batch *bb, struct str answer)
{
	struct cspark_error error;

	if (bulk_batch_read(bb, answer)) {
		metrics_add(bb->bulk->call->desk->metrics, METRIC_BATCHES, 0, 1);
		return;
	}
	refuse(&error, CSPARK_E_UPSTREAM_GARBLED, "Spark opened a batch, but did not say its id.");
	do_without(bb, &error);
}

static void
take_answer(struct bulk_batch *bb, enum batch_step step, struct str answer)
{
	switch (step) {
	case BATCH_CREATE:
		take_batch(bb, answer);
		break;
	case BATCH_PULL:
		take_status(bb, step, bulk_batch_take_results(bb, answer));
		break;
	case BATCH_CLOSE:
		batch_closed(&bb->batch);
		break;
	default:
		take_status(bb, step, answer);
	}
}

/* Spark has said why. */
static void
take_refusal(struct bulk_batch *bb, struct cspark_result *result)
{
	struct cspark_error error = { .code = result->code };

	bulk_explain(result, (struct str){ result->body, result->body_len }, &error);
	if (!bb->bulk->call->config->bulk.batch_fallback)
		bulk_keep_failure(bb->bulk, &error, result->status, &result->body, &result->body_len);
	do_without(bb, &error);
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
		&bb->batch, step, is_pause, result->outcome, result->retry_after_s, bulk_batch_now_ms(bb));
	if (step == BATCH_PUSH) {
		bb->was_refused = !is_pause;
		bulk_batch_settle(bb, fate);
	}
	if (step == BATCH_CREATE && (!is_pause || bb->bulk->call->config->bulk.batch_fallback))
		take_refusal(bb, result);
}

static void
tell(const struct bulk_batch *bb, enum batch_step step, const struct cspark_result *result)
{
	const struct batch *batch = &bb->batch;
	struct log_line line;

	if (!log_on(LOG_DEBUG_LEVEL))
		return;
	log_begin(&line, LOG_DEBUG_LEVEL, "batch");
	log_text(&line, "request_id", bb->bulk->call->id);
	log_text(&line, "batch", batch->id[0] ? batch->id : NULL);
	log_text(&line, "step", batch_step_name(step));
	log_int(&line, "status", result->status);
	log_int(&line, "records_pushed", (int64_t)batch->pushed);
	log_int(&line, "records_delivered", (int64_t)batch->delivered);
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
	struct bulk *bulk = bb->bulk;
	struct desk *desk = bulk->call->desk;
	struct cspark_error error;

	if (!desk_has_room(desk))
		return; /* bulks_pump() comes back */
	desk_take_place(desk, &bb->ticket);
	bb->step = step;
	bb->request = bulk_batch_request(bb, step, &error);
	if (bb->request)
		bb->job = bulk_ask(bulk, bb->request, on_result, bb, &error);
	if (!bb->job) {
		forget_question(bb);
		bulk_abort(bulk, &error);
	}
}

/* Nothing is to be asked now. Records that wait become a chunk, sooner or later. */
static void
rest(struct bulk_batch *bb, const struct batch_supply *supply)
{
	int64_t now_ms = bulk_batch_now_ms(bb);
	int64_t at_ms = batch_next_ms(&bb->batch, supply, now_ms);

	if (backlog_records(&bb->bulk->backlog) > 0 && (at_ms < 0 || now_ms + REST_MS < at_ms))
		at_ms = now_ms + REST_MS;
	loop_timer_set(bb->bulk->call->desk->loop, &bb->timer, at_ms);
}

static void
on_timer(void *arg)
{
	struct bulk_batch *bb = arg;

	bulk_go_on(bb->bulk);
}

/* False: there is no memory. */
static bool
begin(struct bulk *bulk)
{
	struct bulk_batch *bb = calloc(1, sizeof(*bb));

	if (!bb)
		return false;
	bb->bulk = bulk;
	buf_init(&bb->facts, FACTS_MAX);
	admit_ticket_init(&bb->ticket);
	loop_timer_init(&bb->timer, on_timer, bb);
	batch_init(&bb->batch, bulk_batch_now_ms(bb));
	bulk->batch = bb;
	return true;
}

static bool
has_batch(struct bulk *bulk)
{
	struct cspark_error error;

	if (!bulk->batch && is_wanted(bulk) && !begin(bulk)) {
		refuse(&error, CSPARK_E_OVERLOADED, "There is not enough memory for a batch.");
		bulk_abort(bulk, &error);
	}
	return bulk_batch_is_open(bulk);
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
		bulk_batch_drop_bound(bb);
	supply = bulk_batch_supply(bb);
	step = batch_next(&bb->batch, &supply, bulk_batch_now_ms(bb));
	if (step == BATCH_LEAVE)
		leave_early(bb);
	else if (step == BATCH_WAIT)
		rest(bb, &supply);
	else
		ask(bb, step);
}
