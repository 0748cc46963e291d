/*
 * Well-formed UTF-8 as RFC 3629 has it: no overlong form, no surrogate, nothing
 * above U+10FFFF. A tiny automaton, so that a character may be cut anywhere. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What must come next. */
enum utf8_state {
	UTF8_DONE,  /* nothing: the character is whole */
	UTF8_TAIL1, /* one more byte */
	UTF8_TAIL2,
	UTF8_TAIL3,
	UTF8_TAIL2_E0, /* after these the second byte has a smaller range */
	UTF8_TAIL2_ED,
	UTF8_TAIL3_F0,
	UTF8_TAIL3_F4,
	UTF8_BAD,
};

/* The state after the first byte of a character. */
enum utf8_state utf8_lead(uint8_t byte);
/* The state after a further byte; <state> is one of the TAILs. */
enum utf8_state utf8_tail(enum utf8_state state, uint8_t byte);

/* How many bytes (1 to 4) the character at <at> has; 0 if it is not well-formed. at < end. */
size_t utf8_len(const char *at, const char *end);
/* Writes the character <code> (not a surrogate, at most 0x10ffff) and says how many bytes it took. */
size_t utf8_encode(uint32_t code, char bytes[4]);
