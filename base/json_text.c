#include "base/json_text.h"

#include "base/buf.h"
#include "base/json_bulk.h"
#include "base/utf8.h"

/* -- steps over the text: each gives the position behind, at most <end> ----------------- */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static const char *
skip_blank(const char *at, const char *end)
{
	while (at < end && is_blank(*at))
		at++;
	return at;
}

/* <at> is on the opening quote. */
static const char *
skip_string(const char *at, const char *end)
{
	for (at++; at < end; at += 2) {
		at = JSON_FIND(at, end, quotes);
		if (at < end && *at == '"')
			return at + 1;
		if (end - at < 2)
			break;
	}
	return end;
}

static const char *
skip_container(const char *at, const char *end)
{
	size_t depth = 0;

	while (at < end) {
		at = JSON_FIND(at, end, brackets);
		if (at == end)
			break;
		if (*at == '"') {
			at = skip_string(at, end);
			continue;
		}
		if (*at == '{' || *at == '[')
			depth++;
		else
			depth--;
		at++;
		if (depth == 0)
			return at;
	}
	return end;
}

static bool
ends_plain(char c)
{
	return c == ',' || c == '}' || c == ']' || c == ':' || is_blank(c);
}

/* Never empty-handed: a byte that begins nothing is stepped over. */
static const char *
skip_value(const char *at, const char *end)
{
	if (*at == '"')
		return skip_string(at, end);
	if (*at == '{' || *at == '[')
		return skip_container(at, end);
	for (at++; at < end && !ends_plain(*at); at++)
		;
	return at;
}

/* -- walking -------------------------------------------------------------------- */

void
json_walk_init(struct json_walk *walk, struct str text)
{
	const char *end = text.len ? text.at + text.len : text.at;
	const char *at = skip_blank(text.at, end);
	bool container = at < end && (*at == '{' || *at == '[');

	*walk = (struct json_walk){
		.at = container ? at + 1 : end,
		.end = end,
		.object = container && *at == '{',
	};
}

/* To the next name or element; false if the container ends here. */
static bool
step_to_next(struct json_walk *walk)
{
	const char *at = skip_blank(walk->at, walk->end);

	if (walk->begun && at < walk->end && *at == ',')
		at = skip_blank(at + 1, walk->end);
	walk->begun = true;
	walk->at = at;
	return at < walk->end && *at != '}' && *at != ']';
}

static struct str
take_value(struct json_walk *walk)
{
	const char *begin = walk->at;

	walk->at = skip_value(begin, walk->end);
	return str_range(begin, (size_t)(walk->at - begin));
}

bool
json_walk_next(struct json_walk *walk, struct str *ret_key, struct str *ret_value)
{
	struct str key = { NULL, 0 };

	if (!step_to_next(walk))
		goto over;
	if (walk->object) {
		key = take_value(walk);
		walk->at = skip_blank(walk->at, walk->end);
		if (walk->at == walk->end || *walk->at != ':')
			goto over;
		walk->at = skip_blank(walk->at + 1, walk->end);
		if (walk->at == walk->end)
			goto over;
	}
	if (ret_key)
		*ret_key = key;
	*ret_value = take_value(walk);
	return true;
over:
	walk->at = walk->end;
	return false;
}

struct str
json_member(struct str object, struct str name)
{
	struct json_walk walk;
	struct str found = { NULL, 0 };
	struct str key;
	struct str value;

	json_walk_init(&walk, object);
	if (!walk.object)
		return found;
	while (json_walk_next(&walk, &key, &value)) {
		if (json_string_is(key, name))
			found = value;
	}
	return found;
}

struct str
json_path(struct str text, const char *path)
{
	struct str rest = str_of(path);

	while (rest.at && text.at)
		text = json_member(text, str_cut(rest, '.', &rest));
	return text;
}

size_t
json_count(struct str array)
{
	struct json_walk walk;
	struct str value;
	size_t count = 0;

	json_walk_init(&walk, array);
	if (walk.object)
		return 0;
	while (json_walk_next(&walk, NULL, &value))
		count++;
	return count;
}

enum json_kind
json_kind_of(struct str value)
{
	const char *end = value.len ? value.at + value.len : value.at;
	const char *at = skip_blank(value.at, end);

	if (at == end)
		return JSON_NULL;
	switch (*at) {
	case '{':
		return JSON_OBJECT;
	case '[':
		return JSON_ARRAY;
	case '"':
		return JSON_STRING;
	case 't':
		return JSON_TRUE;
	case 'f':
		return JSON_FALSE;
	default:
		return *at == '-' || (*at >= '0' && *at <= '9') ? JSON_NUMBER : JSON_NULL;
	}
}

/* Gives NULL if there is none. */
static const char *
skip_digits(const char *at, const char *end)
{
	const char *begin = at;

	while (at < end && *at >= '0' && *at <= '9')
		at++;
	return at > begin ? at : NULL;
}

/* The scanner knows as well, but takes longer to begin than most numbers are long. */
static bool
is_number(struct str text)
{
	const char *at = text.at;
	const char *end = text.at + text.len;

	if (*at == '-')
		at++;
	at = at < end && *at == '0' ? at + 1 : skip_digits(at, end);
	if (at && at < end && *at == '.')
		at = skip_digits(at + 1, end);
	if (at && at < end && (*at == 'e' || *at == 'E')) {
		at++;
		if (at < end && (*at == '+' || *at == '-'))
			at++;
		at = skip_digits(at, end);
	}
	return at == end;
}

bool
json_is_scalar(struct str text)
{
	if (text.len == 0)
		return false;
	switch (text.at[0]) {
	case 't':
		return str_eq(text, STR("true"));
	case 'f':
		return str_eq(text, STR("false"));
	case 'n':
		return str_eq(text, STR("null"));
	case '"':
		return text.at[text.len - 1] == '"' && json_valid(text.at, text.len, NULL);
	default:
		return is_number(text);
	}
}

/* -- what a string means ------------------------------------------------------------ */

static bool
is_string(struct str raw)
{
	return raw.len >= 2 && raw.at[0] == '"' && raw.at[raw.len - 1] == '"';
}

/* The four digits at <at>, or -1. */
static int32_t
read_hex(const char *at, const char *end)
{
	int32_t code = 0;

	if (end - at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char folded = at[i] | 0x20;

		if (at[i] >= '0' && at[i] <= '9')
			code = code << 4 | (at[i] - '0');
		else if (folded >= 'a' && folded <= 'f')
			code = code << 4 | (folded - 'a' + 10);
		else
			return -1;
	}
	return code;
}

/* <at> is behind "\u"; gives the position behind the escape, or behind both of a pair. NULL if bad. */
static const char *
read_unicode(const char *at, const char *end, uint32_t *ret_code)
{
	int32_t code = read_hex(at, end);
	int32_t low;

	if (code < 0)
		return NULL;
	at += 4;
	*ret_code = (uint32_t)code;
	if (code < 0xd800 || code > 0xdfff)
		return at;
	*ret_code = 0xfffd;
	if (code > 0xdbff || end - at < 6 || at[0] != '\\' || at[1] != 'u')
		return at;
	low = read_hex(at + 2, end);
	if (low < 0xdc00 || low > 0xdfff)
		return at;
	*ret_code = 0x10000 + ((uint32_t)(code - 0xd800) << 10) + (uint32_t)(low - 0xdc00);
	return at + 6;
}

/* <at> is on the backslash; gives the position behind the escape, NULL if it is none. */
static const char *
read_escape(const char *at, const char *end, uint32_t *ret_code)
{
	static const char names[] = "\"\\/bfnrt";
	static const char means[] = "\"\\/\b\f\n\r\t";
	const char *name;

	if (end - at < 2)
		return NULL;
	if (at[1] == 'u')
		return read_unicode(at + 2, end, ret_code);
	name = memchr(names, at[1], sizeof names - 1);
	if (!name)
		return NULL;
	*ret_code = (uint32_t)means[name - names];
	return at + 2;
}

bool
json_string_is(struct str raw, struct str text)
{
	const char *at;
	const char *end;

	if (!is_string(raw))
		return false;
	at = raw.at + 1;
	end = raw.at + raw.len - 1;
	/* An escape is longer than what it means, so a shorter literal never is; the common one has none. */
	if ((size_t)(end - at) < text.len)
		return false;
	if (!memchr(at, '\\', (size_t)(end - at)))
		return str_eq(str_range(at, (size_t)(end - at)), text);
	while (at < end) {
		char bytes[4] = { *at };
		size_t len = 1;
		uint32_t code;

		if (*at == '\\') {
			at = read_escape(at, end, &code);
			if (!at)
				return false;
			len = utf8_encode(code, bytes);
		} else {
			at++;
		}
		if (text.len < len || memcmp(text.at, bytes, len) != 0)
			return false;
		text.at += len;
		text.len -= len;
	}
	return text.len == 0;
}

bool
json_unquote(struct str raw, struct buf *out)
{
	const char *at;
	const char *end;

	if (!is_string(raw))
		return false;
	at = raw.at + 1;
	end = raw.at + raw.len - 1;
	while (at < end) {
		const char *plain = at;
		char bytes[4];
		uint32_t code;

		at = memchr(at, '\\', (size_t)(end - at));
		if (!at)
			at = end;
		buf_put(out, plain, (size_t)(at - plain));
		if (at == end)
			break;
		at = read_escape(at, end, &code);
		if (!at)
			return false;
		buf_put(out, bytes, utf8_encode(code, bytes));
	}
	return true;
}

/* -- writing ---------------------------------------------------------------------- */

/* Writes the character at <at> so that it can stand in a string; gives the position behind it. */
static const char *
quote_one(const char *at, const char *end, struct buf *out)
{
	static const char hex[] = "0123456789abcdef";
	static const char short_names[0x20] = {
		['\b'] = 'b',
		['\f'] = 'f',
		['\n'] = 'n',
		['\r'] = 'r',
		['\t'] = 't',
	};
	unsigned char c = (unsigned char)*at;
	size_t len;

	if (c == '"' || c == '\\') {
		buf_put(out, (char[]){ '\\', *at }, 2);
	} else if (c < 0x20 && short_names[c]) {
		buf_put(out, (char[]){ '\\', short_names[c] }, 2);
	} else if (c < 0x20) {
		buf_put(out, (char[]){ '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] }, 6);
	} else {
		len = utf8_len(at, end);
		if (len) {
			buf_put(out, at, len);
			return at + len;
		}
		buf_put_str(out, STR("\xef\xbf\xbd"));
	}
	return at + 1;
}

void
json_quote(struct str text, struct buf *out)
{
	const char *at = text.at;
	const char *end = text.len ? at + text.len : at;

	buf_put_char(out, '"');
	while (at < end) {
		const char *plain = at;

		at = JSON_FIND(at, end, string_marks);
		buf_put(out, plain, (size_t)(at - plain));
		if (at < end)
			at = quote_one(at, end, out);
	}
	buf_put_char(out, '"');
}
