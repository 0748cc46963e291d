/*
 * RFC 4180, read piece by piece: quotes, doubled quotes, quoted line ends, CRLF or LF. Strict: a quote
 * inside an
 * unquoted cell, text behind a closing quote, a lone CR, NUL and bytes that are not UTF-8 are refused. A
 * byte-order
 * mark at the beginning is skipped; so are empty lines (of a table of one column: see decode_csv.c).
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

struct csv {
	csv_cell_fn *on_cell;
	csv_row_fn *on_row;   /* behind the last cell of each row */
	csv_row_fn *on_blank; /* an empty line */
	void *arg;
	uint64_t line;     /* of the byte under way, from 1 */
	uint64_t row_line; /* where the row under way began */
	/* the rest is the reader's own */
	uint64_t cell_line;
	int state, before_cr;
	unsigned mark_seen; /* bytes of a byte-order mark */
	bool mark_done;
	bool row_begun;
	struct buf cell;
};

void csv_init(struct csv *csv, size_t max_cell, void *arg, csv_cell_fn *on_cell, csv_row_fn *on_row,
	csv_row_fn *on_blank);
void csv_fini(struct csv *csv);
bool csv_feed(struct csv *csv, const char *data, size_t len, struct cspark_error *ret_error);
/* The text ends here; the last row needs no line end. */
bool csv_end(struct csv *csv, struct cspark_error *ret_error);
