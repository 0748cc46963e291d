/*
 * CSV becomes a columnar list: [["a","b"],[1,"x"],...]. A cell becomes a JSON literal by the rule for GET;
 * quotes are only
 * quoting, so "3" is the number and """3""" the string; an empty cell is null.
 */
#include "daemon/decode_form.h"

#include <inttypes.h>

#include "base/json_text.h"
#include "daemon/columns.h"
#include "daemon/control.h"
#include "daemon/refuse.h"

#define MAX_COLUMNS 16384 /* Excel has no more */

/* -- the header row ------------------------------------------------------------ */

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
	buf_put(&decode->text, csv->cells > 0 ? "," : "[[", csv->cells > 0 ? 1 : 2);
	json_quote(name, &decode->text);
	return true;
}

/* The whole row is there: each name must be there once. */
static bool
check_names(struct decode *decode, struct cspark_error *ret_error)
{
	struct columns columns;
	struct json_walk walk;
	struct str name = { 0 };
	size_t seen = 0;
	bool ok = true;

	columns_init(&columns);
	json_walk_init(&walk, str_range(decode->text.data + 1, decode->text.len - 1));
	while (ok && columns.count == seen && json_walk_next(&walk, NULL, &name)) {
		ok = columns_add(&columns, name) || decode_no_memory(ret_error);
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

static bool
put_cell(struct decode *decode, struct str text, struct cspark_error *ret_error)
{
	struct decode_csv *csv = &decode->csv;

	if (csv->cells == csv->columns)
		return refuse(ret_error, CSPARK_E_BAD_CSV,
			"line %" PRIu64 ": more cells than the header, which has %zu", csv->csv.row_line,
			csv->columns);
	if (csv->cells == 0) {
		if (csv->blank_line > 0 && csv->columns == 1)
			return refuse(ret_error, CSPARK_E_BAD_CSV,
				"line %" PRIu64 ": empty; in a table of one column an empty cell is \"\"",
				csv->blank_line);
		if (!decode_count(decode, ret_error))
			return false;
	}
	buf_put(&decode->text, csv->cells > 0 ? "," : ",[", csv->cells > 0 ? 1 : 2);
	if (text.len == 0)
		return buf_put_str(&decode->text, STR("null")) || decode_no_memory(ret_error);
	return control_put_value(text, &decode->text) || decode_no_memory(ret_error);
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

	if (csv->columns > 0 && csv->cells != csv->columns)
		return refuse_cells(csv, ret_error);
	if (!buf_put_char(&decode->text, ']'))
		return decode_no_memory(ret_error);
	if (csv->columns == 0 && !check_names(decode, ret_error))
		return false;
	csv->columns = csv->cells;
	csv->cells = 0;
	return true;
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
	csv_init(&decode->csv.csv, decode->text.max_bytes, decode, on_cell, on_row, on_blank);
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
	rest = decode->csv.columns > 0 ? STR("]") : STR("[]");
	if (!decode_keep(decode, rest.at, rest.len, ret_error))
		return false;
	ret->kind = ASK_MANY;
	ret->records = decode->records;
	ret->inputs = buf_text(&decode->text);
	return true;
}

const struct decode_form_ops decode_csv_ops = { .init = init, .feed = feed, .end = end, .fini = fini };
