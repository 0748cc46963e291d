/*
 * Compression both ways, each with a limit. The only file that knows zlib. Pure.
 */
#pragma once

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct blob;
struct buf;

/* gzip or zlib format, told apart by the data; false if it is neither, cut, or passes out's maximum. */
bool gzip_unpack(struct str packed, struct buf *out);
bool gzip_pack(struct str plain, struct buf *out);
/* <plain_bytes> blanks inside a JSON array, packed: about a thousandth of that. */
bool gzip_bomb(size_t plain_bytes, struct buf *out);

/* The bare deflate format, as zip archives have it. */
bool flate_pack(struct str plain, struct buf *out);
/* False if it is damaged or gives more than <max_bytes>. */
bool flate_unpack(struct str packed, size_t max_bytes, struct blob *out);
uint32_t flate_crc(struct str plain);
