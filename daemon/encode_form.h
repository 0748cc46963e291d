/*
 * The inside of encode: the records of an answer one by one, and the formats that go through them. Only
 * for encode*.c.
 */
#pragma once

#include "base/buf.h"
#include "base/json_text.h"
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
};

void encode_records_init(struct encode_records *records, const struct cspark_answer *answer, bool many);
/* False at the end. */
bool encode_records_next(struct encode_records *records, struct encode_record *ret);

/* Each appends the whole answer to <out>. */
bool
encode_ndjson(const struct cspark_answer *answer, bool many, struct buf *out, struct cspark_error *ret_error);
bool
encode_csv(const struct cspark_answer *answer, bool many, struct buf *out, struct cspark_error *ret_error);
bool
encode_text(const struct cspark_answer *answer, bool many, struct buf *out, struct cspark_error *ret_error);

/* Raw JSON on one line: line ends between tokens, which is the only place where JSON has them, are left
 * out. */
void encode_one_line(struct str json, struct buf *out);
bool encode_no_memory(struct cspark_error *ret_error);
