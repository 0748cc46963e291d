/*
 * CSV there and back: cells of any text, written with quotes, are what the decoder makes of them. The
 * first byte is the number of
 * columns; a byte of 0x1f ends a cell.
 */
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/json_text.h"
#include "daemon/decode.h"
#include "tests/fuzz/fuzz.h"

#define CELL_END  0x1f
#define MAX_BYTES (1 << 20)

static void
put_cell(struct str text, struct buf *out)
{
	buf_put_char(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '"')
			buf_put_char(out, '"');
		buf_put_char(out, text.at[i]);
	}
	buf_put_char(out, '"');
}

/* Names c0, c1, ...; the last row is filled with empty cells. Gives how many cells were put. */
static size_t
write_csv(struct str cells, size_t columns, struct buf *out)
{
	size_t count = 0;

	for (size_t i = 0; i < columns; i++)
		buf_printf(out, "%sc%zu", i ? "," : "", i);
	for (; cells.at || count % columns; count++) {
		buf_put_str(out, count % columns ? STR(",") : STR("\r\n"));
		put_cell(str_cut(cells, CELL_END, &cells), out);
	}
	return count;
}

static void
check_cell(struct str json, struct str text)
{
	struct buf meant;

	if (text.len == 0) {
		FUZZ_REQUIRE(str_eq(json, STR("null")), "an empty cell became %.*s", STR_ARG(json));
		return;
	}
	if (json_is_scalar(text)) {
		FUZZ_REQUIRE(str_eq(json, text), "%.*s became %.*s", STR_ARG(text), STR_ARG(json));
		return;
	}
	buf_init(&meant, MAX_BYTES);
	FUZZ_REQUIRE(json_unquote(json, &meant), "%.*s is no string", STR_ARG(json));
	FUZZ_REQUIRE(str_eq(buf_text(&meant), text), "%.*s became %.*s", STR_ARG(text), STR_ARG(json));
	buf_fini(&meant);
}

static void
check_table(struct str table, struct str cells, size_t columns)
{
	struct json_walk rows, row;
	struct str line, json;

	FUZZ_REQUIRE(json_valid(table.at, table.len, NULL), "no JSON: %.*s", STR_ARG(table));
	json_walk_init(&rows, table);
	FUZZ_REQUIRE(json_walk_next(&rows, NULL, &line) && json_count(line) == columns, "no names");
	while (json_walk_next(&rows, NULL, &line)) {
		json_walk_init(&row, line);
		while (json_walk_next(&row, NULL, &json))
			check_cell(json, str_cut(cells, CELL_END, &cells));
	}
	FUZZ_REQUIRE(!cells.at, "cells are lost");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct decode_limits limits = { .max_body = MAX_BYTES, .max_records = MAX_BYTES };
	struct cspark_error error;
	struct decode *decode;
	struct str cells;
	struct ask ask;
	struct buf csv;
	size_t columns;
	bool plain;
	bool ok;

	if (size < 1)
		return 0;
	columns = data[0] % 8 + 1;
	cells = str_range((const char *)data + 1, size - 1);
	plain = str_is_utf8(cells) && !memchr(data + 1, 0, size - 1);
	buf_init(&csv, MAX_BYTES);
	size = write_csv(cells, columns, &csv);
	decode = decode_new(DECODE_CSV, DECODE_IDENTITY, &limits);
	FUZZ_REQUIRE(decode && !buf_failed(&csv), "out of memory");
	ok = decode_feed(decode, csv.data, csv.len, &error) && decode_end(decode, &ask, &error);
	FUZZ_REQUIRE(ok == plain, "%s", ok ? "NUL or no UTF-8 is accepted" : error.detail);
	if (ok) {
		FUZZ_REQUIRE(ask.records == size / columns, "%zu records", ask.records);
		check_table(ask.inputs, cells, columns);
	}
	decode_free(decode);
	buf_fini(&csv);
	return 0;
}
