/* An exchange: one request and its answer, as libmicrohttpd tells of them. */
#include "daemon/front_own.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>

enum { ROOM_BYTES = 64 * 1024 }; /* of a file that is read at once, where libmicrohttpd lets us choose */

/* ---- the request line ---- */

static struct front_request *
request_of(struct MHD_Connection *mhd)
{
	return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

void *
exchange_on_target(void *cls, const char *target, struct MHD_Connection *mhd)
{
	struct front_request *request = request_of(mhd);

	pace_heard(&request->engine->pace);
	request_hide_query(request, (char *)target); /* const for who logs; it is the connection's own */
	if (request->deadline.phase != DEADLINE_HEAD)
		patience_enter(&request->front->patience, request, DEADLINE_HEAD);
	return request;
}

/* The path stays as it was sent. */
size_t
exchange_on_unescape(void *cls, struct MHD_Connection *mhd, char *text)
{
	return strlen(text);
}

/* ---- the head ---- */

static enum MHD_Result
on_field(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_len, const char *value,
	size_t value_len)
{
	guard_header(cls, str_range(name, name_len), str_range(value, value ? value_len : 0));
	return MHD_YES;
}

static size_t
head_bytes(struct MHD_Connection *mhd)
{
	return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)->header_size;
}

static void
judge(struct front_request *request, const char *version, struct guard *ret)
{
	struct exchange *now = &request->now;

	guard_begin(ret, &request->front->rules, str_of(now->method), str_of(now->target), str_of(version));
	MHD_get_connection_values_n(request->mhd, MHD_HEADER_KIND, on_field, ret);
	guard_end(ret, head_bytes(request->mhd), &request->door->place);
	now->content_length = ret->chunked ? -1 : (int64_t)ret->length;
	now->has_body = ret->chunked || ret->length > 0;
	now->max_body = request->front->rules.max_body;
	now->http_1_0 = ret->http_1_0;
	now->origin = ret->is_listed ? ret->origin : (struct str){ NULL, 0 };
}

static enum MHD_Result
send_reply(struct front_request *request)
{
	struct exchange *now = &request->now;
	enum MHD_Result queued;

	if (!now->response)
		return MHD_NO; /* no memory for it: closing is all that is left */
	patience_write(&request->front->patience, request);
	queued = MHD_queue_response(request->mhd, now->status, now->response);
	MHD_destroy_response(now->response);
	now->response = NULL;
	return queued;
}

static void
refuse_long_body(struct front_request *request)
{
	request->front->ops->ready(request->now.arg, CSPARK_E_BODY_TOO_LARGE,
		"Content-Length is larger than the limit for bodies.");
	assert(request->now.replied);
}

static enum MHD_Result
take_head(struct front_request *request, const char *method, const char *version)
{
	struct exchange *now = &request->now;
	struct front *front = request->front;
	struct guard guard;

	request_show_target(request);
	now->method = method;
	judge(request, version, &guard);
	patience_rest(request);
	now->arg = front->ops->begin(front->arg, request, guard.code, guard.detail);
	if (!now->arg)
		return MHD_NO;
	now->wants_body = true;
	if (!now->replied && now->content_length > 0 && (uint64_t)now->content_length > now->max_body)
		refuse_long_body(request);
	/* An answer that is queued in this call closes the connection, which is right if there is a body
	 * to come, or may be. */
	if (now->replied && (now->has_body || guard.code != CSPARK_OK))
		return send_reply(request);
	assert(guard.code == CSPARK_OK || now->replied);
	if (now->has_body) {
		now->body_since_ms = loop_now_ms(front->loop);
		patience_enter(&request->front->patience, request, DEADLINE_BODY);
	}
	return MHD_YES;
}

/* ---- the body ---- */

static enum MHD_Result
take_body(struct front_request *request, const char *data, size_t len)
{
	struct exchange *now = &request->now;
	struct front *front = request->front;

	if (now->replied)
		return MHD_YES; /* too late: what comes is dropped */
	now->received += len;
	request_show_end(request);
	if (now->received > now->max_body) {
		request_refuse_body(request, front->ops, CSPARK_E_BODY_TOO_LARGE,
			"The body is larger than the limit for bodies.");
		return MHD_NO;
	}
	if (now->wants_body)
		now->wants_body = front->ops->body(now->arg, data, len);
	return MHD_YES;
}

static enum MHD_Result
take_end(struct front_request *request)
{
	struct exchange *now = &request->now;

	if (now->answers_itself)
		return MHD_NO;
	now->whole = true;
	now->held = false;
	list_remove(&request->parking);
	patience_rest(request);
	if (!now->replied)
		request->front->ops->ready(now->arg, CSPARK_OK, NULL);
	if (now->replied)
		return send_reply(request);
	list_append(&request->front->parking, &request->parking);
	return MHD_YES;
}

/* libmicrohttpd calls this for the head, for each piece of the body, and when the request is whole or
 * was resumed. */
enum MHD_Result
exchange_on_request(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
	const char *version, const char *data, size_t *len, void **context)
{
	struct front_request *request = *context;

	pace_heard(&request->engine->pace);
	if (!request->now.arg)
		return take_head(request, method, version);
	if (*len > 0) {
		size_t got = *len;

		*len = 0;
		return take_body(request, data, got);
	}
	if (!request->now.whole)
		return take_end(request);
	return send_reply(request);
}

/* ---- the answer ---- */

static void
add_field(struct MHD_Response *response, const char *name, const char *value)
{
	if (!str_has_control(str_of(value)))
		MHD_add_response_header(response, name, value);
}

static void
add_fields(struct MHD_Response *response, const struct front_reply *reply)
{
	if (reply->content_type)
		add_field(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->content_type);
	add_field(response, "X-Content-Type-Options", "nosniff");
	add_field(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	for (size_t i = 0; i < reply->header_count; i++)
		add_field(response, reply->headers[i].name, reply->headers[i].value);
}

static bool
must_close(const struct front_request *request, const struct front_reply *reply)
{
	return reply->close || request->front->draining || request->door->fd < 0;
}

/* The end of the connection is the end of the answer. */
static bool
ends_by_close(const struct front_request *request)
{
	return request->now.http_1_0 && request->now.feed.total < 0;
}

/*
 * A connection that ends within on_room() is closed when libmicrohttpd looks at it the next time; it does
 * soon what has a time-out of its own.
 */
static void
hurry(struct front_request *request)
{
	MHD_set_connection_option(request->mhd, MHD_CONNECTION_OPTION_TIMEOUT, 1u);
	request->engine->busy = true;
}

static ssize_t
tear(struct front_request *request)
{
	struct linger reset = { .l_onoff = 1 };

	if (request->secure)
		secure_tear(request->secure);
	if (ends_by_close(request))
		setsockopt(request->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	hurry(request);
	return MHD_CONTENT_READER_END_WITH_ERROR;
}

/* libmicrohttpd has room for more of the file. */
static ssize_t
on_room(void *cls, uint64_t at, char *room, size_t len)
{
	struct front_request *request = cls;
	size_t got = 0;

	pace_heard(&request->engine->pace);
	switch (feed_read(&request->now.feed, at, room, len, &got)) {
	case FEED_MORE:
		return (ssize_t)got;
	case FEED_DRY:
		/* We are asked again and again until the connection is suspended: see park(). */
		patience_pause(&request->front->patience, request);
		list_remove(&request->parking);
		list_append(&request->front->parking, &request->parking);
		return 0;
	case FEED_END:
		if (ends_by_close(request))
			hurry(request);
		return MHD_CONTENT_READER_END_OF_STREAM;
	case FEED_TORN:
		break;
	}
	return tear(request);
}

static bool
is_head(const struct front_request *request)
{
	return str_eq(str_of(request->now.method), STR("HEAD"));
}

static struct MHD_Response *
response_of_file(struct front_request *request, const struct front_source *source)
{
	uint64_t total = source->total < 0 ? MHD_SIZE_UNKNOWN : (uint64_t)source->total;
	struct MHD_Response *response = MHD_create_response_from_callback(
		total, ROOM_BYTES, on_room, request, NULL);

	feed_start(&request->now.feed, source);
	/* Otherwise the last chunk follows the head, of a body that is not sent. */
	if (response && source->total < 0 && is_head(request))
		MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
	return response;
}

static struct MHD_Response *
response_of(struct front_request *request, const struct front_reply *reply)
{
	void *body = (void *)reply->body.at; /* libmicrohttpd only reads it */

	if (reply->source)
		return response_of_file(request, reply->source);
	return MHD_create_response_from_buffer(reply->body.len, body, MHD_RESPMEM_PERSISTENT);
}

void
exchange_wake(struct front_request *request)
{
	list_remove(&request->parking);
	request->engine->busy = true;
	if (request->now.parked)
		MHD_resume_connection(request->mhd);
	request->now.parked = false;
}

void
front_reply(struct front_request *request, const struct front_reply *reply)
{
	struct exchange *now = &request->now;

	assert(!now->replied);
	now->replied = true;
	now->status = (unsigned)reply->status;
	now->bytes_out = is_head(request) ? 0 : reply->body.len;
	if (now->answers_itself) {
		assert(!reply->source);
		request_send(request, MHD_get_reason_phrase_for(now->status), reply);
		return;
	}
	now->response = response_of(request, reply);
	if (now->response) {
		add_fields(now->response, reply);
		if (must_close(request, reply))
			MHD_add_response_header(now->response, MHD_HTTP_HEADER_CONNECTION, "close");
	}
	exchange_wake(request);
}

/* It waits for more of its file, or is about to. */
static bool
is_dry(const struct front_request *request)
{
	return request->now.parked || !list_empty(&request->parking);
}

static void
go_on(struct front_request *request)
{
	if (request->now.is_over || !is_dry(request))
		return;
	patience_resume(&request->front->patience, request);
	exchange_wake(request);
}

void
front_grow(struct front_request *request, uint64_t len)
{
	feed_grow(&request->now.feed, len);
	go_on(request);
}

void
front_finish(struct front_request *request, bool whole)
{
	feed_finish(&request->now.feed, whole);
	go_on(request);
}

void
front_hold(struct front_request *request)
{
	struct exchange *now = &request->now;

	if (now->held || now->whole || now->replied)
		return;
	now->held = true;
	patience_pause(&request->front->patience, request);
	list_append(&request->front->parking, &request->parking);
}

void
front_release(struct front_request *request)
{
	struct exchange *now = &request->now;

	if (!now->held)
		return;
	now->held = false;
	patience_go_on(&request->front->patience, request);
	exchange_wake(request);
}

void
front_limit_body(struct front_request *request, uint64_t max)
{
	if (max < request->now.max_body)
		request->now.max_body = max;
}

/* ---- the end ---- */

static enum front_end
end_of(const struct front_request *request, enum MHD_RequestTerminationCode code)
{
	if (request->now.is_slow)
		return FRONT_CALLER_SLOW;
	if (request->now.has_left)
		return FRONT_CALLER_LEFT;
	if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK || request->now.is_sent)
		return FRONT_OK;
	if (request->now.feed.torn)
		return FRONT_TORN;
	return request->front->stopping ? FRONT_STOPPED : FRONT_CALLER_LEFT;
}

/*
 * A caller that has its answer but is still sending would be reset by the kernel, and then many never read
 * the answer. The descriptor leaves the peers' set, since its duplicate would keep it there when <request>
 * is gone.
 */
static void
linger(struct front_request *request)
{
	peers_remove(&request->front->peers, request->fd);
	if (request->secure)
		secure_bye(request->secure);
	linger_on(&request->front->lingers, request->fd);
}

/* It ended in the run that made it whole, before it could be parked: whoever works on the answer stops. */
static void
abandon(struct front_request *request)
{
	request->now.has_left = true;
	request->front->ops->left(request->now.arg);
}

/* The file still grows, but nobody reads it any more. */
static void
stop_growth(struct front_request *request)
{
	const struct feed *feed = &request->now.feed;

	if (!feed->is_on || feed->finished)
		return;
	request->front->ops->left(request->now.arg);
	assert(feed->finished);
}

static uint64_t
bytes_out(const struct exchange *now, enum front_end end)
{
	if (now->feed.is_on)
		return now->feed.sent;
	return end == FRONT_OK || now->is_sent ? now->bytes_out : 0;
}

static void
end_exchange(struct front_request *request, enum MHD_RequestTerminationCode code)
{
	struct exchange *now = &request->now;
	enum front_end end = end_of(request, code);

	if (!now->whole && end == FRONT_OK)
		linger(request);
	stop_growth(request);
	request->front->ops->done(now->arg, end, bytes_out(now, end));
}

/* Also called for a request whose head broke off: then there is no exchange. */
void
exchange_on_completed(
	void *cls, struct MHD_Connection *mhd, void **context, enum MHD_RequestTerminationCode code)
{
	struct front_request *request = *context;
	struct front *front = cls;
	struct exchange *now = &request->now;

	if (!request)
		return;
	pace_heard(&request->engine->pace);
	now->is_over = true;
	if (now->arg && now->whole && !now->replied)
		abandon(request);
	if (now->response)
		MHD_destroy_response(now->response);
	if (now->arg)
		end_exchange(request, code);
	*now = (struct exchange){ 0 };
	patience_enter(&front->patience, request, DEADLINE_IDLE);
}

/* ---- what a request says ---- */

struct field_taker {
	void (*take)(void *arg, struct str name, struct str value);
	void *arg;
};

static enum MHD_Result
give_field(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_len, const char *value,
	size_t value_len)
{
	struct field_taker *taker = cls;

	taker->take(taker->arg, str_range(name, name_len), str_range(value, value ? value_len : 0));
	return MHD_YES;
}

void
front_headers(const struct front_request *request, void (*take)(void *arg, struct str name, struct str value),
	void *arg)
{
	struct field_taker taker = { take, arg };

	MHD_get_connection_values_n(request->mhd, MHD_HEADER_KIND, give_field, &taker);
}

struct str
front_header(const struct front_request *request, const char *name)
{
	const char *value = NULL;
	size_t len = 0;

	MHD_lookup_connection_value_n(request->mhd, MHD_HEADER_KIND, name, strlen(name), &value, &len);
	return str_range(value, len);
}
