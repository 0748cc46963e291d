#include "tools/payload.h"

#include "base/json.h"
#include "base/json_text.h"

#include <ctype.h>

/* v1 tells failures with HTTP 200, and so may v3; null is no error. */
static bool
has_failed(struct str body)
{
	struct str status = json_member(body, STR("status"));

	return !json_is_null(status) &&
		(json_string_is(status, STR("Error")) || json_string_is(status, STR("Failed")));
}

/* Of either envelope, whichever it is; a body without one is its own payload. */
static struct str
inside(struct str body)
{
	struct str data = json_member(body, STR("response_data"));

	if (!data.at)
		data = json_member(body, STR("data"));
	return data.at ? data : body;
}

static enum payload_verdict
judge_existence(struct str data)
{
	struct str is_exists = json_member(data, STR("is_exists"));

	return json_kind_of(is_exists.at ? is_exists : data) == JSON_TRUE ? PAYLOAD_GOOD : PAYLOAD_MISSING;
}

/* {"Key": ...} becomes {"key": ...} */
static void
put_lowered(struct str object, struct buf *out)
{
	struct json_walk walk;
	struct str key, value;
	char separator = '{';

	json_walk_init(&walk, object);
	while (json_walk_next(&walk, &key, &value)) {
		buf_put_char(out, separator);
		for (size_t i = 0; i < key.len; i++)
			buf_put_char(out, (char)tolower((unsigned char)key.at[i]));
		buf_put_char(out, ':');
		buf_put_str(out, value);
		separator = ',';
	}
	buf_put_str(out, separator == '{' ? STR("{}") : STR("}"));
}

static struct str
take_categories(struct str body, struct buf *scratch)
{
	struct str one, list = json_member(inside(body), STR("Metadata.ProductCategories"));
	struct json_walk walk;
	char separator = '[';

	if (!list.at)
		return inside(body);
	json_walk_init(&walk, list);
	while (json_walk_next(&walk, NULL, &one)) {
		buf_put_char(scratch, separator);
		put_lowered(one, scratch);
		separator = ',';
	}
	buf_put_str(scratch, separator == '[' ? STR("[]") : STR("]"));
	return buf_text(scratch);
}

/* The JSON that a string holds; text that is no JSON stays a string. */
static struct str
take_text(struct str body, struct buf *scratch)
{
	struct str text = inside(body);

	if (json_kind_of(text) == JSON_STRING && json_unquote(text, scratch) &&
		json_valid(scratch->data, scratch->len, NULL))
		return buf_text(scratch);
	return text;
}

static int64_t
read_total(struct str body)
{
	struct str count = json_member(body, STR("count"));
	uint64_t total;

	if (!count.at)
		count = json_path(body, "response_meta.count");
	return str_to_u64(count, INT64_MAX, &total) ? (int64_t)total : -1;
}

enum payload_verdict
payload_take(enum cspark_payload kind, struct str body, struct buf *scratch, struct str *ret_text,
	int64_t *ret_total)
{
	*ret_text = body;
	*ret_total = -1;
	if (kind == CSPARK_PAYLOAD_WHOLE || kind == CSPARK_PAYLOAD_FILE)
		return PAYLOAD_GOOD;
	if (has_failed(body))
		return PAYLOAD_FAILED;
	*ret_total = read_total(body);
	if (kind == CSPARK_PAYLOAD_TEXT)
		*ret_text = take_text(body, scratch);
	else if (kind == CSPARK_PAYLOAD_CATEGORIES)
		*ret_text = take_categories(body, scratch);
	else
		*ret_text = inside(body);
	return kind == CSPARK_PAYLOAD_EXISTS ? judge_existence(*ret_text) : PAYLOAD_GOOD;
}
