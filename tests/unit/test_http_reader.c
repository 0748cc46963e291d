#include "tools/http_reader.h"

#include <criterion/criterion.h>

static struct http_response response;
static struct http_reader reader;
static struct buf body;
static unsigned heads;

static bool
on_head(void *arg)
{
	heads++;
	return true;
}

static bool
on_body(void *arg, const char *data, size_t len)
{
	return buf_put(&body, data, len);
}

static void
start(void)
{
	http_reader_fini(&reader);
	buf_fini(&body);
	buf_init(&body, 1 << 20);
	heads = 0;
	response = (struct http_response){ .status = 0 };
	http_reader_init(&reader, &response);
	reader.on_head = on_head;
	reader.on_body = on_body;
}

/* In pieces of <step> bytes; what it says at the end. */
static enum http_progress
read_text(const char *text, size_t step)
{
	size_t len = strlen(text);
	enum http_progress progress = HTTP_MORE;

	start();
	for (size_t at = 0; at < len && progress == HTTP_MORE; at += step)
		progress = http_reader_feed(&reader, text + at, at + step > len ? len - at : step);
	return progress == HTTP_MORE ? http_reader_end(&reader) : progress;
}

#define OK "HTTP/1.1 200 OK\r\n"

Test(http_reader, reads_every_framing_in_pieces_of_any_size)
{
	static const char *const TEXTS[] = {
		OK "Content-Length: 3\r\n\r\nabc",
		OK "content-length:3 \r\n\r\nabcdef",
		OK "\r\nabc",
		"HTTP/1.1 100 Continue\r\n\r\n" OK "Content-Length: 3\r\n\r\nabc",
		OK "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n2;x=y\r\nbc\r\n0\r\n\r\n",
		OK "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nTrailer: x\r\n\r\n",
	};

	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
		for (size_t step = 1; step < 80; step++) {
			cr_assert_eq(read_text(TEXTS[i], step), HTTP_WHOLE, "%s by %zu", TEXTS[i], step);
			cr_assert_eq(response.status, 200);
			cr_assert_eq(heads, 1);
			cr_assert_eq(body.len >= 3 && memcmp(body.data, "abc", 3) == 0, true);
		}
	}
}

Test(http_reader, refuses_what_is_not_whole)
{
	static const char *const TEXTS[] = {
		"",
		"nonsense\r\n\r\n",
		OK,
		OK "Content-Length: 5\r\n\r\nabc",
		OK "Content-Length: -1\r\n\r\n",
		OK "Transfer-Encoding: gzip\r\n\r\nabc",
		OK "broken\r\n\r\n",
		OK "Transfer-Encoding: chunked\r\n\r\n5\r\nab",
		OK "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n\r\n",
		OK "Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
		OK "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
		OK "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
		"HTTP/2 200\r\n\r\n",
		"HTTP/1.1 099 X\r\n\r\n",
	};

	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
		cr_assert_eq(read_text(TEXTS[i], 1), HTTP_GARBLED, "%s", TEXTS[i]);
		cr_assert_eq(read_text(TEXTS[i], 1000), HTTP_GARBLED, "%s", TEXTS[i]);
	}
}

Test(http_reader, keeps_what_the_head_says)
{
	read_text("HTTP/1.1 202 Accepted\r\nLocation: /exports/1\r\nX-Total-Count: 345\r\n"
		  "Content-Disposition: attachment; filename=\"a.zip\"\r\nContent-Type: application/zip\r\n"
		  "Content-Length: 0\r\n\r\n",
		7);
	cr_assert_eq(response.status, 202);
	cr_assert_str_eq(response.location, "/exports/1");
	cr_assert_str_eq(response.disposition, "attachment; filename=\"a.zip\"");
	cr_assert_str_eq(response.content_type, "application/zip");
	cr_assert_eq(response.total, 345);
	cr_assert_eq(response.length, 0);
	cr_assert_eq(response.retry_after_s, -1);
}

Test(http_reader, knows_when_to_ask_again_if_that_is_a_number)
{
	static const struct {
		const char *text;
		int64_t wanted;
	} CASES[] = {
		{ OK "Retry-After: 17\r\n\r\n", 17 },
		{ OK "retry-after:0\r\n\r\n", 0 },
		{ OK "Retry-After: -1\r\n\r\n", -1 },
		{ OK "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n\r\n", -1 },
		{ OK "Retry-After: 99999999999999999999\r\n\r\n", -1 },
	};

	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		cr_assert_eq(read_text(CASES[i].text, 5), HTTP_WHOLE);
		cr_assert_eq(response.retry_after_s, CASES[i].wanted, "%s", CASES[i].text);
	}
}

Test(http_reader, has_no_head_without_end)
{
	char text[1024];

	memset(text, 'x', sizeof(text));
	start();
	for (int i = 0; i < 65; i++) {
		if (http_reader_feed(&reader, text, sizeof(text)) == HTTP_GARBLED)
			return;
	}
	cr_assert_fail("65 KiB of head were taken");
}
