#include "sim/serve.h"

#include "sim/control.h"
#include "sim/exchange.h"
#include "sim/execute.h"
#include "sim/options.h"
#include "sim/play.h"
#include "sim/refuse.h"
#include "sim/services.h"

#include <stdio.h>

enum realm { REALM_NONE, REALM_CONTROL, REALM_HEALTH, REALM_TOKEN, REALM_V3, REALM_V4 };

struct route {
	enum realm realm;
	struct str place; /* the realm of the token endpoint, the tenant of the API; raw */
	struct str rest;  /* v3: the locator; raw */
	bool open;
};

static bool
drop_prefix(struct str *text, struct str prefix)
{
	if (!str_starts(*text, prefix))
		return false;
	*text = str_range(text->at + prefix.len, text->len - prefix.len);
	return true;
}

/* A whole word of the path, with the slash behind it if there is more. */
static bool
drop_word(struct str *text, struct str word)
{
	struct str rest = *text;

	if (!drop_prefix(&rest, word) || (rest.len && !drop_prefix(&rest, STR("/"))))
		return false;
	*text = rest;
	return true;
}

static struct route
find_route(struct str path)
{
	struct route ret = { .realm = REALM_NONE };

	if (drop_prefix(&path, STR("/_sim/"))) {
		ret.realm = REALM_CONTROL;
	} else if (str_eq(path, STR("/health"))) {
		ret.realm = REALM_HEALTH;
	} else if (drop_prefix(&path, STR("/auth/realms/"))) {
		ret.place = str_cut(path, '/', &path);
		if (str_eq(path, STR("protocol/openid-connect/token")))
			ret.realm = REALM_TOKEN;
	} else if (drop_prefix(&path, STR("/"))) {
		ret.place = str_cut(path, '/', &path);
		if (drop_word(&path, STR("api/v3")))
			ret.realm = REALM_V3;
		else if (drop_word(&path, STR("api/v4")))
			ret.realm = REALM_V4;
		ret.open = ret.realm && drop_word(&path, STR("public"));
		ret.rest = path;
		if (ret.realm == REALM_V4 && !str_eq(path, STR("execute")))
			ret.realm = REALM_NONE;
	}
	return ret;
}

static bool
is_our_tenant(struct exchange *ex, struct str raw)
{
	struct buf text;
	bool ours;

	buf_init(&text, 65536);
	ours = str_percent_decode(raw, false, &text) &&
		str_eq(buf_text(&text), str_of(ex->world->options->tenant));
	buf_fini(&text);
	return ours;
}

static void
execute(struct exchange *ex, const struct route *route)
{
	enum family family = route->realm == REALM_V4 ? FAMILY_V4 : FAMILY_V3;

	if (!is_our_tenant(ex, route->place))
		refuse(ex, family, 400, "TENANT_MISMATCH", "no such tenant");
	else if (family == FAMILY_V4)
		execute_v4(ex, route->open);
	else
		execute_v3(ex, route->rest, route->open);
}

static void
answer_request(struct exchange *ex, const struct route *route)
{
	switch (route->realm) {
	case REALM_CONTROL: control_serve(ex); break;
	case REALM_HEALTH:
		answer_set(&ex->answer, 200, "application/json", STR("{\"status\":\"UP\"}"));
		break;
	case REALM_TOKEN: token_serve(ex, route->place); break;
	case REALM_V3:
	case REALM_V4: execute(ex, route); break;
	case REALM_NONE: refuse(ex, FAMILY_V3, 404, "NOT_FOUND", ""); break;
	}
	if (route->realm < REALM_TOKEN)
		stats_add(&ex->world->stats, STAT_other_requests, 1);
}

/* The service as far as the path tells, "folder/service": an early mood cannot wait for the body. */
static void
label_from_path(struct exchange *ex, const struct route *route)
{
	struct str folder, rest = route->rest;
	struct buf text;

	ex->label[0] = 0;
	if (route->realm != REALM_V3 || !drop_prefix(&rest, STR("folders/")))
		return;
	folder = str_cut(rest, '/', &rest);
	if (!drop_prefix(&rest, STR("services/")))
		return;
	buf_init(&text, sizeof(ex->label) - 1);
	if (str_percent_decode(folder, false, &text) && buf_put_char(&text, '/') &&
		str_percent_decode(str_cut(rest, '/', &rest), false, &text))
		snprintf(ex->label, sizeof(ex->label), "%.*s", STR_ARG(buf_text(&text)));
	buf_fini(&text);
}

static struct moods *
moods_of(struct exchange *ex, const struct route *route)
{
	if (route->realm == REALM_TOKEN)
		return &ex->world->token_moods;
	return route->realm == REALM_V3 || route->realm == REALM_V4 ? &ex->world->moods : NULL;
}

/* "mood-early-413" as a service name acts before the body, too. */
static bool
early_mood(struct exchange *ex, const struct route *route, struct mood *ret)
{
	struct moods *moods = moods_of(ex, route);
	struct str name, folder;
	struct located located;

	if (!moods)
		return false;
	if (moods_pick(moods, ex->label, true, ret))
		return true;
	folder = str_cut(str_of(ex->label), '/', &name);
	services_by_name(folder, name, false, &located);
	*ret = located.mood;
	return ret->kind && ret->kind->early;
}

static bool
late_mood(struct exchange *ex, const struct route *route, struct mood *ret)
{
	struct moods *moods = moods_of(ex, route);
	bool good = route->realm == REALM_TOKEN ? ex->token[0] != 0 : ex->executes;

	if (!moods || !good)
		return false;
	if (moods_pick(moods, ex->label, false, ret))
		return true;
	*ret = ex->mood;
	return ret->kind && !ret->kind->early;
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

/* A call in flight has all that decides its answer, but for the moods of the moment. */
static enum fate
fly(struct exchange *ex, const struct route *route)
{
	bool executes = route->realm == REALM_V3 || route->realm == REALM_V4;
	struct mood mood;
	enum fate fate;

	ex->releases = __atomic_load_n(&ex->world->releases, __ATOMIC_ACQUIRE);
	if (executes)
		stats_enter(&ex->world->stats);
	answer_request(ex, route);
	if (ex->wire->left)
		fate = FATE_CLOSE;
	else if (late_mood(ex, route, &mood))
		fate = play(ex, &mood);
	else
		fate = play_answer(ex);
	exchange_over(ex);
	if (executes)
		stats_leave(&ex->world->stats);
	return fate;
}

static enum fate
serve_recorded(struct exchange *ex, const struct route *route)
{
	struct mood mood;
	enum fate fate;
	int wrong;

	ex->seq = ledger_begin(&ex->world->ledger, ex->connection, &ex->request);
	ex->recorded = true;
	stats_add(&ex->world->stats, STAT_requests, 1);
	label_from_path(ex, route);
	if (early_mood(ex, route, &mood)) {
		fate = play(ex, &mood);
		exchange_over(ex);
		return fate;
	}
	wrong = http_read_body(ex->wire, &ex->request);
	ledger_body(&ex->world->ledger, ex->seq, &ex->request);
	if (!wrong)
		return fly(ex, route);
	fate = refuse_http(ex, wrong);
	exchange_over(ex);
	return fate;
}

static void
begin(struct exchange *ex)
{
	answer_reset(&ex->answer, 200, NULL);
	ex->label[0] = 0;
	ex->records = 0;
	ex->mood.kind = NULL;
	ex->executes = false;
	ex->answered = false;
	ex->recorded = false;
	ex->played = NULL;
	ex->token[0] = 0;
}

enum fate
serve_one(struct exchange *ex)
{
	struct route route;
	int wrong;

	begin(ex);
	wrong = http_read_head(ex->wire, &ex->request);
	if (wrong)
		return refuse_http(ex, wrong);
	route = find_route(ex->request.path);
	if (route.realm != REALM_CONTROL)
		return serve_recorded(ex, &route);
	wrong = http_read_body(ex->wire, &ex->request);
	if (wrong)
		return refuse_http(ex, wrong);
	control_serve(ex);
	return play_answer(ex);
}
