/*
 * json-c 0.16 as a second opinion on what is JSON.
 *
 * Even in its strict mode json-c takes texts that RFC 8259 refuses. Each such leniency
 * is a row of a table: it says exactly where it applies, and turns the text into the
 * JSON that json-c takes it for. So a leniency excuses one place of a text, and the
 * rest of it must still be judged alike.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define ORACLE_MAX_BYTES 16384

/* A text under repair; larger than any text that is judged, for what repairs insert. */
struct oracle_text {
	char data[2 * ORACLE_MAX_BYTES];
	size_t len;
};

/* What json-c says; no NUL in the text. */
bool oracle_accepts(const char *data, size_t len);

/* Excuses what is wrong at <offset>, where a scanner refused the text for <reason>; the text is
 * changed so that it is no longer wrong there. False if json-c has no business taking it either. */
bool oracle_repair(struct oracle_text *text, size_t offset, const char *reason);
