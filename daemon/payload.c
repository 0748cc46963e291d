#include "daemon/payload.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/json_text.h"
#include "daemon/bytes.h"
#include "daemon/refuse.h"

/* ---- failures in disguise ---- */

/* A word in Spark's error codes and what it means in HTTP; the first that fits. */
static const struct {
	const char *word;
	int status;
} WORDS[] = {
	{ "ALREADY_EXIST", 409 },
	{ "NOT_FOUND", 404 },
	{ "NOT_EXIST", 404 },
	{ "INVALID_JOB_ID", 404 },
	{ "INVALID_BATCH_ID", 404 },
	{ "DUPLICATE_", 409 },
	{ "EXCEEDED_FILE_SIZE", 413 },
	{ "INVALID_", 422 },
};

static int
status_of_code(struct str code)
{
	for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++) {
		if (code.at && memmem(code.at, code.len, WORDS[i].word, strlen(WORDS[i].word)))
			return WORDS[i].status;
	}
	return 0;
}

int
payload_status_of_500(struct str body)
{
	return status_of_code(json_member(body, STR("code")));
}

static bool
says(struct str body, const char *name, struct str word)
{
	struct str value = json_member(body, str_of(name));

	return !json_is_null(value) && json_string_is(value, word);
}

/* v1 tells failures with HTTP 200, and so may v3. */
static bool
check_status(struct str body, int *ret_status, struct cspark_error *ret_error)
{
	char words[200];

	if (!says(body, "status", STR("Error")) && !says(body, "status", STR("Failed")))
		return true;
	*ret_status = status_of_code(body);
	if (*ret_status == 0)
		*ret_status = 422;
	cspark_answer_complaint(bytes_of_str(body), words, sizeof words);
	return refuse(ret_error, CSPARK_E_SPARK_REJECTED, "Spark answered 200, but refused: %s",
		words[0] ? words : "it gives no reason");
}

/* ---- the kinds ---- */

/* Of either envelope, whichever it is; a body without one is its own payload. */
static struct str
inside(struct str body)
{
	struct str data = json_member(body, STR("response_data"));

	if (!data.at)
		data = json_member(body, STR("data"));
	return data.at ? data : body;
}

static bool
no_memory(struct cspark_error *ret_error)
{
	return refuse(ret_error, CSPARK_E_OVERLOADED, "There is not enough memory for the answer.");
}

/* The JSON that a string holds; text that is no JSON stays a string. */
static bool
read_text(struct str body, struct arena *arena, struct payload *ret, struct cspark_error *ret_error)
{
	struct str text = inside(body);
	struct buf out;
	bool ok = true;

	ret->text = text;
	if (json_kind_of(text) != JSON_STRING)
		return true;
	buf_init(&out, text.len + 1);
	if (json_unquote(text, &out) && json_valid(out.data, out.len, NULL)) {
		ret->text = arena_copy(arena, buf_text(&out));
		ok = ret->text.at || no_memory(ret_error);
	}
	buf_fini(&out);
	return ok;
}

static bool
read_exists(struct str body, struct payload *ret, int *ret_status, struct cspark_error *ret_error)
{
	struct str data = inside(body), is_exists = json_member(data, STR("is_exists"));

	ret->text = data;
	if (json_kind_of(is_exists.at ? is_exists : data) == JSON_TRUE)
		return true;
	*ret_status = 404;
	return refuse(ret_error, CSPARK_E_SPARK_REJECTED, "Spark knows of none by this name.");
}

/* {"Key":..,"Value":..} becomes {"key":..,"value":..}, as in the list of categories. */
static void
put_category(struct str category, struct buf *out)
{
	struct json_walk walk;
	struct str key, value;
	char first = '{';

	if (json_kind_of(category) != JSON_OBJECT) {
		buf_put_str(out, category);
		return;
	}
	json_walk_init(&walk, category);
	while (json_walk_next(&walk, &key, &value)) {
		bool is_capital = key.at[1] >= 'A' && key.at[1] <= 'Z';

		buf_put_char(out, first);
		buf_put_char(out, '"');
		buf_put_char(out, is_capital ? (char)(key.at[1] | 0x20) : key.at[1]);
		if (key.len > 2)
			buf_put(out, key.at + 2, key.len - 2);
		buf_put_char(out, ':');
		buf_put_str(out, value);
		first = ',';
	}
	buf_put_str(out, first == '{' ? STR("{}") : STR("}"));
}

static bool
read_categories(struct str body, struct arena *arena, struct payload *ret, struct cspark_error *ret_error)
{
	struct str list = json_member(inside(body), STR("Metadata.ProductCategories")), item;
	struct json_walk walk;
	struct buf out;

	ret->text = inside(body);
	if (!list.at)
		return true;
	buf_init(&out, body.len + 2);
	buf_put_char(&out, '[');
	json_walk_init(&walk, list);
	for (bool first = true; json_walk_next(&walk, NULL, &item); first = false) {
		if (!first)
			buf_put_char(&out, ',');
		put_category(item, &out);
	}
	buf_put_char(&out, ']');
	ret->text = buf_failed(&out) ? (struct str){ 0 } : arena_copy(arena, buf_text(&out));
	buf_fini(&out);
	return ret->text.at || no_memory(ret_error);
}

/* v1 has the count beside the data, v3 in its meta. */
static struct str
count_of(struct str body)
{
	struct str count = json_member(body, STR("count"));

	if (!count.at)
		count = json_path(body, "response_meta.count");
	return !json_is_null(count) && json_kind_of(count) == JSON_NUMBER ? count : (struct str){ 0 };
}

bool
payload_read(enum cspark_payload kind, struct str body, struct arena *arena, struct payload *ret,
	int *ret_status, struct cspark_error *ret_error)
{
	*ret = (struct payload){ .text = body };
	*ret_status = 0;
	if (kind == CSPARK_PAYLOAD_FILE ||
		(kind == CSPARK_PAYLOAD_WHOLE && !json_member(body, STR("response_data")).at))
		return true;
	if (!check_status(body, ret_status, ret_error))
		return false;
	if (kind == CSPARK_PAYLOAD_WHOLE)
		return true;
	ret->count = count_of(body);
	switch (kind) {
	case CSPARK_PAYLOAD_TEXT:
		return read_text(body, arena, ret, ret_error);
	case CSPARK_PAYLOAD_EXISTS:
		return read_exists(body, ret, ret_status, ret_error);
	case CSPARK_PAYLOAD_CATEGORIES:
		return read_categories(body, arena, ret, ret_error);
	default:
		ret->text = inside(body);
		return true;
	}
}
