#include "daemon/encode.h"

#include <stdlib.h>

#include "base/json_text.h"
#include "daemon/bytes.h"
#include "daemon/encode_form.h"
#include "daemon/excel.h"
#include "daemon/refuse.h"

#define SHOWN_BYTES     64
#define HEADER_MAX      256 /* of a value: an id, a version */

/* -- facts -------------------------------------------------------------------- */

/* Null: nothing to tell; a list: its elements; anything else is one thing to tell. */
static unsigned
count_items(struct str list)
{
	if (json_is_null(list))
		return 0;
	return json_kind_of(list) == JSON_ARRAY ? (unsigned)json_count(list) : 1;
}

/* <ret_records>: how many have something to tell. */
static unsigned
count_all(enum cspark_api api, struct str lists, unsigned *ret_records)
{
	struct json_walk walk;
	struct str list;
	unsigned count = 0;

	*ret_records = 0;
	if (api == CSPARK_V3 || json_kind_of(lists) != JSON_ARRAY)
		return count_items(lists);
	json_walk_init(&walk, lists);
	while (json_walk_next(&walk, NULL, &list)) {
		unsigned items = count_items(list);

		count += items;
		*ret_records += items > 0;
	}
	return count;
}

/* Without quotes, fit for a header line; absent if it is anything but a plain, short string. */
static struct str
plain_string(struct str value)
{
	struct str text;

	if (value.len < 2 || value.len > HEADER_MAX || value.at[0] != '"')
		return (struct str){ 0 };
	text = str_range(value.at + 1, value.len - 2);
	return str_find(text, '\\') < 0 && !str_has_control(text) ? text : (struct str){ 0 };
}

void
encode_facts(const struct cspark_answer *answer, struct encoded *ret)
{
	ret->warnings = count_all(answer->api, str_of_bytes(answer->warnings), &(unsigned){ 0 });
	ret->errors = count_all(answer->api, str_of_bytes(answer->errors), &ret->failed);
	ret->call_id = plain_string(str_of_bytes(answer->call_id));
	ret->version = plain_string(str_of_bytes(answer->version));
}

/* -- _strict -------------------------------------------------------------------- */

/* <ret_name>: of the output, with quotes; absent if the outputs are no object. */
static bool
find_excel_error(struct str outputs, struct str *ret_name, struct str *ret_error_text)
{
	struct json_walk walk;
	struct str value;

	*ret_name = (struct str){ 0 };
	if (json_kind_of(outputs) != JSON_OBJECT)
		return excel_error_in(outputs, ret_error_text);
	json_walk_init(&walk, outputs);
	while (json_walk_next(&walk, ret_name, &value)) {
		if (excel_error_in(value, ret_error_text))
			return true;
	}
	return false;
}

static bool
refuse_excel_error(const struct encode_records *records, struct str name, struct str text,
	struct cspark_error *ret_error)
{
	int shown = (int)(name.len < SHOWN_BYTES ? name.len : SHOWN_BYTES);

	if (records->many)
		return refuse(ret_error, CSPARK_E_SPARK_REJECTED,
			"_strict: in record %zu the output %.*s is %.*s.", records->index, shown,
			name.at ? name.at : "", STR_ARG(text));
	return refuse(ret_error, CSPARK_E_SPARK_REJECTED, "_strict: the output %.*s is %.*s.", shown,
		name.at ? name.at : "", STR_ARG(text));
}

static bool
refuse_spark_error(const struct encode_records *records, struct str errors, struct cspark_error *ret_error)
{
	int shown = (int)(errors.len < 150 ? errors.len : 150);

	if (records->many)
		return refuse(ret_error, CSPARK_E_SPARK_REJECTED, "_strict: record %zu has errors: %.*s",
			records->index, shown, errors.at);
	return refuse(
		ret_error, CSPARK_E_SPARK_REJECTED, "_strict: Spark tells of errors: %.*s", shown, errors.at);
}

bool
encode_check_strict(
	const struct cspark_answer *answer, bool many, size_t first, struct cspark_error *ret_error)
{
	struct encode_records records;
	struct encode_record record;
	struct str name, text;

	encode_records_init(&records, answer, many);
	records.index = first;
	while (encode_records_next(&records, &record)) {
		if (count_items(record.errors) > 0)
			return refuse_spark_error(&records, record.errors, ret_error);
		if (find_excel_error(record.outputs, &name, &text))
			return refuse_excel_error(&records, name, text, ret_error);
	}
	return true;
}

/* -- formats ---------------------------------------------------------------------- */

/* A list is Spark's own object in every shape, an original answer Spark's own bytes: neither is copied. */
static bool
encode_json(const struct control *control, bool many, const struct joined *joined, struct buf *out,
	struct str *ret_body, struct cspark_error *ret_error)
{
	char *text;
	size_t len;

	if (many || control->shape == CSPARK_ORIGINAL) {
		*ret_body = joined->body;
		return true;
	}
	text = cspark_answer_text(&joined->answer, bytes_of_str(joined->body), control->shape, &len);
	if (text)
		buf_put(out, text, len);
	free(text);
	*ret_body = buf_text(out);
	return (text && !buf_failed(out)) || encode_no_memory(ret_error);
}

static bool
encode_lines(const struct control *control, bool many, const struct cspark_answer *answer, struct buf *out,
	struct cspark_error *ret_error)
{
	struct encode_records records;

	encode_records_init(&records, answer, many);
	switch (control->format) {
	case FORMAT_NDJSON:
		return encode_ndjson(&records, out, ret_error);
	case FORMAT_CSV:
		return encode_csv(&records, control->dialect, out, ret_error);
	default:
		return encode_text(&records, out, ret_error);
	}
}

bool
encode_no_memory(struct cspark_error *ret_error)
{
	return refuse(ret_error, CSPARK_E_OVERLOADED, "There is not enough memory for the answer.");
}

static bool
encode_body(const struct control *control, bool many, const struct joined *joined, struct buf *out,
	struct str *ret_body, struct cspark_error *ret_error)
{
	if (control->strict && !encode_check_strict(&joined->answer, many, 0, ret_error))
		return false;
	if (control->format == FORMAT_JSON)
		return encode_json(control, many, joined, out, ret_body, ret_error);
	if (!encode_lines(control, many, &joined->answer, out, ret_error))
		return false;
	*ret_body = out->len > 0 ? buf_text(out) : STR("");
	return true;
}

bool
encode_answer(const struct control *control, bool many, const struct joined *joined, struct buf *out,
	struct encoded *ret, struct cspark_error *ret_error)
{
	*ret = (struct encoded){ .status = 200, .content_type = control_format_type(control->format) };
	encode_facts(&joined->answer, ret);
	if (encode_body(control, many, joined, out, &ret->body, ret_error))
		return true;
	/* Spark answered 200: a refusal is our own, and so is its status. */
	ret->status = cspark_code_status(ret_error->code);
	if (ret->status == 0)
		ret->status = ENCODE_STATUS_STRICT;
	return false;
}
