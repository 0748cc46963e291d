/*
 * Foreign text on a terminal: one line, no control characters, and how wide it is.
 */
#pragma once

#include "base/buf.h"
#include "base/str.h"

/* Appends a JSON value as people read it: a string without quotes, "-" for null and for an empty string, all
 * else as it is; controls become blanks. */
void cell_put(struct str value, struct buf *out);
/* How many columns of a terminal the UTF-8 text takes. */
int cell_width(struct str text);
/* The longest beginning of <text> that is at most so wide. */
struct str cell_cut(struct str text, int width);
