#include "sim/log_text.h"

#include "base/json_text.h"
#include "sim/compose.h"
#include "sim/exchange.h"
#include "sim/execute.h"
#include "sim/listing.h"
#include "sim/options.h"

#include <stdio.h>

#define COLUMNS_MAX 500

static void
put_request_meta(struct buf *out, const struct record *record)
{
	const struct callee *callee = &record->callee;

	compose(out,
		"{'service_uri':null,'service_id':'%s','version':'%s','version_id':'%s',"
		"'transaction_date':'%s','call_purpose':%q,'source_system':%q,'correlation_id':%q,"
		"'requested_output':null,'service_category':'','compiler_type':'Neuron','array_outputs':null,"
		"'response_data_inputs':false,'parameterset_version_id':null,'validation_type':null,"
		"'xreport_options':null}",
		callee->service_id, callee->version, callee->version_id, record->time, record->purpose,
		record->source, record->correlation);
}

static void
put_details(struct buf *out, const struct record *record, unsigned index)
{
	struct buf meta;

	buf_init(&meta, 65536);
	compose(&meta, "{'correlation_id':%q}", record->correlation);
	compose(out,
		"{'response_data':{'outputs':%j,'warnings':%j,'errors':%j,'service_chain':null},"
		"'response_meta':",
		record_at(&record->outputs, index), record_at(&record->warnings, index),
		record_at(&record->errors, index));
	put_response_meta(out, &record->callee, record->ms, record->call_id, buf_text(&meta), record->time);
	compose(out, ",'request_data':{'inputs':%j},'request_meta':", record_at(&record->inputs, index));
	put_request_meta(out, record);
	buf_put_char(out, '}');
	buf_fini(&meta);
}

void
log_put_json(struct buf *out, struct exchange *ex, const struct record *record, unsigned index)
{
	const struct callee *callee = &record->callee;

	compose(out,
		"{'EngineCallId':'%s','LogTime':'%s','TransactionDate':'%s','SourceSystem':%q,'Purpose':%q,"
		"'UserName':'%s','HostName':%S,'Tenant':%q,'Service':%q,'Product':%q,'EngineDetails':",
		record->call_id, record->time, record->time, record->source, record->purpose, USER,
		request_header(&ex->request, STR("host")), ex->world->options->tenant, callee->name,
		callee->folder);
	put_details(out, record, index);
	compose(out,
		",'CalcTime':%l,'SparkTotalTime':%l,'ServiceRevision':'%s','APIVersion':'%s',"
		"'ControlLogReference':null}",
		record->ms, record->ms + 1, callee->version, record->v4 ? "V4" : "V3");
}

/* -- tables --------------------------------------------------------------- */

struct columns {
	struct str keys[COLUMNS_MAX]; /* raw, with quotes */
	unsigned count;
};

static void
add_columns(struct columns *columns, struct str object)
{
	struct json_walk walk;
	struct str key, value;
	unsigned i;

	json_walk_init(&walk, object);
	while (json_walk_next(&walk, &key, &value)) {
		for (i = 0; i < columns->count && !str_eq(columns->keys[i], key); i++)
			continue;
		if (i == columns->count && i < COLUMNS_MAX)
			columns->keys[columns->count++] = key;
	}
}

static void
find_columns(struct record *const *records, unsigned count, struct columns *inputs, struct columns *outputs)
{
	unsigned i, n;

	inputs->count = 0;
	outputs->count = 0;
	for (i = 0; i < count; i++) {
		for (n = 0; n < records[i]->count; n++) {
			add_columns(inputs, record_at(&records[i]->inputs, n));
			add_columns(outputs, record_at(&records[i]->outputs, n));
		}
	}
}

static void
put_field(struct buf *out, struct str text)
{
	size_t i;

	if (out->len && out->data[out->len - 1] != '\n')
		buf_put_char(out, ',');
	buf_put_char(out, '"');
	for (i = 0; i < text.len; i++) {
		if (text.at[i] == '"')
			buf_put_char(out, '"');
		buf_put_char(out, text.at[i]);
	}
	buf_put_char(out, '"');
}

/* A JSON string as what it means, everything else as it is written, null as nothing. */
static void
put_value(struct buf *out, struct str json)
{
	struct buf text;

	buf_init(&text, (size_t)64 << 20);
	if (json_kind_of(json) == JSON_STRING)
		json_unquote(json, &text);
	else if (!json_is_null(json))
		buf_put_str(&text, json);
	put_field(out, buf_text(&text));
	buf_fini(&text);
}

static struct str
member_by_key(struct str object, struct str key)
{
	struct json_walk walk;
	struct str found, value, last = { NULL, 0 };

	json_walk_init(&walk, object);
	while (json_walk_next(&walk, &found, &value))
		if (str_eq(found, key))
			last = value;
	return last;
}

static void
put_cells(struct buf *out, const struct columns *columns, struct str object)
{
	unsigned i;

	for (i = 0; i < columns->count; i++)
		put_value(out, object.at ? member_by_key(object, columns->keys[i]) : columns->keys[i]);
}

static void
put_row(struct buf *out, const struct record *record, unsigned index, const struct columns *inputs,
	const struct columns *outputs)
{
	const struct callee *callee = &record->callee;
	char ms[24], total[24];
	const char *facts[] = { "", record->time, record->time, callee->version, callee->version_id, USER,
		record->source, record->correlation, record->purpose, record->call_id, ms, total };
	size_t i;

	snprintf(ms, sizeof(ms), "%ld", record->ms);
	snprintf(total, sizeof(total), "%ld", record->ms + 1);
	for (i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		put_field(out, str_of(facts[i]));
	put_cells(out, inputs, record_at(&record->inputs, index));
	put_cells(out, outputs, record_at(&record->outputs, index));
	put_value(out, record_at(&record->errors, index));
	put_value(out, record_at(&record->warnings, index));
	buf_put_str(out, STR("\r\n"));
}

void
log_put_csv(struct buf *out, struct record *const *records, unsigned count)
{
	static const char *const names[] = { "Description", "Log Time", "Transaction date", "Version",
		"Version ID", "User name", "Source system", "Correlation ID", "Call purpose", "Call ID",
		"Calc time (ms)", "Total time (ms)" };
	static const struct str absent = { NULL, 0 };
	struct columns inputs, outputs;
	unsigned n;
	size_t i;

	find_columns(records, count, &inputs, &outputs);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		put_field(out, str_of(names[i]));
	put_cells(out, &inputs, absent);
	put_cells(out, &outputs, absent);
	put_field(out, STR("Error Details"));
	put_field(out, STR("Warning Details"));
	buf_put_str(out, STR("\r\n"));
	for (i = 0; i < count; i++)
		for (n = 0; n < records[i]->count; n++)
			put_row(out, records[i], n, &inputs, &outputs);
}
