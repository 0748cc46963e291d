/*
 * Walking JSON text that has already passed the scanner, and writing JSON strings.
 *
 * These functions trust the text (they are memory-safe on any bytes, but say nothing
 * sensible about bad JSON) and hand out slices of it: values as the sender wrote
 * them, to be spliced byte for byte. No allocation, no tree. Pure.
 */
#pragma once

#include <stdbool.h>

#include "base/json.h"
#include "base/str.h"

struct buf;

/* Steps through the members of an object or the elements of an array. */
struct json_walk {
	const char *at;
	const char *end;
	bool object;
	bool begun;
};

/* <text> borrowed. A text that is neither object nor array has nothing to step through. */
void json_walk_init(struct json_walk *walk, struct str text);
/* False at the end. <ret_key>: with its quotes, empty for arrays; may be NULL. <ret_value>: without
 * the white space around it. */
bool json_walk_next(struct json_walk *walk, struct str *ret_key, struct str *ret_value);

/* The last member called <name> of an object, as raw text; at == NULL if there is none. */
struct str json_member(struct str object, struct str name);
/* The same along a path: json_path(text, "response_data.outputs"). Names with dots cannot be said. */
struct str json_path(struct str text, const char *path);
/* How many elements an array has; 0 for anything else. */
size_t json_count(struct str array);

/* By the first byte, white space skipped; JSON_NULL for empty or unknown text. */
enum json_kind json_kind_of(struct str value);
static inline bool
json_is_null(struct str value) /* absent counts as null */
{
	return value.at == NULL || json_kind_of(value) == JSON_NULL;
}

/* Whether the string literal <raw> (with quotes) means <text>, escapes resolved. */
bool json_string_is(struct str raw, struct str text);
/* Appends what the string literal means, as UTF-8; false if <raw> is no string. A lone surrogate
 * becomes U+FFFD. */
bool json_unquote(struct str raw, struct buf *out);
/* Appends <text> as a JSON string literal, quotes included. Bytes that are not UTF-8 become U+FFFD. */
void json_quote(struct str text, struct buf *out);
/* Whether <text> as a whole is one complete JSON literal other than an object or array: number, true,
 * false, null or a quoted string, with no blank around it. */
bool json_is_scalar(struct str text);
