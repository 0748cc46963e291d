/*
 * A piece without the daemon, as calls of the library. What comes of them is said in the daemon's words: a
 * line for each record, or a problem document.
 *
 * A call that Spark refuses, or that takes too long, is cut in two until the record that it fails for stands
 * alone.
 */
#pragma once

#include "tools/piece.h"

/* Appends the answer to <out>, and gives its HTTP status. <ret_rest_s>: seconds to wait before it is asked
 * again; 0: nobody said. Blocks. */
int piece_ask_directly(struct piece *piece, struct buf *out, int64_t *ret_rest_s);
