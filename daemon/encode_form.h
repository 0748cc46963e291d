/*
 * The inside of encode: the records of an answer one by one, and the formats that go through them. Only
 * for encode*.c.
 */
#pragma once

#include "base/buf.h"
#include "base/json_text.h"
#include "daemon/columns.h"
#include "daemon/csv.h"
#include "lib/cspark.h"

/* Raw JSON, borrowed from the answer; at == NULL where absent. */
struct encode_record {
	struct str outputs, warnings, errors, process_time;
};

struct encode_records {
	struct json_walk outputs, warnings, errors, process_time;
	struct encode_record one; /* the answer to a single record */
	bool many;
	bool begun;
	size_t index; /* of the record that was given last */
	size_t left;  /* so many are given, and then no more until this is set again */
};

void encode_records_init(struct encode_records *records, const struct cspark_answer *answer, bool many);
/* False at the end, and when none are left. */
bool encode_records_next(struct encode_records *records, struct encode_record *ret);

/* CSV in pieces: learn what columns there are, then write. */
struct encode_table {
	struct csv_dialect dialect;
	struct columns columns; /* of outputs; texts are borrowed from the answers */
	bool with_errors;       /* a last column for them */
	/* the rest is its own */
	struct str *row;
	struct buf scratch;
};
void encode_table_init(struct encode_table *table, struct csv_dialect dialect);
void encode_table_fini(struct encode_table *table);
/* New outputs behind those that are known, and whether a record failed. <records> is a copy: they are to be
 * written yet. False: no memory. */
bool encode_table_learn(struct encode_table *table, struct encode_records records);
void encode_table_header(struct encode_table *table, struct buf *out);
/* All outputs are known. */
void encode_table_rows(struct encode_table *table, struct encode_records *records, struct buf *out);
/* A record that has no outputs; with_errors is true. */
void encode_table_failure(struct encode_table *table, struct str errors, struct buf *out);
/* Whether there is an error, or something else that is no empty list. */
bool encode_is_failed(struct str errors);

/* Each appends the records to <out>. */
bool encode_ndjson(struct encode_records *records, struct buf *out, struct cspark_error *ret_error);
bool encode_csv(struct encode_records *records, struct csv_dialect dialect, struct buf *out,
	struct cspark_error *ret_error);
bool encode_text(struct encode_records *records, struct buf *out, struct cspark_error *ret_error);

/* Raw JSON on one line: line ends between tokens, which is the only place where JSON has them, are left
 * out. */
void encode_one_line(struct str json, struct buf *out);
bool encode_no_memory(struct cspark_error *ret_error);
