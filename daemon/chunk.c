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
