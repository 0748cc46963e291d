#include "daemon/csv.h"

#include <inttypes.h>

#include "base/utf8.h"
#include "daemon/refuse.h"

enum {
	CELL_START, /* nothing of this cell yet */
	UNQUOTED,
	QUOTED,
	QUOTE_SEEN, /* inside quotes, after a quote: the end, or half of a doubled one */
	CR_SEEN,    /* a LF must follow */
};

/* Classes of bytes. */
enum {
	ENDS_RUN = 1, /* has a meaning outside of quotes */
	IS_ODD = 2,   /* NUL, or a part of a character beyond ASCII: the cell is to be checked */
};

/* -- separators ------------------------------------------------------------------ */

static const struct separator {
	char c;
	const char *name;
} separators[] = { { ',', "," }, { ';', ";" }, { '\t', "tab" }, { '\t', "\t" }, { '|', "|" } };

#define SEPARATORS (sizeof(separators) / sizeof(separators[0]))

bool
csv_separator_named(struct str name, char *ret)
{
	for (size_t i = 0; i < SEPARATORS; i++) {
		if (str_eq(name, str_of(separators[i].name))) {
			*ret = separators[i].c;
			return true;
		}
	}
	return false;
}

const char *
csv_separator_name(char c)
{
	for (size_t i = 0; i < SEPARATORS; i++) {
		if (separators[i].c == c)
			return separators[i].name;
	}
	return NULL;
}

/* -- the reader ------------------------------------------------------------------- */

static void
set_separator(struct csv *csv, char separator)
{
	csv->classes[(unsigned char)csv->separator] = 0;
	csv->classes[(unsigned char)separator] = ENDS_RUN;
	csv->separator = separator;
}

void
csv_init(struct csv *csv, struct csv_dialect dialect, size_t max_cell, void *arg, csv_cell_fn *on_cell,
	csv_row_fn *on_row, csv_row_fn *on_blank)
{
	*csv = (struct csv){
		.on_cell = on_cell,
		.on_row = on_row,
		.on_blank = on_blank,
		.arg = arg,
		.line = 1,
		.row_line = 1,
		.cell_line = 1,
		.separator = dialect.separator,
		.is_said = dialect.is_said,
		.classes = { [0] = IS_ODD, ['"'] = ENDS_RUN, ['\r'] = ENDS_RUN, ['\n'] = ENDS_RUN },
	};
	set_separator(csv, dialect.separator);
	memset(csv->classes + 0x80, IS_ODD, 0x80);
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

/* -- the cell under way: the last run of its bytes in the piece, in a buffer what comes before it -- */

/* The piece goes, or the cell has more than one run: most have one, and are never copied. */
static bool
keep_run(struct csv *csv, struct cspark_error *ret_error)
{
	bool ok = buf_put_str(&csv->cell, csv->run);

	csv->run = (struct str){ 0 };
	return ok || refuse(ret_error, CSPARK_E_OVERLOADED, "There is not enough memory for the body.");
}

static bool
add_run(struct csv *csv, const char *at, size_t len, struct cspark_error *ret_error)
{
	if (csv->run.len > 0 && !keep_run(csv, ret_error))
		return false;
	if (len > csv->cell.max_bytes - csv->cell.len)
		return refuse(ret_error, CSPARK_E_BODY_TOO_LARGE,
			"line %" PRIu64 ": a cell of a list has at most %zu bytes; "
			"send this record by itself, as a JSON object.",
			csv->cell_line, csv->cell.max_bytes);
	csv->run = str_range(at, len);
	return true;
}

static bool
is_utf16(const struct csv *csv, struct str text)
{
	return csv->cell_line == 1 && !csv->row_begun &&
		(str_starts(text, STR("\xff\xfe")) || str_starts(text, STR("\xfe\xff")));
}

/* A byte beyond ASCII that stands alone is how single-byte encodings look. */
static const char *
name_encoding(const char *bad, const char *end)
{
	if (end - bad == 1 || (unsigned char)bad[1] < 0x80)
		return "not UTF-8; convert the file first, it looks like Windows-1252: "
		       "iconv -f WINDOWS-1252 -t UTF-8";
	return "not UTF-8; convert the file first, for example with iconv -f WINDOWS-1252 -t UTF-8";
}

static bool
check_utf8(const struct csv *csv, struct str text, struct cspark_error *ret_error)
{
	const char *end = text.at + text.len;
	uint64_t line = csv->cell_line;
	size_t len;

	for (const char *at = text.at; at < end; at += len) {
		len = utf8_len(at, end);
		if (len == 0)
			return refuse_csv(line, name_encoding(at, end), ret_error);
		line += *at == '\n';
	}
	return true;
}

static bool
check_text(const struct csv *csv, struct str text, struct cspark_error *ret_error)
{
	if (!csv->cell_odd)
		return true;
	if (is_utf16(csv, text))
		return refuse_csv(1, "UTF-16; convert the file first: iconv -f UTF-16 -t UTF-8", ret_error);
	if (memchr(text.at, '\0', text.len))
		return refuse_csv(
			csv->cell_line, "a NUL byte; if the file is UTF-16, convert it to UTF-8", ret_error);
	return check_utf8(csv, text, ret_error);
}

/* The text of the cell as far as it has come. */
static bool
take_text(struct csv *csv, struct str *ret, struct cspark_error *ret_error)
{
	*ret = csv->run.at ? csv->run : STR("");
	if (csv->cell.len > 0) {
		if (!keep_run(csv, ret_error))
			return false;
		*ret = buf_text(&csv->cell);
	}
	return check_text(csv, *ret, ret_error);
}

/* A file in another encoding fails in many ways; then the encoding is what to tell of. */
static bool
refuse_syntax(struct csv *csv, const char *reason, struct cspark_error *ret_error)
{
	struct str text;

	return take_text(csv, &text, ret_error) && refuse_csv(csv->line, reason, ret_error);
}

/* -- ends of cells and rows --------------------------------------------------------- */

static bool
end_cell(struct csv *csv, struct cspark_error *ret_error)
{
	struct str text;

	if (!take_text(csv, &text, ret_error))
		return false;
	csv->state = CELL_START;
	csv->row_begun = true;
	if (!csv->on_cell(csv->arg, text, ret_error))
		return false;
	csv->run = (struct str){ 0 };
	csv->cell_odd = false;
	csv->cell_quoted = false;
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

/* -- bytes ------------------------------------------------------------------------------ */

static const char *
find_end(struct csv *csv, const char *at, const char *end)
{
	unsigned seen = 0;
	unsigned class;

	for (; at < end; at++) {
		class = csv->classes[(unsigned char)*at];
		if (class == ENDS_RUN)
			break;
		seen |= class;
	}
	csv->cell_odd |= seen != 0;
	return at;
}

static const char *
find_quote(struct csv *csv, const char *at, const char *end)
{
	unsigned seen = 0;

	for (; at < end && *at != '"'; at++) {
		seen |= csv->classes[(unsigned char)*at];
		csv->line += *at == '\n';
	}
	csv->cell_odd |= (seen & IS_ODD) != 0;
	return at;
}

/* Bytes of a cell without a meaning of their own, in one go. */
static bool
take_run(struct csv *csv, const char **at, const char *end, struct cspark_error *ret_error)
{
	const char *begin = *at;

	*at = csv->state == QUOTED ? find_quote(csv, begin, end) : find_end(csv, begin, end);
	if (*at == begin)
		return true;
	if (csv->state == CELL_START)
		csv->state = UNQUOTED;
	return add_run(csv, begin, (size_t)(*at - begin), ret_error);
}

static bool
step_quote(struct csv *csv, const char *at, struct cspark_error *ret_error)
{
	switch (csv->state) {
	case CELL_START:
		csv->state = QUOTED;
		csv->cell_quoted = true;
		return true;
	case QUOTED:
		csv->state = QUOTE_SEEN;
		return true;
	case QUOTE_SEEN:
		csv->state = QUOTED;
		return add_run(csv, at, 1, ret_error);
	default:
		return refuse_syntax(csv,
			"a quote inside an unquoted cell; quote the cell and double the quotes in it",
			ret_error);
	}
}

static bool
refuse_behind_quote(struct csv *csv, char c, struct cspark_error *ret_error)
{
	const char *name = csv_separator_name(c);

	if (name)
		return refuse(ret_error, CSPARK_E_BAD_CSV,
			"line %" PRIu64 ": %s behind a closing quote; if it separates the cells, "
			"say so with _separator=%s",
			csv->line, name, name);
	return refuse_syntax(csv, "text behind a closing quote", ret_error);
}

/* A byte with a meaning, or the first of a run. */
static bool
step(struct csv *csv, const char *at, struct cspark_error *ret_error)
{
	char c = *at;

	if (csv->state == CR_SEEN) {
		if (c != '\n')
			return refuse_syntax(
				csv, "a lone carriage return; lines end with LF or CRLF", ret_error);
		csv->state = csv->before_cr;
		return end_row(csv, ret_error);
	}
	if (c == '"')
		return step_quote(csv, at, ret_error);
	if (c == csv->separator || c == '\n')
		return step_end(csv, c, ret_error);
	if (c == '\r') {
		csv->before_cr = csv->state;
		csv->state = CR_SEEN;
		return true;
	}
	return refuse_behind_quote(csv, c, ret_error);
}

static bool
feed_text(struct csv *csv, const char *data, size_t len, struct cspark_error *ret_error)
{
	const char *at = data;
	const char *end = data + len;

	while (at < end) {
		if ((csv->state == CELL_START || csv->state == UNQUOTED || csv->state == QUOTED) &&
			!take_run(csv, &at, end, ret_error))
			return false;
		if (at < end && !step(csv, at++, ret_error))
			return false;
	}
	return csv->run.len == 0 || keep_run(csv, ret_error);
}

/* -- the head: a byte-order mark, and a line sep=; -------------------------------------- */

enum head { HEAD_UNKNOWN, HEAD_IS_TEXT, HEAD_IS_LINE };

/* As far as both go. */
static bool
agree(struct str a, struct str b)
{
	return memcmp(a.at, b.at, a.len < b.len ? a.len : b.len) == 0;
}

static enum head
judge_line(struct str line)
{
	if (!agree(line, STR("sep=")) || (line.len > 4 && !csv_separator_name(line.at[4])))
		return HEAD_IS_TEXT;
	if (line.len < 6 || (line.len == 6 && line.at[5] == '\r'))
		return HEAD_UNKNOWN;
	return line.at[line.len - 1] == '\n' ? HEAD_IS_LINE : HEAD_IS_TEXT;
}

/* What stands behind the mark, if there is one. */
static enum head
judge_head(const struct csv *csv, struct str *ret_line)
{
	struct str mark = STR("\xef\xbb\xbf");
	struct str head = str_range(csv->head, csv->head_len);

	*ret_line = head;
	if (head.len < mark.len && agree(head, mark))
		return HEAD_UNKNOWN;
	if (str_starts(head, mark))
		*ret_line = str_range(head.at + mark.len, head.len - mark.len);
	return judge_line(*ret_line);
}

static bool
end_head(struct csv *csv, enum head head, struct str line, struct cspark_error *ret_error)
{
	csv->head_done = true;
	if (head != HEAD_IS_LINE)
		return feed_text(csv, line.at, line.len, ret_error);
	if (!csv->is_said)
		set_separator(csv, line.at[4]);
	csv->row_line = csv->cell_line = ++csv->line;
	return true;
}

/* Takes from <data> what may belong to the head; it is kept until that is known. */
static bool
feed_head(struct csv *csv, struct str *data, struct cspark_error *ret_error)
{
	enum head head = HEAD_UNKNOWN;
	struct str line = { 0 };

	while (data->len > 0 && head == HEAD_UNKNOWN) {
		csv->head[csv->head_len++] = *data->at;
		*data = str_range(data->at + 1, data->len - 1);
		head = judge_head(csv, &line);
	}
	return head == HEAD_UNKNOWN || end_head(csv, head, line, ret_error);
}

/* The text ends in its head; the line needs no line end. */
static bool
cut_head(struct csv *csv, struct cspark_error *ret_error)
{
	struct str line;

	judge_head(csv, &line);
	return end_head(csv, line.len > 4 ? HEAD_IS_LINE : HEAD_IS_TEXT, line, ret_error);
}

/* -- the text ---------------------------------------------------------------------------- */

bool
csv_feed(struct csv *csv, const char *data, size_t len, struct cspark_error *ret_error)
{
	struct str text = str_range(data, len);

	if (!csv->head_done && !feed_head(csv, &text, ret_error))
		return false;
	return text.len == 0 || feed_text(csv, text.at, text.len, ret_error);
}

bool
csv_end(struct csv *csv, struct cspark_error *ret_error)
{
	if (!csv->head_done && !cut_head(csv, ret_error))
		return false;
	if (csv->state == QUOTED)
		return refuse_csv(csv->cell_line, "the quotes that begin here are never closed", ret_error);
	if (csv->state == CR_SEEN)
		return refuse_syntax(csv, "a lone carriage return; lines end with LF or CRLF", ret_error);
	if (csv->state == CELL_START && !csv->row_begun)
		return true;
	return end_row(csv, ret_error);
}
