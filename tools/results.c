#include "tools/results.h"

#include "base/json_text.h"
#include "lib/cspark.h"

#include <string.h>

#define ROWS_MAX (1024u * 1024 * 1024)
#define ANY      0

/* ---- verdicts ---------------------------------------------------------------------------- */

/* What is a record's own fault. Where not one record of several has a result, it is Spark's rather. The rest
 * can be asked again, or not, by the table of errors. */
static const struct {
	enum cspark_code code;
	int spark_status;
	enum results_verdict of_all;
} OWN_FAULTS[] = {
	{ CSPARK_E_SPARK_REJECTED, 400, RESULTS_DONE },
	{ CSPARK_E_SPARK_REJECTED, 413, RESULTS_DONE },
	{ CSPARK_E_SPARK_REJECTED, 422, RESULTS_DONE },
	{ CSPARK_E_BODY_TOO_LARGE, ANY, RESULTS_STOP },
	{ CSPARK_E_SPARK_ERROR, ANY, RESULTS_AGAIN },
	{ CSPARK_E_UPSTREAM_TIMEOUT, ANY, RESULTS_AGAIN },
};

static enum cspark_code
code_of(struct str literal)
{
	for (enum cspark_code code = 1; code < CSPARK_CODES; code++) {
		if (json_string_is(literal, str_of(cspark_code_name(code))))
			return code;
	}
	return CSPARK_E_INTERNAL;
}

static enum results_verdict
judge(struct str code_literal, struct str status_literal, bool is_of_all)
{
	enum cspark_code code = code_of(code_literal);
	uint64_t status = 0;

	str_to_u64(status_literal, 999, &status);
	for (size_t i = 0; i < sizeof(OWN_FAULTS) / sizeof(OWN_FAULTS[0]); i++) {
		int wanted = OWN_FAULTS[i].spark_status;

		if (OWN_FAULTS[i].code == code && (wanted == ANY || (uint64_t)wanted == status))
			return is_of_all ? OWN_FAULTS[i].of_all : RESULTS_DONE;
	}
	return cspark_code_retryable(code) ? RESULTS_AGAIN : RESULTS_STOP;
}

enum results_verdict
results_judge_problem(struct str problem, uint64_t records)
{
	struct str code;

	if (!json_valid(problem.at, problem.len, NULL) || json_kind_of(problem) != JSON_OBJECT)
		return RESULTS_STOP;
	code = json_member(problem, STR("code"));
	return code.at ? judge(code, json_path(problem, "spark.status"), records > 1) : RESULTS_STOP;
}

/* The errors of a record: Spark's are what they are, those of the daemon have an outcome. */
static void
judge_errors(struct results *results, struct str errors)
{
	struct json_walk walk;
	struct str error = { 0 };
	enum results_verdict verdict;

	results->failed++;
	json_walk_init(&walk, errors);
	if (json_kind_of(errors) != JSON_ARRAY || !json_walk_next(&walk, NULL, &error) ||
		!json_member(error, STR("outcome")).at)
		return;
	verdict = judge(json_member(error, STR("code")), json_member(error, STR("spark_status")), false);
	if (verdict > results->verdict) {
		results->verdict = verdict;
		buf_clear(&results->reason);
		buf_put_str(&results->reason, error);
	}
}

/* ---- cells ------------------------------------------------------------------------------- */

static void
put_quoted(struct buf *out, struct str text)
{
	buf_put_char(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '"')
			buf_put_char(out, '"');
		buf_put_char(out, text.at[i]);
	}
	buf_put_char(out, '"');
}

/* Appends what the cell means. */
static void
put_unquoted(struct buf *out, struct str cell)
{
	bool is_quoted = cell.len >= 2 && cell.at[0] == '"';

	if (!is_quoted) {
		buf_put_str(out, cell);
		return;
	}
	for (size_t i = 1; i + 1 < cell.len; i++) {
		buf_put_char(out, cell.at[i]);
		if (cell.at[i] == '"')
			i++;
	}
}

/* ---- rows -------------------------------------------------------------------------------- */

struct reading {
	struct results *results;
	enum cut_form form;
	char separator;
	uint64_t first;
	bool has_errors; /* the column is there */
};

static bool
take_names(struct reading *reading, struct str row)
{
	struct str last = cut_last_cell(row, reading->separator);

	reading->has_errors = str_eq(last, STR("_error"));
	if (reading->has_errors)
		row.len -= last.len + (last.at > row.at); /* and the separator */
	return buf_put_str(&reading->results->names, row);
}

static void
judge_cell(struct results *results, struct str cell)
{
	struct buf errors;

	buf_init(&errors, cell.len + 1);
	put_unquoted(&errors, cell);
	judge_errors(results, json_valid(errors.data, errors.len, NULL) ? buf_text(&errors) : STR("null"));
	buf_fini(&errors);
}

static bool
take_row(struct reading *reading, struct str row)
{
	struct results *results = reading->results;
	struct str error = cut_last_cell(row, reading->separator);

	results->records++;
	buf_put_str(&results->rows, row);
	if (!reading->has_errors)
		buf_put_char(&results->rows, reading->separator);
	else if (error.len > 0)
		judge_cell(results, error);
	return buf_put_str(&results->rows, STR("\r\n"));
}

static bool
is_error(struct str errors)
{
	return !json_is_null(errors) && (json_kind_of(errors) != JSON_ARRAY || json_count(errors) > 0);
}

static void
begin_line(struct results *results, enum cut_form form, uint64_t first)
{
	if (form == CUT_JSON && first + results->records > 0)
		buf_put_char(&results->rows, ',');
	results->records++;
}

static bool
take_line(struct reading *reading, struct str row)
{
	struct results *results = reading->results;
	struct str errors;

	if (!json_valid(row.at, row.len, NULL))
		return false;
	errors = json_member(row, STR("errors"));
	begin_line(results, reading->form, reading->first);
	buf_put_str(&results->rows, row);
	if (is_error(errors))
		judge_errors(results, errors);
	return buf_put_char(&results->rows, '\n');
}

static bool
on_row(void *arg, struct str row, bool is_names)
{
	struct reading *reading = arg;

	if (reading->form != CUT_CSV)
		return take_line(reading, row);
	return is_names ? take_names(reading, row) : take_row(reading, row);
}

/* ---- the whole --------------------------------------------------------------------------- */

void
results_init(struct results *results)
{
	*results = (struct results){ .verdict = RESULTS_DONE };
	buf_init(&results->names, ROWS_MAX);
	buf_init(&results->rows, ROWS_MAX);
	buf_init(&results->reason, ROWS_MAX);
}

void
results_fini(struct results *results)
{
	buf_fini(&results->names);
	buf_fini(&results->rows);
	buf_fini(&results->reason);
}

static void
clear(struct results *results)
{
	results->records = results->failed = 0;
	results->verdict = RESULTS_DONE;
	buf_clear(&results->names);
	buf_clear(&results->rows);
	buf_clear(&results->reason);
}

bool
results_take(struct results *results, enum cut_form form, char separator, struct str answer, uint64_t first)
{
	struct reading reading = { results, form, separator, first, false };
	struct cut cut;
	bool ok;

	clear(results);
	cut_init(&cut, form == CUT_CSV ? CUT_CSV : CUT_NDJSON, separator, ROWS_MAX, on_row, &reading);
	ok = cut_feed(&cut, answer.at, answer.len) && cut_end(&cut);
	cut_fini(&cut);
	return ok && !buf_failed(&results->rows) && !buf_failed(&results->names);
}

/* The member of a problem as one of the record's error. */
static void
put_member(struct buf *out, const char *name, struct str value)
{
	if (!value.at)
		return;
	buf_printf(out, "%s\"%s\":", out->len > 2 ? "," : "", name);
	buf_put_str(out, value);
}

static void
put_errors(struct buf *out, struct str problem)
{
	buf_put_str(out, STR("[{"));
	put_member(out, "code", json_member(problem, STR("code")));
	put_member(out, "detail", json_member(problem, STR("detail")));
	put_member(out, "outcome", json_member(problem, STR("outcome")));
	put_member(out, "spark_status", json_path(problem, "spark.status"));
	buf_put_str(out, STR("}]"));
}

static void
put_failed_row(struct results *results, char separator, struct str errors, size_t columns)
{
	for (size_t i = 0; i < columns; i++)
		buf_put_char(&results->rows, separator);
	put_quoted(&results->rows, errors);
	buf_put_str(&results->rows, STR("\r\n"));
	results->records++;
}

static void
put_failed_line(struct results *results, enum cut_form form, struct str errors, uint64_t first)
{
	begin_line(results, form, first);
	buf_put_str(&results->rows, STR("{\"outputs\":null,\"warnings\":null,\"errors\":"));
	buf_put_str(&results->rows, errors);
	buf_put_str(&results->rows, STR(",\"process_time\":null}\n"));
}

void
results_refuse(struct results *results, enum cut_form form, char separator, struct str problem,
	uint64_t first, uint64_t records, size_t columns)
{
	struct buf errors;

	clear(results);
	buf_init(&errors, ROWS_MAX);
	put_errors(&errors, problem);
	for (uint64_t i = 0; i < records; i++) {
		if (form == CUT_CSV)
			put_failed_row(results, separator, buf_text(&errors), columns);
		else
			put_failed_line(results, form, buf_text(&errors), first);
	}
	results->failed = records;
	buf_fini(&errors);
}

bool
results_row_failed(enum cut_form form, char separator, struct str row)
{
	if (form == CUT_CSV)
		return cut_last_cell(row, separator).len > 0;
	if (str_starts(row, STR(",")))
		row = str_range(row.at + 1, row.len - 1);
	return is_error(json_member(row, STR("errors")));
}
