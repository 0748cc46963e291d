/*
 * Sending: a plan's parts to Spark, their results back.
 */
#include "daemon/call.h"

#include <stdio.h>

#include "daemon/edition.h"

void
call_raise_outcome(struct call *call, enum cspark_outcome outcome)
{
	if (outcome > call->outcome)
		call->outcome = outcome;
}

void
sending_cancel(struct call *call)
{
	for (size_t i = 0; call->waiting_for > 0 && i < call->plan.part_count; i++) {
		struct sending *sending = &call->sendings[i];
		enum cspark_outcome outcome;
		unsigned attempts;

		if (!sending->job)
			continue;
		upstream_cancel(call->desk->upstream, sending->job, &outcome, &attempts);
		sending->job = NULL;
		call->waiting_for--;
		call->attempts += attempts;
		call_raise_outcome(call, outcome);
	}
}

void
call_take_facts(struct call *call, const struct cspark_result *result)
{
	call->attempts += result->attempts;
	call->token_ms += result->timing.token_ms;
	call->wait_ms += result->timing.wait_ms;
	call->spark_ms += result->timing.spark_ms;
	call->retry_after_s = result->retry_after_s;
	call_raise_outcome(call, result->outcome);
	if (result->status)
		call->spark_status = result->status;
	memcpy(call->spark_type, result->content_type, sizeof call->spark_type);
	for (unsigned cause = 0; cause < CSPARK_CAUSES; cause++) {
		if (result->retries_by_cause[cause])
			metrics_add(
				call->desk->metrics, METRIC_RETRIES, cause, result->retries_by_cause[cause]);
	}
}

/* The first failure of a part is the call's; the others are taken back. */
static void
take_failure(struct call *call, const struct sending *sending, const struct cspark_result *result)
{
	call->error.code = result->code;
	snprintf(call->error.detail, sizeof call->error.detail, "%s", result->detail);
	call->retryable = result->retryable;
	call->spark_body = (struct str){ sending->body, sending->body_len };
	if (result->location[0])
		call->location = arena_copy(&call->arena, str_of(result->location)).at;
	sending_cancel(call);
}

static void
on_result(void *arg, struct cspark_result *result)
{
	struct sending *sending = arg;
	struct call *call = sending->call;
	struct desk *desk = call->desk;

	sending->job = NULL;
	sending->body = result->body;
	sending->body_len = result->body_len;
	result->body = NULL;
	call->waiting_for--;
	call_take_facts(call, result);
	if (result->code != CSPARK_OK && call->error.code == CSPARK_OK)
		take_failure(call, sending, result);
	if (call->waiting_for > 0)
		return;
	call->answered_us = loop_clock_us();
	call_run(call, STEP_JOIN);
	desk_pump(desk);
}

enum call_step
sending_start(struct call *call)
{
	struct cspark_call terms = {
		.deadline_ms = call_deadline_ms(call),
		.request_id = call->id,
		.traceparent = call->trace.parent,
		.tracestate = call->trace.state,
		.sink = call->sink,
	};
	struct line *line = edition_line(call->edition, call->tenant);

	if (call->sent_us == 0)
		call->sent_us = loop_clock_us();
	for (size_t i = 0; i < call->plan.part_count; i++) {
		struct sending *sending = &call->sendings[i];

		sending->call = call;
		sending->job = line_send(line, call->plan.parts[i].request, &terms, on_result, sending);
		if (!sending->job) {
			sending_cancel(call);
			return call_no_memory(call);
		}
		call->waiting_for++;
	}
	return CALL_PARKED;
}
