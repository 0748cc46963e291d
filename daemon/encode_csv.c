/*
 * RFC 4180, or with other separators: a header of output names in order of first appearance, a row for each
 * record. Null and absent are empty, an empty string is "", nested values are their JSON text. The column
 * _error is there only if some record failed.
 */
#include "daemon/encode_form.h"

#include <stdlib.h>

#define LINE_END STR("\r\n")

/* ---- cells ---- */

static bool
needs_quotes(struct str text, char separator)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];

		if (c == separator || c == '"' || c == '\r' || c == '\n')
			return true;
	}
	return text.len == 0;
}

static void
put_text(struct str text, char separator, struct buf *out)
{
	if (!needs_quotes(text, separator)) {
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

static void
put_number(struct str number, char decimal, struct buf *out)
{
	ptrdiff_t point = decimal != '.' ? str_find(number, '.') : -1;

	buf_put_str(out, number);
	if (point >= 0 && !buf_failed(out))
		out->data[out->len - number.len + (size_t)point] = decimal;
}

static void
put_cell(struct encode_table *table, struct str value, struct buf *out)
{
	struct buf *scratch = &table->scratch;
	enum json_kind kind = json_kind_of(value);

	if (json_is_null(value))
		return;
	buf_clear(scratch);
	if (kind == JSON_STRING)
		json_unquote(value, scratch);
	else if (kind == JSON_NUMBER)
		put_number(value, table->dialect.decimal, scratch);
	else
		encode_one_line(value, scratch);
	put_text(scratch->len > 0 ? buf_text(scratch) : STR(""), table->dialect.separator, out);
}

/* ---- columns ---- */

void
encode_table_init(struct encode_table *table, struct csv_dialect dialect)
{
	*table = (struct encode_table){ .dialect = dialect };
	columns_init(&table->columns);
	buf_init(&table->scratch, SIZE_MAX); /* a cell is a part of an answer, which is limited */
}

void
encode_table_fini(struct encode_table *table)
{
	columns_fini(&table->columns);
	buf_fini(&table->scratch);
	free(table->row);
}

bool
encode_is_failed(struct str errors)
{
	return !json_is_null(errors) && (json_kind_of(errors) != JSON_ARRAY || json_count(errors) > 0);
}

static bool
learn_names(struct columns *columns, struct str outputs)
{
	struct json_walk walk;
	struct str name;
	size_t guess = 0;

	if (json_is_null(outputs) || json_kind_of(outputs) != JSON_OBJECT)
		return true;
	json_walk_init(&walk, outputs);
	while (json_walk_next(&walk, &name, &(struct str){ 0 })) {
		if (!columns_add(columns, name, guess++))
			return false;
	}
	return true;
}

bool
encode_table_learn(struct encode_table *table, struct encode_records records)
{
	size_t known = table->columns.count;
	struct encode_record record;
	struct str *row;

	while (encode_records_next(&records, &record)) {
		table->with_errors |= encode_is_failed(record.errors);
		if (!learn_names(&table->columns, record.outputs))
			return false;
	}
	if (table->row && table->columns.count == known)
		return true;
	row = realloc(table->row, (table->columns.count + 1) * sizeof(*row));
	if (row)
		table->row = row;
	return row != NULL;
}

/* ---- rows ---- */

void
encode_table_header(struct encode_table *table, struct buf *out)
{
	const struct columns *columns = &table->columns;
	char separator = table->dialect.separator;

	if (columns->count == 0 && !table->with_errors)
		return;
	for (size_t i = 0; i < columns->count; i++) {
		if (i > 0)
			buf_put_char(out, separator);
		put_cell(table, columns->names[i], out);
	}
	if (table->with_errors && columns->count > 0)
		buf_put_char(out, separator);
	if (table->with_errors)
		buf_put_str(out, STR("_error"));
	buf_put_str(out, LINE_END);
}

static void
fill_row(struct encode_table *table, struct str outputs)
{
	const struct columns *columns = &table->columns;
	struct json_walk walk;
	struct str name, value;
	size_t guess = 0;

	memset(table->row, 0, columns->count * sizeof(*table->row));
	if (json_is_null(outputs) || json_kind_of(outputs) != JSON_OBJECT)
		return;
	json_walk_init(&walk, outputs);
	while (json_walk_next(&walk, &name, &value)) {
		size_t i = columns_find(columns, name, guess);

		table->row[i] = value;
		guess = i + 1;
	}
}

static void
put_row(struct encode_table *table, struct str errors, struct buf *out)
{
	size_t count = table->columns.count;

	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_put_char(out, table->dialect.separator);
		put_cell(table, table->row[i], out);
	}
	if (table->with_errors && count > 0)
		buf_put_char(out, table->dialect.separator);
	if (table->with_errors && encode_is_failed(errors))
		put_cell(table, errors, out);
	buf_put_str(out, LINE_END);
}

void
encode_table_rows(struct encode_table *table, struct encode_records *records, struct buf *out)
{
	struct encode_record record;

	while (!buf_failed(out) && encode_records_next(records, &record)) {
		fill_row(table, record.outputs);
		put_row(table, record.errors, out);
	}
}

void
encode_table_failure(struct encode_table *table, struct str errors, struct buf *out)
{
	if (table->row)
		memset(table->row, 0, table->columns.count * sizeof(*table->row));
	put_row(table, errors, out);
}

bool
encode_csv(struct encode_records *records, struct csv_dialect dialect, struct buf *out,
	struct cspark_error *ret_error)
{
	struct encode_table table;
	bool ok;

	encode_table_init(&table, dialect);
	ok = encode_table_learn(&table, *records);
	if (ok) {
		encode_table_header(&table, out);
		encode_table_rows(&table, records, out);
	}
	encode_table_fini(&table);
	return (ok && !buf_failed(out)) || encode_no_memory(ret_error);
}
