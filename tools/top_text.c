/* The view as lines of text. */
#include "tools/top.h"

#include "base/json_text.h"
#include "tools/member.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL_COLUMNS = 12, NAME_COLUMNS = 20, SERVICE_COLUMNS = 32, LISTS_MAX = 10 };

static void
put_label(struct buf *out, const char *label)
{
	buf_printf(out, "%-*s ", LABEL_COLUMNS, label);
}

/* ---- units ------------------------------------------------------------------------------- */

static void
put_duration(struct buf *out, double seconds)
{
	if (isnan(seconds))
		buf_put_char(out, '-');
	else if (seconds < 1)
		buf_printf(out, seconds < 0.01 ? "%.1f ms" : "%.0f ms", seconds * 1000);
	else
		buf_printf(out, "%.1f s", seconds);
}

static void
put_bytes(struct buf *out, double bytes)
{
	static const char *const UNITS[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	size_t unit = 0;

	for (; bytes >= 1024 && unit + 1 < sizeof(UNITS) / sizeof(UNITS[0]); unit++)
		bytes /= 1024;
	buf_printf(out, unit ? "%.1f %s" : "%.0f %s", bytes, UNITS[unit]);
}

/* "1 d 02:03:04" of a number in text; "-" of anything else. */
static void
clock_text(const char *seconds, char *ret, size_t size)
{
	char *end;
	long long left = strtoll(seconds, &end, 10);

	if (end == seconds || *end || left < 0)
		snprintf(ret, size, "-");
	else if (left >= 86400)
		snprintf(ret, size, "%lld d %02lld:%02lld:%02lld", left / 86400, left / 3600 % 24,
			left / 60 % 60, left % 60);
	else
		snprintf(ret, size, "%02lld:%02lld:%02lld", left / 3600, left / 60 % 60, left % 60);
}

static double
rate(const struct top_view *view, const char *name)
{
	return top_rate(view, name, NULL, STR(""));
}

static double
total(const struct top_view *view, const char *name)
{
	return top_total(view, name, NULL, STR(""));
}

/* ---- lines ------------------------------------------------------------------------------- */

static void
put_title(const struct top_view *view, struct buf *out)
{
	struct str status = buf_text(&view->now->status);
	char version[32] = "", uptime[32] = "", workers[32] = "", state[32] = "", clock[64];

	if (status.len) {
		member_text(status, "version", version, sizeof(version));
		member_text(status, "uptime_seconds", uptime, sizeof(uptime));
		member_text(status, "workers", workers, sizeof(workers));
		member_text(status, "state", state, sizeof(state));
	}
	clock_text(uptime, clock, sizeof(clock));
	buf_printf(out, "csparkd %s at %s   up %s   workers %s   ", version, view->url, clock,
		workers[0] ? workers : "-");
	if (state[0] && strcmp(state, "ready") != 0)
		buf_printf(out, "%s   ", state);
	buf_printf(
		out, view->before->at_ms ? "of the last %.1f s\n\n" : "since its start\n\n", view->seconds);
}

static void
put_requests(const struct top_view *view, struct buf *out)
{
	put_label(out, "requests");
	buf_printf(out, "%.1f/s", top_requests(view, NULL, true));
	for (size_t i = 0; i < TOP_CLASSES; i++)
		buf_printf(out, "   %s %.1f/s", TOP_CLASS_NAMES[i],
			top_requests(view, TOP_CLASS_NAMES[i], true));
	buf_printf(out, "   (%.0f in all)\n", top_requests(view, NULL, false));
}

static void
put_times(const struct top_view *view, struct buf *out, const char *label, const char *name)
{
	const struct metrics *now = &view->now->metrics, *before = &view->before->metrics;

	put_label(out, label);
	buf_put_str(out, STR("p50 "));
	put_duration(out, metrics_quantile(now, before, name, 0.5));
	buf_put_str(out, STR("   p99 "));
	put_duration(out, metrics_quantile(now, before, name, 0.99));
	buf_put_char(out, '\n');
}

/* A limit that the daemon tells beside a figure. */
static void
put_limit(const struct top_view *view, struct buf *out, const char *name)
{
	if (metrics_has(&view->now->metrics, name))
		buf_printf(out, " of %.0f", total(view, name));
}

static void
put_load(const struct top_view *view, struct buf *out)
{
	put_label(out, "calls");
	buf_printf(out, "in flight %.0f", total(view, "cspark_in_flight"));
	put_limit(view, out, "cspark_in_flight_limit");
	buf_printf(out, "   queued %.0f", total(view, "cspark_queued"));
	put_limit(view, out, "cspark_queue_limit");
	buf_printf(out, "   records %.1f/s\n", rate(view, "cspark_records_total"));
	put_label(out, "connections");
	buf_printf(out, "%.0f, %.1f/s new   to Spark: %.1f/s new, %.1f/s kept\n",
		total(view, "cspark_connections"), rate(view, "cspark_connections_accepted_total"),
		rate(view, "cspark_upstream_connects_total"), rate(view, "cspark_upstream_reuses_total"));
	put_label(out, "traffic");
	buf_put_str(out, STR("in "));
	put_bytes(out, rate(view, "cspark_bytes_in_total"));
	buf_put_str(out, STR("/s   out "));
	put_bytes(out, rate(view, "cspark_bytes_out_total"));
	buf_put_str(out, STR("/s\n"));
}

static void
put_spool(const struct top_view *view, struct buf *out)
{
	if (!metrics_has(&view->now->metrics, "cspark_spool_bytes"))
		return;
	put_label(out, "spool");
	put_bytes(out, total(view, "cspark_spool_bytes"));
	if (metrics_has(&view->now->metrics, "cspark_spool_limit_bytes")) {
		buf_put_str(out, STR(" of "));
		put_bytes(out, total(view, "cspark_spool_limit_bytes"));
	}
	buf_put_char(out, '\n');
}

/* Each value of the label that ever counted: how many a second, and in all. */
static void
put_by_label(const struct top_view *view, struct buf *out, const char *heading, const char *name,
	const char *label)
{
	const struct metrics *metrics = &view->now->metrics;

	put_label(out, heading);
	buf_printf(out, "%.1f/s\n", rate(view, name));
	for (size_t i = 0; i < metrics->count; i++) {
		const struct metric *one = &metrics->list[i];
		struct str value = metric_label(one, label);

		if (!str_eq(one->name, str_of(name)) || one->value == 0)
			continue;
		buf_printf(out, "  %-*.*s %8.1f/s %10.0f in all\n", NAME_COLUMNS, STR_ARG(value),
			top_rate(view, name, label, value), one->value);
	}
}

static void
put_tenant(const struct top_view *view, struct buf *out, struct str tenant)
{
	char name[65], state[32], age[32], life[32], fetches[32], failures[32], age_text[64], life_text[64];
	double open;

	member_text(tenant, "name", name, sizeof(name));
	member_text(tenant, "token.state", state, sizeof(state));
	member_text(tenant, "token.age_seconds", age, sizeof(age));
	member_text(tenant, "token.expires_in_seconds", life, sizeof(life));
	member_text(tenant, "token.fetches", fetches, sizeof(fetches));
	member_text(tenant, "token.failures", failures, sizeof(failures));
	clock_text(age, age_text, sizeof(age_text));
	clock_text(life, life_text, sizeof(life_text));
	open = top_total(view, "cspark_breaker_open", "tenant", str_of(name));
	if (top_total(view, "cspark_token_latched", "tenant", str_of(name)) > 0)
		snprintf(state, sizeof(state), "refused"); /* though an old token may still serve */
	buf_printf(out, "%-*s %-8s %-14s %-14s %8s %8s  ", NAME_COLUMNS, name, state, age_text, life_text,
		fetches, failures);
	buf_printf(out, open > 0 ? "open in %.0f workers\n" : "closed\n", open);
}

static void
put_tenants(const struct top_view *view, struct buf *out)
{
	struct str tenant, status = buf_text(&view->now->status);
	struct json_walk walk;

	if (status.len == 0) {
		buf_put_str(out, STR("\n/status is not for us, so there are no tenants to show.\n"));
		return;
	}
	buf_printf(out, "\n%-*s %-8s %-14s %-14s %8s %8s  %s\n", NAME_COLUMNS, "TENANT", "TOKEN", "AGE",
		"EXPIRES IN", "FETCHES", "FAILURES", "BREAKER");
	json_walk_init(&walk, json_path(status, "tenants"));
	while (json_walk_next(&walk, NULL, &tenant))
		put_tenant(view, out, tenant);
}

/* "1.5 s" of milliseconds in text; "-" of anything else. */
static void
put_wait(struct buf *out, const char *ms)
{
	char *end, text[64], seconds[32];
	double left = strtod(ms, &end);

	if (end == ms || *end) {
		buf_put_char(out, '-');
		return;
	}
	snprintf(seconds, sizeof(seconds), "%.0f", left / 1000);
	clock_text(seconds, text, sizeof(text));
	buf_put_str(out, str_of(text));
}

static void
put_list(struct buf *out, struct str list)
{
	static const struct {
		const char *member;
		int columns;
	} FIGURES[] = { { "records_in", 10 }, { "records_done", 10 }, { "records_failed", 8 },
		{ "records_per_s", 10 }, { "chunk_records", 6 }, { "calls_under_way", 6 } };
	char service[SERVICE_COLUMNS + 1], engine[16], text[32];

	member_text(list, "service", service, sizeof(service));
	member_text(list, "engine", engine, sizeof(engine));
	buf_printf(out, "%-*s %-6s", SERVICE_COLUMNS, service, engine);
	for (size_t i = 0; i < sizeof(FIGURES) / sizeof(FIGURES[0]); i++) {
		member_text(list, FIGURES[i].member, text, sizeof(text));
		buf_printf(out, " %*s", FIGURES[i].columns, text);
	}
	member_text(list, "eta_ms", text, sizeof(text));
	buf_put_str(out, STR("  "));
	put_wait(out, text);
	member_text(list, "held", text, sizeof(text));
	buf_put_str(out, strcmp(text, "true") == 0 ? STR("  caller waits\n") : STR("\n"));
}

/* Those that have the room; how many there are is counted elsewhere. */
static void
put_lists(const struct top_view *view, struct buf *out)
{
	struct str list, status = buf_text(&view->now->status);
	double more = total(view, "cspark_bulks") - LISTS_MAX;
	struct json_walk walk;
	size_t shown = 0;

	json_walk_init(&walk, json_path(status, "bulks"));
	while (status.len && shown < LISTS_MAX && json_walk_next(&walk, NULL, &list)) {
		if (shown++ == 0)
			buf_printf(out, "\n%-*s %-6s %10s %10s %8s %10s %6s %6s  %s\n", SERVICE_COLUMNS,
				"LIST", "BY", "RECORDS", "DONE", "FAILED", "PER SECOND", "CHUNK", "CALLS",
				"LEFT");
		put_list(out, list);
	}
	if (shown == LISTS_MAX && more > 0)
		buf_printf(out, "and %.0f more\n", more);
}

void
top_put_text(const struct top_view *view, struct buf *out)
{
	put_title(view, out);
	put_requests(view, out);
	put_times(view, out, "latency", "cspark_request_duration_seconds");
	put_times(view, out, "of Spark", "cspark_spark_duration_seconds");
	put_times(view, out, "in queue", "cspark_queue_duration_seconds");
	put_times(view, out, "for token", "cspark_token_wait_duration_seconds");
	put_load(view, out);
	put_spool(view, out);
	put_by_label(view, out, "errors", "cspark_errors_total", "code");
	put_by_label(view, out, "retries", "cspark_retries_total", "cause");
	put_tenants(view, out);
	put_lists(view, out);
}
