#include "sim/member.h"

#include "base/buf.h"
#include "base/json_text.h"

#include <stdlib.h>

bool
value_text(struct str value, char *ret, size_t max)
{
	struct buf text;
	bool good = true;

	ret[0] = 0;
	if (json_is_null(value))
		return true;
	buf_init(&text, max - 1);
	if (json_kind_of(value) == JSON_STRING)
		good = json_unquote(value, &text);
	else
		buf_put_str(&text, value);
	good = good && !buf_failed(&text) && !(text.len && memchr(text.data, 0, text.len));
	if (good && text.len)
		memcpy(ret, text.data, text.len);
	if (good)
		ret[text.len] = 0;
	buf_fini(&text);
	return good;
}

bool
member_text(struct str object, const char *name, char *ret, size_t max)
{
	return value_text(json_member(object, str_of(name)), ret, max);
}

bool
member_plain(struct str object, const char *name, char *ret, size_t max)
{
	static const char plain[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-";

	return member_text(object, name, ret, max) && ret[strspn(ret, plain)] == 0;
}

bool
member_long(struct str object, const char *name, long *ret)
{
	char text[40], *end;
	double value;

	if (!member_text(object, name, text, sizeof(text)))
		return false;
	if (!text[0])
		return true;
	value = strtod(text, &end);
	*ret = (long)value;
	return *end == 0 && value > -1e15 && value < 1e15;
}

bool
member_is_true(struct str object, const char *name)
{
	char text[8];

	return member_text(object, name, text, sizeof(text)) && str_eq_nocase(str_of(text), STR("true"));
}
