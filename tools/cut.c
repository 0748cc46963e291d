#include "tools/cut.h"

#include "base/json_text.h"

#include <inttypes.h>
#include <stdio.h>

static bool
fail(struct cut *cut, const char *why)
{
	snprintf(cut->why, sizeof(cut->why), "%s", why);
	return false;
}

static bool
keep(struct cut *cut, const char *at, size_t len)
{
	return buf_put(&cut->kept, at, len) || fail(cut, "a record is too large");
}

/* ---- lines ------------------------------------------------------------------------------- */

static bool
is_blank(struct str line)
{
	while (line.len > 0 && (*line.at == ' ' || *line.at == '\t'))
		line = str_range(line.at + 1, line.len - 1);
	return line.len == 0;
}

/* What Excel is told by: sep=; */
static bool
is_separator(const struct cut *cut, struct str line)
{
	return !cut->has_separator && line.len == 5 && str_starts(line, STR("sep=")) &&
		memchr(",;|\t", line.at[4], 4);
}

static bool
tell_names(struct cut *cut, struct str line)
{
	if (str_starts(line, STR("\xef\xbb\xbf")))
		line = str_range(line.at + 3, line.len - 3);
	if (line.len == 0)
		return true;
	if (is_separator(cut, line)) {
		cut->has_separator = true;
		if (cut->separator == ',')
			cut->separator = line.at[4];
		return cut->on_record(cut->arg, line, true);
	}
	cut->has_names = true;
	cut->has_one_column = cut_last_cell(line, cut->separator).at == line.at;
	return cut->on_record(cut->arg, line, true);
}

/* An empty line is a row only where rows have a single cell. */
static bool
tell_line(struct cut *cut, struct str line)
{
	if (str_ends(line, STR("\r")))
		line.len--;
	if (cut->form == CUT_CSV && !cut->has_names)
		return tell_names(cut, line);
	if (cut->form == CUT_CSV ? line.len == 0 && !cut->has_one_column : is_blank(line))
		return true;
	return cut->on_record(cut->arg, line, false);
}

/* Where the line ends: its newline, or <end>. Quotes are doubled inside quotes, so they come in pairs. */
static const char *
find_newline(struct cut *cut, const char *at, const char *end)
{
	if (cut->form == CUT_NDJSON) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		return newline ? newline : end;
	}
	for (; at < end && (*at != '\n' || cut->is_quoted); at++) {
		if (*at == '"')
			cut->is_quoted = !cut->is_quoted;
	}
	return at;
}

static bool
end_line(struct cut *cut, struct str part)
{
	bool ok;

	if (cut->kept.len > 0) {
		if (!keep(cut, part.at, part.len))
			return false;
		part = buf_text(&cut->kept);
	}
	ok = tell_line(cut, part);
	buf_clear(&cut->kept);
	return ok;
}

static bool
feed_lines(struct cut *cut, const char *data, size_t len)
{
	const char *at = data, *end = data + len;
	uint64_t begin = cut->offset;

	while (at < end) {
		const char *newline = find_newline(cut, at, end);

		if (newline == end) {
			cut->offset = begin + len;
			return keep(cut, at, (size_t)(end - at));
		}
		cut->offset = begin + (uint64_t)(newline + 1 - data);
		if (!end_line(cut, str_range(at, (size_t)(newline - at))))
			return false;
		at = newline + 1;
	}
	return true;
}

static bool
end_lines(struct cut *cut)
{
	if (cut->is_quoted)
		return fail(cut, "the quotes of the last record are never closed");
	return cut->kept.len == 0 || end_line(cut, STR(""));
}

/* ---- a JSON array ------------------------------------------------------------------------ */

/* An element's bytes up to <end>, which lies in the piece; those of earlier pieces are kept. */
static bool
find_element(struct cut *cut, uint64_t end, struct str *ret)
{
	uint64_t begin = cut->element > cut->piece_at ? cut->element : cut->piece_at;
	struct str part = str_range(cut->piece.at + (begin - cut->piece_at), (size_t)(end - begin));

	*ret = part;
	if (cut->element >= cut->piece_at)
		return true;
	if (!keep(cut, part.at, part.len))
		return false;
	*ret = buf_text(&cut->kept);
	return true;
}

/* Rows stand under a row of names. */
static bool
end_element(struct cut *cut, const struct json_mark *mark)
{
	bool is_names = mark->kind == JSON_ARRAY && !cut->has_names;
	struct str element;
	bool ok;

	cut->in_element = false;
	if (!find_element(cut, mark->offset, &element))
		return false;
	cut->has_names = true;
	ok = cut->on_record(cut->arg, element, is_names);
	buf_clear(&cut->kept);
	return ok;
}

static bool
on_mark(void *arg, const struct json_mark *mark)
{
	struct cut *cut = arg;

	if (mark->depth == 0) {
		cut->is_list = mark->kind == JSON_ARRAY;
		return cut->is_list || fail(cut, "it must be a JSON array, of an object for each record");
	}
	if (mark->event == JSON_END)
		return end_element(cut, mark);
	cut->element = mark->begin;
	cut->in_element = true;
	return true;
}

static bool
fail_json(struct cut *cut)
{
	struct json_error error;

	json_scan_error(&cut->scan, &error);
	snprintf(cut->why, sizeof(cut->why), "line %" PRIu64 ", column %" PRIu64 ": %s", error.line,
		error.column, error.reason);
	return false;
}

static bool
feed_json(struct cut *cut, const char *data, size_t len)
{
	enum json_status status;
	struct str part;

	cut->piece = str_range(data, len);
	status = json_scan_feed(&cut->scan, data, len);
	if (status == JSON_STOPPED)
		return false;
	if (status == JSON_BAD)
		return fail_json(cut);
	if (cut->in_element) {
		uint64_t begin = cut->element > cut->piece_at ? cut->element : cut->piece_at;

		part = str_range(data + (begin - cut->piece_at), (size_t)(cut->piece_at + len - begin));
		if (!keep(cut, part.at, part.len))
			return false;
	}
	cut->piece_at += len;
	return true;
}

/* ---- the cutter -------------------------------------------------------------------------- */

void
cut_init(struct cut *cut, enum cut_form form, char separator, size_t max_record,
	cut_record_fn *on_record, void *arg)
{
	*cut = (struct cut){ .form = form, .separator = separator, .on_record = on_record, .arg = arg };
	buf_init(&cut->kept, max_record);
	if (form == CUT_JSON)
		json_scan_init(&cut->scan, 1, on_mark, cut);
}

void
cut_fini(struct cut *cut)
{
	buf_fini(&cut->kept);
}

bool
cut_feed(struct cut *cut, const char *data, size_t len)
{
	if (len == 0)
		return true;
	return cut->form == CUT_JSON ? feed_json(cut, data, len) : feed_lines(cut, data, len);
}

bool
cut_end(struct cut *cut)
{
	if (cut->form != CUT_JSON)
		return end_lines(cut);
	if (cut->piece_at == 0 || json_scan_end(&cut->scan) == JSON_DONE)
		return true;
	return fail_json(cut);
}

struct str
cut_last_cell(struct str row, char separator)
{
	bool is_quoted = false;
	size_t begin = 0;

	for (size_t i = 0; i < row.len; i++) {
		if (row.at[i] == '"')
			is_quoted = !is_quoted;
		else if (row.at[i] == separator && !is_quoted)
			begin = i + 1;
	}
	return str_range(row.at + begin, row.len - begin);
}
