/* An application/x-www-form-urlencoded body. One that begins with { or [ is JSON: that is what `curl -d`
 * sends. */
#include "daemon/decode_form.h"

#include "daemon/control.h"

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* A blank is never part of a form; the line end of a file that was sent as it is should be no part of a
 * value. */
static struct str
trim(struct str text)
{
	while (text.len > 0 && is_blank(text.at[text.len - 1]))
		text.len--;
	while (text.len > 0 && is_blank(*text.at)) {
		text.at++;
		text.len--;
	}
	return text;
}

static bool
feed_form(struct decode *decode, const char *data, size_t len, struct cspark_error *ret_error)
{
	return decode_keep(decode, data, len, ret_error);
}

static bool
end_form(struct decode *decode, struct ask *ret, struct cspark_error *ret_error)
{
	struct str form = trim(buf_text(&decode->text));
	struct buf inputs;

	if (form.len == 0)
		return true;
	buf_init(&inputs, decode->text.max_bytes);
	if (!control_form_object(form, &inputs, ret_error)) {
		buf_fini(&inputs);
		return false;
	}
	buf_fini(&decode->text);
	decode->text = inputs;
	ret->inputs = buf_text(&decode->text);
	return true;
}

static const struct decode_form_ops form_ops = { .feed = feed_form, .end = end_form };

/* The first byte that is not blank decides; the blanks before it are part of either form. */
static bool
feed(struct decode *decode, const char *data, size_t len, struct cspark_error *ret_error)
{
	for (size_t i = 0; i < len; i++) {
		if (is_blank(data[i]))
			continue;
		if (data[i] == '{' || data[i] == '[')
			decode->ops = &decode_json_ops;
		else
			decode->ops = &form_ops;
		break;
	}
	if (decode->ops == &form_ops)
		return feed_form(decode, data, len, ret_error);
	return decode_json_ops.feed(decode, data, len, ret_error);
}

static void
init(struct decode *decode)
{
	decode_json_ops.init(decode);
}

const struct decode_form_ops decode_formdata_ops = { .init = init, .feed = feed, .end = end_form };
