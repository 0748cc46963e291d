/*
 * Content-Encoding gzip and deflate, undone piece by piece. The only file that knows zlib.
 *
 * What comes out is handed on in pieces of bounded size, so that the receiver's limit holds however well
 * the sender has packed. Strict: a torn stream is an error, and so is anything behind its end.
 * (Several gzip members in a row are one stream, RFC 1952.)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/cspark.h"

struct inflate;

/* False: no more is wanted; the receiver has filled <ret_error>. */
typedef bool inflate_out_fn(void *arg, const char *data, size_t len, struct cspark_error *ret_error);

/* <gzip>: else the zlib format, which HTTP calls deflate. Given; NULL: no memory. */
struct inflate *inflate_new(bool gzip, inflate_out_fn *out, void *arg);
void inflate_free(struct inflate *inflate); /* accepts NULL */

bool inflate_feed(struct inflate *inflate, const char *data, size_t len, struct cspark_error *ret_error);
/* The bytes end here. No byte at all is an empty body, not a torn one. */
bool inflate_end(struct inflate *inflate, struct cspark_error *ret_error);
