#include "lib/body.h"

enum {
	RATIO_MAX = 200, /* unpacked to sent bytes, above RATIO_FROM unpacked ones */
	RATIO_FROM = 4 * 1024 * 1024,
	ROOM_MAX = 1024 * 1024, /* made on a server's word */
};

static bool
is_too_large(const struct cspark_head *head, size_t max_bytes, size_t total)
{
	if (total > max_bytes)
		return true;
	if (head->content_length < 0)
		return false;
	if (head->compressed)
		return total > RATIO_FROM && total / RATIO_MAX > (size_t)head->content_length;
	return (size_t)head->content_length > max_bytes;
}

enum cspark_exchange_end
cspark_body_put(
	struct buf *body, const struct cspark_head *head, size_t max_bytes, const char *data, size_t len)
{
	int64_t said = head->content_length;

	if (is_too_large(head, max_bytes, body->len + len))
		return CSPARK_END_TOO_LARGE;
	if (body->len == 0 && !head->compressed && said > 0 && said <= ROOM_MAX
		&& buf_reserve(body, (size_t)said + 1) == NULL)
		return CSPARK_END_FAULT;
	return buf_put(body, data, len) ? CSPARK_END_ANSWERED : CSPARK_END_FAULT;
}
