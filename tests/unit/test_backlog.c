#include "daemon/backlog.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>

static struct backlog backlog;
static struct buf list;

static void
set_up(void)
{
	backlog_init(&backlog);
	buf_init(&list, SIZE_MAX);
}

static void
tear_down(void)
{
	backlog_fini(&backlog);
	buf_fini(&list);
}

TestSuite(backlog, .init = set_up, .fini = tear_down);

static void
put(unsigned first, unsigned count)
{
	for (unsigned i = first; i < first + count; i++) {
		char record[16];

		snprintf(record, sizeof record, "[%u]", i);
		cr_assert(backlog_put(&backlog, str_of(record)));
	}
}

static void
expect_taken(size_t max_records, size_t max_bytes, size_t records, const char *text)
{
	buf_clear(&list);
	cr_assert_eq(backlog_take(&backlog, max_records, max_bytes, &list), records);
	cr_assert(str_eq(buf_text(&list), str_of(text)), "%.*s", STR_ARG(buf_text(&list)));
}

Test(backlog, gives_the_oldest_records_as_a_list)
{
	put(0, 5);
	expect_taken(2, SIZE_MAX, 2, "[[0],[1]]");
	cr_assert_eq(backlog_records(&backlog), 3);
	expect_taken(9, SIZE_MAX, 3, "[[2],[3],[4]]");
	cr_assert_eq(backlog_records(&backlog), 0);
	cr_assert_eq(backlog_bytes(&backlog), 0);
	cr_assert_eq(backlog_take(&backlog, 1, SIZE_MAX, &list), 0);
}

Test(backlog, puts_the_names_before_each_list)
{
	cr_assert(backlog_put_names(&backlog, STR("[\"n\"]")));
	put(0, 3);
	expect_taken(2, SIZE_MAX, 2, "[[\"n\"],[0],[1]]");
	expect_taken(2, SIZE_MAX, 1, "[[\"n\"],[2]]");
}

Test(backlog, takes_as_many_as_the_bytes_hold_but_at_least_one)
{
	put(0, 5);
	expect_taken(9, 8, 2, "[[0],[1]]"); /* four bytes each, with the comma */
	expect_taken(9, 1, 1, "[[2]]");
	expect_taken(9, 7, 1, "[[3]]");
}

Test(backlog, loses_nothing_while_it_is_filled_and_emptied)
{
	unsigned next = 0;

	for (unsigned i = 0; i < 500; i++) {
		char first[16];

		put(i * 7, 7);
		snprintf(first, sizeof first, "[[%u],", next);
		buf_clear(&list);
		cr_assert_eq(backlog_take(&backlog, 5, SIZE_MAX, &list), 5);
		cr_assert(str_starts(buf_text(&list), str_of(first)), "%.*s", STR_ARG(buf_text(&list)));
		next += 5;
	}
	cr_assert_eq(backlog_records(&backlog), 1000);
}
