/*
 * Compression both ways, each with a limit. The only file that knows zlib. Pure.
 */
#pragma once

#include "base/str.h"

#include <stdbool.h>

struct buf;

/* gzip or zlib format, told apart by the data; false if it is neither, cut, or passes out's maximum. */
bool gzip_unpack(struct str packed, struct buf *out);
bool gzip_pack(struct str plain, struct buf *out);
/* <plain_bytes> blanks inside a JSON array, packed: about a thousandth of that. */
bool gzip_bomb(size_t plain_bytes, struct buf *out);
