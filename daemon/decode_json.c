/* A JSON text as a body: checked and cut in one pass, while it arrives. */
#include "daemon/decode_form.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/json_text.h"
#include "daemon/refuse.h"

static const char *const kind_names[] = {
	[JSON_NULL] = "null",
	[JSON_FALSE] = "a boolean",
	[JSON_TRUE] = "a boolean",
	[JSON_NUMBER] = "a number",
	[JSON_STRING] = "a string",
	[JSON_ARRAY] = "an array",
	[JSON_OBJECT] = "an object",
};

/* Stops the scan; the place is added when the error is written. */
__attribute__((format(printf, 2, 3))) static bool
complain(struct decode_json *json, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(json->complaint, sizeof(json->complaint), format, args);
	va_end(args);
	return false;
}

/* -- lists ------------------------------------------------------------------- */

static bool
begin_element(struct decode_json *json, enum json_kind kind)
{
	if (json->elements == 0)
		json->rows = kind;
	if (kind != JSON_OBJECT && kind != JSON_ARRAY)
		return complain(json, "element %zu is %s; a list holds objects, or rows under a row of names",
			json->elements, kind_names[kind]);
	if (kind != json->rows)
		return complain(json, "element %zu is %s, but element 0 is %s", json->elements,
			kind_names[kind], kind_names[json->rows]);
	return true;
}

/* The first row of a columnar list. */
static bool
check_names(struct decode_json *json, struct str row)
{
	struct json_walk walk;
	struct str name;

	json_walk_init(&walk, row);
	while (json_walk_next(&walk, NULL, &name)) {
		if (json_kind_of(name) != JSON_STRING)
			return complain(json,
				"the first row of a list of rows holds names, but name %zu is %s",
				json->names, kind_names[json_kind_of(name)]);
		json->names++;
	}
	return json->names > 0 ||
		complain(json, "the first row of a list of rows holds names, but it is empty");
}

static bool
check_row(struct decode_json *json, struct str row)
{
	size_t cells = json_count(row);

	if (cells == json->names)
		return true;
	return complain(
		json, "row %zu has %zu cells, but there are %zu names", json->elements, cells, json->names);
}

static bool
end_element(struct decode *decode, const struct json_mark *mark)
{
	struct decode_json *json = &decode->json;
	struct str row = decode_span(decode, (struct span){ mark->begin, mark->offset });
	bool is_names = json->rows == JSON_ARRAY && json->elements == 0;
	struct cspark_error error;

	if (json->rows == JSON_ARRAY && !(is_names ? check_names(json, row) : check_row(json, row)))
		return false;
	json->elements++;
	return is_names || decode_count(decode, &error);
}

/* -- members of a record, or of an envelope ------------------------------------ */

static void
begin_member(struct decode_json *json, struct str name)
{
	json->member = MEMBER_OTHER;
	if (name.len < sizeof("\"request_data\"") - 1) {
		json->other_count++;
	} else if (json_string_is(name, STR("request_data"))) {
		json->member = MEMBER_DATA;
		json->data_count++;
	} else if (json_string_is(name, STR("request_meta"))) {
		json->member = MEMBER_META;
		json->meta_count++;
	} else {
		json->other_count++;
	}
}

static void
end_member(struct decode_json *json, const struct json_mark *mark)
{
	struct span span = { mark->begin, mark->offset };

	if (json->member == MEMBER_DATA) {
		json->data = span;
		json->data_is_object |= mark->kind == JSON_OBJECT;
	} else if (json->member == MEMBER_META) {
		json->meta = span;
		json->meta_is_object = mark->kind == JSON_OBJECT;
	}
}

/* -- the scan ---------------------------------------------------------------------- */

static bool
on_whole(struct decode_json *json, const struct json_mark *mark)
{
	json->kind = mark->kind;
	json->whole = (struct span){ mark->begin, mark->offset };
	if (mark->event == JSON_BEGIN && mark->kind != JSON_OBJECT && mark->kind != JSON_ARRAY)
		return complain(
			json, "the body is %s, but must be an object or an array", kind_names[mark->kind]);
	return true;
}

static bool
on_mark(void *arg, const struct json_mark *mark)
{
	struct decode *decode = arg;
	struct decode_json *json = &decode->json;

	if (mark->depth == 0)
		return on_whole(json, mark);
	if (mark->event == JSON_KEY) {
		begin_member(json, decode_span(decode, (struct span){ mark->begin, mark->offset }));
	} else if (json->kind == JSON_ARRAY) {
		if (mark->event == JSON_BEGIN)
			return begin_element(json, mark->kind);
		return end_element(decode, mark);
	} else if (mark->event == JSON_END) {
		end_member(json, mark);
	}
	return true;
}

static bool
refuse_json(struct decode *decode, enum json_status status, struct cspark_error *ret_error)
{
	struct json_error where;

	json_scan_error(&decode->json.scan, &where);
	if (status == JSON_STOPPED && decode->json.complaint[0] == '\0')
		return decode_count(decode, ret_error); /* the limit of records, once more */
	return refuse(ret_error, CSPARK_E_BAD_JSON, "line %" PRIu64 ", column %" PRIu64 ": %s", where.line,
		where.column, status == JSON_STOPPED ? decode->json.complaint : where.reason);
}

static void
init(struct decode *decode)
{
	json_scan_init(&decode->json.scan, 1, on_mark, decode);
}

static bool
feed(struct decode *decode, const char *data, size_t len, struct cspark_error *ret_error)
{
	enum json_status status;

	/* First kept, then scanned: the marks look at what is kept. */
	if (!decode_keep(decode, data, len, ret_error))
		return false;
	status = json_scan_feed(&decode->json.scan, data, len);
	return status == JSON_MORE || status == JSON_DONE || refuse_json(decode, status, ret_error);
}

static bool
end_envelope(struct decode *decode, struct ask *ret, struct cspark_error *ret_error)
{
	const struct decode_json *json = &decode->json;

	if (json->data_count > 1 || json->meta_count > 1)
		return refuse(ret_error, CSPARK_E_BAD_JSON, "The member %s is there twice.",
			json->data_count > 1 ? "request_data" : "request_meta");
	if (json->other_count > 0)
		return refuse(ret_error, CSPARK_E_BAD_JSON,
			"Beside the object request_data only request_meta may stand; "
			"inputs belong into request_data.inputs.");
	ret->kind = ASK_ENVELOPE;
	ret->request_data = decode_span(decode, json->data);
	if (json->meta_is_object)
		ret->request_meta = decode_span(decode, json->meta);
	else if (json->meta_count > 0 && !json_is_null(decode_span(decode, json->meta)))
		return refuse(ret_error, CSPARK_E_BAD_JSON, "The member request_meta must be an object.");
	return true;
}

static bool
end(struct decode *decode, struct ask *ret, struct cspark_error *ret_error)
{
	const struct decode_json *json = &decode->json;
	enum json_status status;

	if (decode->received == 0)
		return true;
	status = json_scan_end(&decode->json.scan);
	if (status != JSON_DONE)
		return refuse_json(decode, status, ret_error);
	if (json->kind == JSON_OBJECT && json->data_is_object)
		return end_envelope(decode, ret, ret_error);
	ret->kind = json->kind == JSON_ARRAY ? ASK_MANY : ASK_ONE;
	ret->records = decode->records;
	ret->inputs = decode_span(decode, json->whole);
	return true;
}

const struct decode_form_ops decode_json_ops = { .init = init, .feed = feed, .end = end };
