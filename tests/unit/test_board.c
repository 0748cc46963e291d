#include "daemon/board.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static struct board board;
static struct board_list seen;

static void
set_up(void)
{
	memset(&board, 0, sizeof(board));
}

TestSuite(board, .init = set_up);

static unsigned
shown(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < BOARD_ROWS; i++)
		count += board_read(&board.rows[i], &seen);
	return count;
}

Test(board, shows_what_was_told_last)
{
	struct board_row *row = board_take(&board);

	cr_assert_eq(shown(), 0);
	board_text(row->list.service, sizeof(row->list.service), "folder/service[1.0]");
	row->list.records_in = 7;
	row->list.is_held = true;
	board_tell(row);
	cr_assert_eq(shown(), 1);
	row->list.records_in = 8; /* not told yet */
	cr_assert(board_read(row, &seen));
	cr_assert_str_eq(seen.service, "folder/service[1.0]");
	cr_assert_eq(seen.records_in, 7);
	cr_assert(seen.is_held && !seen.is_whole);
	board_tell(row);
	cr_assert(board_read(row, &seen));
	cr_assert_eq(seen.records_in, 8);
}

Test(board, forgets_what_has_left)
{
	struct board_row *row = board_take(&board);

	row->list.records_in = 7;
	board_tell(row);
	board_leave(&board, row);
	cr_assert_eq(shown(), 0);
	row = board_take(&board);
	cr_assert_eq(row->list.records_in, 0);
	cr_assert_eq(shown(), 0);
	board_tell(row);
	cr_assert_eq(shown(), 1);
	cr_assert_eq(seen.records_in, 0);
	board_leave(&board, NULL);
	cr_assert_eq(shown(), 1);
}

Test(board, has_so_many_rows_and_no_more)
{
	struct board_row *rows[BOARD_ROWS];

	for (unsigned i = 0; i < BOARD_ROWS; i++) {
		rows[i] = board_take(&board);
		cr_assert(rows[i]);
		rows[i]->list.records_in = i;
		board_tell(rows[i]);
	}
	cr_assert_null(board_take(&board));
	cr_assert_eq(shown(), BOARD_ROWS);
	board_leave(&board, rows[5]);
	cr_assert_eq(board_take(&board), rows[5]);
	cr_assert_null(board_take(&board));
	for (unsigned i = 0; i < BOARD_ROWS; i++) {
		cr_assert_eq(board_read(rows[i], &seen), i != 5);
		cr_assert(i == 5 || seen.records_in == i);
	}
}

static void
expect_text(size_t size, const char *text, const char *wanted)
{
	char kept[16];

	memset(kept, 'x', sizeof(kept));
	board_text(kept, size, text);
	cr_assert_str_eq(kept, wanted);
	cr_assert_eq(kept[size], 'x');
}

Test(board, cuts_texts_where_a_character_begins)
{
	expect_text(4, "abc", "abc");
	expect_text(4, "abcd", "abc");
	expect_text(4, "", "");
	expect_text(4, "ab\xc3\xa4", "ab");
	expect_text(5, "ab\xc3\xa4", "ab\xc3\xa4");
	expect_text(4, "\xf0\x9f\x98\x80", "");
	expect_text(5, "\xf0\x9f\x98\x80\xf0", "\xf0\x9f\x98\x80");
	expect_text(1, "a", "");
}

/* ---- read while it is written ---- */

enum { TELLINGS = 100000 };

static void *
write_all(void *arg)
{
	struct board_row *row = NULL;

	for (uint64_t n = 1; n <= TELLINGS; n++) {
		if (!row)
			row = board_take(&board);
		row->list.records_in = row->list.records_done = row->list.chunk_records = n;
		row->list.calls = row->list.concurrency = (uint32_t)n;
		snprintf(row->list.request_id, sizeof(row->list.request_id), "%llu", (unsigned long long)n);
		board_tell(row);
		if (n % 1000 == 0 && n < TELLINGS) {
			board_leave(&board, row);
			row = NULL;
		}
	}
	return NULL;
}

static void
expect_whole(const struct board_list *list)
{
	char number[32];

	snprintf(number, sizeof(number), "%llu", (unsigned long long)list->records_in);
	cr_assert_str_eq(list->request_id, number);
	cr_assert_eq(list->records_done, list->records_in);
	cr_assert_eq(list->chunk_records, list->records_in);
	cr_assert_eq(list->calls, list->records_in);
	cr_assert_eq(list->concurrency, list->records_in);
}

Test(board, gives_whole_rows_while_it_is_written)
{
	struct board_list list = { .records_in = 0 };
	uint64_t last = 0;
	pthread_t writer;

	cr_assert_eq(pthread_create(&writer, NULL, write_all, NULL), 0);
	while (last < TELLINGS) {
		if (!board_read(&board.rows[0], &list))
			continue;
		expect_whole(&list);
		cr_assert_geq(list.records_in, last);
		last = list.records_in;
	}
	pthread_join(writer, NULL);
}
