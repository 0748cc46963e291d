/*
 * CSV becomes a columnar list: [["a","b"],[1,"x"],...]. A cell becomes a JSON literal by the rule for GET;
 * quotes are only quoting, so "3" is the number and """3""" the string; an empty cell is null.
 *
 * With a decimal comma 1,5 is the number and 1.5 a string: it might be meant as fifteen hundred.
 */
#include "daemon/decode_form.h"

#include <inttypes.h>

#include "base/json_text.h"
#include "daemon/columns.h"
#include "daemon/control.h"
#include "daemon/refuse.h"

#define MAX_COLUMNS 16384 /* Excel has no more */

/* -- rows ---------------------------------------------------------------------- */

/* A list is whole in the end; what goes to the sink is a row by itself. */
static void
begin_row(struct decode *decode)
{
	if (!decode_streams(decode))
		buf_put_char(&decode->text, decode->csv.columns > 0 ? ',' : '[');
	buf_put_char(&decode->text, '[');
}

/* With its closing bracket. */
static bool
check_length(const struct decode *decode, struct cspark_error *ret_error)
{
	if (!decode_streams(decode) || decode->text.len < decode_max_record(decode))
		return true;
	return decode_too_long(decode, "line", decode->csv.csv.row_line, ret_error);
}

static bool
give_row(struct decode *decode, bool is_names, struct cspark_error *ret_error)
{
	const struct decode_sink *sink = &decode->sink;

	if (!decode_streams(decode))
		return true;
	if (!(is_names ? sink->names : sink->record)(sink->arg, buf_text(&decode->text), ret_error))
		return false;
	buf_clear(&decode->text);
	return true;
}

/* -- the header row ------------------------------------------------------------ */

/* One that stands between the names, though it is not the one in use. */
static const char *
find_separator(struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (csv_separator_name(name.at[i]))
			return csv_separator_name(name.at[i]);
	}
	return NULL;
}

static bool
put_name(struct decode *decode, struct str name, struct cspark_error *ret_error)
{
	struct decode_csv *csv = &decode->csv;

	if (name.len == 0)
		return refuse(ret_error, CSPARK_E_BAD_CSV,
			"line %" PRIu64 ": column %zu of the header has no name", csv->csv.row_line,
			csv->cells + 1);
	if (csv->cells == MAX_COLUMNS)
		return refuse(ret_error, CSPARK_E_BAD_CSV, "line %" PRIu64 ": more than %d columns",
			csv->csv.row_line, MAX_COLUMNS);
	if (csv->cells > 0)
		buf_put_char(&decode->text, ',');
	else
		begin_row(decode);
	json_quote(name, &decode->text);
	if (buf_failed(&decode->text))
		return decode_no_memory(ret_error);
	if (csv->cells == 0)
		csv->other_separator = csv->csv.cell_quoted ? NULL : find_separator(name);
	return check_length(decode, ret_error);
}

/* No service has such a name; whoever means it puts it into quotes. */
static bool
check_separator(const struct decode_csv *csv, struct cspark_error *ret_error)
{
	if (csv->cells > 1 || !csv->other_separator)
		return true;
	return refuse(ret_error, CSPARK_E_BAD_CSV,
		"line %" PRIu64 ": the header is a single name with %s in it; if that separates the columns, "
		"say so with _separator=%s, else put the name into quotes",
		csv->csv.row_line, csv->other_separator, csv->other_separator);
}

/* The whole row is there: each name must be there once. */
static bool
check_names(struct decode *decode, struct cspark_error *ret_error)
{
	struct columns columns;
	struct json_walk walk;
	struct str name = { 0 };
	size_t outer = decode_streams(decode) ? 0 : 1; /* the bracket of the list */
	size_t seen = 0;
	bool ok = true;

	columns_init(&columns);
	json_walk_init(&walk, str_range(decode->text.data + outer, decode->text.len - outer));
	while (ok && columns.count == seen && json_walk_next(&walk, NULL, &name)) {
		ok = columns_add(&columns, name, SIZE_MAX) || decode_no_memory(ret_error);
		seen++;
	}
	if (ok && columns.count < seen)
		ok = refuse(ret_error, CSPARK_E_BAD_CSV, "line %" PRIu64 ": the header names %.*s twice",
			decode->csv.csv.row_line, (int)(name.len < 100 ? name.len : 100), name.at);
	columns_fini(&columns);
	return ok;
}

/* -- records ------------------------------------------------------------------------ */

static bool
refuse_cells(const struct decode_csv *csv, struct cspark_error *ret_error)
{
	return refuse(ret_error, CSPARK_E_BAD_CSV, "line %" PRIu64 ": %zu cells, but the header has %zu",
		csv->csv.row_line, csv->cells, csv->columns);
}

/* A number as the dialect writes it, or else text. <text> begins as a number would. */
static bool
put_with_comma(struct str text, struct buf *out)
{
	size_t begin = out->len;
	struct str fraction;
	struct str whole = str_cut(text, ',', &fraction);

	if (!fraction.at && str_find(text, '.') < 0)
		return control_put_value(text, out);
	buf_put_str(out, whole);
	buf_put_char(out, '.');
	if (!buf_put_str(out, fraction))
		return false;
	if (fraction.at && json_is_scalar(str_range(out->data + begin, out->len - begin)))
		return true;
	out->len = begin;
	json_quote(text, out);
	return !buf_failed(out);
}

static bool
put_value(struct str text, char decimal, struct buf *out)
{
	if (text.len == 0)
		return buf_put_str(out, STR("null"));
	if (decimal == ',' && (*text.at == '-' || (*text.at >= '0' && *text.at <= '9')))
		return put_with_comma(text, out);
	return control_put_value(text, out);
}

static bool
put_cell(struct decode *decode, struct str text, struct cspark_error *ret_error)
{
	struct decode_csv *csv = &decode->csv;

	if (csv->cells == csv->columns)
		return refuse(ret_error, CSPARK_E_BAD_CSV,
			"line %" PRIu64 ": more cells than the header, which has %zu", csv->csv.row_line,
			csv->columns);
	if (csv->cells > 0) {
		buf_put_char(&decode->text, ',');
	} else {
		if (csv->blank_line > 0 && csv->columns == 1)
			return refuse(ret_error, CSPARK_E_BAD_CSV,
				"line %" PRIu64 ": empty; in a table of one column an empty cell is \"\"",
				csv->blank_line);
		if (!decode_count(decode, ret_error))
			return false;
		begin_row(decode);
	}
	if (!put_value(text, decode->dialect.decimal, &decode->text))
		return decode_no_memory(ret_error);
	return check_length(decode, ret_error);
}

/* -- what the reader tells ------------------------------------------------------------ */

static bool
on_cell(void *arg, struct str text, struct cspark_error *ret_error)
{
	struct decode *decode = arg;
	struct decode_csv *csv = &decode->csv;
	bool ok = csv->columns > 0 ? put_cell(decode, text, ret_error) : put_name(decode, text, ret_error);

	csv->cells++;
	return ok;
}

static bool
on_row(void *arg, struct cspark_error *ret_error)
{
	struct decode *decode = arg;
	struct decode_csv *csv = &decode->csv;
	bool is_names = csv->columns == 0;

	if (!is_names && csv->cells != csv->columns)
		return refuse_cells(csv, ret_error);
	if (!buf_put_char(&decode->text, ']'))
		return decode_no_memory(ret_error);
	if (is_names && (!check_separator(csv, ret_error) || !check_names(decode, ret_error)))
		return false;
	csv->columns = csv->cells;
	csv->cells = 0;
	return give_row(decode, is_names, ret_error);
}

/* Skipped; but in a table of one column it may have been meant as a record, unless it is at the end. */
static bool
on_blank(void *arg, struct cspark_error *ret_error)
{
	struct decode *decode = arg;

	if (decode->csv.columns > 0 && decode->csv.blank_line == 0)
		decode->csv.blank_line = decode->csv.csv.line;
	return true;
}

/* -- the form ---------------------------------------------------------------------------- */

static void
init(struct decode *decode)
{
	size_t max_cell = decode->text.max_bytes;

	if (decode_streams(decode) && decode_max_record(decode) < max_cell)
		max_cell = (size_t)decode_max_record(decode);
	csv_init(&decode->csv.csv, decode->dialect, max_cell, decode, on_cell, on_row, on_blank);
}

static void
fini(struct decode *decode)
{
	csv_fini(&decode->csv.csv);
}

static bool
feed(struct decode *decode, const char *data, size_t len, struct cspark_error *ret_error)
{
	return csv_feed(&decode->csv.csv, data, len, ret_error);
}

static bool
end(struct decode *decode, struct ask *ret, struct cspark_error *ret_error)
{
	struct str rest;

	if (!csv_end(&decode->csv.csv, ret_error))
		return false;
	ret->kind = ASK_MANY;
	ret->records = decode->records;
	if (decode_streams(decode))
		return true;
	rest = decode->csv.columns > 0 ? STR("]") : STR("[]");
	if (!decode_keep(decode, rest.at, rest.len, ret_error))
		return false;
	ret->inputs = buf_text(&decode->text);
	return true;
}

const struct decode_form_ops decode_csv_ops = { .init = init, .feed = feed, .end = end, .fini = fini };
