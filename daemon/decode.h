/*
 * From a caller's body to what is asked of Spark. Fed piece by piece as the body arrives; checks while
 * receiving; keeps the bytes once. Pure: no clock, no sockets, no log.
 *
 * The inputs that come out are valid JSON, with the caller's own bytes for every value.
 */
#pragma once

#include "base/buf.h"
#include "base/str.h"
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
	/* ONE: a JSON object, or absent. MANY: a JSON array of objects, or of rows under a row of names. */
	struct str inputs;
	size_t records;          /* MANY: how many, the row of names not counted */
	struct str request_data; /* ENVELOPE */
	struct str request_meta; /* ENVELOPE; absent if the caller sent none */
};

struct decode_limits {
	uint64_t max_body; /* bytes after decoding */
	uint64_t max_records;
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

/* False: the body is refused; <ret_error> is filled (line, column, what was expected). Then feed no more. */
bool decode_feed(struct decode *decode, const char *data, size_t len, struct cspark_error *ret_error);
/* The body is whole. On success <ret> is filled, borrowed from <decode> until decode_free(). An empty body
 * is one record without inputs
 * (for NDJSON and CSV: an empty list). */
bool decode_end(struct decode *decode, struct ask *ret, struct cspark_error *ret_error);
