#include "sim/gzip.h"

#include "base/buf.h"
#include "sim/blob.h"

#include <zlib.h>

#define PIECE       16384
#define FORMAT_GZIP (15 + 16)
#define FORMAT_BARE (-15)

bool
gzip_unpack(struct str packed, struct buf *out)
{
	z_stream z = { .next_in = (Bytef *)packed.at, .avail_in = (uInt)packed.len };
	int rc = Z_OK;

	if (inflateInit2(&z, 15 + 32) != Z_OK)
		return false;
	while (rc == Z_OK) {
		char *room = buf_reserve(out, PIECE);

		if (!room)
			break;
		z.next_out = (Bytef *)room;
		z.avail_out = PIECE;
		rc = inflate(&z, Z_NO_FLUSH);
		out->len += PIECE - z.avail_out;
	}
	inflateEnd(&z);
	return rc == Z_STREAM_END && z.avail_in == 0;
}

static bool
pack_more(z_stream *z, struct str plain, int flush, struct buf *out)
{
	z->next_in = (Bytef *)plain.at;
	z->avail_in = (uInt)plain.len;
	do {
		char *room = buf_reserve(out, PIECE);

		if (!room)
			return false;
		z->next_out = (Bytef *)room;
		z->avail_out = PIECE;
		deflate(z, flush);
		out->len += PIECE - z->avail_out;
	} while (z->avail_out == 0);
	return true;
}

/* <bits>: the window, and in zlib's own way the format. */
static bool
pack_start(z_stream *z, int bits)
{
	*z = (z_stream){ 0 };
	return deflateInit2(z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY) == Z_OK;
}

static bool
pack_whole(struct str plain, int bits, struct buf *out)
{
	z_stream z;
	bool good;

	if (!pack_start(&z, bits))
		return false;
	good = pack_more(&z, plain, Z_FINISH, out);
	deflateEnd(&z);
	return good;
}

bool
gzip_pack(struct str plain, struct buf *out)
{
	return pack_whole(plain, FORMAT_GZIP, out);
}

bool
flate_pack(struct str plain, struct buf *out)
{
	return pack_whole(plain, FORMAT_BARE, out);
}

bool
gzip_bomb(size_t plain_bytes, struct buf *out)
{
	static const char blanks[PIECE] = { [0 ... PIECE - 1] = ' ' };
	z_stream z;
	size_t done;
	bool good;

	if (!pack_start(&z, FORMAT_GZIP))
		return false;
	good = pack_more(&z, STR("["), Z_NO_FLUSH, out);
	for (done = 0; good && done < plain_bytes; done += sizeof(blanks))
		good = pack_more(&z, str_range(blanks, sizeof(blanks)), Z_NO_FLUSH, out);
	good = good && pack_more(&z, STR("]"), Z_FINISH, out);
	deflateEnd(&z);
	return good;
}

bool
flate_unpack(struct str packed, size_t max_bytes, struct blob *out)
{
	z_stream z = { .next_in = (Bytef *)packed.at, .avail_in = (uInt)packed.len };
	char piece[PIECE];
	size_t done = 0;
	int rc = Z_OK;

	if (inflateInit2(&z, FORMAT_BARE) != Z_OK)
		return false;
	while (rc == Z_OK && done <= max_bytes) {
		z.next_out = (Bytef *)piece;
		z.avail_out = sizeof(piece);
		rc = inflate(&z, Z_NO_FLUSH);
		done += sizeof(piece) - z.avail_out;
		blob_put(out, piece, sizeof(piece) - z.avail_out);
	}
	inflateEnd(&z);
	return rc == Z_STREAM_END && z.avail_in == 0 && done <= max_bytes;
}

uint32_t
flate_crc(struct str plain)
{
	return (uint32_t)crc32_z(0, (const Bytef *)plain.at, plain.len);
}
