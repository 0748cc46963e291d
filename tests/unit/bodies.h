/* Bodies for tests: decoded whole, in two pieces, or byte by byte. */
#pragma once

#include <criterion/criterion.h>
#include <stdlib.h>

#include "daemon/decode.h"

struct decoded {
	struct decode *decode;
	bool ok;
	struct ask ask;
	struct cspark_error error;
};

static inline bool
decoded_feed(struct decoded *decoded, struct str text)
{
	char *copy = malloc(text.len + 1); /* a heap block of its own: reading past its end is seen */
	bool ok;

	cr_assert_not_null(copy);
	memcpy(copy, text.len > 0 ? text.at : "", text.len);
	ok = decode_feed(decoded->decode, copy, text.len, &decoded->error);
	free(copy);
	return ok;
}

static inline void
decoded_init(struct decoded *ret, enum decode_form form, enum decode_coding coding,
	const struct decode_limits *limits)
{
	static const struct decode_limits roomy = { .max_body = 1 << 24, .max_records = 1 << 20 };

	*ret = (struct decoded){ .decode = decode_new(form, coding, limits ? limits : &roomy) };
	cr_assert_not_null(ret->decode);
}

static inline void
decoded_fini(struct decoded *decoded)
{
	decode_free(decoded->decode);
}

/* In pieces of <step> bytes after a first one of <first>. */
static inline struct decoded
decoded_pieces(enum decode_form form, struct str text, size_t first, size_t step)
{
	struct decoded decoded;

	decoded_init(&decoded, form, DECODE_IDENTITY, NULL);
	decoded.ok = true;
	for (size_t at = 0, len = first; decoded.ok && at < text.len; at += len, len = step) {
		len = len < text.len - at ? len : text.len - at;
		decoded.ok = len == 0 || decoded_feed(&decoded, str_range(text.at + at, len));
	}
	decoded.ok = decoded.ok && decode_end(decoded.decode, &decoded.ask, &decoded.error);
	return decoded;
}

static inline struct decoded
decoded_whole(enum decode_form form, struct str text)
{
	return decoded_pieces(form, text, text.len, text.len);
}

static inline void
expect_slice(struct str got, const char *wanted, const char *what)
{
	if (!wanted)
		cr_expect_null(got.at, "%s: %.*s where nothing was expected", what, STR_ARG(got));
	else
		cr_expect(str_eq(got, str_of(wanted)), "%s: got %.*s, wanted %s", what, STR_ARG(got), wanted);
}

/* The body is accepted, with these inputs; NULL: none. */
static inline void
expect_inputs(enum decode_form form, struct str text, enum ask_kind kind, size_t records, const char *inputs)
{
	struct decoded decoded = decoded_whole(form, text);

	cr_assert(decoded.ok, "%.*s: %s", STR_ARG(text), decoded.error.detail);
	cr_expect_eq(decoded.ask.kind, kind, "%.*s", STR_ARG(text));
	cr_expect_eq(decoded.ask.records, records, "%.*s: %zu records", STR_ARG(text), decoded.ask.records);
	expect_slice(decoded.ask.inputs, inputs, text.at);
	decoded_fini(&decoded);
}

/* The body is refused, and the sentence holds <words>. */
static inline void
expect_refusal(enum decode_form form, struct str text, enum cspark_code code, const char *words)
{
	struct decoded decoded = decoded_whole(form, text);

	cr_assert_not(decoded.ok, "%.*s is accepted", STR_ARG(text));
	cr_expect_eq(
		decoded.error.code, code, "%.*s: %s", STR_ARG(text), cspark_code_name(decoded.error.code));
	cr_expect_not_null(
		strstr(decoded.error.detail, words), "%.*s: %s", STR_ARG(text), decoded.error.detail);
	decoded_fini(&decoded);
}

/* However the body is cut, the outcome is the same. */
static inline void
expect_same_in_pieces(enum decode_form form, struct str text)
{
	struct decoded whole = decoded_whole(form, text);

	for (size_t cut = 0; cut <= text.len; cut++) {
		/* The last round: byte by byte. */
		size_t step = cut < text.len ? text.len : 1;
		struct decoded other = decoded_pieces(form, text, cut < text.len ? cut : 1, step);

		cr_assert_eq(whole.ok, other.ok, "%.*s cut at %zu", STR_ARG(text), cut);
		cr_expect_eq(whole.ask.kind, other.ask.kind);
		cr_expect_eq(whole.ask.records, other.ask.records);
		cr_expect(str_eq(whole.ask.inputs, other.ask.inputs), "%.*s cut at %zu", STR_ARG(text), cut);
		cr_expect(str_eq(whole.ask.request_data, other.ask.request_data));
		cr_expect(str_eq(whole.ask.request_meta, other.ask.request_meta));
		cr_expect_str_eq(
			whole.error.detail, other.error.detail, "%.*s cut at %zu", STR_ARG(text), cut);
		decoded_fini(&other);
	}
	decoded_fini(&whole);
}
