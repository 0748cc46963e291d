/*
 * The reading side of http.h: a machine that is fed what arrives, in pieces of any size, and tells of the
 * head and of the body's bytes. Pure. Constant memory.
 */
#pragma once

#include "tools/http.h"

enum http_progress { HTTP_MORE, HTTP_WHOLE, HTTP_GARBLED, HTTP_STOPPED };

struct http_reader {
	struct http_response *response; /* what the head says is put there */
	void *arg;
	/* Up-calls; false stops the reading. */
	bool (*on_head)(void *arg);
	bool (*on_body)(void *arg, const char *data, size_t len);
	/* the rest is the reader's own */
	enum {
		READ_HEAD,
		READ_LENGTH,
		READ_TO_END,
		READ_SIZE_LINE,
		READ_CHUNK,
		READ_CHUNK_END,
		READ_TRAILER,
		READ_DONE,
		READ_BAD,
		READ_STOPPED
	} state;
	struct buf text; /* the head or a line, as far as it has come */
	uint64_t left;   /* of the body, or of the chunk */
	bool is_chunked;
};

void http_reader_init(struct http_reader *reader, struct http_response *response);
void http_reader_fini(struct http_reader *reader);
enum http_progress http_reader_feed(struct http_reader *reader, const char *data, size_t len);
/* Nothing more will come. */
enum http_progress http_reader_end(struct http_reader *reader);
