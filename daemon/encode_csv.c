/*
 * RFC 4180: a header of output names in order of first appearance, a row for each record. Null and absent
 * are empty, an empty
 * string is "", nested values are their JSON text. The column _error is there only if some record failed.
 */
#include "daemon/encode_form.h"

#include <stdlib.h>

#include "daemon/columns.h"

#define LINE_END STR("\r\n")

static bool
needs_quotes(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == ',' || text.at[i] == '"' || text.at[i] == '\r' || text.at[i] == '\n')
			return true;
	}
	return text.len == 0;
}

static void
put_text(struct str text, struct buf *out)
{
	if (!needs_quotes(text)) {
		buf_put_str(out, text);
		return;
	}
	buf_put_char(out, '"');
	while (text.at) {
		struct str rest;

		buf_put_str(out, str_cut(text, '"', &rest));
		if (rest.at)
			buf_put_str(out, STR("\"\""));
		text = rest;
	}
	buf_put_char(out, '"');
}

/* <scratch>: for the text of strings and for JSON on one line. */
static void
put_cell(struct str value, struct buf *scratch, struct buf *out)
{
	if (json_is_null(value))
		return;
	buf_clear(scratch);
	if (json_kind_of(value) == JSON_STRING)
		json_unquote(value, scratch);
	else
		encode_one_line(value, scratch);
	put_text(scratch->len > 0 ? buf_text(scratch) : STR(""), out);
}

static bool
is_failed(const struct encode_record *record)
{
	return !json_is_null(record->errors) &&
		(json_kind_of(record->errors) != JSON_ARRAY || json_count(record->errors) > 0);
}

/* The first time through: all names, and whether any record failed. */
static bool
find_columns(const struct cspark_answer *answer, bool many, struct columns *columns, bool *ret_failed)
{
	struct encode_records records;
	struct encode_record record;
	struct str name;

	*ret_failed = false;
	encode_records_init(&records, answer, many);
	while (encode_records_next(&records, &record)) {
		struct json_walk walk;

		*ret_failed |= is_failed(&record);
		if (json_is_null(record.outputs) || json_kind_of(record.outputs) != JSON_OBJECT)
			continue;
		json_walk_init(&walk, record.outputs);
		while (json_walk_next(&walk, &name, &(struct str){ 0 })) {
			if (!columns_add(columns, name))
				return false;
		}
	}
	return true;
}

static void
put_header(const struct columns *columns, bool with_errors, struct buf *scratch, struct buf *out)
{
	if (columns->count == 0 && !with_errors)
		return;
	for (size_t i = 0; i < columns->count; i++) {
		if (i > 0)
			buf_put_char(out, ',');
		put_cell(columns->names[i], scratch, out);
	}
	if (with_errors)
		buf_put_str(out, columns->count > 0 ? STR(",_error") : STR("_error"));
	buf_put_str(out, LINE_END);
}

static void
fill_row(struct str outputs, const struct columns *columns, struct str *row)
{
	struct json_walk walk;
	struct str name, value;
	size_t guess = 0;

	memset(row, 0, columns->count * sizeof(*row));
	if (json_is_null(outputs) || json_kind_of(outputs) != JSON_OBJECT)
		return;
	json_walk_init(&walk, outputs);
	while (json_walk_next(&walk, &name, &value)) {
		size_t i = columns_find(columns, name, guess);

		row[i] = value;
		guess = i + 1;
	}
}

static void
put_row(const struct columns *columns, const struct str *row, const struct encode_record *record,
	bool with_errors, struct buf *scratch, struct buf *out)
{
	for (size_t i = 0; i < columns->count; i++) {
		if (i > 0)
			buf_put_char(out, ',');
		put_cell(row[i], scratch, out);
	}
	if (with_errors) {
		if (columns->count > 0)
			buf_put_char(out, ',');
		if (is_failed(record))
			put_cell(record->errors, scratch, out);
	}
	buf_put_str(out, LINE_END);
}

static void
put_rows(const struct cspark_answer *answer, bool many, const struct columns *columns, bool with_errors,
	struct str *row, struct buf *out)
{
	struct encode_records records;
	struct encode_record record;
	struct buf scratch;

	buf_init(&scratch, out->max_bytes);
	put_header(columns, with_errors, &scratch, out);
	encode_records_init(&records, answer, many);
	while (!buf_failed(out) && encode_records_next(&records, &record)) {
		fill_row(record.outputs, columns, row);
		put_row(columns, row, &record, with_errors, &scratch, out);
	}
	buf_fini(&scratch);
}

bool
encode_csv(const struct cspark_answer *answer, bool many, struct buf *out, struct cspark_error *ret_error)
{
	struct columns columns;
	struct str *row = NULL;
	bool failed;
	bool ok;

	columns_init(&columns);
	ok = find_columns(answer, many, &columns, &failed);
	if (ok)
		row = calloc(columns.count + 1, sizeof(*row));
	if (row)
		put_rows(answer, many, &columns, failed, row, out);
	ok = row && !buf_failed(out);
	free(row);
	columns_fini(&columns);
	return ok || encode_no_memory(ret_error);
}
