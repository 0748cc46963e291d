#include "daemon/operate.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/json_text.h"
#include "daemon/bytes.h"
#include "daemon/refuse.h"

/* Between two questions after a job: from the first to the last, half as long again each time. */
#define POLL_FIRST_MS 500
#define POLL_LAST_MS  5000

static const struct cspark_operation_info *
info_of(const struct call *call)
{
	return cspark_operation_info((enum cspark_operation)call->operation);
}

/* ---- route: what the head says ------------------------------------------------------------ */

/* Spark answers a file, runs a job, or gets a file: that may take longer than a calculation. */
static bool
is_long(const struct call *call)
{
	const struct cspark_operation_info *info = info_of(call);

	if (info->group == CSPARK_GROUP_EXECUTE)
		return false;
	return info->base == CSPARK_BASE_JOB || info->base == CSPARK_BASE_FILE ||
		info->payload == CSPARK_PAYLOAD_FILE || info->body == CSPARK_BODY_PARTS;
}

static void
limit_body(struct call *call)
{
	const struct config *config = call->config;

	if (call->route.kind == ROUTE_DROP_IN || info_of(call)->body == CSPARK_BODY_PARTS)
		call_limit_body(call, "limits.max_upload", config->limits.max_upload);
	else
		call_limit_body(call, "limits.max_body", config->limits.max_body);
}

static const char *
header_text(struct call *call, const char *name)
{
	struct str value = front_header(call->request, name);

	return value.at ? arena_copy(&call->arena, value).at : NULL;
}

static bool
prefers_async(const struct call *call)
{
	struct str rest = front_header(call->request, "Prefer");

	while (rest.at) {
		if (str_eq_nocase(str_trim(str_cut(rest, ',', &rest)), STR("respond-async")))
			return true;
	}
	return false;
}

static bool
make_operate(struct call *call)
{
	const struct config *config = call->config;
	struct operate *operate = arena_zalloc(&call->arena, sizeof *operate);

	if (!operate)
		return false;
	call->operate = operate;
	operate->call = call;
	operate->is_long = is_long(call);
	operate->is_async = prefers_async(call);
	operate->now_s = time(NULL);
	operate->type = header_text(call, "Content-Type");
	operate->accept = header_text(call, "Accept");
	spool_init(&operate->upload, &call->desk->spools, config->limits.max_upload);
	spool_init(&operate->download, &call->desk->spools, config->limits.max_download);
	return true;
}

/* A file goes into Spark as it came; what is packed on the way would stay packed there. */
static bool
is_plain(struct call *call)
{
	struct str coding = front_header(call->request, "Content-Encoding");

	return call->route.kind == ROUTE_DROP_IN || !coding.at || str_eq_nocase(coding, STR("identity")) ||
		refuse(&call->error, CSPARK_E_UNSUPPORTED_MEDIA_TYPE,
			"This operation takes no content coding such as %.*s.",
			(int)(coding.len < 32 ? coding.len : 32), coding.at);
}

enum call_step
operate_route(struct call *call)
{
	if (!make_operate(call))
		return call_no_memory(call);
	if (!is_plain(call))
		return call_failed(call);
	limit_body(call);
	if (!operate_read_path(call) ||
		!(call->route.kind == ROUTE_DROP_IN ? operate_read_fields(call) : operate_read_query(call)))
		return call_failed(call);
	return CALL_PARKED;
}

/* What a Hybrid Runner has besides executing. */
bool
operate_suits(struct call *call)
{
	bool is_runners = call->operation == CSPARK_OP_SERVICE_METADATA ||
		strncmp(info_of(call)->name, "hybrid.", strlen("hybrid.")) == 0;

	if (call->tenant->kind != CONFIG_HYBRID || is_runners)
		return true;
	call_fail(call, CSPARK_E_NO_SUCH_ROUTE,
		"the tenant %s is a Hybrid Runner, which has no such operation", call->tenant->name);
	return false;
}

/* ---- the body -------------------------------------------------------------------------------- */

bool
operate_body(struct call *call, const char *data, size_t len)
{
	if (call->route.kind == ROUTE_OPERATION && info_of(call)->body != CSPARK_BODY_PARTS)
		return buf_put(&call->raw, data, len);
	if (spool_put(&call->operate->upload, data, len, &call->error))
		return true;
	call_failed(call);
	return false;
}

static bool
take_upload(struct call *call)
{
	struct operate *operate = call->operate;

	if (info_of(call)->body != CSPARK_BODY_PARTS)
		return true;
	if (spool_len(&operate->upload) == 0)
		return refuse(&call->error, CSPARK_E_BAD_REQUEST,
			"This operation takes a file, which is the body: curl -T FILE.");
	if (!spool_to_file(&operate->upload, &call->error))
		return false;
	operate->source = (struct cspark_source){ spool_fd(&operate->upload), spool_len(&operate->upload) };
	return true;
}

/* All that can be known to be wrong is told before Spark is asked. */
enum call_step
operate_decode(struct call *call)
{
	struct operate *operate = call->operate;
	struct cspark_ask ask;

	if (!permit_body(call))
		return STEP_REFUSE;
	if (call->route.kind == ROUTE_DROP_IN)
		return STEP_ADMIT;
	if (buf_failed(&call->raw) && call->bytes_in <= call->config->limits.max_body)
		return call_no_memory(call);
	if (buf_failed(&call->raw))
		return call_fail(call, CSPARK_E_BODY_TOO_LARGE,
			"the body is larger than limits.max_body (%llu)",
			(unsigned long long)call->config->limits.max_body);
	if (info_of(call)->body == CSPARK_BODY_NONE && call->raw.len > 0 &&
		info_of(call)->base != CSPARK_BASE_JOB)
		return call_fail(call, CSPARK_E_BAD_REQUEST, "this operation takes no body");
	ask = operate_ask(call, (enum cspark_operation)call->operation);
	if (!cspark_ask_check(&ask, &call->error) || !take_upload(call))
		return call_failed(call);
	operate->recipe = recipe_find((enum cspark_operation)call->operation, &operate->arguments);
	return STEP_ADMIT;
}

/* ---- failing ------------------------------------------------------------------------------------- */

/* Puts the step's name before the sentence, where there is more than one. */
static enum call_step
fail_step(struct call *call)
{
	const struct operate *operate = call->operate;
	struct cspark_error said = call->error;

	if (operate->recipe)
		snprintf(call->error.detail, sizeof call->error.detail, "%s: %.200s",
			operate->recipe->steps[operate->step].name, said.detail);
	if (call->error_status)
		call->retryable = false;
	return STEP_REFUSE;
}

/* ---- plan: the call of this step --------------------------------------------------------------- */

enum call_step
operate_plan(struct call *call)
{
	struct cspark_request *request = operate_request(call);

	call->spark_status = 0; /* that of an earlier step is not this one's */
	if (!request && call->error.code == CSPARK_OK)
		return call_no_memory(call);
	if (!request) {
		call_failed(call);
		return fail_step(call);
	}
	call->plan.request = request;
	if (call->route.kind == ROUTE_DROP_IN ||
		cspark_operation_info(operate_step(call))->payload == CSPARK_PAYLOAD_FILE)
		operate_expect_file(call);
	return STEP_SEND;
}

/* ---- join: what Spark said --------------------------------------------------------------------- */

/* An answer that was good HTTP, but not good. */
static enum call_step
reject(struct call *call, int status)
{
	call_failed(call);
	call->error_status = status;
	call->spark_body = call_spark_answer(call);
	return fail_step(call);
}

/* v4 tells its callers' mistakes with 500. */
static enum call_step
fail_call(struct call *call)
{
	int status = call->error.code == CSPARK_E_SPARK_ERROR ? payload_status_of_500(call->spark_body) : 0;

	if (status) {
		call->error.code = CSPARK_E_SPARK_REJECTED;
		call->error_status = status;
		call->outcome = CSPARK_NOT_SENT;
	}
	return fail_step(call);
}

/* The step's answer is kept, and the call is ready for the next one. */
static void
close_step(struct call *call)
{
	struct operate *operate = call->operate;

	free(operate->bodies[operate->step]);
	operate->bodies[operate->step] = call->spark_answer;
	call->spark_answer = NULL;
	plan_fini(&call->plan);
}

static void
set_waiting(struct call *call, bool waiting)
{
	if (call->operate->is_waiting == waiting)
		return;
	call->operate->is_waiting = waiting;
	metrics_add(call->desk->metrics, METRIC_JOBS_WAITING, 0, waiting ? 1 : UINT64_MAX);
}

static void
on_poll(void *arg)
{
	struct call *call = arg;

	set_waiting(call, false);
	call->wait_ms += loop_now_ms(call->desk->loop) - call->operate->poll_since_ms;
	call_run(call, STEP_PLAN);
	desk_pump(call->desk);
}

static enum call_step
wait_for_job(struct call *call)
{
	struct operate *operate = call->operate;
	int64_t now_ms = loop_now_ms(call->desk->loop), wait_ms = POLL_FIRST_MS;

	for (unsigned i = 0; i < operate->polls && wait_ms < POLL_LAST_MS; i++)
		wait_ms += wait_ms / 2;
	if (wait_ms > POLL_LAST_MS)
		wait_ms = POLL_LAST_MS;
	operate->polls++;
	operate->poll_since_ms = now_ms;
	if (now_ms + wait_ms >= call_deadline_ms(call)) {
		call->spark_body = str_of(operate->bodies[operate->step]);
		call_fail(call, CSPARK_E_UPSTREAM_TIMEOUT,
			"the job is still under way at the deadline of %lld ms; "
			"ask with Prefer: respond-async, or raise job_timeout_ms",
			(long long)(call_deadline_ms(call) - call->ready_us / 1000));
		return fail_step(call);
	}
	/* It may take minutes, and was let in once: its place is for who calculates. */
	desk_leave(call);
	loop_timer_init(&operate->timer, on_poll, call);
	loop_timer_set(call->desk->loop, &operate->timer, now_ms + wait_ms);
	set_waiting(call, true);
	return CALL_PARKED;
}

/* {"upload":..,"compilation":..} */
static void
compose(struct call *call)
{
	const struct operate *operate = call->operate;
	const struct recipe *recipe = operate->recipe;

	for (unsigned i = 0; i < recipe->step_count; i++) {
		buf_put_char(&call->out, i ? ',' : '{');
		json_quote(str_of(recipe->steps[i].name), &call->out);
		buf_put_char(&call->out, ':');
		buf_put_str(&call->out, operate->payloads[i]);
	}
	buf_put_char(&call->out, '}');
}

static enum call_step
give_json(struct call *call, int status, struct str text)
{
	call->status = status;
	call->content_type = "application/json";
	call->body = text;
	return buf_failed(&call->out) ? call_no_memory(call) : STEP_REPLY;
}

/* The job goes on without the caller. Where it is asked about, the tenant is to be the same. */
static enum call_step
give_later(struct call *call)
{
	struct operate *operate = call->operate;
	struct str tenant = call->control.tenant;
	struct buf query;

	buf_init(&query, 3 * tenant.len + 1);
	str_percent_encode(tenant, &query);
	call->location = recipe_later(operate->recipe, &operate->arguments, &call->arena);
	if (call->location && query.len > 0)
		call->location = arena_printf(
			&call->arena, "%s?_tenant=%.*s", call->location, STR_ARG(buf_text(&query)));
	buf_fini(&query);
	if (!call->location)
		return call_no_memory(call);
	buf_put_str(&call->out, operate->payloads[0]);
	return give_json(call, 202, buf_text(&call->out));
}

static enum call_step
next_step(struct call *call)
{
	struct operate *operate = call->operate;
	const struct recipe *recipe = operate->recipe;

	if (operate->step == 0 && operate->is_async && recipe->later)
		return give_later(call);
	if (++operate->step < recipe->step_count)
		return STEP_PLAN;
	if (!recipe->composed)
		return give_json(call, 200, operate->payloads[recipe->step_count - 1]);
	compose(call);
	return give_json(call, 200, buf_text(&call->out));
}

static enum call_step
judge_step(struct call *call, const struct payload *payload)
{
	struct operate *operate = call->operate;
	const struct recipe_step *step = &operate->recipe->steps[operate->step];
	enum recipe_verdict verdict = RECIPE_NEXT;
	int status = 0;

	if (step->judge)
		verdict = step->judge(
			payload->text, &operate->arguments, &call->arena, &status, &call->error);
	if (verdict == RECIPE_FAIL)
		return reject(call, status);
	operate->payloads[operate->step] = payload->text;
	close_step(call);
	return verdict == RECIPE_AGAIN ? wait_for_job(call) : next_step(call);
}

/* A bare answer of a job's step need not be JSON as far as the library is concerned. */
static enum call_step
join_json(struct call *call)
{
	struct operate *operate = call->operate;
	struct str body = { call->spark_answer, call->spark_answer_len };
	struct payload payload;
	int status;

	if (!payload_read(cspark_operation_info(operate_step(call))->payload, body, &call->arena, &payload,
		    &status, &call->error))
		return reject(call, status);
	if (operate->recipe)
		return judge_step(call, &payload);
	operate->count = payload.count;
	return give_json(call, 200, operate->wants_original ? body : payload.text);
}

enum call_step
operate_join(struct call *call)
{
	struct operate *operate = call->operate;
	enum call_step next;

	operate_explain(call);
	if (call->error.code != CSPARK_OK)
		next = call->route.kind == ROUTE_DROP_IN ? STEP_REFUSE : fail_call(call);
	else if (operate->has_download)
		next = operate_give_file(call);
	else
		next = join_json(call);
	if (next == STEP_REPLY || next == STEP_REFUSE)
		desk_leave(call);
	return next;
}

/* ---- the end --------------------------------------------------------------------------------------- */

void
operate_cancel(struct call *call)
{
	set_waiting(call, false);
	if (call->operate->polls > 0)
		loop_timer_set(call->desk->loop, &call->operate->timer, -1);
}

void
operate_fini(struct call *call)
{
	struct operate *operate = call->operate;

	spool_fini(&operate->upload);
	spool_fini(&operate->download);
	for (unsigned i = 0; i < RECIPE_STEPS_MAX; i++)
		free(operate->bodies[i]);
}
