/*
 * Sending: the plan's request to Spark, its result back.
 */
#include "daemon/call.h"

#include <stdio.h>
#include <stdlib.h>

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
	enum cspark_outcome outcome;
	unsigned attempts;

	if (!call->job)
		return;
	upstream_cancel(call->desk->upstream, call->job, &outcome, &attempts);
	call->job = NULL;
	call->attempts += attempts;
	call_raise_outcome(call, outcome);
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

static void
take_failure(struct call *call, const struct cspark_result *result)
{
	call->error.code = result->code;
	snprintf(call->error.detail, sizeof call->error.detail, "%s", result->detail);
	call->retryable = result->retryable;
	call->spark_body = call_spark_answer(call);
	if (result->location[0])
		call->location = arena_copy(&call->arena, str_of(result->location)).at;
}

static void
on_result(void *arg, struct cspark_result *result)
{
	struct call *call = arg;
	struct desk *desk = call->desk;

	call->job = NULL;
	free(call->spark_answer); /* of an earlier step */
	call->spark_answer = result->body;
	call->spark_answer_len = result->body_len;
	result->body = NULL;
	call_take_facts(call, result);
	if (result->code != CSPARK_OK)
		take_failure(call, result);
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
	call->job = line_send(line, call->plan.request, &terms, on_result, call);
	if (!call->job)
		return call_no_memory(call);
	return CALL_PARKED;
}
