/*
 * RFC 4180, read piece by piece: quotes, doubled quotes, quoted line ends, CRLF or LF; other separators than
 * the comma. Strict: a quote inside an unquoted cell, text behind a closing quote, a lone CR, NUL and bytes
 * that are not UTF-8 are refused. A byte-order mark at the beginning is skipped; so are empty lines (of a
 * table of one column: see decode_csv.c), and the line that tells Excel of the separator: sep=;
 *
 * Pure; embedded in its owner.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "lib/cspark.h"

/* <text> borrowed during the call. Returning false stops the reader; the owner has filled <ret_error>. */
typedef bool csv_cell_fn(void *arg, struct str text, struct cspark_error *ret_error);
typedef bool csv_row_fn(void *arg, struct cspark_error *ret_error);

/* How a table is written. */
struct csv_dialect {
	char separator; /* between cells: , ; | or a tab */
	char decimal;   /* in a number that is a cell: . or , */
	bool is_said;   /* the separator is, so a line sep=; does not change it */
};
#define CSV_USUAL ((struct csv_dialect){ ',', '.', false })

/* By the name that users say: ",", ";", "|", "tab" or a tab. */
bool csv_separator_named(struct str name, char *ret);
const char *csv_separator_name(char c); /* static; NULL: never separates cells */

struct csv {
	csv_cell_fn *on_cell;
	csv_row_fn *on_row;   /* behind the last cell of each row */
	csv_row_fn *on_blank; /* an empty line */
	void *arg;
	uint64_t line;     /* of the byte under way, from 1 */
	uint64_t row_line; /* where the row under way began */
	bool cell_quoted;  /* the cell under way, or just told, is in quotes */
	/* the rest is the reader's own */
	char separator;
	bool is_said;
	uint64_t cell_line;
	int state, before_cr;
	char head[10]; /* what may be a byte-order mark, and a line sep=; */
	size_t head_len;
	bool head_done;
	bool row_begun;
	bool cell_odd;   /* the cell may hold NUL, or more than ASCII */
	struct str run;  /* the last bytes of the cell, still in the piece ... */
	struct buf cell; /* ... and what comes before them */
	uint8_t classes[256];
};

/* A cell of more than <max_cell> bytes is refused. */
void csv_init(struct csv *csv, struct csv_dialect dialect, size_t max_cell, void *arg, csv_cell_fn *on_cell,
	csv_row_fn *on_row, csv_row_fn *on_blank);
void csv_fini(struct csv *csv);
bool csv_feed(struct csv *csv, const char *data, size_t len, struct cspark_error *ret_error);
/* The text ends here; the last row needs no line end. */
bool csv_end(struct csv *csv, struct cspark_error *ret_error);
