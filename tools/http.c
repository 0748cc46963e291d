#include "tools/http.h"

#include "tools/credentials.h"
#include "tools/http_reader.h"
#include "tools/progress.h"
#include "tools/wire.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MAX (256u * 1024 * 1024)
#define PIECE_SIZE (64 * 1024)
#define FRAME_SIZE 16 /* of a chunk: its size, two line ends */

/* An exchange under way. */
struct exchange {
	struct wire wire;
	const struct http_request *request;
	struct http_response *response;
	struct http_reader reader;
	struct buf head;
	struct str unsent; /* of what has been prepared: head, text or piece */
	struct str text_left;
	int64_t source_left; /* -1: to its end */
	bool source_is_over;
	bool in_sink;
	bool is_dropped; /* the daemon listens no more; its answer counts */
	char piece[FRAME_SIZE + PIECE_SIZE + FRAME_SIZE];
};

static bool
fail(struct exchange *exchange, const char *what, const char *reason)
{
	return wire_fail(&exchange->wire, what, reason);
}

/* ---- sending ----------------------------------------------------------------------------- */

/* The listener may want a token of its callers. */
static void
put_badge(struct buf *head)
{
	char *badge = credentials_badge();

	if (badge && !str_has_control(str_of(badge)))
		buf_printf(head, "X-Cspark-Token: %s\r\n", badge);
	credentials_wipe(badge);
}

static void
put_head(struct exchange *exchange, struct str host)
{
	const struct http_request *request = exchange->request;
	const struct http_source *source = request->source;
	struct buf *head = &exchange->head;

	buf_printf(head, "%s %s HTTP/1.1\r\nHost: %.*s\r\nUser-Agent: csparkctl\r\nConnection: close\r\n",
		request->method, request->target, STR_ARG(host));
	put_badge(head);
	if (request->accept)
		buf_printf(head, "Accept: %s\r\n", request->accept);
	if (request->content_type)
		buf_printf(head, "Content-Type: %s\r\n", request->content_type);
	if (request->prefer)
		buf_printf(head, "Prefer: %s\r\n", request->prefer);
	if (source && source->len < 0)
		buf_put_str(head, STR("Transfer-Encoding: chunked\r\n"));
	else if (source)
		buf_printf(head, "Content-Length: %lld\r\n", (long long)source->len);
	else if (request->body.len || strcmp(request->method, "GET") != 0)
		buf_printf(head, "Content-Length: %zu\r\n", request->body.len);
	buf_put_str(head, STR("\r\n"));
}

/* Puts the frame of a chunk around the <got> bytes in the middle of the piece; none: the last chunk. */
static void
frame_piece(struct exchange *exchange, size_t got)
{
	char size[FRAME_SIZE + 1], *data = exchange->piece + FRAME_SIZE;
	int len = snprintf(size, sizeof(size), "%zx\r\n", got);

	memcpy(data - len, size, (size_t)len);
	memcpy(data + got, "\r\n", 2);
	exchange->unsent = str_range(data - len, (size_t)len + got + 2);
}

/* The next piece of the source, ready to be sent. */
static bool
read_source(struct exchange *exchange)
{
	char *data = exchange->piece + FRAME_SIZE;
	size_t wanted = PIECE_SIZE;
	ssize_t got;

	if (exchange->source_left >= 0 && exchange->source_left < PIECE_SIZE)
		wanted = (size_t)exchange->source_left;
	do {
		got = wanted ? read(exchange->request->source->fd, data, wanted) : 0;
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return fail(exchange, "cannot read what is to be sent", strerror(errno));
	if (got == 0 && wanted && exchange->source_left > 0)
		return fail(exchange, "the file became shorter while it was sent", NULL);
	exchange->source_is_over = got == 0;
	if (exchange->source_left < 0) {
		frame_piece(exchange, (size_t)got);
	} else {
		exchange->unsent = str_range(data, (size_t)got);
		exchange->source_left -= got;
	}
	progress_sent(exchange->request->progress, (size_t)got);
	return true;
}

/* False: there is nothing more to send, or no way to get it. */
static bool
prepare(struct exchange *exchange, bool *ret_ok)
{
	*ret_ok = true;
	if (exchange->is_dropped)
		return false;
	if (exchange->unsent.len == 0 && exchange->text_left.len) {
		exchange->unsent = exchange->text_left;
		exchange->text_left.len = 0;
	} else if (exchange->unsent.len == 0 && !exchange->source_is_over) {
		*ret_ok = read_source(exchange);
	}
	return exchange->unsent.len > 0;
}

/* Sends what fits. A daemon that refuses a request may close its ear while it still speaks: then
 * the rest is dropped, and the answer is what counts. */
static void
send_some(struct exchange *exchange)
{
	struct str *left = &exchange->unsent;
	ssize_t sent = wire_send(&exchange->wire, left->at, left->len);

	if (sent > 0)
		*left = str_range(left->at + sent, left->len - (size_t)sent);
	else if (sent < 0 && errno != EAGAIN && errno != EINTR)
		exchange->is_dropped = true;
}

/* ---- receiving --------------------------------------------------------------------------- */

static bool
on_head(void *arg)
{
	struct exchange *exchange = arg;
	const struct http_sink *sink = exchange->request->sink;
	int status = exchange->response->status;

	exchange->in_sink = sink && status >= 200 && status < 300;
	progress_receive(exchange->request->progress, exchange->response->length);
	return !exchange->in_sink || sink->begin(sink->arg, exchange->response);
}

static bool
on_body(void *arg, const char *data, size_t len)
{
	struct exchange *exchange = arg;
	const struct http_sink *sink = exchange->request->sink;

	progress_received(exchange->request->progress, len);
	if (exchange->in_sink)
		return sink->put(sink->arg, data, len);
	return buf_put(&exchange->response->raw, data, len) ||
		fail(exchange, "the answer is too large", NULL);
}

static bool
receive_some(struct exchange *exchange, bool *ret_done)
{
	char data[PIECE_SIZE];
	ssize_t received = wire_receive(&exchange->wire, data, sizeof(data));
	const char *error = received < 0 ? wire_error(&exchange->wire) : NULL;

	if (received < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	switch (received > 0 ? http_reader_feed(&exchange->reader, data, (size_t)received) :
			       http_reader_end(&exchange->reader)) {
	case HTTP_WHOLE:
		*ret_done = true;
		return true;
	case HTTP_MORE:
		return true;
	case HTTP_STOPPED:
		return exchange->wire.why[0] ? false : fail(exchange, "the answer could not be kept", NULL);
	case HTTP_GARBLED:
		break;
	}
	if (received < 0)
		return fail(exchange, "the connection broke", error);
	return fail(exchange,
		exchange->response->status || exchange->reader.text.len || received > 0 ?
			"the answer is not whole, or not HTTP" :
			"the connection was closed without an answer",
		NULL);
}

static void
set_deadline(struct exchange *exchange)
{
	exchange->wire.deadline_ms = wire_now_ms() + exchange->request->timeout_ms;
}

static bool
run(struct exchange *exchange)
{
	bool done = false;

	while (!done) {
		bool ok, unsent = prepare(exchange, &ok);
		short events;

		if (!ok || !wire_wait(&exchange->wire, unsent ? POLLIN | POLLOUT : POLLIN, &events))
			return false;
		if (exchange->request->is_patient)
			set_deadline(exchange);
		if (unsent && (events & POLLOUT))
			send_some(exchange);
		if ((events & (POLLIN | POLLHUP | POLLERR)) && !receive_some(exchange, &done))
			return false;
	}
	return true;
}

static bool
start(struct exchange *exchange, const char *url)
{
	const struct http_source *source = exchange->request->source;
	struct str host = { 0 };

	set_deadline(exchange);
	if (!wire_open(&exchange->wire, url, &host))
		return false;
	put_head(exchange, host);
	if (buf_failed(&exchange->head))
		return fail(exchange, "the request is too long", NULL);
	exchange->unsent = buf_text(&exchange->head);
	exchange->text_left = exchange->request->body;
	exchange->source_is_over = !source;
	exchange->source_left = source ? source->len : 0;
	progress_send(exchange->request->progress, source ? source->len : 0);
	return true;
}

bool
http_exchange(const char *url, const struct http_request *request, struct http_response *ret, char *ret_why,
	size_t why_size)
{
	struct exchange exchange = {
		.wire = {
			.fd = -1,
			.progress = request->progress,
			.is_over = request->is_over,
			.why = ret_why,
			.why_size = why_size,
		},
		.request = request,
		.response = ret,
	};
	bool ok;

	ret_why[0] = '\0';
	*ret = (struct http_response){ .status = 0 };
	buf_init(&ret->raw, ANSWER_MAX);
	buf_init(&exchange.head, 256 * 1024);
	http_reader_init(&exchange.reader, ret);
	exchange.reader.arg = &exchange;
	exchange.reader.on_head = on_head;
	exchange.reader.on_body = on_body;
	ok = start(&exchange, url) && run(&exchange);
	ret->body = buf_text(&ret->raw);
	http_reader_fini(&exchange.reader);
	buf_fini(&exchange.head);
	wire_close(&exchange.wire);
	return ok;
}

void
http_response_fini(struct http_response *response)
{
	buf_fini(&response->raw);
}
