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
begin_element(struct decode_json *json, const struct json_mark *mark)
{
	enum json_kind kind = mark->kind;

	json->in_element = true;
	json->element = mark->begin;
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

/* The text of an element that ends in the piece at hand: most lie within it; of one that began before, what
 * came with earlier pieces was kept. */
static bool
find_element(struct decode *decode, const struct json_mark *mark, struct str *ret)
{
	struct decode_json *json = &decode->json;

	if (!decode_streams(decode)) {
		*ret = decode_span(decode, (struct span){ mark->begin, mark->offset });
	} else if (mark->begin >= json->piece_at) {
		*ret = str_range(json->piece.at + (mark->begin - json->piece_at), mark->offset - mark->begin);
	} else {
		if (!decode_keep(decode, json->piece.at, mark->offset - json->piece_at, json->error))
			return false;
		*ret = buf_text(&decode->text);
	}
	return true;
}

static bool
give_element(struct decode *decode, struct str element, bool is_names)
{
	const struct decode_sink *sink = &decode->sink;
	struct cspark_error *error = decode->json.error;

	if (!(is_names ? sink->names : sink->record)(sink->arg, element, error))
		return false;
	buf_clear(&decode->text);
	return true;
}

static bool
end_element(struct decode *decode, const struct json_mark *mark)
{
	struct decode_json *json = &decode->json;
	bool is_names = json->rows == JSON_ARRAY && json->elements == 0;
	struct str element;

	if (decode_streams(decode) && mark->offset - mark->begin > decode_max_record(decode))
		return decode_too_long(decode, "element", json->elements, json->error);
	if (!find_element(decode, mark, &element))
		return false;
	if (json->rows == JSON_ARRAY && !(is_names ? check_names(json, element) : check_row(json, element)))
		return false;
	json->in_element = false;
	json->elements++;
	if (!is_names && !decode_count(decode, json->error))
		return false;
	return !decode_streams(decode) || give_element(decode, element, is_names);
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
on_whole(struct decode *decode, const struct json_mark *mark)
{
	struct decode_json *json = &decode->json;

	json->kind = mark->kind;
	json->whole = (struct span){ mark->begin, mark->offset };
	if (decode_streams(decode))
		buf_clear(&decode->text); /* blanks that came before it was known to be a list */
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
		return on_whole(decode, mark);
	if (mark->event == JSON_KEY) {
		begin_member(json, decode_span(decode, (struct span){ mark->begin, mark->offset }));
	} else if (json->kind == JSON_ARRAY) {
		if (mark->event == JSON_BEGIN)
			return begin_element(json, mark);
		return end_element(decode, mark);
	} else if (mark->event == JSON_END) {
		end_member(json, mark);
	}
	return true;
}

/* Of a list so much has been read since the element under way began. */
static bool
is_too_long(const struct decode *decode, uint64_t offset)
{
	return decode_streams(decode) && decode->json.in_element &&
		offset - decode->json.element > decode_max_record(decode);
}

static bool
refuse_json(struct decode *decode, enum json_status status, struct cspark_error *ret_error)
{
	const struct decode_json *json = &decode->json;
	struct json_error where;
	char element[40] = "";

	json_scan_error(&json->scan, &where);
	if (status == JSON_STOPPED && json->complaint[0] == '\0')
		return false;
	/* A record that came in smaller pieces would have been refused for its length before. */
	if (is_too_long(decode, where.offset))
		return decode_too_long(decode, "element", json->elements, ret_error);
	if (status != JSON_STOPPED && json->in_element)
		snprintf(element, sizeof element, " (in element %zu)", json->elements);
	return refuse(ret_error, CSPARK_E_BAD_JSON, "line %" PRIu64 ", column %" PRIu64 ": %s%s", where.line,
		where.column, status == JSON_STOPPED ? json->complaint : where.reason, element);
}

static void
init(struct decode *decode)
{
	json_scan_init(&decode->json.scan, 1, on_mark, decode);
}

/* The beginning of an element whose end is still to come. */
static bool
keep_begun(struct decode *decode, struct cspark_error *ret_error)
{
	const struct decode_json *json = &decode->json;
	uint64_t end = json->piece_at + json->piece.len;
	uint64_t from = json->element > json->piece_at ? json->element : json->piece_at;

	if (!json->in_element)
		return true;
	if (is_too_long(decode, end))
		return decode_too_long(decode, "element", json->elements, ret_error);
	return decode_keep(decode, json->piece.at + (from - json->piece_at), end - from, ret_error);
}

static bool
feed(struct decode *decode, const char *data, size_t len, struct cspark_error *ret_error)
{
	struct decode_json *json = &decode->json;
	enum json_status status;

	/* First kept, then scanned: the marks look at what is kept. */
	if (!decode_streams(decode) && !decode_keep(decode, data, len, ret_error))
		return false;
	json->piece = str_range(data, len);
	json->error = ret_error;
	status = json_scan_feed(&json->scan, data, len);
	if (status != JSON_MORE && status != JSON_DONE)
		return refuse_json(decode, status, ret_error);
	if (decode_streams(decode) && !keep_begun(decode, ret_error))
		return false;
	json->piece_at += len;
	return true;
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
	if (!decode_streams(decode))
		ret->inputs = decode_span(decode, json->whole);
	return true;
}

const struct decode_form_ops decode_json_ops = { .init = init, .feed = feed, .end = end };
