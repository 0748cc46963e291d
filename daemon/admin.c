#include "daemon/admin.h"

#include <json-c/json.h>
#include <stdio.h>

#include "base/version.h"

static const char *const auth_names[] = {
	[CSPARK_AUTH_OPEN] = "open",
	[CSPARK_AUTH_API_KEY] = "api_key",
	[CSPARK_AUTH_BEARER] = "bearer",
	[CSPARK_AUTH_OAUTH] = "oauth",
};
static const char *const state_names[] = {
	[CSPARK_TOKEN_NONE] = "none",
	[CSPARK_TOKEN_VALID] = "valid",
	[CSPARK_TOKEN_LATCHED] = "refused",
};

static int64_t
load(const _Atomic int64_t *value)
{
	return atomic_load_explicit(value, memory_order_relaxed);
}

static bool
tenant_is_usable(const struct admin_tenant *tenant, int64_t now_ms)
{
	int64_t expires_ms = load(&tenant->expires_ms);

	return atomic_load_explicit(&tenant->state, memory_order_relaxed) == CSPARK_TOKEN_VALID &&
		(expires_ms < 0 || expires_ms > now_ms);
}

bool
admin_has_credential(const struct admin *admin, const struct config *config)
{
	for (size_t i = 0; i < config->tenant_count; i++) {
		const struct admin_tenant *tenant = &admin->tenants[config->tenants[i].slot];

		if (atomic_load_explicit(&tenant->state, memory_order_relaxed) != CSPARK_TOKEN_LATCHED &&
			load(&tenant->since_ms) != 0)
			return true;
	}
	return false;
}

static struct admin_answer
say_state(struct buf *out, int status, const char *state)
{
	buf_printf(out, "{\"status\":\"%s\"}\n", state);
	return (struct admin_answer){ status, "application/json" };
}

static struct admin_answer
page_readyz(const struct admin *admin, const struct config *config, struct buf *out)
{
	const struct lifecycle_facts *life = lifecycle_facts(lifecycle_state(admin->life));

	if (!life->is_ready)
		return say_state(out, 503, life->probe);
	if (!admin_has_credential(admin, config))
		return say_state(out, 503, "no_credential");
	return say_state(out, 200, life->probe);
}

static struct admin_answer
page_event(const struct admin *admin, enum lifecycle_event event, const char *state, struct buf *out)
{
	admin->on_event(admin->arg, event);
	return say_state(out, 202, state);
}

/* <value> is taken. Without memory for an object the page lacks it. */
static void
put(struct json_object *object, const char *name, struct json_object *value)
{
	if (!object || json_object_object_add(object, name, value) != 0)
		json_object_put(value);
}

static void
put_element(struct json_object *list, struct json_object *value)
{
	if (!list || json_object_array_add(list, value) != 0)
		json_object_put(value);
}

static void
put_int(struct json_object *object, const char *name, int64_t value)
{
	put(object, name, json_object_new_int64(value));
}

static void
put_text(struct json_object *object, const char *name, const char *value)
{
	put(object, name, json_object_new_string(value));
}

static struct json_object *
status_of_tenant(const struct config_tenant *config, const struct admin_tenant *tenant, int64_t now_ms)
{
	struct json_object *object = json_object_new_object();
	struct json_object *token = json_object_new_object();
	int state = atomic_load_explicit(&tenant->state, memory_order_relaxed);
	int64_t expires_ms = load(&tenant->expires_ms);

	if (state == CSPARK_TOKEN_VALID && !tenant_is_usable(tenant, now_ms))
		state = CSPARK_TOKEN_NONE;
	put_text(object, "name", config->name);
	put_text(object, "base_url", config->base_url);
	put_text(object, "auth", auth_names[config->credentials.kind]);
	put_text(token, "state", state_names[state]);
	if (state == CSPARK_TOKEN_VALID) {
		put_int(token, "age_seconds", (now_ms - load(&tenant->since_ms)) / 1000);
		if (expires_ms >= 0)
			put_int(token, "expires_in_seconds", (expires_ms - now_ms) / 1000);
	}
	put_int(token, "fetches", (int64_t)atomic_load_explicit(&tenant->fetches, memory_order_relaxed));
	put_int(token, "failures", (int64_t)atomic_load_explicit(&tenant->failures, memory_order_relaxed));
	put(object, "token", token);
	return object;
}

static struct json_object *
status_of_reloads(const struct admin *admin, int64_t now_ms)
{
	struct json_object *object = json_object_new_object();
	int64_t last_ms = load(&admin->reloads.last_ms);
	bool last_failed = atomic_load_explicit(&admin->reloads.last_failed, memory_order_relaxed);

	put_int(object, "good",
		(int64_t)atomic_load_explicit(&admin->reloads.good, memory_order_relaxed));
	put_int(object, "failed",
		(int64_t)atomic_load_explicit(&admin->reloads.failed, memory_order_relaxed));
	put(object, "last_failed", json_object_new_boolean(last_failed));
	if (last_ms)
		put_int(object, "seconds_ago", (now_ms - last_ms) / 1000);
	return object;
}

static struct json_object *
status_of_counters(const struct admin *admin)
{
	static const struct {
		const char *name;
		enum metric metric;
	} rows[] = {
		{ "requests", METRIC_REQUESTS },
		{ "in_flight", METRIC_IN_FLIGHT },
		{ "queued", METRIC_QUEUED },
		{ "bulks", METRIC_BULKS },
		{ "bulks_held", METRIC_BULKS_HELD },
		{ "connections", METRIC_CONNECTIONS },
		{ "retries", METRIC_RETRIES },
		{ "errors", METRIC_ERRORS },
		{ "caller_left", METRIC_CALLER_LEFT },
	};
	struct json_object *object = json_object_new_object();

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		put_int(object, rows[i].name,
			(int64_t)metrics_sum(admin->metrics, admin->metrics_count, rows[i].metric));
	return object;
}

/* What is done a second, over the list's whole life. */
static double
speed_of(const struct board_list *list, int64_t elapsed_ms)
{
	return elapsed_ms > 0 ? (double)list->records_done * 1000 / (double)elapsed_ms : 0;
}

/* Nobody knows while more may come, or before anything is done. */
static struct json_object *
eta_of(const struct board_list *list, double speed)
{
	uint64_t left = list->records_in > list->records_done ? list->records_in - list->records_done : 0;

	if (!list->is_whole || speed <= 0)
		return NULL;
	return json_object_new_int64((int64_t)((double)left * 1000 / speed));
}

static struct json_object *
tenths(double value)
{
	char text[32];

	snprintf(text, sizeof(text), "%.1f", value);
	return json_object_new_double_s(value, text);
}

static struct json_object *
status_of_list(const struct board_list *list, int64_t now_ms)
{
	struct json_object *object = json_object_new_object();
	int64_t elapsed_ms = now_ms > list->begun_ms ? now_ms - list->begun_ms : 0;
	double speed = speed_of(list, elapsed_ms);

	put_text(object, "request_id", list->request_id);
	put_text(object, "tenant", list->tenant);
	put_text(object, "service", list->service);
	put_text(object, "engine", list->engine);
	put_int(object, "records_in", (int64_t)list->records_in);
	put_int(object, "records_done", (int64_t)list->records_done);
	put_int(object, "records_failed", (int64_t)list->records_failed);
	put_int(object, "records_batched", (int64_t)list->records_batched);
	put_int(object, "records_waiting", (int64_t)list->records_waiting);
	put_int(object, "bytes_waiting", (int64_t)list->bytes_waiting);
	put(object, "records_per_s", tenths(speed));
	put_int(object, "chunk_records", (int64_t)list->chunk_records);
	put_int(object, "calls_under_way", list->calls);
	put_int(object, "concurrency", list->concurrency);
	put(object, "whole", json_object_new_boolean(list->is_whole));
	put(object, "held", json_object_new_boolean(list->is_held));
	put_int(object, "elapsed_ms", elapsed_ms);
	put(object, "eta_ms", eta_of(list, speed));
	return object;
}

static struct json_object *
status_of_bulks(const struct admin *admin, int64_t now_ms)
{
	struct json_object *bulks = json_object_new_array();
	struct board_list list;

	for (unsigned i = 0; i < admin->workers; i++)
		for (unsigned k = 0; k < BOARD_ROWS; k++)
			if (board_read(&admin->boards[i].rows[k], &list))
				put_element(bulks, status_of_list(&list, now_ms));
	return bulks;
}

static struct admin_answer
page_status(const struct admin *admin, const struct config *config, int64_t now_ms, struct buf *out)
{
	enum lifecycle_state life = lifecycle_state(admin->life);
	struct json_object *status = json_object_new_object();
	struct json_object *tenants = json_object_new_array();

	put_text(status, "version", CSPARKD_VERSION);
	put_int(status, "uptime_seconds", (now_ms - admin->started_ms) / 1000);
	put_text(status, "state", lifecycle_facts(life)->name);
	put(status, "draining", json_object_new_boolean(life > LIFE_READY));
	put_int(status, "workers", admin->workers);
	put(status, "reloads", status_of_reloads(admin, now_ms));
	for (size_t i = 0; i < config->tenant_count; i++) {
		const struct config_tenant *tenant = &config->tenants[i];

		put_element(tenants, status_of_tenant(tenant, &admin->tenants[tenant->slot], now_ms));
	}
	put(status, "tenants", tenants);
	put(status, "bulks", status_of_bulks(admin, now_ms));
	put(status, "counters", status_of_counters(admin));
	buf_put_str(out,
		str_of(json_object_to_json_string_ext(
			status, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE)));
	buf_put_char(out, '\n');
	json_object_put(status);
	return (struct admin_answer){ 200, "application/json" };
}

struct admin_answer
admin_page(const struct admin *admin, const struct config *config, enum route_page page, int64_t now_ms,
	struct buf *out)
{
	switch (page) {
	case PAGE_HEALTHZ:
		return say_state(out, 200, "ok");
	case PAGE_READYZ:
		return page_readyz(admin, config, out);
	case PAGE_STATUS:
		return page_status(admin, config, now_ms, out);
	case PAGE_DRAIN:
		return page_event(admin, LIFE_DRAIN, "draining", out);
	case PAGE_SHUTDOWN:
		return page_event(admin, LIFE_QUIT, "stopping", out);
	case PAGE_OPENAPI:
		buf_put_str(out, admin->openapi);
		return (struct admin_answer){ 200, "application/json" };
	case PAGE_METRICS:
		break;
	}
	metrics_text(admin->metrics, admin->metrics_count, out);
	return (struct admin_answer){ 200, "text/plain; version=0.0.4; charset=utf-8" };
}
