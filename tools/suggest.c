#include "tools/suggest.h"

enum { NAME_MAX_BYTES = 64 };

void
suggest_start(struct suggestion *suggestion, struct str wanted)
{
	*suggestion = (struct suggestion){ .wanted = wanted, .distance = wanted.len / 3 + 1 };
}

static size_t
least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Letters to add, remove or replace to make one of the other. */
static size_t
distance_of(struct str a, struct str b)
{
	size_t row[NAME_MAX_BYTES + 1], above_left, above;

	for (size_t j = 0; j <= b.len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		above_left = row[0];
		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			above = row[j];
			row[j] = least(above + 1, row[j - 1] + 1, above_left + (a.at[i - 1] != b.at[j - 1]));
			above_left = above;
		}
	}
	return row[b.len];
}

void
suggest_offer(struct suggestion *suggestion, struct str name)
{
	size_t distance;

	if (suggestion->wanted.len > NAME_MAX_BYTES || name.len > NAME_MAX_BYTES)
		return;
	/* The beginning of a name is as good as a small mistake. */
	distance = suggestion->wanted.len > 2 && str_starts(name, suggestion->wanted) ?
		1 :
		distance_of(suggestion->wanted, name);
	if (distance > suggestion->distance || (suggestion->best.at && distance == suggestion->distance))
		return;
	suggestion->best = name;
	suggestion->distance = distance;
}
