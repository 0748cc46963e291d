#include "daemon/chunk.h"

#include <assert.h>

#include "base/json_text.h"

bool
chunk_halves(
	struct str list, bool has_names, size_t records, size_t first, struct buf *ret_a, struct buf *ret_b)
{
	const char *end = list.at + list.len;
	struct str names = { 0 };
	struct str record;
	struct json_walk walk;

	assert(first > 0 && first < records);
	json_walk_init(&walk, list);
	if (has_names)
		json_walk_next(&walk, NULL, &names);
	for (size_t i = 0; i < first; i++)
		json_walk_next(&walk, NULL, &record);
	buf_put(ret_a, list.at, (size_t)(record.at + record.len - list.at));
	buf_put_char(ret_a, ']');
	json_walk_next(&walk, NULL, &record);
	buf_put_char(ret_b, '[');
	if (has_names) {
		buf_put_str(ret_b, names);
		buf_put_char(ret_b, ',');
	}
	buf_put(ret_b, record.at, (size_t)(end - record.at));
	return !buf_failed(ret_a) && !buf_failed(ret_b);
}

/* ---- rows ---- */

struct names {
	struct str name[CHUNK_NAMES_MAX]; /* with quotes */
	size_t count;
};

static bool
has_name(const struct names *names, struct str name)
{
	for (size_t i = 0; i < names->count; i++) {
		if (str_eq(names->name[i], name))
			return true;
	}
	return false;
}

/* The same name may be written in two ways; then it is not seen here, but refused by Spark. */
static bool
read_names(struct str record, struct names *ret)
{
	struct json_walk walk;
	struct str name, value;

	ret->count = 0;
	json_walk_init(&walk, record);
	while (json_walk_next(&walk, &name, &value)) {
		if (ret->count == CHUNK_NAMES_MAX || has_name(ret, name))
			return false;
		ret->name[ret->count++] = name;
	}
	return ret->count > 0;
}

static void
put_names(const struct names *names, struct buf *out)
{
	for (size_t i = 0; i < names->count; i++) {
		buf_put_char(out, i ? ',' : '[');
		buf_put_str(out, names->name[i]);
	}
	buf_put_char(out, ']');
}

/* False: it does not fit under the names; what was written of it is void. */
static bool
put_row(const struct names *names, struct str record, struct buf *out)
{
	struct json_walk walk;
	struct str name, value;
	size_t i = 0;

	json_walk_init(&walk, record);
	for (; json_walk_next(&walk, &name, &value); i++) {
		enum json_kind kind = json_kind_of(value);

		if (i == names->count || !str_eq(name, names->name[i]) || kind == JSON_ARRAY ||
			kind == JSON_OBJECT)
			return false;
		buf_put_char(out, i ? ',' : '[');
		buf_put_str(out, value);
	}
	buf_put_char(out, ']');
	return i == names->count;
}

size_t
chunk_rows(struct str list, struct buf *ret)
{
	struct names names;
	struct json_walk walk;
	struct str record;
	size_t count = 0;

	json_walk_init(&walk, list);
	for (; json_walk_next(&walk, NULL, &record); count++) {
		size_t before;

		if (count == 0) {
			if (json_kind_of(record) != JSON_OBJECT || !read_names(record, &names))
				return 0;
			buf_put_char(ret, '[');
			put_names(&names, ret);
		}
		before = ret->len;
		buf_put_char(ret, ',');
		if (!put_row(&names, record, ret)) {
			ret->len = buf_failed(ret) ? 0 : before;
			break;
		}
	}
	buf_put_char(ret, ']');
	return buf_failed(ret) ? 0 : count;
}
