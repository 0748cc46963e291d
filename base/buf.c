#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 256

void
buf_init(struct buf *buf, size_t max_bytes)
{
	*buf = (struct buf){ .max_bytes = max_bytes };
}

void
buf_fini(struct buf *buf)
{
	free(buf->data);
	buf_init(buf, buf->max_bytes);
}

void
buf_clear(struct buf *buf)
{
	buf->len = 0;
	buf->failed = false;
}

static bool
fail(struct buf *buf)
{
	buf_fini(buf);
	buf->failed = true;
	return false;
}

/* Doubles, so that n puts cost O(n), but never beyond the maximum. */
static size_t
next_cap(const struct buf *buf, size_t need)
{
	size_t cap = buf->cap ? buf->cap : FIRST_CAP;

	while (cap < need && cap <= buf->max_bytes / 2)
		cap *= 2;
	if (cap < need || cap > buf->max_bytes)
		cap = buf->max_bytes;
	return cap;
}

char *
buf_reserve(struct buf *buf, size_t len)
{
	char *data;
	size_t cap;

	if (buf->failed)
		return NULL;
	if (buf->data && len <= buf->cap - buf->len)
		return buf->data + buf->len;
	if (len > buf->max_bytes - buf->len) {
		fail(buf);
		return NULL;
	}
	cap = next_cap(buf, buf->len + len);
	data = realloc(buf->data, cap ? cap : 1);
	if (!data) {
		fail(buf);
		return NULL;
	}
	buf->data = data;
	buf->cap = cap;
	return data + buf->len;
}

bool
buf_put_slow(struct buf *buf, const void *data, size_t len)
{
	char *room;

	if (len == 0)
		return !buf->failed;
	room = buf_reserve(buf, len);
	if (!room)
		return false;
	memcpy(room, data, len);
	buf->len += len;
	return true;
}

bool
buf_put_u64(struct buf *buf, unsigned long long value)
{
	char digits[20];
	char *at = digits + sizeof digits;

	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	return buf_put(buf, at, (size_t)(digits + sizeof digits - at));
}

bool
buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;
	char *text;
	int len;
	bool ok;

	if (buf->failed)
		return false;
	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		return fail(buf);
	ok = buf_put(buf, text, (size_t)len);
	free(text);
	return ok;
}

char *
buf_take(struct buf *buf, size_t *ret_len)
{
	char *text;

	if (buf->failed)
		return NULL;
	text = realloc(buf->data, buf->len + 1);
	if (!text) {
		fail(buf);
		return NULL;
	}
	text[buf->len] = '\0';
	if (ret_len)
		*ret_len = buf->len;
	buf->data = NULL;
	buf_init(buf, buf->max_bytes);
	return text;
}
