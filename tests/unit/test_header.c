#include "lib/header.h"

#include <criterion/criterion.h>

static struct cspark_head head;

static bool
take(const char *const *lines)
{
	cspark_head_init(&head);
	for (; *lines; lines++) {
		if (!cspark_head_line(&head, str_of(*lines)))
			return false;
	}
	return true;
}

#define LINES(...) (const char *const[]){ __VA_ARGS__, NULL }

Test(header, keeps_the_fields_that_matter)
{
	cr_assert(take(LINES("HTTP/1.1 503 Busy\r\n", "content-type: application/json\r\n",
		"RETRY-AFTER:  7 \r\n", "x-retry-after: 1.5\r\n", "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
		"Content-Encoding: gzip\r\n", "\r\n")));
	cr_assert_eq(head.status, 503);
	cr_assert_str_eq(head.content_type, "application/json");
	cr_assert_str_eq(head.retry_after, "7");
	cr_assert_eq(cspark_head_retry_after_ms(&head, 0), 7000);
	cr_assert(head.compressed);
}

Test(header, keeps_what_names_and_leads_elsewhere)
{
	cr_assert(take(LINES("HTTP/1.1 302 Found\r\n", "content-disposition: attachment; filename=\"a\"\r\n",
		"Location:  https://a.test/b?c=d\r\n", "\r\n")));
	cr_assert_str_eq(head.disposition, "attachment; filename=\"a\"");
	cr_assert_str_eq(head.location, "https://a.test/b?c=d");
	cr_assert(take(LINES("HTTP/1.1 302 Found\r\n", "Location: x\r\n", "HTTP/1.1 200 OK\r\n")));
	cr_assert_str_eq(head.location, "", "of the answer before");
}

Test(header, knows_http_2)
{
	cr_assert(take(LINES("HTTP/2 200 \r\n", "\r\n")));
	cr_assert_eq(head.status, 200);
}

Test(header, refuses_a_head_that_cannot_frame_a_body)
{
	cr_assert_not(take(LINES("HTTP/1.1 200 OK\r\n", "Content-Length: 2\r\n", "Content-Length: 3\r\n")));
	cr_assert(take(LINES("HTTP/1.1 200 OK\r\n", "Content-Length: 2\r\n", "Content-Length: 2\r\n")));
	cr_assert_not(take(LINES("HTTP/1.1 200 OK\r\n", "Content-Length: 2abc\r\n")));
	cr_assert_not(take(LINES("HTTP/1.1 200 OK\r\n", "Content-Length: -2\r\n")));
	cr_assert_not(take(LINES("HTTP/1.1 200 OK\r\n", "Content-Length: \r\n")));
	cr_assert_not(take(
		LINES("HTTP/1.1 200 OK\r\n", "Content-Length: 2\r\n", "Transfer-Encoding: chunked\r\n")));
	cr_assert_not(take(
		LINES("HTTP/1.1 200 OK\r\n", "Transfer-Encoding: chunked\r\n", "Content-Length: 2\r\n")));
	cr_assert_not(take(LINES("HTTP/1.1 OK\r\n")));
	cr_assert_not(take(LINES("HTTP/1.1 099 OK\r\n")));
}

Test(header, forgets_interim_answers_but_counts_them)
{
	cr_assert(take(LINES("HTTP/1.1 103 Hints\r\n", "Content-Length: 9\r\n", "\r\n", "HTTP/1.1 200 OK\r\n",
		"Content-Length: 2\r\n")));
	cr_assert_eq(head.content_length, 2);
	cspark_head_init(&head);
	for (int i = 0; i < 100; i++)
		cr_assert(cspark_head_line(&head, STR("HTTP/1.1 100 Continue\r\n")));
	cr_assert_not(cspark_head_line(&head, STR("HTTP/1.1 100 Continue\r\n")));
}

Test(header, bounds_the_head)
{
	static char line[1024];

	memset(line, 'x', sizeof(line));
	line[5] = ':';
	cspark_head_init(&head);
	for (int i = 0; i < 64; i++)
		cr_assert(cspark_head_line(&head, str_range(line, sizeof(line))));
	cr_assert_not(cspark_head_line(&head, str_range(line, 6)));
}

Test(header, drops_a_value_too_long_or_odd_for_its_place)
{
	cr_assert(take(LINES("HTTP/1.1 429 x\r\n",
		"x-retry-after: 000000000000000000000000000000000000000000000000001\r\n",
		"Content-Type: a\x01z\r\n")));
	cr_assert_str_eq(head.x_retry_after, "");
	cr_assert_str_eq(head.content_type, "");
}
