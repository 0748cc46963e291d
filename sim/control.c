#include "sim/control.h"

#include "base/json_text.h"
#include "sim/exchange.h"
#include "sim/member.h"
#include "sim/options.h"
#include "sim/seed.h"

#include <stdio.h>
#include <stdlib.h>

#define WAIT_MAX_MS 600000

static void
say(struct exchange *ex, int status, const char *text)
{
	answer_reset(&ex->answer, status, "application/json");
	buf_put_str(&ex->answer.body, STR("{\"message\":"));
	json_quote(str_of(text), &ex->answer.body);
	buf_put_str(&ex->answer.body, STR("}\n"));
}

/* "headers": {"Retry-After": "2"} becomes header lines. */
static bool
read_headers(struct str object, char *ret, size_t max)
{
	struct json_walk walk;
	struct str key, value;
	struct buf lines;
	bool good = true;

	buf_init(&lines, max - 1);
	json_walk_init(&walk, json_member(object, STR("headers")));
	while (good && json_walk_next(&walk, &key, &value)) {
		good = json_unquote(key, &lines) && buf_put_str(&lines, STR(": ")) &&
			json_unquote(value, &lines) && buf_put_str(&lines, STR("\r\n"));
	}
	if (good && lines.len)
		memcpy(ret, lines.data, lines.len);
	ret[good ? lines.len : 0] = 0;
	buf_fini(&lines);
	return good;
}

/* The number has a name of its own for each kind of use; they all mean n. */
static bool
read_n(struct str object, long *ret)
{
	static const char *const names[] = { "n", "ms", "bytes", "seconds", "count" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!member_long(object, names[i], ret))
			return false;
	return true;
}

static bool
read_mood(struct str object, const char *member, struct mood *ret)
{
	char name[64];
	long status = 0;

	if (!member_text(object, member, name, sizeof(name)) || !mood_read(str_of(name), ret))
		return false;
	if (!read_n(object, &ret->n) || !member_long(object, "status", &status))
		return false;
	ret->status = (int)status;
	return member_long(object, "delay_ms", &ret->delay_ms) &&
		member_text(object, "text", ret->text, sizeof(ret->text)) &&
		read_headers(object, ret->headers, sizeof(ret->headers));
}

static bool
read_wish(struct str object, struct mood_wish *ret)
{
	long percent = 100;
	bool good;

	*ret = (struct mood_wish){ .times = -1 };
	good = member_text(object, "service", ret->service, sizeof(ret->service)) &&
		member_text(object, "operation", ret->operation, sizeof(ret->operation)) &&
		member_text(object, "path", ret->path, sizeof(ret->path)) &&
		member_long(object, "after", &ret->after) && member_long(object, "times", &ret->times) &&
		member_long(object, "percent", &percent);
	ret->percent = (unsigned)percent;
	if (!ret->service[0])
		snprintf(ret->service, sizeof(ret->service), "*");
	return good;
}

static void
add_mood(struct exchange *ex, struct moods *moods, const char *member)
{
	struct str body = request_body(&ex->request);
	struct mood_wish wish;
	struct mood mood;

	if (!read_wish(body, &wish) || !read_mood(body, member, &mood))
		say(ex, 400, "no such mood, or an argument is wrong");
	else if (wish.times != 0 && !moods_add(moods, &wish, &mood))
		say(ex, 507, "too many moods");
	else
		say(ex, 200, mood.kind->name);
}

static void
on_mood(struct exchange *ex)
{
	struct str body = request_body(&ex->request);
	char service[160];

	if (!member_text(body, "service", service, sizeof(service)))
		say(ex, 400, "service is no text");
	else if (json_is_null(json_member(body, STR("mood")))) {
		moods_clear(&ex->world->moods, str_of(service[0] ? service : "*"));
		say(ex, 200, "cleared");
	} else {
		add_mood(ex, &ex->world->moods, "mood");
	}
}

static void
on_token(struct exchange *ex)
{
	struct str body = request_body(&ex->request), lifetime = json_member(body, STR("lifetime"));
	struct str fault = json_member(body, STR("fault"));
	char text[256];

	if (json_member(body, STR("secret")).at && member_text(body, "secret", text, sizeof(text)))
		tokens_set_secret(&ex->world->tokens, text);
	if (!json_is_null(lifetime) && member_text(body, "lifetime", text, sizeof(text)))
		tokens_set_lifetime(&ex->world->tokens, strtod(text, NULL));
	if (!json_is_null(fault)) {
		add_mood(ex, &ex->world->token_moods, "fault");
		return;
	}
	if (fault.at)
		moods_clear(&ex->world->token_moods, STR("*"));
	say(ex, 200, "done");
}

static bool
read_plan(struct str object, const struct jobs *jobs, struct job_plan *ret)
{
	static const char *const outcomes[] = { "succeed", "fail", "never" };
	char outcome[40];
	int i;

	*ret = (struct job_plan){ .polls = jobs->usual_polls, .times = -1 };
	if (!member_text(object, "outcome", outcome, sizeof(outcome)) ||
		!member_long(object, "polls", &ret->polls) || !member_long(object, "ms", &ret->wait_ms) ||
		!member_long(object, "times", &ret->times) ||
		!member_text(object, "message", ret->message, sizeof(ret->message)) ||
		!member_long(object, "after", &ret->after) || !member_long(object, "lose", &ret->lose) ||
		!member_long(object, "withhold", &ret->withhold))
		return false;
	ret->reverse = member_is_true(object, "reverse");
	for (i = 0; i < 3; i++)
		if (strcmp(outcome, outcomes[i]) == 0)
			ret->outcome = (enum job_outcome)i;
	return !outcome[0] || strcmp(outcome, outcomes[ret->outcome]) == 0;
}

static void
on_job(struct exchange *ex)
{
	struct str body = request_body(&ex->request);
	struct jobs *jobs = &ex->world->jobs;
	struct job_plan plan;
	enum job_kind kind;
	char name[40];

	if (!member_text(body, "kind", name, sizeof(name)) || !job_kind_read(str_of(name), &kind) ||
		!read_plan(body, jobs, &plan)) {
		say(ex, 400, "no such kind of job, or an argument is wrong");
		return;
	}
	pthread_mutex_lock(&ex->world->store.lock);
	jobs->plans[kind] = plan;
	pthread_mutex_unlock(&ex->world->store.lock);
	say(ex, 200, name);
}

static void
on_batch(struct exchange *ex)
{
	struct str body = request_body(&ex->request);
	struct batch *batch = NULL;
	enum batch_status status;
	char id[UUID_BYTES], name[40];

	pthread_mutex_lock(&ex->world->store.lock);
	if (member_text(body, "id", id, sizeof(id)) && member_text(body, "status", name, sizeof(name)) &&
		batch_status_read(str_of(name), &status))
		batch = batch_find(&ex->world->batches, str_of(id));
	if (batch)
		batch->status = status;
	pthread_mutex_unlock(&ex->world->store.lock);
	say(ex, batch ? 200 : 400, batch ? "done" : "no such batch or status");
}

static void
on_limits(struct exchange *ex)
{
	struct str body = request_body(&ex->request);
	struct world *world = ex->world;

	if (body.len && !limits_read(&world->limits, &world->options->limits, body)) {
		say(ex, 400, "no such limit, or no number");
		return;
	}
	gate_changed(&world->gate);
	if (json_member(body, STR("rate")).at || json_member(body, STR("burst")).at)
		gate_fill(&world->gate);
	answer_reset(&ex->answer, 200, "application/json");
	limits_put_json(&world->limits, &ex->answer.body);
}

static void
on_flaw(struct exchange *ex)
{
	struct str body = request_body(&ex->request);
	struct flaw flaw;

	if (json_is_null(json_member(body, STR("input")))) {
		flaws_clear(&ex->world->flaws);
		say(ex, 200, "cleared");
	} else if (!flaw_read(body, &flaw)) {
		say(ex, 400, "no such effect, or an argument is wrong");
	} else if (!flaws_add(&ex->world->flaws, &flaw)) {
		say(ex, 507, "too many flaws");
	} else {
		say(ex, 200, flaw.input);
	}
}

static void
on_documents(struct exchange *ex)
{
	struct str body = request_body(&ex->request);
	struct documents *documents = &ex->world->documents;
	char text[40];

	pthread_mutex_lock(&ex->world->store.lock);
	if (member_text(body, "lifetime", text, sizeof(text)) && text[0])
		documents->lifetime_s = strtod(text, NULL);
	if (member_is_true(body, "expire"))
		documents_clear(documents);
	pthread_mutex_unlock(&ex->world->store.lock);
	say(ex, 200, "done");
}

static void
release(struct world *world)
{
	__atomic_add_fetch(&world->releases, 1, __ATOMIC_RELEASE);
}

static void
on_release(struct exchange *ex)
{
	release(ex->world);
	say(ex, 200, "released");
}

static void
on_reset(struct exchange *ex)
{
	struct world *world = ex->world;

	moods_clear(&world->moods, STR("*"));
	moods_clear(&world->token_moods, STR("*"));
	tokens_set_lifetime(&world->tokens, world->options->token_lifetime_s);
	tokens_set_secret(&world->tokens, "");
	ledger_reset(&world->ledger);
	world_reset(world);
	limits_copy(&world->limits, &world->options->limits);
	gate_changed(&world->gate);
	gate_fill(&world->gate);
	flaws_clear(&world->flaws);
	stats_reset(&world->stats);
	release(world);
	say(ex, 200, "reset");
}

static void
on_revoke(struct exchange *ex)
{
	tokens_revoke(&ex->world->tokens);
	say(ex, 200, "revoked");
}

static void
on_ledger(struct exchange *ex)
{
	struct str raw = request_query(&ex->request, STR("request_id"));
	struct buf id;

	buf_init(&id, 65536);
	answer_reset(&ex->answer, 200, "application/json");
	if (raw.at && !str_percent_decode(raw, false, &id))
		say(ex, 400, "bad percent encoding");
	else
		ledger_put_json(&ex->world->ledger, raw.at ? str_range(id.len ? id.data : "", id.len) : raw,
			&ex->answer.body);
	buf_fini(&id);
}

static void
on_stats(struct exchange *ex)
{
	answer_reset(&ex->answer, 200, "application/json");
	stats_put_json(&ex->world->stats, &ex->answer.body);
}

/* ?inflight=N, ?<counter>=N or ?<counter>_below=N, with timeout_ms. 408 if it does not come to that. */
static void
on_wait(struct exchange *ex)
{
	struct str rest = ex->request.query, limit = request_query(&ex->request, STR("timeout_ms"));
	uint64_t timeout_ms = 10000, bound;

	if (limit.at && !str_to_u64(limit, WAIT_MAX_MS, &timeout_ms)) {
		say(ex, 400, "timeout_ms");
		return;
	}
	while (rest.at && rest.len) {
		struct str value, name = str_cut(str_cut(rest, '&', &rest), '=', &value);
		bool below = str_ends(name, STR("_below"));
		enum stat stat;

		if (str_eq(name, STR("timeout_ms")))
			continue;
		if (below)
			name.len -= 6;
		stat = str_eq(name, STR("inflight")) ? STAT_in_flight : stats_find(name);
		if (stat == STAT_COUNT || !str_to_u64(value, INT32_MAX, &bound)) {
			say(ex, 400, "no such counter, or no number");
			return;
		}
		if (!stats_wait(&ex->world->stats, stat, (long)bound - below, below, (long)timeout_ms)) {
			say(ex, 408, "it has not come to that");
			return;
		}
	}
	on_stats(ex);
}

static const struct {
	const char *method;
	const char *path;
	void (*serve)(struct exchange *ex);
} routes[] = {
	{ "POST", "/_sim/mood", on_mood },
	{ "POST", "/_sim/token", on_token },
	{ "POST", "/_sim/job", on_job },
	{ "POST", "/_sim/batch", on_batch },
	{ "POST", "/_sim/limits", on_limits },
	{ "POST", "/_sim/flaw", on_flaw },
	{ "POST", "/_sim/documents", on_documents },
	{ "POST", "/_sim/release", on_release },
	{ "POST", "/_sim/reset", on_reset },
	{ "POST", "/_sim/revoke", on_revoke },
	{ "GET", "/_sim/ledger", on_ledger },
	{ "GET", "/_sim/stats", on_stats },
	{ "GET", "/_sim/wait", on_wait },
};

void
control_serve(struct exchange *ex)
{
	struct str body = request_body(&ex->request);
	size_t i;

	if (body.len && !json_valid(body.at, body.len, NULL)) {
		say(ex, 400, "the body is no JSON");
		return;
	}
	for (i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (!str_eq(ex->request.path, str_of(routes[i].path)))
			continue;
		if (!str_eq(ex->request.method, str_of(routes[i].method))) {
			say(ex, 405, routes[i].method);
			return;
		}
		routes[i].serve(ex);
		return;
	}
	say(ex, 404, "no such control route");
}
