#include "daemon/backlog.h"

#include <stdint.h>
#include <string.h>

void
backlog_init(struct backlog *backlog)
{
	*backlog = (struct backlog){ .begin = 0 };
	/* The owner stops filling long before: see bulk_is_full(). */
	buf_init(&backlog->names, SIZE_MAX);
	buf_init(&backlog->text, SIZE_MAX);
	buf_init(&backlog->ends, SIZE_MAX);
}

void
backlog_fini(struct backlog *backlog)
{
	buf_fini(&backlog->names);
	buf_fini(&backlog->text);
	buf_fini(&backlog->ends);
}

bool
backlog_put_names(struct backlog *backlog, struct str row)
{
	return buf_put_str(&backlog->names, row);
}

bool
backlog_put(struct backlog *backlog, struct str record)
{
	buf_put_str(&backlog->text, record);
	buf_put_char(&backlog->text, ',');
	return buf_put(&backlog->ends, &backlog->text.len, sizeof(backlog->text.len)) &&
		!buf_failed(&backlog->text);
}

static size_t
ends_count(const struct backlog *backlog)
{
	return backlog->ends.len / sizeof(size_t);
}

static size_t
end_of(const struct backlog *backlog, size_t i)
{
	size_t end;

	memcpy(&end, backlog->ends.data + i * sizeof(end), sizeof(end));
	return end;
}

size_t
backlog_records(const struct backlog *backlog)
{
	return ends_count(backlog) - backlog->first;
}

size_t
backlog_bytes(const struct backlog *backlog)
{
	return backlog->text.len - backlog->begin;
}

/* The last record that is taken: what fits is found by halving, as ends only grow. */
static size_t
last_that_fits(const struct backlog *backlog, size_t max_records, size_t max_bytes)
{
	size_t low = backlog->first, high = backlog->first + max_records - 1;

	while (low < high) {
		size_t middle = low + (high - low + 1) / 2;

		if (end_of(backlog, middle) - backlog->begin <= max_bytes)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

/* Moves what is left to the front when it is the smaller part: so each byte is moved once, on average. */
static void
tidy(struct backlog *backlog)
{
	size_t left = backlog->text.len - backlog->begin;
	size_t count = backlog_records(backlog);

	if (left > backlog->begin)
		return;
	memmove(backlog->text.data, backlog->text.data + backlog->begin, left);
	for (size_t i = 0; i < count; i++) {
		size_t end = end_of(backlog, backlog->first + i) - backlog->begin;

		memcpy(backlog->ends.data + i * sizeof(end), &end, sizeof(end));
	}
	backlog->text.len = left;
	backlog->ends.len = count * sizeof(size_t);
	backlog->begin = 0;
	backlog->first = 0;
}

size_t
backlog_take(struct backlog *backlog, size_t max_records, size_t max_bytes, struct buf *list)
{
	size_t count = backlog_records(backlog);
	size_t last, end;

	if (count == 0 || max_records == 0)
		return 0;
	last = last_that_fits(backlog, count < max_records ? count : max_records, max_bytes);
	end = end_of(backlog, last);
	count = last - backlog->first + 1;
	buf_put_char(list, '[');
	if (backlog->names.len > 0) {
		buf_put(list, backlog->names.data, backlog->names.len);
		buf_put_char(list, ',');
	}
	buf_put(list, backlog->text.data + backlog->begin, end - 1 - backlog->begin);
	if (!buf_put_char(list, ']'))
		return 0;
	backlog->begin = end;
	backlog->first = last + 1;
	tidy(backlog);
	return count;
}
