/* Figures of two readings, and as JSON. */
#include "tools/top.h"

#include "base/json_text.h"
#include "tools/member.h"

#include <math.h>
#include <stdio.h>

double
top_total(const struct top_view *view, const char *name, const char *label, struct str value)
{
	return metrics_sum(&view->now->metrics, name, label, value);
}

double
top_rate(const struct top_view *view, const char *name, const char *label, struct str value)
{
	double change = top_total(view, name, label, value) -
		metrics_sum(&view->before->metrics, name, label, value);

	return change > 0 && view->seconds > 0 ? change / view->seconds : 0;
}

const char *const TOP_CLASS_NAMES[TOP_CLASSES] = { "2xx", "3xx", "4xx", "5xx" };

static double
count_requests(const struct metrics *metrics, const char *class)
{
	double sum = 0;

	for (size_t i = 0; i < metrics->count; i++) {
		const struct metric *one = &metrics->list[i];

		if (str_eq(one->name, STR("cspark_requests_total")) &&
			!str_eq(metric_label(one, "operation"), STR("local")) &&
			(!class || str_eq(metric_label(one, "status_class"), str_of(class))))
			sum += one->value;
	}
	return sum;
}

double
top_requests(const struct top_view *view, const char *class, bool is_rate)
{
	double total = count_requests(&view->now->metrics, class);
	double change = total - count_requests(&view->before->metrics, class);

	if (!is_rate)
		return total;
	return change > 0 && view->seconds > 0 ? change / view->seconds : 0;
}

/* ---- JSON -------------------------------------------------------------------------------- */

static void
put_name(struct buf *out, const char *name)
{
	if (out->len && out->data[out->len - 1] != '{')
		buf_put_char(out, ',');
	buf_printf(out, "\"%s\":", name);
}

static void
put_number(struct buf *out, const char *name, double value)
{
	put_name(out, name);
	if (isnan(value))
		buf_put_str(out, STR("null"));
	else
		buf_printf(out, "%.15g", value);
}

static void
put_counter(const struct top_view *view, struct buf *out, const char *member, const char *name,
	const char *label, struct str value)
{
	put_name(out, member);
	buf_put_char(out, '{');
	put_number(out, "total", top_total(view, name, label, value));
	put_number(out, "per_second", top_rate(view, name, label, value));
	buf_put_char(out, '}');
}

/* An object with a member for each value that the label of this counter has. */
static void
put_by_label(
	const struct top_view *view, struct buf *out, const char *member, const char *name, const char *label)
{
	const struct metrics *metrics = &view->now->metrics;

	put_name(out, member);
	buf_put_char(out, '{');
	for (size_t i = 0; i < metrics->count; i++) {
		struct str value = metric_label(&metrics->list[i], label);
		char text[128];

		if (!str_eq(metrics->list[i].name, str_of(name)) || !value.at)
			continue;
		snprintf(text, sizeof(text), "%.*s", STR_ARG(value));
		put_counter(view, out, text, name, label, value);
	}
	buf_put_char(out, '}');
}

static void
put_quantiles(const struct top_view *view, struct buf *out, const char *member, const char *name)
{
	const struct metrics *now = &view->now->metrics, *before = &view->before->metrics;

	put_name(out, member);
	buf_put_char(out, '{');
	put_number(out, "p50", metrics_quantile(now, before, name, 0.5));
	put_number(out, "p99", metrics_quantile(now, before, name, 0.99));
	buf_put_char(out, '}');
}

static void
put_class(const struct top_view *view, struct buf *out, const char *member, const char *class)
{
	put_name(out, member);
	buf_put_char(out, '{');
	put_number(out, "total", top_requests(view, class, false));
	put_number(out, "per_second", top_requests(view, class, true));
	buf_put_char(out, '}');
}

static void
put_requests(const struct top_view *view, struct buf *out)
{
	put_class(view, out, "requests", NULL);
	put_name(out, "requests_by_status");
	buf_put_char(out, '{');
	for (size_t i = 0; i < TOP_CLASSES; i++)
		put_class(view, out, TOP_CLASS_NAMES[i], TOP_CLASS_NAMES[i]);
	buf_put_char(out, '}');
}

static void
put_tenant(const struct top_view *view, struct buf *out, struct str tenant)
{
	static const char *const MEMBERS[] = { "state", "age_seconds", "expires_in_seconds", "fetches",
		"failures" };
	char name[65];

	member_text(tenant, "name", name, sizeof(name));
	buf_put_str(out, out->data[out->len - 1] == '[' ? STR("{\"name\":") : STR(",{\"name\":"));
	json_quote(str_of(name), out);
	for (size_t i = 0; i < sizeof(MEMBERS) / sizeof(MEMBERS[0]); i++) {
		struct str value = json_member(json_member(tenant, STR("token")), str_of(MEMBERS[i]));

		put_name(out, MEMBERS[i]);
		buf_put_str(out, value.at ? value : STR("null"));
	}
	put_number(out, "refused", top_total(view, "cspark_token_latched", "tenant", str_of(name)));
	put_number(out, "breaker_open", top_total(view, "cspark_breaker_open", "tenant", str_of(name)));
	put_number(
		out, "breaker_opens", top_total(view, "cspark_breaker_opens_total", "tenant", str_of(name)));
	buf_put_char(out, '}');
}

static void
put_tenants(const struct top_view *view, struct buf *out)
{
	struct json_walk walk;
	struct str tenant;

	put_name(out, "tenants");
	buf_put_char(out, '[');
	json_walk_init(&walk, json_path(buf_text(&view->now->status), "tenants"));
	while (view->now->status.len && json_walk_next(&walk, NULL, &tenant))
		put_tenant(view, out, tenant);
	buf_put_char(out, ']');
}

/* As the daemon tells it, in one line: a list has no members but scalars. */
static void
put_list(struct buf *out, struct str list)
{
	struct json_walk walk;
	struct str name, value;

	if (out->data[out->len - 1] != '[')
		buf_put_char(out, ',');
	buf_put_char(out, '{');
	json_walk_init(&walk, list);
	while (json_walk_next(&walk, &name, &value)) {
		if (!json_is_scalar(value))
			continue;
		if (out->data[out->len - 1] != '{')
			buf_put_char(out, ',');
		buf_put_str(out, name);
		buf_put_char(out, ':');
		buf_put_str(out, value);
	}
	buf_put_char(out, '}');
}

static void
put_lists(const struct top_view *view, struct buf *out)
{
	struct json_walk walk;
	struct str list;

	put_name(out, "bulks");
	buf_put_char(out, '[');
	json_walk_init(&walk, json_path(buf_text(&view->now->status), "bulks"));
	while (view->now->status.len && json_walk_next(&walk, NULL, &list))
		put_list(out, list);
	buf_put_char(out, ']');
}

void
top_put_json(const struct top_view *view, struct buf *out)
{
	static const struct {
		const char *member;
		const char *name;
	} GAUGES[] = { { "in_flight", "cspark_in_flight" }, { "queued", "cspark_queued" },
		{ "connections", "cspark_connections" }, { "in_flight_limit", "cspark_in_flight_limit" },
		{ "queue_limit", "cspark_queue_limit" }, { "spool_bytes", "cspark_spool_bytes" },
		{ "spool_limit_bytes", "cspark_spool_limit_bytes" } },
	  COUNTERS[] = { { "records", "cspark_records_total" }, { "bytes_in", "cspark_bytes_in_total" },
		  { "bytes_out", "cspark_bytes_out_total" },
		  { "connections_accepted", "cspark_connections_accepted_total" },
		  { "upstream_connects", "cspark_upstream_connects_total" },
		  { "upstream_reuses", "cspark_upstream_reuses_total" },
		  { "caller_left", "cspark_caller_left_total" } },
	  TIMES[] = { { "latency_seconds", "cspark_request_duration_seconds" },
		  { "spark_seconds", "cspark_spark_duration_seconds" },
		  { "queue_seconds", "cspark_queue_duration_seconds" },
		  { "token_seconds", "cspark_token_wait_duration_seconds" } };

	buf_put_char(out, '{');
	put_number(out, "seconds", view->seconds);
	put_requests(view, out);
	for (size_t i = 0; i < sizeof(TIMES) / sizeof(TIMES[0]); i++)
		put_quantiles(view, out, TIMES[i].member, TIMES[i].name);
	for (size_t i = 0; i < sizeof(GAUGES) / sizeof(GAUGES[0]); i++)
		put_number(out, GAUGES[i].member, top_total(view, GAUGES[i].name, NULL, STR("")));
	for (size_t i = 0; i < sizeof(COUNTERS) / sizeof(COUNTERS[0]); i++)
		put_counter(view, out, COUNTERS[i].member, COUNTERS[i].name, NULL, STR(""));
	put_by_label(view, out, "errors", "cspark_errors_total", "code");
	put_by_label(view, out, "retries", "cspark_retries_total", "cause");
	put_tenants(view, out);
	put_lists(view, out);
	buf_put_char(out, '}');
}
