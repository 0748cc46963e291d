/*
 * Spark and what stands before it complain in many shapes: v1, v3 and v4 errors, OAuth errors,
 * pages of a load balancer. This makes one line for people of any of them.
 */
#include "base/buf.h"
#include "base/json_text.h"
#include "lib/bytes.h"
#include "lib/cspark.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* More than this of a page is never of interest. */
#define LOOK_MAX (64 * 1024)

static const char *const CODES[] = { "code", "errorCode", "error" };
static const char *const MESSAGES[] = { "error.message", "error_description", "message" };

/* The first of <paths> that is a string with something in it; raw. */
static struct str
first_string(struct str body, const char *const *paths, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct str value = json_path(body, paths[i]);

		if (value.at && json_kind_of(value) == JSON_STRING && value.len > 2)
			return value;
	}
	return (struct str){ 0 };
}

static void
put_json(struct str body, struct buf *out)
{
	struct str code = first_string(body, CODES, COUNT(CODES));
	struct str message = first_string(body, MESSAGES, COUNT(MESSAGES));
	struct str details = json_path(body, "error.additional_details");

	if (code.at)
		json_unquote(code, out);
	if (code.at && message.at)
		buf_put_str(out, STR(": "));
	if (message.at)
		json_unquote(message, out);
	if (message.at && !json_is_null(details)) {
		buf_put_char(out, ' ');
		buf_put_str(out, details);
	}
	if (!code.at && !message.at)
		buf_put_str(out, body);
}

/* Tags are blanked out: of an error page the words remain. */
static void
put_page(struct str body, struct buf *out)
{
	bool in_tag = false;

	for (size_t i = 0; i < body.len; i++) {
		char c = body.at[i];

		if (c == '<')
			in_tag = true;
		buf_put_char(out, in_tag ? ' ' : c);
		if (c == '>')
			in_tag = false;
	}
}

static bool
is_blank(char c)
{
	return (unsigned char)c <= ' ' || c == 0x7f;
}

/* The length of the UTF-8 sequence at the beginning of <text>; 0 if it is none. */
static size_t
sequence_len(struct str text)
{
	for (size_t len = 1; len <= 4 && len <= text.len; len++) {
		if (str_is_utf8(str_range(text.at, len)))
			return len;
	}
	return 0;
}

/* One line: blanks and controls become single blanks, what is not UTF-8 becomes '?'. */
static void
flatten(struct str text, char *ret_text, size_t size)
{
	size_t len = 0;

	for (size_t i = 0, step; i < text.len; i += step) {
		size_t sequence = sequence_len(str_range(text.at + i, text.len - i));

		step = sequence ? sequence : 1;
		if (len + step >= size)
			break;
		if (sequence > 1) {
			memcpy(ret_text + len, text.at + i, sequence);
			len += sequence;
		} else if (!is_blank(text.at[i])) {
			ret_text[len++] = sequence ? text.at[i] : '?';
		} else if (len > 0 && ret_text[len - 1] != ' ') {
			ret_text[len++] = ' ';
		}
	}
	while (len > 0 && ret_text[len - 1] == ' ')
		len--;
	ret_text[len] = '\0';
}

void
cspark_answer_complaint(struct cspark_bytes body, char *ret_text, size_t size)
{
	struct str text = str_of_bytes(body);
	struct buf out;

	if (size == 0)
		return;
	if (text.len > LOOK_MAX)
		text.len = LOOK_MAX;
	buf_init(&out, 2 * LOOK_MAX);
	if (json_valid(text.at, text.len, NULL))
		put_json(text, &out);
	else
		put_page(text, &out);
	flatten(buf_text(&out), ret_text, size);
	buf_fini(&out);
}
