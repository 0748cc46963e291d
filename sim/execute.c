#include "sim/execute.h"

#include "base/json_text.h"
#include "sim/calculation.h"
#include "sim/exchange.h"
#include "sim/options.h"
#include "sim/refuse.h"

#include <stdio.h>

#define JSON_TYPE "application/json; charset=utf-8"

/* Whether a wish is absent, null or text; the text goes to <ret>. */
static bool
read_text(struct str object, struct str name, struct buf *ret)
{
	struct str value = json_member(object, name);

	return json_is_null(value) || (json_kind_of(value) == JSON_STRING && json_unquote(value, ret));
}

static bool
compiler_is_known(struct str meta)
{
	static const char *const known[] = { "neuron", "type1", "type2", "type3", "xconnector" };
	struct buf text;
	bool good;
	size_t i;

	buf_init(&text, 64);
	good = read_text(meta, STR("compiler_type"), &text);
	if (good && text.len) {
		good = false;
		for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			good = good || str_eq_nocase(buf_text(&text), str_of(known[i]));
	}
	buf_fini(&text);
	return good;
}

static bool
version_is_good(const struct service *service, struct str meta)
{
	struct buf text;
	bool good;

	buf_init(&text, 256);
	good = read_text(meta, STR("version"), &text) && service_has_version(service, buf_text(&text));
	buf_fini(&text);
	return good;
}

/* Splits off the next segment of a raw path and decodes it; false for a bad escape. */
static bool
next_segment(struct str *path, struct buf *ret)
{
	struct str raw = str_cut(*path, '/', path);

	buf_clear(ret);
	return str_percent_decode(raw, false, ret) && str_is_utf8(buf_text(ret));
}

/* folders/{f}/services/{s}/execute */
static void
locate_by_folder(struct exchange *ex, struct str rest, struct located *ret)
{
	struct buf folder, name;

	buf_init(&folder, 65536);
	buf_init(&name, 65536);
	if (next_segment(&rest, &folder) && str_eq(str_cut(rest, '/', &rest), STR("services")) &&
		next_segment(&rest, &name) && str_eq(rest, STR("execute")))
		services_by_name(buf_text(&folder), buf_text(&name), ex->world->options->any_service, ret);
	buf_fini(&folder);
	buf_fini(&name);
}

static void
locate_by_segment(struct exchange *ex, struct str kind, struct str rest, struct located *ret)
{
	struct buf text;

	buf_init(&text, 65536);
	if (str_percent_decode(rest, false, &text)) {
		if (str_eq(kind, STR("service")))
			services_by_id(buf_text(&text), ret);
		else if (str_eq(kind, STR("version")))
			services_by_version_id(buf_text(&text), ret);
		else if (str_eq(kind, STR("proxy")))
			services_by_name(
				STR("my-folder"), buf_text(&text), ex->world->options->any_service, ret);
	}
	buf_fini(&text);
}

/* By request_meta: service_uri, version_id or service_id. */
static void
locate_by_meta(struct exchange *ex, struct str meta, struct located *ret)
{
	struct buf text;

	buf_init(&text, 65536);
	if (read_text(meta, STR("version_id"), &text) && text.len)
		services_by_version_id(buf_text(&text), ret);
	else if (read_text(meta, STR("service_id"), &text) && text.len)
		services_by_id(buf_text(&text), ret);
	else if (read_text(meta, STR("service_uri"), &text) && text.len &&
		!services_by_uri(buf_text(&text), ex->world->options->any_service, ret))
		ret->service = NULL;
	buf_fini(&text);
}

static void
settle(struct exchange *ex, const struct located *located)
{
	memcpy(ex->label, located->label, sizeof(ex->label));
	ex->mood = located->mood;
}

/* The inputs of a v3 call: an object, nothing, or the one element of an array. at == NULL: bad. */
static struct str
inputs_of(struct str body)
{
	struct str data = json_member(body, STR("request_data")),
		   inputs = json_path(body, "request_data.inputs");
	struct json_walk walk;

	if (!json_is_null(data) && json_kind_of(data) != JSON_OBJECT)
		return (struct str){ NULL, 0 };
	if (json_kind_of(inputs) == JSON_ARRAY && json_count(inputs) <= 1) {
		json_walk_init(&walk, inputs);
		if (!json_walk_next(&walk, NULL, &inputs))
			return STR("{}");
	}
	if (json_is_null(inputs))
		return STR("{}");
	return json_kind_of(inputs) == JSON_OBJECT ? inputs : (struct str){ NULL, 0 };
}

static void
put_raw(struct buf *out, const char *name, struct str value)
{
	buf_printf(out, ",\"%s\":", name);
	buf_put_str(out, value.at ? value : STR("null"));
}

static void
answer_v3(struct exchange *ex, struct calculation *calc, struct str meta, struct str inputs)
{
	const struct service *service = calc->service;
	struct str echo = json_member(meta, STR("response_data_inputs"));
	struct buf *out = &ex->answer.body;

	answer_reset(&ex->answer, 200, JSON_TYPE);
	buf_put_str(out, STR("{\"status\":\"Success\",\"error\":null,\"response_data\":{\"outputs\":"));
	buf_put_str(out, buf_text(&calc->outputs));
	put_raw(out, "warnings", buf_text(&calc->warnings));
	put_raw(out, "errors", buf_text(&calc->errors));
	buf_put_str(out, STR(",\"service_chain\":null"));
	if (echo.at && json_kind_of(echo) == JSON_TRUE)
		put_raw(out, "inputs", inputs);
	buf_printf(out,
		"},\"response_meta\":{\"service_id\":\"%s\",\"version_id\":\"%s\",\"version\":\"%s\","
		"\"process_time\":%ld,\"call_id\":\"%s\",\"compiler_type\":\"Neuron\","
		"\"compiler_version\":\"1.22.3\",\"source_hash\":null,"
		"\"engine_id\":\"cspark-sim\"",
		service->service_id, service->version_id, service->version, calculation_ms(ex, false, 1),
		calc->call_id);
	put_raw(out, "correlation_id", json_member(meta, STR("correlation_id")));
	put_raw(out, "parameterset_version_id", json_member(meta, STR("parameterset_version_id")));
	buf_printf(out, ",\"system\":\"SPARK\",\"request_timestamp\":\"%s\"}}", calc->timestamp);
}

static void
count(struct exchange *ex, unsigned records)
{
	ex->executes = true;
	ex->records = records;
	stats_add(&ex->world->stats, STAT_executes, 1);
	stats_add(&ex->world->stats, STAT_records, records);
}

static void
calculate_v3(struct exchange *ex, const struct service *service, struct str meta, struct str inputs)
{
	struct calculation calc;

	calculation_init(&calc, service);
	if (!selection_init(&calc.selection, json_member(meta, STR("requested_output")),
		    json_member(meta, STR("requested_output_regex")))) {
		refuse(ex, FAMILY_V3, 400, "INVALID_REQUESTED_OUTPUT", "");
	} else if (calculation_wait(ex, 1)) {
		count(ex, 1);
		calculation_add(&calc, inputs);
		answer_v3(ex, &calc, meta, inputs);
	}
	calculation_fini(&calc);
}

void
execute_v3(struct exchange *ex, struct str locator, bool open)
{
	struct str body = buf_text(&ex->request.body), meta = json_member(body, STR("request_meta")), inputs;
	struct located located = { .service = NULL };
	struct str rest, kind = str_cut(locator, '/', &rest);
	bool bare = locator.len == 0;

	stats_add(&ex->world->stats, STAT_executes_v3, 1);
	if (!refuse_strangers(ex, FAMILY_V3, open, !bare) || !refuse_bad_body(ex, FAMILY_V3))
		return;
	if (bare || str_eq(locator, STR("execute")))
		locate_by_meta(ex, meta, &located);
	else if (str_eq(kind, STR("folders")))
		locate_by_folder(ex, rest, &located);
	else
		locate_by_segment(ex, kind, rest, &located);
	settle(ex, &located);
	inputs = inputs_of(body);
	if (!located.service)
		refuse(ex, FAMILY_V3, 404, "SERVICE_NOT_FOUND", "");
	else if (open && !located.service->open)
		refuse(ex, FAMILY_V3, 403, "UNAUTHORIZED", "");
	else if (!json_is_null(meta) && json_kind_of(meta) != JSON_OBJECT)
		refuse(ex, FAMILY_V3, 400, "INVALID_REQUEST_META", "");
	else if (!version_is_good(located.service, meta))
		refuse(ex, FAMILY_V3, 400, "VERSION_NOT_FOUND", "");
	else if (!compiler_is_known(meta))
		refuse(ex, FAMILY_V3, 400, "INVALID_COMPILER_TYPE", "");
	else if (!inputs.at)
		refuse(ex, FAMILY_V3, 400, "INVALID_REQUEST_DATA", "");
	else
		calculate_v3(ex, located.service, meta, inputs);
}

/* One row of a columnar list as an object: the header's names spliced to the row's values. */
static bool
splice_row(struct str header, struct str row, struct buf *ret)
{
	struct json_walk names, values;
	struct str name, value;
	const char *comma = "{";

	if (json_kind_of(row) != JSON_ARRAY || json_count(row) != json_count(header))
		return false;
	json_walk_init(&names, header);
	json_walk_init(&values, row);
	while (json_walk_next(&names, NULL, &name) && json_walk_next(&values, NULL, &value)) {
		if (json_kind_of(name) != JSON_STRING)
			return false;
		buf_put_char(ret, *comma);
		buf_put_str(ret, name);
		buf_put_char(ret, ':');
		buf_put_str(ret, value);
		comma = ",";
	}
	buf_put_str(ret, *comma == '{' ? STR("{}") : STR("}"));
	return true;
}

static bool
calculate_columns(struct calculation *calc, struct json_walk *walk, struct str header)
{
	struct buf record;
	struct str row;
	bool good = true;

	buf_init(&record, HTTP_MAX_BODY);
	while (good && json_walk_next(walk, NULL, &row)) {
		buf_clear(&record);
		good = splice_row(header, row, &record);
		if (good)
			calculation_add(calc, buf_text(&record));
	}
	buf_fini(&record);
	return good;
}

static bool
calculate_records(struct calculation *calc, struct str inputs)
{
	struct json_walk walk;
	struct str record;

	json_walk_init(&walk, inputs);
	while (json_walk_next(&walk, NULL, &record)) {
		if (json_kind_of(record) == JSON_ARRAY && calc->count == 0)
			return calculate_columns(calc, &walk, record);
		if (json_kind_of(record) != JSON_OBJECT)
			return false;
		calculation_add(calc, record);
	}
	return true;
}

/* ,"<name>":[<value>,<value>,...] */
static void
put_repeated(struct buf *out, const char *name, const char *value, unsigned count)
{
	unsigned i;

	buf_printf(out, ",\"%s\":[", name);
	for (i = 0; i < count; i++)
		buf_printf(out, "%s%s", i ? "," : "", value);
	buf_put_char(out, ']');
}

static void
put_array(struct buf *out, const char *name, const struct buf *values)
{
	buf_printf(out, "\"%s\":[", name);
	buf_put_str(out, buf_text(values));
	buf_put_char(out, ']');
}

static void
answer_v4(struct exchange *ex, struct calculation *calc, struct str body)
{
	const struct service *service = calc->service;
	struct buf *out = &ex->answer.body;
	char ms[24];

	snprintf(ms, sizeof(ms), "%ld", calculation_ms(ex, true, 1));
	answer_reset(&ex->answer, 200, JSON_TYPE);
	buf_put_char(out, '{');
	put_array(out, "outputs", &calc->outputs);
	put_repeated(out, "process_time", ms, calc->count);
	buf_put_char(out, ',');
	put_array(out, "warnings", &calc->warnings);
	buf_put_char(out, ',');
	put_array(out, "errors", &calc->errors);
	put_repeated(out, "service_chain", "null", calc->count);
	buf_printf(out,
		",\"service_id\":\"%s\",\"version_id\":\"%s\",\"version\":\"%s\",\"call_id\":\"%s\","
		"\"compiler_version\":\"1.22.3\"",
		service->service_id, service->version_id, service->version, calc->call_id);
	put_raw(out, "correlation_id", json_member(body, STR("correlation_id")));
	buf_printf(out, ",\"request_timestamp\":\"%s\"}", calc->timestamp);
}

static void
calculate_v4(struct exchange *ex, const struct service *service, struct str body, struct str inputs)
{
	struct calculation calc;

	calculation_init(&calc, service);
	if (!selection_init(&calc.selection, json_member(body, STR("output")), (struct str){ NULL, 0 })) {
		refuse(ex, FAMILY_V4, 400, "INVALID_REQUEST", "output must be text");
	} else if (!calculate_records(&calc, inputs)) {
		refuse(ex, FAMILY_V4, 400, "INVALID_REQUEST",
			"inputs must be objects, or rows below a header row");
	} else if (calculation_wait(ex, calc.count)) {
		count(ex, calc.count);
		answer_v4(ex, &calc, body);
	}
	calculation_fini(&calc);
}

/* False: the version is none of the service's. */
static bool
locate_v4(struct exchange *ex, struct str body, struct located *ret)
{
	bool good = true;
	struct buf text;

	buf_init(&text, 65536);
	if (read_text(body, STR("version_id"), &text) && text.len)
		services_by_version_id(buf_text(&text), ret);
	else if (read_text(body, STR("service"), &text) && text.len)
		good = services_by_uri(buf_text(&text), ex->world->options->any_service, ret);
	buf_fini(&text);
	return good;
}

void
execute_v4(struct exchange *ex, bool open)
{
	struct str body = buf_text(&ex->request.body), inputs = json_member(body, STR("inputs"));
	struct located located = { .service = NULL };
	bool version;

	stats_add(&ex->world->stats, STAT_executes_v4, 1);
	if (!refuse_strangers(ex, FAMILY_V4, open, true) || !refuse_bad_body(ex, FAMILY_V4))
		return;
	version = locate_v4(ex, body, &located);
	settle(ex, &located);
	if (json_is_null(json_member(body, STR("service"))) &&
		json_is_null(json_member(body, STR("version_id"))))
		refuse(ex, FAMILY_V4, 400, "INVALID_REQUEST", "service or version_id is required");
	else if (!located.service)
		refuse(ex, FAMILY_V4, 404, "SERVICE_NOT_FOUND", "no such service");
	else if (!version)
		refuse(ex, FAMILY_V4, 404, "VERSION_NOT_FOUND", "no such version");
	else if (open && !located.service->open)
		refuse(ex, FAMILY_V4, 403, "UNAUTHORIZED", "the service is not public");
	else if (!compiler_is_known(body))
		refuse(ex, FAMILY_V4, 400, "INVALID_COMPILER_TYPE", "no such compiler");
	else if (json_kind_of(inputs) != JSON_ARRAY || !inputs.at)
		refuse(ex, FAMILY_V4, 400, "INVALID_REQUEST", "inputs must be an array");
	else
		calculate_v4(ex, located.service, body, inputs);
}
