/*
 * CSV. The header names all outputs, and the column _error is there only if some record failed; both are
 * known in the end alone. So rows are written with what is known, and each stretch of rows that have the
 * same columns is remembered. If there was one stretch, as is usual, the document is done; else the rows
 * are copied, and those of earlier stretches get the cells that they lack.
 */
#include <string.h>

#include "daemon/encode_form.h"
#include "daemon/refuse.h"
#include "daemon/weave_own.h"

#define MAX_COLUMNS 16384 /* Excel has no more */

static size_t
stretch_count(const struct weave *weave)
{
	return weave->stretches.len / sizeof(struct weave_stretch);
}

static struct weave_stretch
stretch_at(const struct weave *weave, size_t i)
{
	struct weave_stretch stretch;

	memcpy(&stretch, weave->stretches.data + i * sizeof(stretch), sizeof(stretch));
	return stretch;
}

static struct weave_stretch
last_stretch(const struct weave *weave)
{
	size_t count = stretch_count(weave);

	return count > 0 ? stretch_at(weave, count - 1) : (struct weave_stretch){ 0 };
}

/* ---- rows as they come ---- */

/* New names are borrowed from an answer that will be gone. */
static bool
keep_names(struct weave *weave, size_t known, struct cspark_error *ret_error)
{
	struct columns *columns = &weave->table.columns;

	if (columns->count > MAX_COLUMNS)
		return refuse(ret_error, CSPARK_E_NOT_ACCEPTABLE,
			"CSV: the answer has more than %d outputs; choose some with _outputs, or another "
			"format.",
			MAX_COLUMNS);
	for (size_t i = known; i < columns->count; i++) {
		columns->names[i] = arena_copy(&weave->names, columns->names[i]);
		if (!columns->names[i].at)
			return encode_no_memory(ret_error);
	}
	return true;
}

/* From here on rows have the columns that are known now. Before the first row there is a header. */
static bool
enter_stretch(struct weave *weave, struct cspark_error *ret_error)
{
	struct weave_stretch last = last_stretch(weave);
	struct weave_stretch next = { .columns = weave->table.columns.count,
		.with_errors = weave->table.with_errors };

	if (stretch_count(weave) > 0 && next.columns == last.columns && next.with_errors == last.with_errors)
		return true;
	if (stretch_count(weave) == 0) {
		encode_table_header(&weave->table, &weave->scratch);
		if (!weave_flush(weave, 0, ret_error))
			return false;
	}
	next.begin = spool_len(&weave->spools[0]);
	return buf_put(&weave->stretches, &next, sizeof(next)) || encode_no_memory(ret_error);
}

static bool
put_rows(struct weave *weave, struct encode_records *records, struct cspark_error *ret_error)
{
	size_t known = weave->table.columns.count;

	if (!encode_table_learn(&weave->table, *records))
		return encode_no_memory(ret_error);
	if (!keep_names(weave, known, ret_error) || !enter_stretch(weave, ret_error))
		return false;
	encode_table_rows(&weave->table, records, &weave->scratch);
	return weave_flush(weave, 0, ret_error);
}

static bool
failure(struct weave *weave, struct str errors, size_t records, struct cspark_error *ret_error)
{
	weave->table.with_errors = true;
	if (!enter_stretch(weave, ret_error))
		return false;
	for (size_t i = 0; i < records; i++)
		encode_table_failure(&weave->table, errors, &weave->scratch);
	return weave_flush(weave, 0, ret_error);
}

/* ---- the rows once more, with the cells that they lack ---- */

static size_t
separators_in(const struct weave_stretch *stretch)
{
	size_t cells = stretch->columns + stretch->with_errors;

	return cells > 0 ? cells - 1 : 0;
}

static void
put_lacking(struct weave *weave, const struct weave_stretch *stretch)
{
	struct weave_stretch whole = last_stretch(weave);
	size_t lacking = separators_in(&whole) - separators_in(stretch);

	for (size_t i = 0; i < lacking; i++)
		buf_put_char(&weave->scratch, weave->table.dialect.separator);
}

/* The stretch that <at> lies in, and where it ends. */
static struct weave_stretch
stretch_of(const struct weave *weave, uint64_t at, uint64_t *ret_end)
{
	size_t i = 0;

	while (i + 1 < stretch_count(weave) && stretch_at(weave, i + 1).begin <= at)
		i++;
	*ret_end = i + 1 < stretch_count(weave) ? stretch_at(weave, i + 1).begin :
						  spool_len(&weave->spools[0]);
	return stretch_at(weave, i);
}

/* One row, without its line end; how long it is, or 0 if it is not in <text> as a whole. */
static size_t
row_length(struct str text)
{
	bool quoted = false;

	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '"')
			quoted = !quoted;
		else if (text.at[i] == '\n' && !quoted)
			return i + 1;
	}
	return 0;
}

/* Where the cell of the error begins: behind all others, none of which is missing. */
static size_t
error_cell(struct str row, size_t columns, char separator)
{
	bool quoted = false;
	size_t i = 0;

	for (size_t seen = 0; seen < columns && i < row.len; i++) {
		if (row.at[i] == '"')
			quoted = !quoted;
		else if (row.at[i] == separator && !quoted)
			seen++;
	}
	return i;
}

static void
mend_row(struct weave *weave, const struct weave_stretch *stretch, struct str row)
{
	size_t text = row.len - 2; /* CR, LF */
	size_t split = stretch->with_errors ?
		error_cell(row, stretch->columns, weave->table.dialect.separator) :
		text;

	buf_put(&weave->scratch, row.at, split);
	put_lacking(weave, stretch);
	buf_put(&weave->scratch, row.at + split, row.len - split);
}

/* The whole rows of a piece of one stretch. For a row that is longer the piece is made so. */
static bool
mend_piece(struct weave *weave, struct cspark_error *ret_error)
{
	uint64_t end;
	struct weave_stretch stretch = stretch_of(weave, weave->copied, &end);
	struct str rest = buf_text(&weave->piece);
	uint64_t begun = weave->copied;
	size_t len;

	while (weave->copied < end && (len = row_length(rest)) > 0) {
		mend_row(weave, &stretch, str_range(rest.at, len));
		rest = str_range(rest.at + len, rest.len - len);
		weave->copied += len;
	}
	if (weave->copied == begun)
		weave->room *= 2;
	return weave_flush(weave, 1, ret_error);
}

static bool
begin_mending(struct weave *weave, struct cspark_error *ret_error)
{
	encode_table_header(&weave->table, &weave->scratch);
	weave->copied = stretch_at(weave, 0).begin;
	weave->ending = 1;
	return weave_flush(weave, 1, ret_error);
}

static enum weave_state
end(struct weave *weave, struct cspark_error *ret_error)
{
	struct spool mended;

	if (stretch_count(weave) <= 1)
		return WEAVE_DONE;
	if (weave->ending == 0 && !begin_mending(weave, ret_error))
		return WEAVE_FAILED;
	if (!weave_read(weave, 0, weave->copied, ret_error))
		return WEAVE_FAILED;
	if (weave->piece.len > 0)
		return mend_piece(weave, ret_error) ? WEAVE_MORE : WEAVE_FAILED;
	mended = weave->spools[1];
	weave->spools[1] = weave->spools[0];
	weave->spools[0] = mended;
	return WEAVE_DONE;
}

const struct weave_ops weave_csv_ops = { .rows = put_rows, .failure = failure, .end = end };
