#include "tools/cell.h"

#include "base/json_text.h"
#include "base/utf8.h"

#include <wchar.h>

/* The control characters of C1 are two bytes, and terminals obey them too. */
static bool
is_control(const char *at, size_t len)
{
	unsigned char first = (unsigned char)at[0];

	return first < ' ' || first == 0x7f || (first == 0xc2 && len == 2 && (unsigned char)at[1] < 0xa0);
}

void
cell_put(struct str value, struct buf *out)
{
	size_t begin = out->len;
	const char *end;
	struct buf text;

	buf_init(&text, 1024 * 1024);
	if (!json_is_null(value) && (json_kind_of(value) != JSON_STRING || !json_unquote(value, &text)))
		buf_put_str(&text, value);
	end = text.data + text.len;
	for (const char *at = text.data; at < end;) {
		size_t len = utf8_len(at, end);

		if (len == 0 || is_control(at, len))
			buf_put_char(out, ' ');
		else
			buf_put(out, at, len);
		at += len ? len : 1;
	}
	if (out->len == begin)
		buf_put_char(out, '-');
	buf_fini(&text);
}

static wchar_t
decode(const char *at, size_t len)
{
	static const unsigned char MASKS[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	wchar_t code = (unsigned char)at[0] & MASKS[len];

	for (size_t i = 1; i < len; i++)
		code = (code << 6) | ((unsigned char)at[i] & 0x3f);
	return code;
}

struct str
cell_cut(struct str text, int width)
{
	const char *at = text.at, *end = text.at + text.len;

	while (at < end) {
		size_t len = utf8_len(at, end);
		int columns = len ? wcwidth(decode(at, len)) : 1;

		if (columns < 0)
			columns = 1;
		if (columns > width)
			break;
		width -= columns;
		at += len ? len : 1;
	}
	return str_range(text.at, (size_t)(at - text.at));
}

int
cell_width(struct str text)
{
	const char *at = text.at, *end = text.at + text.len;
	int width = 0;

	while (at < end) {
		size_t len = utf8_len(at, end);
		int columns = len ? wcwidth(decode(at, len)) : 1;

		width += columns < 0 ? 1 : columns;
		at += len ? len : 1;
	}
	return width;
}
