/*
 * A list is cut into its records: a table in CSV, NDJSON, or a JSON array of objects or of rows. The text
 * arrives in pieces of any size; the records are told as they are written, byte for byte. Blank lines are
 * none, by the daemon's rules. Whether a record is valid is not looked at, if its end can be found. Pure.
 */
#pragma once

#include "base/buf.h"
#include "base/json.h"

#include <stdbool.h>
#include <stdint.h>

enum cut_form { CUT_CSV, CUT_NDJSON, CUT_JSON };

/* A record without its line end; or the row of names that a table begins with, and before it the line of
 * a separator (sep=;), if it has one. Borrowed during the call. Returning false stops the cutter. */
typedef bool cut_record_fn(void *arg, struct str record, bool is_names);

struct cut {
	enum cut_form form;
	char separator; /* of CSV; if it is a comma, a line sep=; changes it */
	cut_record_fn *on_record;
	void *arg;
	uint64_t offset; /* behind the record that is told, and its line end (not of JSON) */
	char why[160];   /* what is wrong with the text; "": nothing */
	/* the rest is the cutter's own */
	struct buf kept;    /* of the record under way, from earlier pieces */
	bool has_names;
	bool has_separator; /* its line was there */
	bool is_quoted;
	bool has_one_column;
	bool in_element;
	bool is_list;
	uint64_t element;  /* where it begins */
	struct str piece;  /* the one that is fed, and */
	uint64_t piece_at; /* its offset */
	struct json_scan scan;
};

/* A record of more than <max_record> bytes is refused. */
void cut_init(struct cut *cut, enum cut_form form, char separator, size_t max_record,
	cut_record_fn *on_record, void *arg);
void cut_fini(struct cut *cut);
/* False: stopped, or with <why>. */
bool cut_feed(struct cut *cut, const char *data, size_t len);
/* The text ends here: the last line needs no end. */
bool cut_end(struct cut *cut);

/* The last cell of a row of CSV, as it is written. */
struct str cut_last_cell(struct str row, char separator);
