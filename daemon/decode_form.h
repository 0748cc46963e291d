/*
 * The inside of decode: what the forms of a body share, and the functions that make a form. Only for
 * decode.c and decode_*.c.
 *
 * Every form writes what it keeps into <text>, and at the end says which part of it is what. Offsets, not
 * pointers, are remembered on the way, since the text moves while it grows.
 */
#pragma once

#include "base/buf.h"
#include "base/json.h"
#include "daemon/decode.h"
#include "daemon/inflate.h"

struct decode_form_ops {
	void (*init)(struct decode *decode); /* before the first byte, or the end; NULL: nothing to do */
	bool (*feed)(struct decode *decode, const char *data, size_t len, struct cspark_error *ret_error);
	bool (*end)(struct decode *decode, struct ask *ret, struct cspark_error *ret_error);
	void (*fini)(struct decode *decode); /* NULL: nothing to do */
};
extern const struct decode_form_ops decode_json_ops;
extern const struct decode_form_ops decode_ndjson_ops;
extern const struct decode_form_ops decode_csv_ops;
extern const struct decode_form_ops decode_formdata_ops;

struct span {
	size_t begin;
	size_t end;
};

/* One JSON text: a record, an envelope or a list. */
struct decode_json {
	struct json_scan scan;
	enum json_kind kind; /* of the whole text */
	struct span whole;
	enum json_kind rows; /* JSON_OBJECT or JSON_ARRAY: what the first element is */
	size_t elements;
	size_t names; /* how many the first row holds */
	bool in_element;
	uint64_t element;                                       /* where it begins */
	struct str piece;                                       /* that is being scanned */
	uint64_t piece_at;                                      /* its offset in the body */
	struct cspark_error *error;                             /* for what the mark function refuses */
	enum { MEMBER_OTHER, MEMBER_DATA, MEMBER_META } member; /* the one under way */
	unsigned data_count, meta_count, other_count;
	bool data_is_object, meta_is_object;
	struct span data, meta;
	char complaint[200]; /* why the mark function stopped the scan; empty: <error> says it */
};

struct decode_ndjson {
	struct json_scan scan;
	uint64_t line;     /* from 1 */
	uint64_t column;   /* blanks skipped before the record */
	bool begun;        /* the line holds more than blanks */
	struct str record; /* of a line that is in one piece, for the sink */
};

struct decode_csv {
	struct csv csv;
	size_t columns;              /* of the header; 0: not yet seen */
	size_t cells;                /* of the row under way */
	uint64_t blank_line;         /* the first empty one behind the header; 0: none */
	const char *other_separator; /* that the first name holds; NULL: none */
};

struct decode {
	const struct decode_form_ops *ops;
	struct decode_limits limits;
	struct inflate *inflate; /* NULL: identity */
	uint64_t received;       /* bytes after inflating */
	struct decode_sink sink; /* record == NULL: none */
	struct csv_dialect dialect;
	bool is_ready; /* init was called */
	bool begun;    /* a byte that is no blank was seen ... */
	bool is_list;  /* ... and it begins a list; for NDJSON and CSV from the beginning */
	struct buf text;
	size_t records;
	union {
		struct decode_json json;
		struct decode_ndjson ndjson;
		struct decode_csv csv;
	};
};

/* Appends, with an error if memory is out. */
bool decode_keep(struct decode *decode, const char *data, size_t len, struct cspark_error *ret_error);
/* One more record, within the limit. */
bool decode_count(struct decode *decode, struct cspark_error *ret_error);
bool decode_no_memory(struct cspark_error *ret_error);

/* Nothing is kept but the record under way. */
static inline bool
decode_streams(const struct decode *decode)
{
	return decode->is_list && decode->sink.record;
}

/* The most that a record that goes to a sink may have. */
static inline uint64_t
decode_max_record(const struct decode *decode)
{
	return decode->limits.max_record ? decode->limits.max_record : decode->limits.max_body;
}

/* <unit> <number>: where the record is, "line" 17. Gives false. */
bool decode_too_long(
	const struct decode *decode, const char *unit, uint64_t number, struct cspark_error *ret_error);

static inline struct str
decode_span(const struct decode *decode, struct span span)
{
	return str_range(decode->text.data + span.begin, span.end - span.begin);
}
