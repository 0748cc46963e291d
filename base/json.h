/*
 * A strict, incremental scanner for one RFC 8259 text.
 *
 * It checks and it finds; it builds no tree, decodes nothing and allocates nothing.
 * Bytes arrive in pieces of any size; memory is constant; depth is bounded. What it
 * accepts is exactly RFC 8259: no comments, no NaN, no trailing comma, no byte-order
 * mark, valid UTF-8 in strings (escaped lone surrogates are grammatical and pass).
 *
 * It reports where values and member names near the top begin and end, as offsets
 * from the first byte ever fed, so that the owner can cut its own copy of the bytes.
 * Pure, not thread-safe, embedded in its owner.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_MAX_DEPTH 512

enum json_kind { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

enum json_event {
	JSON_BEGIN, /* first byte of a value: offset of that byte */
	JSON_END,   /* a value is whole: offset behind its last byte */
	JSON_KEY,   /* a member name is whole: <begin>..<offset>, quotes included */
};

/*
 * Called for values at depth <= events_to_depth (the text itself has depth 0, its members or
 * elements 1) and for member names of objects at depth < events_to_depth. Returning false stops
 * the scan with JSON_STOPPED. A name has the depth of its member. <begin> is the first byte of the
 * value or name in all three events. Must not touch the scanner.
 */
struct json_mark {
	enum json_event event;
	enum json_kind kind; /* of the value; JSON_STRING for a key */
	unsigned depth;
	uint64_t begin;
	uint64_t offset;
};
typedef bool json_mark_fn(void *arg, const struct json_mark *mark);

enum json_status {
	JSON_MORE,    /* all bytes consumed, the text is not complete */
	JSON_DONE,    /* the text is complete; only white space may follow */
	JSON_BAD,     /* not JSON: see json_error */
	JSON_STOPPED, /* the mark function said no */
};

struct json_scan {
	json_mark_fn *on_mark; /* NULL: only check */
	void *arg;
	unsigned events_to_depth;
	/* the rest is the scanner's own */
	unsigned depth; /* open containers */
	uint8_t state;
	uint8_t after;    /* the state behind a value of the innermost container */
	uint8_t substate; /* within a number, a literal, an escape or a character */
	uint8_t kind;     /* of the scalar under way */
	bool is_name;     /* the string under way names a member */
	const char *reason;
	uint64_t offset;                    /* bytes consumed */
	uint64_t bias;                      /* address + bias = offset, while a piece is fed */
	uint64_t line;                      /* from 1 */
	uint64_t line_start;                /* offset of the first byte of this line */
	uint64_t begin;                     /* of the scalar or name under way */
	uint64_t nest[JSON_MAX_DEPTH / 64]; /* a bit a level: 1 = object */
	uint64_t begins[8];                 /* where the open containers of depth 0..7 began */
};

/* <events_to_depth> at most 7. */
void json_scan_init(struct json_scan *scan, unsigned events_to_depth, json_mark_fn *on_mark, void *arg);

/* Consumes <len> bytes. After JSON_BAD or JSON_STOPPED nothing more is consumed. */
enum json_status json_scan_feed(struct json_scan *scan, const char *data, size_t len);

/* The bytes end here: a number at top level becomes complete, anything half-way becomes JSON_BAD. */
enum json_status json_scan_end(struct json_scan *scan);

/* Where and why, for messages: line and column from 1, column in bytes. Static text. */
struct json_error {
	uint64_t offset;
	uint64_t line;
	uint64_t column;
	const char *reason;
};
void json_scan_error(const struct json_scan *scan, struct json_error *ret);

/* One call for a whole text: true if it is one complete RFC 8259 text. <ret> may be NULL. */
bool json_valid(const char *data, size_t len, struct json_error *ret);
