#include "sim/execute.h"

#include "base/json_text.h"
#include "sim/calculation.h"
#include "sim/catalog.h"
#include "sim/compose.h"
#include "sim/exchange.h"
#include "sim/member.h"
#include "sim/operations.h"
#include "sim/options.h"
#include "sim/refuse.h"
#include "sim/reply.h"

#include <stdio.h>

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

/* The version and the date the metadata wish for; false if the service has none such. */
static bool
choose_version(struct exchange *ex, struct located *located, struct str meta, const char *number_name,
	const char *date_name)
{
	char number[80], date[80];

	return member_text(meta, number_name, number, sizeof(number)) &&
		member_text(meta, date_name, date, sizeof(date)) &&
		services_choose(ex->world, located, str_of(number), str_of(date));
}

void
locate_by_meta(struct exchange *ex, struct str meta, struct located *ret)
{
	struct buf text;

	*ret = (struct located){ .found = false };
	buf_init(&text, 65536);
	if (read_text(meta, STR("version_id"), &text) && text.len)
		services_by_version_id(ex->world, buf_text(&text), ret);
	else if (read_text(meta, STR("service_id"), &text) && text.len)
		services_by_id(ex->world, buf_text(&text), ret);
	else if (read_text(meta, STR("service_uri"), &text) && text.len &&
		!services_by_uri(ex->world, buf_text(&text), ret))
		ret->found = false;
	buf_fini(&text);
}

void
locate_by_route(struct exchange *ex, struct located *ret)
{
	const struct match *match = &ex->match;
	struct str id;

	*ret = (struct located){ .found = false };
	if ((id = match_arg(match, "version_id")).at)
		services_by_version_id(ex->world, id, ret);
	else if ((id = match_arg(match, "service_id")).at)
		services_by_id(ex->world, id, ret);
	else if ((id = match_arg(match, "endpoint")).at)
		services_by_name(ex->world, STR(BUILT_IN_FOLDER), id, ret);
	else if ((id = match_arg(match, "folder")).at)
		services_by_name(ex->world, id, match_arg(match, "service"), ret);
}

void
execute_settle(struct exchange *ex, const struct located *located)
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

void
put_response_meta(struct buf *out, const struct callee *callee, long ms, const char *call_id, struct str meta,
	const char *time)
{
	compose(out,
		"{'service_id':'%s','version_id':'%s','version':'%s','process_time':%l,'call_id':%q,"
		"'compiler_type':'Neuron','compiler_version':'1.22.3','source_hash':null,"
		"'engine_id':'cspark-sim','correlation_id':%j,'parameterset_version_id':%j,"
		"'system':'SPARK','request_timestamp':'%s'}",
		callee->service_id, callee->version_id, callee->version, ms, call_id,
		json_member(meta, STR("correlation_id")), json_member(meta, STR("parameterset_version_id")),
		time);
}

static void
answer_v3(struct exchange *ex, struct calculation *calc, struct str meta, struct str inputs)
{
	struct buf *out = &ex->answer.body;

	answer_reset(&ex->answer, 200, JSON_TYPE);
	compose(out,
		"{'status':'Success','error':null,'response_data':{'outputs':%j,'warnings':%j,'errors':%j,"
		"'service_chain':null",
		buf_text(&calc->outputs), buf_text(&calc->warnings), buf_text(&calc->errors));
	if (member_is_true(meta, "response_data_inputs"))
		compose(out, ",'inputs':%j", inputs);
	buf_put_str(out, STR("},\"response_meta\":"));
	put_response_meta(out, &calc->callee, calc->ms, calc->call_id, meta, calc->timestamp);
	buf_put_char(out, '}');
}

/* The call has been carried out, unless a mood will have it that it was not. */
static void
done(struct exchange *ex, const struct calculation *calc, struct str meta, bool v4)
{
	ex->good = true;
	ex->records = calc->count;
	if (!ex->world->history.off)
		ex->record = record_new(calc, meta, v4);
	stats_add(&ex->world->stats, STAT_executes, 1);
	stats_add(&ex->world->stats, STAT_records, calc->count);
}

static void
prepare(struct exchange *ex, struct calculation *calc, const struct callee *callee)
{
	calculation_init(calc, callee);
	calc->keep_inputs = !ex->world->history.off;
	calc->flaws = flaws_any(&ex->world->flaws) ? &ex->world->flaws : NULL;
}

static void
calculate_v3(struct exchange *ex, const struct callee *callee, struct str meta, struct str inputs)
{
	struct calculation calc;

	prepare(ex, &calc, callee);
	calc.ms = calculation_ms(ex->world, false, 1);
	if (!selection_init(&calc.selection, json_member(meta, STR("requested_output")),
		    json_member(meta, STR("requested_output_regex")))) {
		refuse(ex, FAMILY_V3, 400, "INVALID_REQUESTED_OUTPUT", "");
	} else {
		calculation_add(&calc, inputs);
		if (calculation_wait(ex, FAMILY_V3, &calc)) {
			answer_v3(ex, &calc, meta, inputs);
			done(ex, &calc, meta, false);
		}
	}
	calculation_fini(&calc);
}

void
execute_one(struct exchange *ex, struct located *located, struct str meta, struct str body)
{
	struct str inputs = inputs_of(body);
	bool pinned = match_arg(&ex->match, "version_id").at != NULL;

	execute_settle(ex, located);
	if (!located->found)
		refuse(ex, FAMILY_V3, 404, "SERVICE_NOT_FOUND", "");
	else if (ex->match.open && !located->callee.open)
		refuse(ex, FAMILY_V3, 403, "UNAUTHORIZED", "");
	else if (!json_is_null(meta) && json_kind_of(meta) != JSON_OBJECT)
		refuse(ex, FAMILY_V3, 400, "INVALID_REQUEST_META", "");
	else if (!pinned && !choose_version(ex, located, meta, "version", "transaction_date"))
		refuse(ex, FAMILY_V3, 400, "VERSION_NOT_FOUND", "");
	else if (!compiler_is_known(meta))
		refuse(ex, FAMILY_V3, 400, "INVALID_COMPILER_TYPE", "");
	else if (!inputs.at)
		refuse(ex, FAMILY_V3, 400, "INVALID_REQUEST_DATA", "");
	else
		calculate_v3(ex, &located->callee, meta, inputs);
}

void
serve_execute_v3(struct exchange *ex)
{
	struct str body = request_body(&ex->request), meta = json_member(body, STR("request_meta"));
	struct located located;

	stats_add(&ex->world->stats, STAT_executes_v3, 1);
	if (!refuse_bad_body(ex, FAMILY_V3))
		return;
	locate_by_route(ex, &located);
	if (!located.found && !located.label[0])
		locate_by_meta(ex, meta, &located);
	execute_one(ex, &located, meta, body);
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
answer_v4(struct exchange *ex, struct calculation *calc, struct str meta)
{
	const struct callee *callee = &calc->callee;
	struct buf *out = &ex->answer.body;
	char ms[24];

	snprintf(ms, sizeof(ms), "%ld", calculation_ms(ex->world, true, 1));
	answer_reset(&ex->answer, 200, JSON_TYPE);
	buf_put_char(out, '{');
	put_array(out, "outputs", &calc->outputs);
	put_repeated(out, "process_time", ms, calc->count);
	buf_put_char(out, ',');
	put_array(out, "warnings", &calc->warnings);
	buf_put_char(out, ',');
	put_array(out, "errors", &calc->errors);
	put_repeated(out, "service_chain", "null", calc->count);
	compose(out,
		",'service_id':'%s','version_id':'%s','version':'%s','call_id':'%s',"
		"'compiler_version':'1.22.3',"
		"'correlation_id':%j,'request_timestamp':'%s'}",
		callee->service_id, callee->version_id, callee->version, calc->call_id,
		json_member(meta, STR("correlation_id")), calc->timestamp);
}

static void
calculate_v4(struct exchange *ex, const struct callee *callee, struct str meta, struct str inputs)
{
	struct calculation calc;

	prepare(ex, &calc, callee);
	if (!selection_init(&calc.selection, json_member(meta, STR("output")), (struct str){ NULL, 0 })) {
		refuse(ex, FAMILY_V4, 400, "INVALID_REQUEST", "output must be text");
	} else if (!calculation_add_all(&calc, inputs)) {
		refuse(ex, FAMILY_V4, 400, "INVALID_REQUEST",
			"inputs must be objects, or rows below a header row");
	} else if (calculation_wait(ex, FAMILY_V4, &calc)) {
		calc.ms = calculation_ms(ex->world, false, calc.count);
		answer_v4(ex, &calc, meta);
		done(ex, &calc, meta, true);
	}
	calculation_fini(&calc);
}

/* False: the version is none of the service's. */
bool
locate_v4(struct exchange *ex, struct str body, struct located *ret)
{
	bool good = true;
	struct buf text;

	*ret = (struct located){ .found = false };
	buf_init(&text, 65536);
	if (read_text(body, STR("version_id"), &text) && text.len)
		services_by_version_id(ex->world, buf_text(&text), ret);
	else if (read_text(body, STR("service"), &text) && text.len)
		good = services_by_uri(ex->world, buf_text(&text), ret) &&
			(!ret->found || choose_version(ex, ret, body, "-", "version_by_timestamp"));
	buf_fini(&text);
	return good;
}

void
execute_many(struct exchange *ex, const struct located *located, struct str meta, struct str inputs)
{
	double most = limit_get(&ex->world->limits, LIMIT_records);

	if (!located->found)
		refuse(ex, FAMILY_V4, 404, "SERVICE_NOT_FOUND", "no such service");
	else if (ex->match.open && !located->callee.open)
		refuse(ex, FAMILY_V4, 403, "UNAUTHORIZED", "the service is not public");
	else if (!compiler_is_known(meta))
		refuse(ex, FAMILY_V4, 400, "INVALID_COMPILER_TYPE", "no such compiler");
	else if (json_kind_of(inputs) != JSON_ARRAY || !inputs.at)
		refuse(ex, FAMILY_V4, 400, "INVALID_REQUEST", "inputs must be an array");
	else if (most > 0 && calculation_count(inputs) > most)
		refuse_oversized(ex, FAMILY_V4, (int)limit_get(&ex->world->limits, LIMIT_records_status));
	else
		calculate_v4(ex, &located->callee, meta, inputs);
}

void
serve_execute_v4(struct exchange *ex)
{
	struct str body = request_body(&ex->request);
	struct located located;
	bool version;

	stats_add(&ex->world->stats, STAT_executes_v4, 1);
	if (!refuse_bad_body(ex, FAMILY_V4))
		return;
	version = locate_v4(ex, body, &located);
	execute_settle(ex, &located);
	if (json_is_null(json_member(body, STR("service"))) &&
		json_is_null(json_member(body, STR("version_id"))))
		refuse(ex, FAMILY_V4, 400, "INVALID_REQUEST", "service or version_id is required");
	else if (located.found && !version)
		refuse(ex, FAMILY_V4, 404, "VERSION_NOT_FOUND", "no such version");
	else
		execute_many(ex, &located, body, json_member(body, STR("inputs")));
}
