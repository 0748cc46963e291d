#include "base/buf.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>

static void
expect_text(const struct buf *buf, const char *text)
{
	cr_expect(str_eq(buf_text(buf), str_of(text)), "got <%.*s>, want <%s>", STR_ARG(buf_text(buf)), text);
}

Test(buf, keeps_what_is_put_in_order)
{
	struct buf buf;

	buf_init(&buf, 1000);
	cr_expect(buf_put(&buf, "ab", 2));
	cr_expect(buf_put_str(&buf, STR("cd")));
	cr_expect(buf_put_char(&buf, 'e'));
	cr_expect(buf_put_u64(&buf, 0));
	cr_expect(buf_put_u64(&buf, UINT64_MAX));
	cr_expect(buf_printf(&buf, "%s-%d", "x", 7));
	expect_text(&buf, "abcde018446744073709551615x-7");
	buf_fini(&buf);
}

Test(buf, takes_exactly_its_maximum)
{
	struct buf buf;

	buf_init(&buf, 300);
	for (int i = 0; i < 300; i++)
		cr_assert(buf_put_char(&buf, 'x'));
	cr_expect_eq(buf.len, 300);
	cr_expect_not(buf_failed(&buf));
	cr_expect_not(buf_put_char(&buf, 'x'));
	cr_expect(buf_failed(&buf));
}

Test(buf, frees_and_refuses_after_a_failure)
{
	struct buf buf;

	buf_init(&buf, 4);
	buf_put(&buf, "abcd", 4);
	cr_expect_not(buf_put(&buf, "e", 1));
	cr_expect_null(buf.data);
	cr_expect_eq(buf.len, 0);
	cr_expect_not(buf_put(&buf, "", 0));
	cr_expect_not(buf_put_char(&buf, 'x'));
	cr_expect_not(buf_printf(&buf, "x"));
	cr_expect_null(buf_reserve(&buf, 1));
	cr_expect_null(buf_take(&buf, NULL));
	buf_clear(&buf);
	cr_expect(buf_put(&buf, "ok", 2));
	expect_text(&buf, "ok");
	buf_fini(&buf);
}

Test(buf, refuses_a_length_that_would_wrap)
{
	struct buf buf;

	buf_init(&buf, SIZE_MAX);
	buf_put_char(&buf, 'x');
	cr_expect_null(buf_reserve(&buf, SIZE_MAX));
	cr_expect(buf_failed(&buf));
}

Test(buf, with_no_room_fails_on_the_first_byte)
{
	struct buf buf;

	buf_init(&buf, 0);
	cr_expect(buf_put(&buf, NULL, 0));
	cr_expect_not(buf_put_char(&buf, 'x'));
}

Test(buf, keeps_its_memory_when_cleared)
{
	struct buf buf;
	char *data;

	buf_init(&buf, 100);
	buf_put(&buf, "abc", 3);
	data = buf.data;
	buf_clear(&buf);
	cr_expect_eq(buf.len, 0);
	buf_put(&buf, "d", 1);
	cr_expect_eq(buf.data, data);
	expect_text(&buf, "d");
	buf_fini(&buf);
}

Test(buf, lends_room_to_a_writer)
{
	struct buf buf;
	char *room;

	buf_init(&buf, 100);
	buf_put(&buf, "a", 1);
	room = buf_reserve(&buf, 99);
	cr_assert_not_null(room);
	memcpy(room, "bc", 2);
	buf.len += 2;
	expect_text(&buf, "abc");
	buf_fini(&buf);
}

Test(buf, gives_its_content_away)
{
	struct buf buf;
	char *text;
	size_t len;

	buf_init(&buf, 3);
	buf_put(&buf, "abc", 3);
	text = buf_take(&buf, &len);
	cr_expect_str_eq(text, "abc");
	cr_expect_eq(len, 3);
	free(text);
	cr_expect_null(buf.data);
	text = buf_take(&buf, &len);
	cr_expect_str_eq(text, "");
	cr_expect_eq(len, 0);
	free(text);
	cr_expect(buf_put(&buf, "abc", 3));
	buf_fini(&buf);
}
