#include "daemon/csv.h"

#include <inttypes.h>

#include "daemon/refuse.h"

enum {
	CELL_START, /* nothing of this cell yet */
	UNQUOTED,
	QUOTED,
	QUOTE_SEEN, /* inside quotes, after a quote: the end, or half of a doubled one */
	CR_SEEN,    /* a LF must follow */
};

static const unsigned char byte_order_mark[] = { 0xef, 0xbb, 0xbf };

void
csv_init(struct csv *csv, size_t max_cell, void *arg, csv_cell_fn *on_cell, csv_row_fn *on_row,
	csv_row_fn *on_blank)
{
	*csv = (struct csv){
		.on_cell = on_cell,
		.on_row = on_row,
		.on_blank = on_blank,
		.arg = arg,
		.line = 1,
		.row_line = 1,
		.cell_line = 1,
	};
	buf_init(&csv->cell, max_cell);
}

void
csv_fini(struct csv *csv)
{
	buf_fini(&csv->cell);
}

static bool
refuse_csv(uint64_t line, const char *reason, struct cspark_error *ret_error)
{
	return refuse(ret_error, CSPARK_E_BAD_CSV, "line %" PRIu64 ": %s", line, reason);
}

static bool
end_cell(struct csv *csv, struct cspark_error *ret_error)
{
	struct str text = buf_text(&csv->cell);

	if (buf_failed(&csv->cell))
		return refuse(ret_error, CSPARK_E_OVERLOADED, "There is not enough memory for the body.");
	if (text.len > 0 && memchr(text.at, '\0', text.len))
		return refuse_csv(
			csv->cell_line, "a NUL byte; if the file is UTF-16, convert it to UTF-8", ret_error);
	if (!str_is_utf8(text))
		return refuse_csv(csv->cell_line,
			"not UTF-8; convert the file first, for example with iconv -f WINDOWS-1252 -t UTF-8",
			ret_error);
	csv->state = CELL_START;
	csv->row_begun = true;
	if (!csv->on_cell(csv->arg, text, ret_error))
		return false;
	buf_clear(&csv->cell);
	return true;
}

static bool
end_row(struct csv *csv, struct cspark_error *ret_error)
{
	bool blank = csv->state == CELL_START && !csv->row_begun;
	bool ok;

	if (blank)
		ok = csv->on_blank(csv->arg, ret_error);
	else
		ok = end_cell(csv, ret_error) && csv->on_row(csv->arg, ret_error);
	if (!ok)
		return false;
	csv->row_begun = false;
	csv->row_line = csv->cell_line = ++csv->line;
	return true;
}

/* A separator or a line end, outside of quotes. */
static bool
step_end(struct csv *csv, char c, struct cspark_error *ret_error)
{
	if (c == '\n')
		return end_row(csv, ret_error);
	if (!end_cell(csv, ret_error))
		return false;
	csv->cell_line = csv->line;
	return true;
}

/* Bytes of a cell without a meaning of their own, in one go. */
static size_t
take_run(struct csv *csv, const char *at, size_t len)
{
	size_t n = 0;

	if (csv->state == QUOTED) {
		for (; n < len && at[n] != '"'; n++)
			csv->line += at[n] == '\n';
	} else {
		while (n < len && at[n] != ',' && at[n] != '"' && at[n] != '\r' && at[n] != '\n')
			n++;
	}
	if (n > 0) {
		buf_put(&csv->cell, at, n);
		if (csv->state == CELL_START)
			csv->state = UNQUOTED;
	}
	return n;
}

static bool
step_quote(struct csv *csv, struct cspark_error *ret_error)
{
	switch (csv->state) {
	case CELL_START:
		csv->state = QUOTED;
		return true;
	case QUOTED:
		csv->state = QUOTE_SEEN;
		return true;
	case QUOTE_SEEN:
		buf_put_char(&csv->cell, '"');
		csv->state = QUOTED;
		return true;
	default:
		return refuse_csv(csv->line,
			"a quote inside an unquoted cell; quote the cell and double the quotes in it",
			ret_error);
	}
}

/* A byte with a meaning, or the first of a run. */
static bool
step(struct csv *csv, char c, struct cspark_error *ret_error)
{
	if (csv->state == CR_SEEN) {
		if (c != '\n')
			return refuse_csv(
				csv->line, "a lone carriage return; lines end with LF or CRLF", ret_error);
		csv->state = csv->before_cr;
		return end_row(csv, ret_error);
	}
	if (c == '"')
		return step_quote(csv, ret_error);
	if (c == ',' || c == '\n')
		return step_end(csv, c, ret_error);
	if (c == '\r') {
		csv->before_cr = csv->state;
		csv->state = CR_SEEN;
		return true;
	}
	return refuse_csv(csv->line, "text behind a closing quote", ret_error);
}

static bool
feed_text(struct csv *csv, const char *data, size_t len, struct cspark_error *ret_error)
{
	size_t i = 0;

	while (i < len) {
		if (csv->state == CELL_START || csv->state == UNQUOTED || csv->state == QUOTED)
			i += take_run(csv, data + i, len - i);
		if (i < len && !step(csv, data[i++], ret_error))
			return false;
	}
	return true;
}

/* Gives how many bytes at the beginning belong to the byte-order mark. */
static size_t
skip_mark(struct csv *csv, const char *data, size_t len)
{
	size_t n = 0;

	while (n < len && csv->mark_seen < sizeof(byte_order_mark) &&
		(unsigned char)data[n] == byte_order_mark[csv->mark_seen]) {
		csv->mark_seen++;
		n++;
	}
	return n;
}

/* What looked like a byte-order mark and was none is text. */
static bool
end_mark(struct csv *csv, struct cspark_error *ret_error)
{
	unsigned seen = csv->mark_seen;

	csv->mark_done = true;
	return seen == sizeof(byte_order_mark) ||
		feed_text(csv, (const char *)byte_order_mark, seen, ret_error);
}

bool
csv_feed(struct csv *csv, const char *data, size_t len, struct cspark_error *ret_error)
{
	size_t n = 0;

	if (!csv->mark_done) {
		n = skip_mark(csv, data, len);
		if (n == len)
			return true;
		if (!end_mark(csv, ret_error))
			return false;
	}
	return feed_text(csv, data + n, len - n, ret_error);
}

bool
csv_end(struct csv *csv, struct cspark_error *ret_error)
{
	if (!csv->mark_done && !end_mark(csv, ret_error))
		return false;
	if (csv->state == QUOTED)
		return refuse_csv(csv->cell_line, "the quotes that begin here are never closed", ret_error);
	if (csv->state == CR_SEEN)
		return refuse_csv(csv->line, "a lone carriage return; lines end with LF or CRLF", ret_error);
	if (csv->state == CELL_START && !csv->row_begun)
		return true;
	return end_row(csv, ret_error);
}
