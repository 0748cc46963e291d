/*
 * Slices: a borrowed run of bytes that need not end in NUL. A slice never owns;
 * the comment of whoever hands one out says how long it lives. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct arena;
struct buf;

struct str {
	const char *at;
	size_t len;
};

/* For literals, also in initialisers. */
#define STR(literal) ((struct str){ "" literal, sizeof(literal) - 1 })
/* For printf: "%.*s". */
#define STR_ARG(s) (int)(s).len, ((s).at ? (s).at : "")

static inline struct str
str_of(const char *text) /* NULL gives the empty slice */
{
	return (struct str){ text, text ? strlen(text) : 0 };
}

static inline struct str
str_range(const char *at, size_t len)
{
	return (struct str){ at, len };
}

static inline bool
str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

bool str_eq_nocase(struct str a, struct str b); /* ASCII */
bool str_starts(struct str text, struct str prefix);
bool str_ends(struct str text, struct str suffix);
struct str str_trim(struct str text); /* blanks and tabs at both ends */
/* The part before the first <separator>; <rest> is what follows it. Without a separator the whole
 * text, and <rest> is empty with at == NULL. */
struct str str_cut(struct str text, char separator, struct str *rest);
/* Position of <c>, or -1. */
ptrdiff_t str_find(struct str text, char c);

/* Strict decimal digits, nothing else, at most <max>. */
bool str_to_u64(struct str text, uint64_t max, uint64_t *ret);

/* RFC 3629, no surrogates, no overlong forms. */
bool str_is_utf8(struct str text);
/* A byte below 0x20, or 0x7f. */
bool str_has_control(struct str text);

/* Percent-decodes once, appending to <out>; false for a bad escape. '+' is a blank only if <form>. */
bool str_percent_decode(struct str text, bool form, struct buf *out);
/* Appends with every byte but RFC 3986 "unreserved" percent-encoded (capital hex). */
void str_percent_encode(struct str text, struct buf *out);

/* Whether <secret> equals <guess>, in a time that does not depend on where they differ. */
bool str_eq_constant_time(struct str secret, struct str guess);
