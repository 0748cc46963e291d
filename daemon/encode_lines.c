/* The formats with a line for each record: NDJSON and bare text. */
#include "daemon/encode_form.h"

#include "daemon/bytes.h"
#include "daemon/refuse.h"

/* -- the records of an answer ---------------------------------------------------- */

void
encode_records_init(struct encode_records *records, const struct cspark_answer *answer, bool many)
{
	*records = (struct encode_records){
		.many = many,
		.left = SIZE_MAX,
		.one = {
			.outputs = str_of_bytes(answer->outputs),
			.warnings = str_of_bytes(answer->warnings),
			.errors = str_of_bytes(answer->errors),
			.process_time = str_of_bytes(answer->process_time),
		},
	};
	json_walk_init(&records->outputs, records->one.outputs);
	json_walk_init(&records->warnings, records->one.warnings);
	json_walk_init(&records->errors, records->one.errors);
	json_walk_init(&records->process_time, records->one.process_time);
}

static struct str
next_of(struct json_walk *list)
{
	struct str value;

	return json_walk_next(list, NULL, &value) ? value : (struct str){ 0 };
}

bool
encode_records_next(struct encode_records *records, struct encode_record *ret)
{
	bool first = !records->begun;

	if (records->left == 0)
		return false;
	records->begun = true;
	if (!records->many) {
		*ret = records->one;
		return first;
	}
	if (!json_walk_next(&records->outputs, NULL, &ret->outputs))
		return false;
	records->index += !first;
	records->left--;
	ret->warnings = next_of(&records->warnings);
	ret->errors = next_of(&records->errors);
	ret->process_time = next_of(&records->process_time);
	return true;
}

void
encode_one_line(struct str json, struct buf *out)
{
	while (json.len > 0) {
		size_t n = 0;

		while (n < json.len && json.at[n] != '\n' && json.at[n] != '\r')
			n++;
		buf_put(out, json.at, n);
		n += n < json.len;
		json = str_range(json.at + n, json.len - n);
	}
}

/* -- NDJSON ------------------------------------------------------------------------ */

static void
put_member(struct buf *out, struct str name, struct str value)
{
	buf_put_str(out, name);
	if (value.at)
		encode_one_line(value, out);
	else
		buf_put_str(out, STR("null"));
}

bool
encode_ndjson(struct encode_records *records, struct buf *out, struct cspark_error *ret_error)
{
	struct encode_record record;

	while (encode_records_next(records, &record)) {
		put_member(out, STR("{\"outputs\":"), record.outputs);
		put_member(out, STR(",\"warnings\":"), record.warnings);
		put_member(out, STR(",\"errors\":"), record.errors);
		put_member(out, STR(",\"process_time\":"), record.process_time);
		buf_put_str(out, STR("}\n"));
	}
	return !buf_failed(out) || encode_no_memory(ret_error);
}

/* -- text ---------------------------------------------------------------------------- */

/* The value of the only output; null if the record failed. */
static bool
only_output(struct str outputs, struct str *ret, struct cspark_error *ret_error)
{
	struct json_walk walk;

	*ret = STR("null");
	if (json_is_null(outputs))
		return true;
	json_walk_init(&walk, outputs);
	if (json_kind_of(outputs) != JSON_OBJECT || !json_walk_next(&walk, NULL, ret))
		return refuse(ret_error, CSPARK_E_NOT_ACCEPTABLE,
			"Text is the value of one output, but the answer has none.");
	if (json_walk_next(&walk, NULL, &(struct str){ 0 }))
		return refuse(ret_error, CSPARK_E_NOT_ACCEPTABLE,
			"Text is the value of one output, but the answer has several; choose one with "
			"_outputs.");
	return true;
}

bool
encode_text(struct encode_records *records, struct buf *out, struct cspark_error *ret_error)
{
	struct encode_record record;
	struct str value;

	while (encode_records_next(records, &record)) {
		if (!only_output(record.outputs, &value, ret_error))
			return false;
		if (json_kind_of(value) == JSON_STRING)
			json_unquote(value, out);
		else
			encode_one_line(value, out);
		buf_put_char(out, '\n');
	}
	return !buf_failed(out) || encode_no_memory(ret_error);
}
