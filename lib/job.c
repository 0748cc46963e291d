#include "lib/job.h"

#include "lib/client.h"
#include "lib/judge.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- making ---- */

/* "name: value" at <*at>, which moves on. NULL for no value, or one that could break out of its line. */
static const char *
put_line(char **at, const char *name, const char *value)
{
	char *line = *at;

	if (value == NULL || str_has_control(str_of(value)))
		return NULL;
	*at = stpcpy(stpcpy(line, name), value) + 1;
	return line;
}

static size_t
length(const char *text)
{
	return text ? strlen(text) : 0;
}

/* All but the long texts, of which a first byte of 0 is enough. */
static void
clear(struct cspark_job *job)
{
	struct cspark_result *result = &job->result;

	memset(job, 0, offsetof(struct cspark_job, exchange));
	memset(&job->exchange, 0, offsetof(struct cspark_exchange, head));
	memset(result, 0, offsetof(struct cspark_result, detail));
	result->detail[0] = result->content_type[0] = result->disposition[0] = result->location[0] = '\0';
	result->retry_after_s = -1;
}

static size_t
text_size(const struct cspark_request *request, const struct cspark_call *call, const char *origin)
{
	return strlen(origin) + strlen(request->path) + length(request->content_type)
		+ length(request->content_encoding) + length(request->accept) + length(call->request_id)
		+ length(call->traceparent) + length(call->tracestate)
		+ sizeof("content-type: content-encoding: accept: x-request-id: traceparent: tracestate: ")
		+ JOB_LINES + 1;
}

static void
put_lines(struct cspark_job *job, const struct cspark_call *call, char *at)
{
	const struct cspark_request *request = job->request;
	bool has_body = request->body || request->source;

	job->lines[0] = put_line(&at, "content-type: ", has_body ? request->content_type : NULL);
	job->lines[1] = put_line(&at, "x-request-id: ", call->request_id);
	job->lines[2] = put_line(&at, "traceparent: ", call->traceparent);
	job->lines[3] = put_line(&at, "content-encoding: ", has_body ? request->content_encoding : NULL);
	job->lines[4] = put_line(&at, "accept: ", request->accept);
	job->lines[5] = put_line(&at, "tracestate: ", call->tracestate);
}

struct cspark_job *
cspark_job_new(struct cspark_client *client, const struct cspark_request *request,
	const struct cspark_call *call, cspark_done_fn *done, void *arg)
{
	const char *origin = request->origin ? request->origin : client->origin;
	struct cspark_job *job = malloc(sizeof(*job) + text_size(request, call, origin));

	if (job == NULL)
		return NULL;
	clear(job);
	list_init(&job->link);
	job->client = client;
	job->request = request;
	job->origin = origin;
	job->abroad = request->origin && strcmp(request->origin, client->origin) != 0;
	job->sink = call->sink;
	job->done = done;
	job->arg = arg;
	job->deadline_ms = call->deadline_ms;
	job->parked_ms = cspark_client_now(client);
	job->url = job->text;
	put_lines(job, call, stpcpy(stpcpy(job->text, origin), request->path) + 1);
	return job;
}

static void
job_free(struct cspark_job *job)
{
	cspark_job_unpark(job);
	cspark_token_unref(job->token);
	free(job->result.body);
	job->client->jobs--;
	free(job);
}

/* ---- parking ---- */

static enum cspark_step
park(struct cspark_job *job, enum cspark_step next, int64_t until_ms, int64_t *charge)
{
	job->step = next;
	job->parked_ms = cspark_client_now(job->client);
	job->parked_charge = charge;
	if (until_ms >= 0)
		cspark_heap_set(&job->client->timers, &job->timer, until_ms);
	return CSPARK_STEP_PARKED;
}

void
cspark_job_unpark(struct cspark_job *job)
{
	list_remove(&job->link);
	cspark_heap_remove(&job->client->timers, &job->timer);
	if (job->parked_charge)
		*job->parked_charge += cspark_client_now(job->client) - job->parked_ms;
	job->parked_charge = NULL;
}

/* ---- failing without Spark ---- */

static enum cspark_step __attribute__((format(printf, 3, 4)))
fail(struct cspark_job *job, enum cspark_code code, const char *format, ...)
{
	struct cspark_result *result = &job->result;
	va_list args;

	result->code = code;
	result->status = 0;
	free(result->body);
	result->body = NULL;
	result->body_len = 0;
	result->content_type[0] = result->disposition[0] = result->location[0] = '\0';
	va_start(args, format);
	vsnprintf(result->detail, sizeof(result->detail), format, args);
	va_end(args);
	return CSPARK_STEP_FINISH;
}

static long
seconds_until(const struct cspark_job *job, int64_t at_ms)
{
	int64_t left_ms = at_ms - cspark_client_now(job->client);

	return left_ms <= 0 ? 1 : (long)((left_ms + 999) / 1000);
}

static enum cspark_step
fail_latched(struct cspark_job *job)
{
	const char *detail = job->client->token_error.detail;

	return fail(job, CSPARK_E_CREDENTIALS_REFUSED, "%s",
		detail[0] ? detail : "The credentials were refused: check client_id and client_secret.");
}

static enum cspark_step
fail_tokenless(struct cspark_job *job)
{
	struct cspark_client *client = job->client;

	job->result.retry_after_s = client->token_retry_ms < 0 ? 1 :
								 seconds_until(job, client->token_retry_ms);
	if (client->token_error.detail[0])
		return fail(job, CSPARK_E_TOKEN_UNAVAILABLE, "No access token before the deadline: %.200s",
			client->token_error.detail);
	return fail(job, CSPARK_E_TOKEN_UNAVAILABLE,
		"The token endpoint gave no access token before the deadline; check token_url and the "
		"network.");
}

static enum cspark_step
fail_late(struct cspark_job *job)
{
	return fail(job, CSPARK_E_UPSTREAM_TIMEOUT,
		"The deadline passed before the request could be sent; allow more time.");
}

/* A call that has been tried ends with the failure it had; but that its token was refused is none, since a
 * newer one would have been tried. */
static enum cspark_step
fail_open(struct cspark_job *job)
{
	struct cspark_client *client = job->client;

	if (job->result.attempts > 0 && job->result.code != CSPARK_E_CREDENTIALS_REFUSED)
		return CSPARK_STEP_FINISH;
	job->result.retry_after_s = seconds_until(job, client->breaker.until_ms);
	return fail(job, CSPARK_E_CIRCUIT_OPEN,
		"Too many of the last requests to %.120s failed; the next one may be sent in %ld s.",
		client->origin, job->result.retry_after_s);
}

/* ---- the steps ---- */

static bool
is_open(const struct cspark_job *job)
{
	struct cspark_client *client = job->client;

	return !job->abroad && cspark_breaker_left_ms(&client->breaker, cspark_client_now(client)) > 0;
}

static enum cspark_step
step_authorize(struct cspark_job *job)
{
	struct cspark_client *client = job->client;
	struct cspark_token *token;

	cspark_token_unref(job->token);
	job->token = NULL;
	if (is_open(job))
		return fail_open(job);
	if (job->request->is_public)
		return CSPARK_STEP_HOLD;
	token = cspark_client_usable_token(client, job->refused_generation);
	if (token) {
		job->token = cspark_token_ref(token);
		return CSPARK_STEP_HOLD;
	}
	if (client->latched)
		return fail_latched(job);
	if (cspark_client_now(client) >= job->deadline_ms)
		return fail_tokenless(job);
	cspark_client_ask_token(client, job->refused_generation);
	list_append(&client->waiting, &job->link);
	return park(job, CSPARK_STEP_AUTHORIZE, job->deadline_ms, &job->result.timing.token_ms);
}

static enum cspark_step
step_hold(struct cspark_job *job)
{
	struct cspark_client *client = job->client;

	if (job->abroad || client->hold_until_ms <= cspark_client_now(client))
		return CSPARK_STEP_SEND;
	if (client->hold_until_ms < job->deadline_ms)
		return park(job, CSPARK_STEP_AUTHORIZE, client->hold_until_ms, &job->result.timing.wait_ms);
	job->result.retry_after_s = seconds_until(job, client->hold_until_ms);
	return fail(job, CSPARK_E_SPARK_RATE_LIMITED,
		"Spark asked for silence for another %ld s, which is longer than this call may take.",
		job->result.retry_after_s);
}

static void
on_exchange(void *arg, struct cspark_exchange *exchange)
{
	struct cspark_job *job = arg;

	cspark_job_unpark(job);
	cspark_job_run(job);
}

/* Who is asked elsewhere without credentials need not know whose they would be. */
static void
fill_question(struct cspark_job *job)
{
	const struct cspark_request *request = job->request;
	struct cspark_client *client = job->client;
	struct cspark_exchange *exchange = &job->exchange;

	exchange->route = &client->route;
	exchange->method = request->method;
	exchange->url = job->url;
	exchange->line_count = 0;
	for (unsigned i = 0; i < JOB_LINES; i++)
		cspark_exchange_line(exchange, job->lines[i]);
	for (const char *const *line = job->request->lines; line && *line; line++)
		cspark_exchange_line(exchange, *line);
	if (!job->abroad || !request->is_public)
		cspark_exchange_line(exchange, client->tenant_line);
	cspark_exchange_line(exchange, job->token ? job->token->line : NULL);
	exchange->body = request->body;
	exchange->body_len = request->body ? request->body_len : 0;
	exchange->source = request->source;
	exchange->parts = request->parts;
	exchange->part_count = request->part_count;
	exchange->sink = job->sink;
	exchange->public_only = request->public_addresses_only;
	exchange->deadline_ms = job->deadline_ms;
	exchange->max_answer = client->options.max_answer;
	exchange->done = on_exchange;
	exchange->arg = job;
}

static enum cspark_step
step_send(struct cspark_job *job)
{
	struct cspark_client *client = job->client;

	if (cspark_client_now(client) >= job->deadline_ms)
		return fail_late(job);
	if (is_open(job))
		return fail_open(job);
	fill_question(job);
	if (job->result.attempts++ == 0)
		cspark_budget_earn(&client->budget);
	if (!job->abroad)
		job->era = cspark_breaker_begin(&client->breaker, cspark_client_now(client));
	cspark_exchange_send(client->transport, &job->exchange);
	return park(job, CSPARK_STEP_JUDGE, -1, &job->result.timing.spark_ms);
}

static void
learn(struct cspark_job *job, enum cspark_sign sign)
{
	if (!job->abroad)
		cspark_client_learn(job->client, job->era, sign);
}

/* <to> and <from> are of the same size. */
static void
copy_text(char *to, const char *from)
{
	memcpy(to, from, strlen(from) + 1);
}

/* What a call knows of Spark is its last answer; whether Spark ran it, all attempts together say. */
static void
keep_answer(struct cspark_job *job, const struct cspark_verdict *verdict)
{
	struct cspark_exchange *exchange = &job->exchange;
	struct cspark_result *result = &job->result;

	_Static_assert(sizeof(result->content_type) == sizeof(exchange->head.content_type)
			&& sizeof(result->disposition) == sizeof(exchange->head.disposition)
			&& sizeof(result->location) == sizeof(exchange->head.location),
		"texts of a head fit into a result");
	free(result->body);
	result->body = exchange->answer;
	result->body_len = exchange->answer_len;
	exchange->answer = NULL;
	result->code = verdict->code;
	result->status = exchange->head.status;
	copy_text(result->content_type, exchange->head.content_type);
	copy_text(result->disposition, exchange->head.disposition);
	copy_text(result->location, exchange->head.location);
	if (verdict->code == CSPARK_OK || verdict->outcome > result->outcome)
		result->outcome = verdict->outcome;
}

static struct cspark_retry_answer
decide(struct cspark_job *job, enum cspark_event event, int64_t retry_after_ms)
{
	struct cspark_client *client = job->client;
	int64_t now = cspark_client_now(client);
	struct cspark_retry_question question = {
		.class = cspark_operation_class(job->request->operation),
		.event = event,
		.retry_after_ms = retry_after_ms,
		.left_ms = job->deadline_ms - now,
		.now_ms = now,
		.random = client->host.random(client->host.arg),
	};

	return cspark_retry_decide(&client->options.retry, &question, &job->retry, &client->budget);
}

/* Servers count whole seconds, and from the moment of issue. */
static bool
is_over(const struct cspark_client *client, const struct cspark_token *token)
{
	return token->expires_ms >= 0 && token->expires_ms - 1000 <= cspark_client_now(client);
}

static bool
wants_newer_token(enum cspark_event event)
{
	return event == CSPARK_EVENT_UNAUTHORIZED || event == CSPARK_EVENT_EXPIRED;
}

static enum cspark_step
step_judge(struct cspark_job *job)
{
	struct cspark_client *client = job->client;
	const struct cspark_exchange *exchange = &job->exchange;
	struct cspark_judge_facts facts = {
		.exchange = exchange,
		.expects_json = job->request->expects_json && job->sink == NULL,
		.authorized = !job->request->is_public,
		.renewable = job->token && job->token->renewable,
		.expired = job->token && is_over(client, job->token),
		.retry_after_ms = cspark_head_retry_after_ms(
			&exchange->head, client->host.wall_s(client->host.arg)),
	};
	struct cspark_verdict verdict = cspark_judge(&facts);
	struct cspark_retry_answer retry;

	learn(job, verdict.sign);
	if (verdict.code == CSPARK_OK) {
		keep_answer(job, &verdict);
		return CSPARK_STEP_FINISH;
	}
	cspark_judge_detail(&facts, &verdict, job->origin, job->result.detail, sizeof(job->result.detail));
	keep_answer(job, &verdict);
	job->result.retry_after_s = facts.retry_after_ms < 0 ? -1 :
							       (long)((facts.retry_after_ms + 999) / 1000);
	if (verdict.event == CSPARK_EVENT_REFUSED && facts.retry_after_ms > 0 && !job->abroad)
		cspark_client_spread_hold(client, cspark_client_now(client) + facts.retry_after_ms);
	if (is_open(job) && !wants_newer_token(verdict.event))
		return CSPARK_STEP_FINISH;
	retry = decide(job, verdict.event, facts.retry_after_ms);
	if (retry.again || retry.denied)
		job->result.retries_by_cause[retry.cause]++;
	if (!retry.again)
		return CSPARK_STEP_FINISH;
	if (retry.cause == CSPARK_CAUSE_UNAUTHORIZED)
		job->refused_generation = job->token->generation;
	job->wait_ms = retry.wait_ms;
	return CSPARK_STEP_BACK_OFF;
}

static enum cspark_step
step_back_off(struct cspark_job *job)
{
	if (job->wait_ms == 0)
		return CSPARK_STEP_AUTHORIZE;
	return park(job, CSPARK_STEP_AUTHORIZE, cspark_client_now(job->client) + job->wait_ms,
		&job->result.timing.wait_ms);
}

/* Asking again helps where the code says so, unless it might do a change twice. */
static bool
is_retryable(const struct cspark_job *job)
{
	enum cspark_class class = cspark_operation_class(job->request->operation);
	bool repeats = class == CSPARK_CLASS_READ || class == CSPARK_CLASS_EXECUTE;

	return cspark_code_retryable(job->result.code) && (repeats || job->result.outcome == CSPARK_NOT_SENT);
}

static enum cspark_step
step_finish(struct cspark_job *job)
{
	struct cspark_result *result = &job->result;

	if (result->code == CSPARK_OK)
		result->detail[0] = '\0';
	else
		result->retryable = is_retryable(job);
	job->done(job->arg, result);
	job_free(job);
	return CSPARK_STEP_OVER;
}

static const struct {
	const char *name;
	enum cspark_step (*run)(struct cspark_job *job);
} STEPS[CSPARK_STEPS] = {
	[CSPARK_STEP_AUTHORIZE] = { "authorize", step_authorize },
	[CSPARK_STEP_HOLD] = { "hold", step_hold },
	[CSPARK_STEP_SEND] = { "send", step_send },
	[CSPARK_STEP_JUDGE] = { "judge", step_judge },
	[CSPARK_STEP_BACK_OFF] = { "back off", step_back_off },
	[CSPARK_STEP_FINISH] = { "finish", step_finish },
};

const char *
cspark_step_name(enum cspark_step step)
{
	return (unsigned)step < CSPARK_STEPS ? STEPS[step].name : "?";
}

void
cspark_job_run(struct cspark_job *job)
{
	enum cspark_step step = job->step;

	while ((unsigned)step < CSPARK_STEPS)
		step = STEPS[step].run(job);
}

void
cspark_job_cancel(struct cspark_job *job, enum cspark_outcome *ret_outcome, unsigned *ret_attempts)
{
	enum cspark_outcome outcome = job->result.outcome;

	if (job->step == CSPARK_STEP_JUDGE) {
		cspark_exchange_cancel(job->client->transport, &job->exchange);
		learn(job, CSPARK_NO_SIGN);
		if (job->exchange.sent && outcome == CSPARK_NOT_SENT)
			outcome = CSPARK_MAYBE_EXECUTED;
	}
	if (ret_outcome)
		*ret_outcome = outcome;
	if (ret_attempts)
		*ret_attempts = job->result.attempts;
	job_free(job);
}
