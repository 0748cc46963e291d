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
	lines->record = (struct str){ 0 };
	json_scan_init(&lines->scan, 0, NULL, NULL);
	return decode_streams(decode) || decode_keep(decode, decode->records == 1 ? "[" : ",", 1, ret_error);
}

static size_t
count_blanks(const char *data, size_t len)
{
	size_t n = 0;

	while (n < len && (data[n] == ' ' || data[n] == '\t' || data[n] == '\r'))
		n++;
	return n;
}

/* Counted by the scanner, so that blanks behind the record count as well: they are kept until it ends. */
static bool
is_too_long(const struct decode *decode)
{
	struct json_error where;

	if (!decode_streams(decode))
		return false;
	json_scan_error(&decode->ndjson.scan, &where);
	return where.offset > decode_max_record(decode);
}

/* A record that is here as a whole and goes to the sink need not be kept. */
static bool
keep_part(struct decode *decode, struct str part, bool is_whole, struct cspark_error *ret_error)
{
	struct decode_ndjson *lines = &decode->ndjson;

	if (!is_whole || !decode_streams(decode))
		return decode_keep(decode, part.at, part.len, ret_error);
	lines->record = part;
	return true;
}

/* A part of a line, without its end. <ends>: which follows. */
static bool
feed_part(struct decode *decode, struct str part, bool ends, struct cspark_error *ret_error)
{
	struct decode_ndjson *lines = &decode->ndjson;
	bool is_whole = ends && !lines->begun;
	enum json_status status;

	if (!lines->begun) {
		size_t blanks = count_blanks(part.at, part.len);

		lines->column += blanks;
		part = str_range(part.at + blanks, part.len - blanks);
		if (part.len == 0)
			return true;
		if (!begin_record(decode, *part.at, ret_error))
			return false;
	}
	status = json_scan_feed(&lines->scan, part.at, part.len);
	if (is_too_long(decode))
		return decode_too_long(decode, "line", lines->line, ret_error);
	if (status == JSON_BAD)
		return refuse_line(lines, NULL, ret_error);
	return keep_part(decode, part, is_whole, ret_error);
}

static struct str
without_end(struct str text)
{
	while (count_blanks(text.at + text.len - 1, 1) > 0)
		text.len--;
	return text;
}

static bool
give_record(struct decode *decode, struct cspark_error *ret_error)
{
	struct str record = decode->ndjson.record;

	if (!record.at)
		record = buf_text(&decode->text);
	if (!decode->sink.record(decode->sink.arg, without_end(record), ret_error))
		return false;
	buf_clear(&decode->text);
	return true;
}

static bool
end_line(struct decode *decode, struct cspark_error *ret_error)
{
	struct decode_ndjson *lines = &decode->ndjson;

	if (lines->begun) {
		if (json_scan_end(&lines->scan) != JSON_DONE)
			return refuse_line(
				lines, "the line ends inside the object; one record is one line", ret_error);
		if (!decode_streams(decode))
			decode->text.len = without_end(buf_text(&decode->text)).len;
		else if (!give_record(decode, ret_error))
			return false;
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
		struct str part = str_range(at, (size_t)((newline ? newline : end) - at));

		if (!feed_part(decode, part, newline != NULL, ret_error))
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
	ret->kind = ASK_MANY;
	ret->records = decode->records;
	if (decode_streams(decode))
		return true;
	if (decode->records == 0 && !decode_keep(decode, "[", 1, ret_error))
		return false;
	if (!decode_keep(decode, "]", 1, ret_error))
		return false;
	ret->inputs = buf_text(&decode->text);
	return true;
}

const struct decode_form_ops decode_ndjson_ops = { .init = init, .feed = feed, .end = end };
