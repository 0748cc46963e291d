/*
 * From a caller's body to what is asked of Spark. Fed piece by piece as the body arrives; checks while
 * receiving; keeps the bytes once, or gives the records of a list away one by one. Pure: no clock, no
 * sockets, no log.
 *
 * The inputs that come out are valid JSON, with the caller's own bytes for every value.
 */
#pragma once

#include "base/buf.h"
#include "base/str.h"
#include "daemon/csv.h"
#include "lib/cspark.h"

enum decode_form { DECODE_JSON, DECODE_NDJSON, DECODE_CSV, DECODE_FORM };

enum ask_kind {
	ASK_ONE,      /* a record: v3 */
	ASK_MANY,     /* a list, even of one or none: v4 */
	ASK_ENVELOPE, /* Spark's own v3 envelope */
};

/* What the caller asks. Slices borrowed from the decoder. */
struct ask {
	enum ask_kind kind;
	/* ONE: a JSON object, or absent. MANY: a JSON array of objects, or of rows under a row of names;
	 * absent if the records went to a sink. */
	struct str inputs;
	size_t records;          /* MANY: how many, the row of names not counted */
	struct str request_data; /* ENVELOPE */
	struct str request_meta; /* ENVELOPE; absent if the caller sent none */
};

struct decode_limits {
	uint64_t max_body; /* bytes after decoding */
	uint64_t max_records;
	/* Of lists that go to a sink; 0: as max_body. */
	uint64_t max_list;   /* bytes of the whole list after decoding */
	uint64_t max_record; /* bytes of one record, as JSON */
};

/* Where the records of a list go, as they arrive; texts are borrowed during the call. False: stop,
 * <ret_error> is filled. Must not touch the decoder. */
struct decode_sink {
	/* Rows follow: the row of names, a JSON array of strings. Once, before the first record; not for a
	 * list of objects. */
	bool (*names)(void *arg, struct str row, struct cspark_error *ret_error);
	/* An object, or a row with as many cells as there are names. Valid JSON, no blanks around it. */
	bool (*record)(void *arg, struct str record, struct cspark_error *ret_error);
	void *arg;
};

struct decode;

/* The form that a Content-Type (at == NULL: absent) stands for; false: 415. Parameters such as
 * charset=utf-8 are understood;
 * any other charset is refused. <ret_error> says what is accepted. */
bool decode_form_of(struct str content_type, enum decode_form *ret, struct cspark_error *ret_error);

/* <gzip>: the body is Content-Encoding gzip or deflate, see decode_coding_of(). NULL: no memory. */
enum decode_coding { DECODE_IDENTITY, DECODE_GZIP, DECODE_DEFLATE };
bool decode_coding_of(struct str content_encoding, enum decode_coding *ret, struct cspark_error *ret_error);
struct decode *
decode_new(enum decode_form form, enum decode_coding coding, const struct decode_limits *limits);
void decode_free(struct decode *decode);
/* Before the first byte; copied. Then of a list no more is kept than the record under way; what is no list
 * is kept whole all the same. Without a sink a list is kept whole, too. */
void decode_set_sink(struct decode *decode, const struct decode_sink *sink);
/* Before the first byte. Matters to CSV only, which is CSV_USUAL if nothing is said. */
void decode_set_dialect(struct decode *decode, struct csv_dialect dialect);

/* False: the body is refused; <ret_error> is filled (line, column, what was expected). Then feed no more. */
bool decode_feed(struct decode *decode, const char *data, size_t len, struct cspark_error *ret_error);
/* The body is whole. On success <ret> is filled, borrowed from <decode> until decode_free(). An empty body
 * is one record without inputs
 * (for NDJSON and CSV: an empty list). */
bool decode_end(struct decode *decode, struct ask *ret, struct cspark_error *ret_error);
