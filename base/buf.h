/*
 * A growing run of bytes that cannot be created without a maximum.
 *
 * Failure is sticky: once a put would pass the maximum (or memory is out), the
 * buffer frees what it holds, and every later put does nothing. So a writer may
 * put many times and ask buf_failed() once, at the end.
 *
 * Not thread-safe; embedded in its owner, who calls init and fini.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct buf {
	char *data; /* len bytes used of cap; NULL while cap is 0 */
	size_t len;
	size_t cap;
	size_t max_bytes;
	bool failed;
};

/* No memory is taken yet. */
void buf_init(struct buf *buf, size_t max_bytes);
/* Releases the memory; the buffer is as after buf_init(). */
void buf_fini(struct buf *buf);
/* Forgets the content and a failure, keeps the memory for the next use. */
void buf_clear(struct buf *buf);

bool buf_put_slow(struct buf *buf, const void *data, size_t len); /* buf_put() where there is no room yet */

/* False, and the buffer is failed, if the maximum would be passed or memory is out. */
static inline bool
buf_put(struct buf *buf, const void *data, size_t len)
{
	if (len == 0 || len > buf->cap - buf->len)
		return buf_put_slow(buf, data, len);
	memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	return true;
}

static inline bool
buf_put_str(struct buf *buf, struct str text)
{
	return buf_put(buf, text.at, text.len);
}

static inline bool
buf_put_char(struct buf *buf, char c)
{
	return buf_put(buf, &c, 1);
}

bool buf_put_u64(struct buf *buf, unsigned long long value);
bool buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Room for <len> more bytes at data + len, or NULL (failed); the writer then adds to len. */
char *buf_reserve(struct buf *buf, size_t len);

static inline bool
buf_failed(const struct buf *buf)
{
	return buf->failed;
}

/* The content, borrowed until the next change. */
static inline struct str
buf_text(const struct buf *buf)
{
	return (struct str){ buf->data, buf->len };
}

/* Given: the content, NUL-terminated (the NUL is not counted in <ret_len>), to be freed with
 * free(); the buffer is empty afterwards. NULL if the buffer has failed. An empty buffer gives "". */
char *buf_take(struct buf *buf, size_t *ret_len) __attribute__((warn_unused_result));
