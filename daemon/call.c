#include "daemon/call.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/bulk.h"
#include "daemon/bytes.h"
#include "daemon/log.h"
#include "daemon/operate.h"

#define MAX_TRANSITIONS 64            /* a livelock becomes an error */
#define DROPPED_MAX     (1024 * 1024) /* of a body that is refused already */

/* ---- failing ------------------------------------------------------------------------- */

enum call_step
call_fail(struct call *call, enum cspark_code code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(call->error.detail, sizeof call->error.detail, format, args);
	va_end(args);
	call->error.code = code;
	return call_failed(call);
}

enum call_step
call_failed(struct call *call)
{
	assert(call->error.code != CSPARK_OK);
	call->retryable = cspark_code_retryable(call->error.code);
	return STEP_REFUSE;
}

enum call_step
call_no_memory(struct call *call)
{
	return call_fail(call, CSPARK_E_INTERNAL, "no memory for this request");
}

void
call_limit_body(struct call *call, const char *name, uint64_t max)
{
	call->limit = name;
	front_limit_body(call->request, max);
}

int64_t
call_deadline_ms(const struct call *call)
{
	uint64_t timeout_ms = call->operate && call->operate->is_long ? call->tenant->job_timeout_ms :
									call->tenant->timeout_ms;

	if (call->control.timeout_ms > 0 && call->control.timeout_ms < timeout_ms)
		timeout_ms = call->control.timeout_ms;
	return call->ready_us / 1000 + (int64_t)timeout_ms;
}

/* ---- route: what is wanted ------------------------------------------------------------- */

/* A refusal waits for the rest of the request, unless the caller waits for our word before sending it. */
static enum call_step
step_route(struct call *call)
{
	if (intake_route(call) == STEP_REFUSE && front_header(call->request, "Expect").at)
		return STEP_REFUSE;
	return CALL_PARKED;
}

/* ---- decode: what is asked ---------------------------------------------------------------- */

static enum call_step
step_decode(struct call *call)
{
	if (!call->works)
		return STEP_LOCAL;
	if (call->desk->life == LIFE_CLOSING)
		return call_fail(call, CSPARK_E_DRAINING,
			"the gateway is shutting down; ask another instance, or again later");
	if (call->operate)
		return operate_decode(call);
	if (call->route.kind == ROUTE_DROP_IN)
		return permit_body(call) ? STEP_ADMIT : STEP_REFUSE;
	if (!call->decode)
		call->ask = (struct ask){ .kind = ASK_ONE, .inputs = call->control.inputs };
	else if (!decode_end(call->decode, &call->ask, &call->error))
		return call_failed(call);
	if (!permit_body(call))
		return STEP_REFUSE;
	if (call->ask.kind == ASK_MANY && !call->control.validates)
		call->operation = CSPARK_OP_EXECUTE_V4;
	if (call->bulk && call->ask.records > 0)
		return bulk_whole(call);
	if (call->ask.kind == ASK_MANY && call->ask.records == 0) {
		call->ask.inputs = STR("[]");
		return STEP_PLAN; /* needs no place: Spark is not asked */
	}
	return STEP_ADMIT;
}

/* ---- plan: the Spark calls ------------------------------------------------------------- */

struct str
call_target(struct call *call)
{
	struct str path = front_path(call->request);
	struct str query = front_query(call->request);

	if (query.len == 0)
		return path;
	return str_of(arena_printf(&call->arena, "%.*s?%.*s", STR_ARG(path), STR_ARG(query)));
}

static bool
plan_drop_in(struct call *call)
{
	struct str path = call_target(call);
	struct str body = buf_text(&call->raw);
	struct str type = front_header(call->request, "Content-Type");

	type = type.at ? arena_copy(&call->arena, type) : STR("application/json");
	if (!path.at || !type.at)
		return false;
	call->plan.request = cspark_raw_request((enum cspark_operation)call->operation, call->route.is_public,
		"POST", (struct cspark_bytes){ path.at, path.len },
		(struct cspark_bytes){ body.at, body.len }, type.at);
	if (!call->plan.request)
		return false;
	call->plan.request->content_encoding = call->coding;
	call->plan.api = call->operation == CSPARK_OP_EXECUTE_V4 ? CSPARK_V4 : CSPARK_V3;
	return true;
}

static enum call_step
step_plan(struct call *call)
{
	if (call->admitted_us == 0)
		call->admitted_us = loop_clock_us();
	if (call->operate)
		return operate_plan(call);
	if (call->route.kind == ROUTE_DROP_IN) {
		if (buf_failed(&call->raw) || !plan_drop_in(call))
			return call_no_memory(call);
	} else if (!plan_make(call->tenant->tenant, &call->locator, &call->control, &call->ask, &call->plan,
			   &call->error)) {
		return call_failed(call);
	}
	return call->plan.request ? STEP_SEND : STEP_JOIN;
}

/* ---- join, encode: one answer --------------------------------------------------------------- */

/* Spark's own answer goes back unchanged, good or bad, as long as there is one and it is not about our
 * credentials. */
static bool
is_passed_on(const struct call *call)
{
	bool is_stored = call->operate && call->operate->has_download;

	return call->route.kind == ROUTE_DROP_IN && call->spark_status != 0 && !call->gone && !is_stored &&
		(call->error.code == CSPARK_OK ||
			(call->error.code != CSPARK_E_CREDENTIALS_REFUSED && call->spark_status >= 300));
}

static enum call_step
pass_on(struct call *call)
{
	struct cspark_answer answer;
	struct cspark_bytes body = { call->spark_answer, call->spark_answer_len };

	if (call->error.code == CSPARK_OK && cspark_answer_read(call->plan.api, body, &answer))
		encode_facts(&answer, &call->encoded);
	call->status = call->spark_status;
	call->content_type = call->spark_type[0] ? call->spark_type : NULL;
	call->body = str_of_bytes(body);
	return STEP_REPLY;
}

static enum call_step
step_join(struct call *call)
{
	if (is_passed_on(call)) {
		desk_leave(call);
		return pass_on(call);
	}
	if (call->operate)
		return operate_join(call);
	desk_leave(call);
	if (call->error.code != CSPARK_OK)
		return bulk_takes_over(call) ? CALL_PARKED : STEP_REFUSE;
	if (!plan_join(&call->plan, call_spark_answer(call), &call->joined, &call->error))
		return call_failed(call);
	return STEP_ENCODE;
}

static enum call_step
step_encode(struct call *call)
{
	bool many = call->ask.kind == ASK_MANY;

	if (!encode_answer(&call->control, many, &call->joined, &call->out, &call->encoded, &call->error)) {
		call->error_status = call->encoded.status;
		call->spark_body = call->joined.body;
		return call_failed(call);
	}
	call->status = call->encoded.status;
	call->content_type = call->encoded.content_type;
	call->body = call->encoded.body;
	return STEP_REPLY;
}

/* ---- local pages ----------------------------------------------------------------------------- */

static enum call_step
step_local(struct call *call)
{
	struct admin_answer answer;

	if (call->route.kind == ROUTE_TOKEN) {
		buf_put_str(&call->out,
			STR("{\"access_token\":\"csparkd-placeholder\",\"expires_in\":7200,"
			    "\"refresh_expires_in\":0,\"token_type\":\"Bearer\","
			    "\"not-before-policy\":0,\"scope\":\"email profile\"}"));
		answer = (struct admin_answer){ 200, "application/json" };
	} else if (call->route.kind == ROUTE_PREFLIGHT) {
		answer = (struct admin_answer){ 204, NULL };
	} else {
		answer = admin_page(call->desk->admin, call->config, call->route.page,
			loop_now_ms(call->desk->loop), &call->out);
	}
	if (buf_failed(&call->out))
		return call_no_memory(call);
	call->status = answer.status;
	call->content_type = answer.content_type;
	call->body = buf_text(&call->out);
	return STEP_REPLY;
}

/* ---- refuse, reply ------------------------------------------------------------------------------ */

static enum call_step
step_refuse(struct call *call)
{
	struct problem problem;

	bulk_cancel(call); /* some of a list may be on its way already */
	problem = (struct problem){
		.code = call->error.code,
		.status = call->error_status,
		.detail = call->error.detail,
		.request_id = call->id,
		.attempts = call->attempts,
		.outcome = call->outcome,
		.retryable = call->retryable,
		.spark_status = call->spark_status,
		.spark_body = call->spark_body,
	};

	desk_leave(call);
	if (problem.status == 0 && cspark_code_status(problem.code) == 0)
		problem.status = call->spark_status;
	buf_clear(&call->out);
	encode_problem(&problem, &call->out);
	call->status = problem.status ? problem.status : cspark_code_status(problem.code);
	call->content_type = "application/problem+json";
	call->location = NULL;
	call->body = buf_failed(&call->out) ? STR("") : buf_text(&call->out);
	return STEP_REPLY;
}

static enum call_step
step_reply(struct call *call)
{
	if (call->operate && call->operate->is_streaming)
		operate_end_stream(call, call->error.code == CSPARK_OK);
	else
		call_reply(call);
	return CALL_OVER;
}

/* ---- the machine ---------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	enum call_step (*run)(struct call *call);
} steps[] = {
	[STEP_ROUTE] = { "route", step_route },
	[STEP_DECODE] = { "decode", step_decode },
	[STEP_ADMIT] = { "admit", desk_admit },
	[STEP_PLAN] = { "plan", step_plan },
	[STEP_SEND] = { "send", sending_start },
	[STEP_JOIN] = { "join", step_join },
	[STEP_ENCODE] = { "encode", step_encode },
	[STEP_LOCAL] = { "local", step_local },
	[STEP_REFUSE] = { "refuse", step_refuse },
	[STEP_REPLY] = { "reply", step_reply },
};

static void
trace(const struct call *call, enum call_step step)
{
	struct log_line line;

	if (!log_on(LOG_DEBUG_LEVEL))
		return;
	log_begin(&line, LOG_DEBUG_LEVEL, "step");
	log_text(&line, "request_id", call->id);
	log_text(&line, "step", steps[step].name);
	log_end(&line);
}

/* The only function that changes call->step. The call may be gone when it returns CALL_OVER. */
void
call_run(struct call *call, enum call_step step)
{
	for (unsigned moves = 0; step < CALL_PARKED; moves++) {
		assert(moves < MAX_TRANSITIONS);
		call->step = step;
		trace(call, step);
		step = steps[step].run(call);
	}
	if (step == CALL_PARKED)
		call->step = CALL_PARKED;
}

/* ---- what the front tells
 * -------------------------------------------------------------------------------- */

static void *
on_begin(void *arg, struct front_request *request, enum cspark_code refusal, const char *detail)
{
	struct desk *desk = arg;
	struct call *call = desk_call_new(desk);

	if (!call)
		return NULL;
	call->request = request;
	call->started_us = loop_clock_us();
	call->method = front_method(request);
	call->listener = config_find_listener(call->config, front_listener_id(request));
	intake_names(call);
	if (refusal == CSPARK_OK)
		call_run(call, STEP_ROUTE);
	else
		call_run(call, intake_refused(call, refusal, detail));
	return call;
}

void
call_drop_body(struct call *call)
{
	bulk_cancel(call);
	front_release(call->request);
	/* A caller that sends to the end reads the answer better; but there is an end to that. */
	front_limit_body(call->request, call->bytes_in + DROPPED_MAX);
}

static bool
on_body(void *exchange, const char *data, size_t len)
{
	struct call *call = exchange;

	call->bytes_in += len;
	if (call->error.code != CSPARK_OK)
		return false;
	if (call->operate)
		return operate_body(call, data, len);
	if (call->route.kind == ROUTE_DROP_IN)
		return buf_put(&call->raw, data, len);
	if (call->decode && !decode_feed(call->decode, data, len, &call->error)) {
		call_failed(call);
		call_drop_body(call);
		return false;
	}
	bulk_fed(call);
	return true;
}

static void
on_request_ready(void *exchange, enum cspark_code refusal, const char *detail)
{
	struct call *call = exchange;

	call->ready_us = loop_clock_us();
	if (call->error.code != CSPARK_OK)
		refusal = CSPARK_OK; /* it was refused for something else before */
	if (refusal == CSPARK_E_BODY_TOO_LARGE && call->limit)
		call_fail(call, refusal, "the body is larger than %s", call->limit);
	else if (refusal != CSPARK_OK)
		call_fail(call, refusal, "%s", detail);
	call_run(call, call->error.code != CSPARK_OK ? STEP_REFUSE : STEP_DECODE);
	desk_pump(call->desk);
}

static void
on_left(void *exchange)
{
	struct call *call = exchange;

	metrics_add(call->desk->metrics, METRIC_CALLER_LEFT, 0, 1);
	desk_give_up(call, CSPARK_E_CANCELLED, "the caller closed the connection before the answer");
}

static void
on_done(void *exchange, enum front_end end, uint64_t bytes_out)
{
	struct call *call = exchange;

	/* The front may end a call whose request never became whole: it then holds nothing. */
	assert(!call->job && !call->ticket.in);
	call_account(call, end, bytes_out);
	free(call->spark_answer);
	joined_fini(&call->joined);
	plan_fini(&call->plan);
	decode_free(call->decode);
	buf_fini(&call->raw);
	if (call->operate)
		operate_fini(call);
	bulk_fini(call);
	desk_call_done(call);
}

static void
on_unshaken(void *arg, const char *listener, const char *caller, const char *why)
{
	struct desk *desk = arg;
	struct log_line line;

	metrics_add(desk->metrics, METRIC_TLS_FAILURES, 0, 1);
	log_begin(&line, LOG_INFO_LEVEL, "tls_failed");
	log_text(&line, "listener", listener);
	log_text(&line, "caller", caller);
	log_text(&line, "message", why);
	log_end(&line);
}

const struct front_ops call_front_ops = { on_begin, on_body, on_request_ready, on_left, on_done,
	on_unshaken };
