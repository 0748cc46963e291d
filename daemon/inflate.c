#include "daemon/inflate.h"

#include <stdlib.h>
#include <zlib.h>

#include "daemon/refuse.h"

#define PIECE_BYTES 16384
#define GZIP_HEADER 16 /* to be added to the window bits, says zlib */

struct inflate {
	z_stream z;
	inflate_out_fn *out;
	void *arg;
	bool gzip;
	bool begun; /* a stream, or a member of it, is under way */
	bool ended; /* one is whole */
	char piece[PIECE_BYTES];
};

struct inflate *
inflate_new(bool gzip, inflate_out_fn *out, void *arg)
{
	struct inflate *stream = malloc(sizeof(*stream));

	if (!stream)
		return NULL;
	stream->z = (z_stream){ 0 };
	if (inflateInit2(&stream->z, gzip ? MAX_WBITS + GZIP_HEADER : MAX_WBITS) != Z_OK) {
		free(stream);
		return NULL;
	}
	stream->out = out;
	stream->arg = arg;
	stream->gzip = gzip;
	stream->begun = false;
	stream->ended = false;
	return stream;
}

void
inflate_free(struct inflate *stream)
{
	if (!stream)
		return;
	inflateEnd(&stream->z);
	free(stream);
}

static bool
refuse_stream(const struct inflate *stream, struct cspark_error *ret_error)
{
	if (stream->ended)
		return refuse(ret_error, CSPARK_E_BAD_REQUEST,
			"There are bytes behind the end of the compressed body.");
	return refuse(ret_error, CSPARK_E_BAD_REQUEST, "The body is not valid %s (RFC %s).",
		stream->gzip ? "gzip" : "deflate, that is the zlib format", stream->gzip ? "1952" : "1950");
}

/* More bytes follow a whole stream: for gzip the next member begins. */
static bool
begin(struct inflate *stream)
{
	if (stream->ended && (!stream->gzip || inflateReset(&stream->z) != Z_OK))
		return false;
	stream->begun = true;
	return true;
}

bool
inflate_feed(struct inflate *stream, const char *data, size_t len, struct cspark_error *ret_error)
{
	z_stream *z = &stream->z;
	int status = Z_OK;

	z->next_in = (Bytef *)data;
	z->avail_in = (uInt)len;
	do {
		if (!stream->begun && (z->avail_in == 0 || !begin(stream)))
			return z->avail_in == 0 || refuse_stream(stream, ret_error);
		z->next_out = (Bytef *)stream->piece;
		z->avail_out = PIECE_BYTES;
		status = inflate(z, Z_NO_FLUSH);
		/* What was unpacked before a fault comes first, so that it does not matter how the stream
		 * arrives. */
		if (z->avail_out < PIECE_BYTES &&
			!stream->out(stream->arg, stream->piece, PIECE_BYTES - z->avail_out, ret_error))
			return false;
		if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
			return refuse_stream(stream, ret_error);
		if (status == Z_STREAM_END) {
			stream->begun = false;
			stream->ended = true;
		}
	} while (z->avail_in > 0 || z->avail_out == 0);
	return true;
}

bool
inflate_end(struct inflate *stream, struct cspark_error *ret_error)
{
	if (stream->begun)
		return refuse(ret_error, CSPARK_E_BAD_REQUEST, "The compressed body ends too early.");
	return true;
}
