/* One JSON object a line: each line is checked by itself, and the records are strung together to a list. */
#include "daemon/decode_form.h"

#include <inttypes.h>

#include "daemon/refuse.h"

static void
init(struct decode *decode)
{
	decode->ndjson.line = 1;
}

static bool
refuse_line(const struct decode_ndjson *lines, const char *reason, struct cspark_error *ret_error)
{
	struct json_error where = { .column = 1, .reason = reason };

	if (lines->begun)
		json_scan_error(&lines->scan, &where);
	return refuse(ret_error, CSPARK_E_BAD_JSON, "line %" PRIu64 ", column %" PRIu64 ": %s", lines->line,
		where.column + lines->column, reason ? reason : where.reason);
}

static bool
begin_record(struct decode *decode, char first, struct cspark_error *ret_error)
{
	struct decode_ndjson *lines = &decode->ndjson;

	if (first != '{')
		return refuse_line(lines, "each line must hold one JSON object", ret_error);
	if (!decode_count(decode, ret_error))
		return false;
	lines->begun = true;
	json_scan_init(&lines->scan, 0, NULL, NULL);
	return decode_keep(decode, decode->records == 1 ? "[" : ",", 1, ret_error);
}

static size_t
count_blanks(const char *data, size_t len)
{
	size_t n = 0;

	while (n < len && (data[n] == ' ' || data[n] == '\t' || data[n] == '\r'))
		n++;
	return n;
}

/* A part of a line, without its end. */
static bool
feed_part(struct decode *decode, const char *data, size_t len, struct cspark_error *ret_error)
{
	struct decode_ndjson *lines = &decode->ndjson;
	enum json_status status;

	if (!lines->begun) {
		size_t blanks = count_blanks(data, len);

		lines->column += blanks;
		data += blanks;
		len -= blanks;
		if (len == 0)
			return true;
		if (!begin_record(decode, *data, ret_error))
			return false;
	}
	if (!decode_keep(decode, data, len, ret_error))
		return false;
	status = json_scan_feed(&lines->scan, data, len);
	return status != JSON_BAD || refuse_line(lines, NULL, ret_error);
}

static void
trim_end(struct buf *text)
{
	while (count_blanks(text->data + text->len - 1, 1) > 0)
		text->len--;
}

static bool
end_line(struct decode *decode, struct cspark_error *ret_error)
{
	struct decode_ndjson *lines = &decode->ndjson;

	if (lines->begun) {
		if (json_scan_end(&lines->scan) != JSON_DONE)
			return refuse_line(
				lines, "the line ends inside the object; one record is one line", ret_error);
		trim_end(&decode->text);
	}
	lines->line++;
	lines->column = 0;
	lines->begun = false;
	return true;
}

static bool
feed(struct decode *decode, const char *data, size_t len, struct cspark_error *ret_error)
{
	const char *at = data;
	const char *end = data + len;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		if (!feed_part(decode, at, (size_t)((newline ? newline : end) - at), ret_error))
			return false;
		if (!newline)
			break;
		if (!end_line(decode, ret_error))
			return false;
		at = newline + 1;
	}
	return true;
}

static bool
end(struct decode *decode, struct ask *ret, struct cspark_error *ret_error)
{
	if (!end_line(decode, ret_error))
		return false;
	if (decode->records == 0 && !decode_keep(decode, "[", 1, ret_error))
		return false;
	if (!decode_keep(decode, "]", 1, ret_error))
		return false;
	ret->kind = ASK_MANY;
	ret->records = decode->records;
	ret->inputs = buf_text(&decode->text);
	return true;
}

const struct decode_form_ops decode_ndjson_ops = { .init = init, .feed = feed, .end = end };
