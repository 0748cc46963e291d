#include "daemon/board.h"

#include <assert.h>
#include <string.h>

static_assert(sizeof(struct board_list) % sizeof(uint64_t) == 0, "a row is copied in words");

/* ---- the shard ---- */

struct board_row *
board_take(struct board *board)
{
	struct board_row *row = board->rows;

	if (board->taken == BOARD_ROWS)
		return NULL;
	while (row->list.is_there)
		row++;
	row->list = (struct board_list){ .is_there = true };
	board->taken++;
	return row;
}

/*
 * The version that no reader has been sent to is overwritten, then all are sent there. A reader who was sent
 * to it long ago may see some of the new words; each is a release, so it then sees as well that <told> has
 * changed since, and starts again.
 */
void
board_tell(struct board_row *row)
{
	unsigned told = atomic_load_explicit(&row->told, memory_order_relaxed) + 1;
	_Atomic uint64_t *version = row->versions[told % 2];
	const char *from = (const char *)&row->list;
	uint64_t word;

	for (size_t i = 0; i < BOARD_WORDS; i++) {
		memcpy(&word, from + i * sizeof(word), sizeof(word));
		atomic_store_explicit(&version[i], word, memory_order_release);
	}
	atomic_store_explicit(&row->told, told, memory_order_release);
}

void
board_leave(struct board *board, struct board_row *row)
{
	if (!row)
		return;
	row->list.is_there = false;
	board_tell(row);
	board->taken--;
}

void
board_text(char *ret, size_t size, const char *text)
{
	size_t len = strlen(text);

	if (len >= size) {
		len = size - 1;
		while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	}
	memcpy(ret, text, len);
	ret[len] = '\0';
}

/* ---- any thread ---- */

/* Each new attempt means that the writer has told something meanwhile, so there are few. */
bool
board_read(const struct board_row *row, struct board_list *ret)
{
	unsigned told, now = atomic_load_explicit(&row->told, memory_order_acquire);
	char *to = (char *)ret;
	uint64_t word;

	do {
		told = now;
		for (size_t i = 0; i < BOARD_WORDS; i++) {
			word = atomic_load_explicit(&row->versions[told % 2][i], memory_order_acquire);
			memcpy(to + i * sizeof(word), &word, sizeof(word));
		}
		now = atomic_load_explicit(&row->told, memory_order_acquire);
	} while (now != told);
	return ret->is_there;
}
