#include "lib/body.h"

enum {
	RATIO_MAX = 200, /* unpacked to sent bytes, above RATIO_FROM unpacked ones */
	RATIO_FROM = 4 * 1024 * 1024,
	ROOM_MAX = 1024 * 1024, /* made on a server's word */
};

void
cspark_body_init(struct cspark_body *body, const struct cspark_exchange *exchange)
{
	buf_init(&body->memory, exchange->max_answer + 1);
	body->begun = false;
}

void
cspark_body_fini(struct cspark_body *body)
{
	buf_fini(&body->memory);
}

/* ---- into memory ---- */

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

static enum cspark_exchange_end
collect(struct buf *memory, const struct cspark_exchange *exchange, const char *data, size_t len)
{
	const struct cspark_head *head = &exchange->head;
	int64_t said = head->content_length;

	if (is_too_large(head, exchange->max_answer, memory->len + len))
		return CSPARK_END_TOO_LARGE;
	if (memory->len == 0 && !head->compressed && said > 0 && said <= ROOM_MAX
		&& buf_reserve(memory, (size_t)said + 1) == NULL)
		return CSPARK_END_FAULT;
	return buf_put(memory, data, len) ? CSPARK_END_ANSWERED : CSPARK_END_FAULT;
}

/* ---- into a sink ---- */

static bool
begin(struct cspark_body *body, const struct cspark_exchange *exchange)
{
	const struct cspark_head *from = &exchange->head;
	const struct cspark_answer_head head = {
		.status = from->status,
		.length = from->compressed ? -1 : from->content_length,
		.content_type = from->content_type,
		.disposition = from->disposition,
	};

	if (!body->begun)
		body->begun = exchange->sink->begin(exchange->sink->arg, &head);
	return body->begun;
}

/* ---- either ---- */

enum cspark_exchange_end
cspark_body_put(
	struct cspark_body *body, const struct cspark_exchange *exchange, const char *data, size_t len)
{
	const struct cspark_sink *sink = exchange->sink;

	if (!cspark_exchange_sinks(exchange))
		return collect(&body->memory, exchange, data, len);
	return begin(body, exchange) && sink->put(sink->arg, data, len) ? CSPARK_END_ANSWERED :
									  CSPARK_END_SINK;
}

enum cspark_exchange_end
cspark_body_end(struct cspark_body *body, struct cspark_exchange *exchange)
{
	if (cspark_exchange_sinks(exchange))
		return begin(body, exchange) ? CSPARK_END_ANSWERED : CSPARK_END_SINK;
	exchange->answer = buf_take(&body->memory, &exchange->answer_len);
	return exchange->answer ? CSPARK_END_ANSWERED : CSPARK_END_FAULT;
}
