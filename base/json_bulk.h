/*
 * Finding the next byte that matters, sixteen at a time where the machine can: what
 * makes scanner and walker fast. For json.c and json_text.c only. Pure.
 */
#pragma once

#include <stdbool.h>

/* A set of bytes, said twice: by byte, and for blocks of sixteen (a bit a byte). */
typedef bool json_in_set_fn(unsigned char c);

static inline bool
json_in_string_marks(unsigned char c)
{
	return c == '"' || c == '\\' || c < 0x20 || c >= 0x80;
}

static inline bool
json_in_quotes(unsigned char c)
{
	return c == '"' || c == '\\';
}

static inline bool
json_in_brackets(unsigned char c)
{
	return c == '"' || (c | 0x20) == '{' || (c | 0x20) == '}';
}

static inline bool
json_in_nondigits(unsigned char c)
{
	return c < '0' || c > '9';
}

#ifdef __SSE2__

#include <emmintrin.h>

typedef __m128i json_block_fn(__m128i block);

static inline __m128i
json_block_is(__m128i block, char c)
{
	return _mm_cmpeq_epi8(block, _mm_set1_epi8(c));
}

static inline __m128i
json_block_quotes(__m128i block)
{
	return _mm_or_si128(json_block_is(block, '"'), json_block_is(block, '\\'));
}

/* As a signed number a byte from 0x80 up is negative: one comparison finds it and the controls. */
static inline __m128i
json_block_string_marks(__m128i block)
{
	return _mm_or_si128(json_block_quotes(block), _mm_cmplt_epi8(block, _mm_set1_epi8(0x20)));
}

static inline __m128i
json_block_brackets(__m128i block)
{
	__m128i folded = _mm_or_si128(block, _mm_set1_epi8(0x20)); /* '[' becomes '{', ']' becomes '}' */

	return _mm_or_si128(json_block_is(block, '"'),
		_mm_or_si128(json_block_is(folded, '{'), json_block_is(folded, '}')));
}

/* Digits moved to the lowest signed numbers: all above them is none. */
static inline __m128i
json_block_nondigits(__m128i block)
{
	__m128i moved = _mm_sub_epi8(block, _mm_set1_epi8((char)('0' + 0x80)));

	return _mm_cmpgt_epi8(moved, _mm_set1_epi8((char)(-0x80 + 9)));
}

#define JSON_FIND(at, end, set) json_find(at, end, json_block_##set, json_in_##set)

/* The first byte of the set in at..end, or <end>. */
static inline __attribute__((always_inline)) const char *
json_find(const char *at, const char *end, json_block_fn *block_set, json_in_set_fn *in_set)
{
	for (; end - at >= 16; at += 16) {
		int found = _mm_movemask_epi8(block_set(_mm_loadu_si128((const __m128i *)at)));

		if (found)
			return at + __builtin_ctz((unsigned)found);
	}
	while (at < end && !in_set((unsigned char)*at))
		at++;
	return at;
}

#else

#define JSON_FIND(at, end, set) json_find(at, end, json_in_##set)

static inline __attribute__((always_inline)) const char *
json_find(const char *at, const char *end, json_in_set_fn *in_set)
{
	while (at < end && !in_set((unsigned char)*at))
		at++;
	return at;
}

#endif
