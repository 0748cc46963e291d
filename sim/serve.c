#include "sim/serve.h"

#include "sim/control.h"
#include "sim/exchange.h"
#include "sim/execute.h"
#include "sim/operations.h"
#include "sim/options.h"
#include "sim/play.h"
#include "sim/refuse.h"
#include "sim/services.h"

#include <stdio.h>

static enum family
family_of(const struct exchange *ex)
{
	return ex->match.route ? ex->match.route->family : FAMILY_NONE;
}

static bool
is_token_request(const struct exchange *ex)
{
	return ex->match.route && ex->match.route->serve == serve_token;
}

/* Is there such an endpoint, for this tenant, these credentials, this method? False once refused. */
static bool
admit(struct exchange *ex)
{
	const struct route *route = ex->match.route;
	struct str tenant = match_arg(&ex->match, "tenant");
	bool runner = ex->world->options->runner;
	struct buf allowed;

	if (!route) {
		refuse(ex, FAMILY_V3, 404, "NOT_FOUND", "");
		return false;
	}
	if (tenant.at && !str_eq(tenant, str_of(ex->world->options->tenant))) {
		refuse(ex, route->family, 400, "TENANT_MISMATCH", "no such tenant");
		return false;
	}
	if (route->needs != NEEDS_NOTHING && !runner &&
		!refuse_strangers(ex, route->family, ex->match.open, route->needs == NEEDS_KEY))
		return false;
	if (ex->match.method)
		return true;
	refuse(ex, route->family, 405, "METHOD_NOT_ALLOWED", "the method is not allowed");
	buf_init(&allowed, 256);
	route_allowed(ex->request.path, runner, &allowed);
	buf_printf(&ex->answer.headers, "Allow: %.*s\r\n", STR_ARG(buf_text(&allowed)));
	buf_fini(&allowed);
	return false;
}

static void
operate(struct exchange *ex)
{
	const struct route *route = ex->match.route;

	if (route->free) {
		route->serve(ex);
		return;
	}
	stats_add(&ex->world->stats, route->family == FAMILY_NONE ? STAT_other_requests : STAT_operations, 1);
	pthread_mutex_lock(&ex->world->store.lock);
	route->serve(ex);
	pthread_mutex_unlock(&ex->world->store.lock);
	ex->good = ex->answer.status < 400;
}

/* The service as far as the path tells, "folder/service": an early mood cannot wait for the body. */
static void
label_from_path(struct exchange *ex)
{
	struct str folder = match_arg(&ex->match, "folder"), service = match_arg(&ex->match, "service");

	ex->label[0] = 0;
	if (!folder.at || !service.at)
		return;
	snprintf(ex->label, sizeof(ex->label), "%.*s/%.*s", STR_ARG(folder), STR_ARG(service));
	services_mood(service, &ex->mood);
}

/* The mood that is to be played now: one that was asked for by a control route, or by the service's name. */
static bool
pick_mood(struct exchange *ex, unsigned moments, struct mood *ret)
{
	bool token = is_token_request(ex);
	struct mood_call call = { .service = ex->label, .path = ex->request.path };

	if (!ex->match.route)
		return false;
	call.operation = ex->match.route->operation;
	call.api = token || ex->match.route->family != FAMILY_NONE;
	if (moods_pick(token ? &ex->world->token_moods : &ex->world->moods, &call, moments, ret))
		return !play_passes(ex, ret);
	*ret = ex->mood;
	return ret->kind && (ret->kind->moment & moments) && !play_passes(ex, ret);
}

static enum fate
play(struct exchange *ex, const struct mood *mood)
{
	stats_add(&ex->world->stats, STAT_moods_played, 1);
	ex->played = mood->kind->name;
	if (mood->delay_ms && wire_wait(ex->wire, mood->delay_ms * 1000))
		return FATE_CLOSE;
	return mood->kind->play(ex, mood);
}

static enum fate
refuse_http(struct exchange *ex, int status)
{
	if (status == HTTP_GONE)
		return FATE_CLOSE;
	stats_add(&ex->world->stats, STAT_bad_requests, 1);
	answer_set(&ex->answer, status, "text/plain", str_of(http_reason(status)));
	ex->answer.close = true;
	return play_answer(ex);
}

/* What was done is remembered before anyone can hear of it, and not at all if a mood says no. */
static void
remember(struct exchange *ex, bool refused)
{
	if (ex->record && !refused) {
		pthread_mutex_lock(&ex->world->store.lock);
		history_add(&ex->world->history, ex->record);
		pthread_mutex_unlock(&ex->world->store.lock);
	} else {
		record_free(ex->record);
	}
	ex->record = NULL;
}

/* Whether the body is more than the limits bear, as far as its head tells or, later, its length. */
static bool
is_oversized(const struct exchange *ex)
{
	double most = limit_get(&ex->world->limits, LIMIT_body_bytes);
	uint64_t bytes = ex->request.chunked ? request_body(&ex->request).len : ex->request.content_length;

	return most > 0 && family_of(ex) != FAMILY_NONE && (double)bytes > most;
}

/* False once refused. */
static bool
bear(struct exchange *ex)
{
	double wait_s = family_of(ex) == FAMILY_NONE ? 0 : gate_pass(&ex->world->gate);

	if (wait_s > 0)
		refuse_for_now(ex, family_of(ex), wait_s);
	else if (is_oversized(ex))
		refuse_oversized(ex, family_of(ex), 413);
	else
		return true;
	return false;
}

static enum fate
respond(struct exchange *ex)
{
	bool free;
	struct mood mood;
	bool moody;

	if (!admit(ex)) {
		if (family_of(ex) == FAMILY_NONE)
			stats_add(&ex->world->stats, STAT_other_requests, 1);
		return play_answer(ex);
	}
	if (!bear(ex))
		return play_answer(ex);
	free = ex->match.route->free;
	if (!free && pick_mood(ex, MOMENT_INSTEAD, &mood))
		return play(ex, &mood);
	operate(ex);
	moody = ex->good && pick_mood(ex, free ? MOMENT_INSTEAD | MOMENT_LATE : MOMENT_LATE, &mood);
	remember(ex, moody && mood.kind->moment == MOMENT_INSTEAD);
	if (ex->wire->left)
		return FATE_CLOSE;
	return moody ? play(ex, &mood) : play_answer(ex);
}

/* A call in flight has all that decides its answer, but for the moods of the moment. */
static enum fate
fly(struct exchange *ex)
{
	bool api = family_of(ex) != FAMILY_NONE;
	enum fate fate;

	ex->releases = __atomic_load_n(&ex->world->releases, __ATOMIC_ACQUIRE);
	if (api)
		stats_enter(&ex->world->stats);
	fate = respond(ex);
	exchange_over(ex);
	if (api)
		stats_leave(&ex->world->stats);
	return fate;
}

static enum fate
end(struct exchange *ex, enum fate fate)
{
	exchange_over(ex);
	return fate;
}

static enum fate
serve_recorded(struct exchange *ex)
{
	struct mood mood;
	int wrong;

	ex->seq = ledger_begin(&ex->world->ledger, ex->connection, &ex->request);
	ex->recorded = true;
	stats_add(&ex->world->stats, STAT_requests, 1);
	label_from_path(ex);
	if (is_oversized(ex)) {
		refuse_oversized(ex, family_of(ex), 413);
		ex->answer.close = true;
		return end(ex, play_answer(ex));
	}
	if (pick_mood(ex, MOMENT_EARLY, &mood))
		return end(ex, play(ex, &mood));
	wrong = http_read_body(ex->wire, &ex->request);
	ledger_body(&ex->world->ledger, ex->seq, &ex->request);
	if (!wrong)
		return fly(ex);
	return end(ex, refuse_http(ex, wrong));
}

static void
begin(struct exchange *ex)
{
	answer_reset(&ex->answer, 200, NULL);
	ex->match.route = NULL;
	ex->label[0] = 0;
	ex->records = 0;
	ex->mood.kind = NULL;
	ex->good = false;
	ex->answered = false;
	ex->recorded = false;
	ex->played = NULL;
	ex->token[0] = 0;
}

enum fate
serve_one(struct exchange *ex)
{
	int wrong;

	begin(ex);
	wrong = http_read_head(ex->wire, &ex->request);
	if (wrong)
		return refuse_http(ex, wrong);
	if (!str_starts(ex->request.path, STR("/_sim/"))) {
		route_find(&ex->match, ex->request.method, ex->request.path, ex->world->options->runner);
		return serve_recorded(ex);
	}
	wrong = http_read_body(ex->wire, &ex->request);
	if (wrong)
		return refuse_http(ex, wrong);
	control_serve(ex);
	return play_answer(ex);
}
