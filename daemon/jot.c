#include "daemon/jot.h"

#include "base/json_text.h"

/* The comma and the name that stand before a value. */
static void
put_name(struct buf *out, const char *name)
{
	char last = out->len > 0 ? out->data[out->len - 1] : '[';

	if (last != '{' && last != '[')
		buf_put_char(out, ',');
	if (name) {
		json_quote(str_of(name), out);
		buf_put_char(out, ':');
	}
}

void
jot_open(struct buf *out, const char *name, char bracket)
{
	put_name(out, name);
	buf_put_char(out, bracket);
}

void
jot_close(struct buf *out, char bracket)
{
	buf_put_char(out, bracket);
}

void
jot_text(struct buf *out, const char *name, struct str text)
{
	put_name(out, name);
	json_quote(text, out);
}

void
jot_number(struct buf *out, const char *name, long number)
{
	put_name(out, name);
	buf_printf(out, "%ld", number);
}

void
jot_flag(struct buf *out, const char *name, bool flag)
{
	put_name(out, name);
	buf_put_str(out, flag ? STR("true") : STR("false"));
}

void
jot_json(struct buf *out, const char *name, const char *json)
{
	put_name(out, name);
	for (; *json; json++)
		buf_put_char(out, *json == '\'' ? '"' : *json);
}
