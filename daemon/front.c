#include "daemon/front.h"

#include <assert.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/list.h"
#include "daemon/door.h"
#include "daemon/guard.h"
#include "daemon/linger.h"
#include "daemon/loop.h"
#include "daemon/pace.h"
#include "daemon/patience.h"
#include "daemon/peer.h"
#include "daemon/request.h"

enum {
	/* What libmicrohttpd needs of a connection's memory besides the request's head: its list of fields,
	 * the answer's head. It clears all of that memory after every request, so more costs time as well
	 * as space. */
	POOL_SLACK = 4096,
	RUNS_AT_ONCE = 4,
};

struct front {
	struct loop *loop;
	struct MHD_Daemon *mhd;
	const struct front_ops *ops;
	void *arg;
	struct guard_rules rules;
	unsigned max_connections;

	struct doors doors;
	struct peers peers;
	struct patience patience;
	struct lingers lingers;

	bool busy;     /* libmicrohttpd has something to do in this iteration */
	struct pace pace;
	bool draining;
	bool stopping;
	unsigned connections;
	uint64_t accepted;
	struct list all;            /* struct front_request, one a connection */
	struct list parking;        /* to be parked when libmicrohttpd has run */
	struct front_request *arriving; /* handed to libmicrohttpd, not yet named by it */
};

/* ---- the request line ---- */

static struct front_request *
request_of(struct MHD_Connection *mhd)
{
	return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static void *
on_target(void *cls, const char *target, struct MHD_Connection *mhd)
{
	struct front_request *request = request_of(mhd);

	pace_heard(&request->front->pace);
	request_hide_query(request, (char *)target); /* const for who logs; it is the connection's own */
	if (request->deadline.phase != DEADLINE_HEAD)
		patience_enter(&request->front->patience, request, DEADLINE_HEAD);
	return request;
}

/* The path stays as it was sent. */
static size_t
on_unescape(void *cls, struct MHD_Connection *mhd, char *text)
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
}

static enum MHD_Result
send_reply(struct front_request *request)
{
	struct exchange *now = &request->now;
	enum MHD_Result queued;

	if (!now->response)
		return MHD_NO; /* no memory for it: closing is all that is left */
	patience_enter(&request->front->patience, request, DEADLINE_WRITE);
	queued = MHD_queue_response(request->mhd, now->status, now->response);
	MHD_destroy_response(now->response);
	now->response = NULL;
	return queued;
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

/*
 * libmicrohttpd hears of an event once and stops at the first short read: it never sees an end that came
 * together with bytes. This makes another event; what it has not read yet stays.
 */
static void
show_end(struct front_request *request)
{
	if (request->hung_up && !request->now.parked)
		shutdown(request->fd, SHUT_RD);
}

static enum MHD_Result
take_body(struct front_request *request, const char *data, size_t len)
{
	struct exchange *now = &request->now;
	struct front *front = request->front;

	if (now->replied)
		return MHD_YES; /* too late: what comes is dropped */
	now->received += len;
	show_end(request);
	if (now->received > front->rules.max_body) {
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
static enum MHD_Result
on_request(void *cls, struct MHD_Connection *mhd, const char *url, const char *method, const char *version,
	const char *data, size_t *len, void **context)
{
	struct front_request *request = *context;

	pace_heard(&request->front->pace);
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
	return reply->close || request->front->draining;
}

void
front_reply(struct front_request *request, const struct front_reply *reply)
{
	struct exchange *now = &request->now;
	void *body = (void *)reply->body.at; /* libmicrohttpd only reads it */

	assert(!now->replied);
	now->replied = true;
	now->status = (unsigned)reply->status;
	now->bytes_out = str_eq(str_of(now->method), STR("HEAD")) ? 0 : reply->body.len;
	if (now->answers_itself) {
		request_send(request, MHD_get_reason_phrase_for(now->status), reply);
		return;
	}
	now->response = MHD_create_response_from_buffer(reply->body.len, body, MHD_RESPMEM_PERSISTENT);
	if (now->response) {
		add_fields(now->response, reply);
		if (must_close(request, reply))
			MHD_add_response_header(now->response, MHD_HTTP_HEADER_CONNECTION, "close");
	}
	list_remove(&request->parking);
	request->front->busy = true;
	if (now->parked)
		MHD_resume_connection(request->mhd);
	now->parked = false;
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
	linger_on(&request->front->lingers, request->fd);
}

/* It ended in the run that made it whole, before it could be parked: whoever works on the answer stops. */
static void
abandon(struct front_request *request)
{
	request->now.has_left = true;
	request->front->ops->left(request->now.arg);
}

/* Also called for a request whose head broke off: then there is no exchange. */
static void
on_completed(void *cls, struct MHD_Connection *mhd, void **context, enum MHD_RequestTerminationCode code)
{
	struct front_request *request = *context;
	struct front *front = cls;
	struct exchange *now = &request->now;

	pace_heard(&front->pace);
	if (!request)
		return;
	if (now->arg && now->whole && !now->replied)
		abandon(request);
	if (now->response)
		MHD_destroy_response(now->response);
	if (now->arg) {
		enum front_end end = end_of(request, code);

		if (!now->whole && end == FRONT_OK)
			linger(request);
		front->ops->done(now->arg, end, end == FRONT_OK || now->is_sent ? now->bytes_out : 0);
	}
	*now = (struct exchange){ 0 };
	patience_enter(&front->patience, request, DEADLINE_IDLE);
}

/* ---- connections ---- */

static void
on_caller(void *arg, const struct door *door, int fd, const struct sockaddr_storage *address, socklen_t len)
{
	struct front *front = arg;
	struct front_request *request = request_new(front, door, fd);

	if (!request || !peers_add(&front->peers, fd, request)) {
		free(request);
		close(fd);
		return;
	}
	door_name_caller(fd, address, request->caller);
	front->accepted++;
	front->arriving = request;
	/* Calls on_connection() before it comes back, or closes the descriptor. */
	MHD_add_connection(front->mhd, fd, (const struct sockaddr *)address, len);
	free(front->arriving);
	front->arriving = NULL;
	front->busy = true;
	if (front->connections >= front->max_connections)
		doors_shut(&front->doors);
}

static void
on_connection(void *cls, struct MHD_Connection *mhd, void **context, enum MHD_ConnectionNotificationCode what)
{
	struct front *front = cls;
	struct front_request *request = *context;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		*context = request = front->arriving;
		front->arriving = NULL;
		request->mhd = mhd;
		front->connections++;
		list_append(&front->all, &request->all);
		patience_enter(&front->patience, request, front->draining ? DEADLINE_IDLE : DEADLINE_HEAD);
	} else {
		front->connections--;
		request_free(request);
		doors_open(&front->doors);
	}
}

/* ---- callers that leave ---- */

static void
on_hangup(void *arg, void *peer)
{
	struct front_request *request = peer;

	request->hung_up = true;
	request_leave(request, request->front->ops);
	show_end(request);
}

/* ---- the loop's guest ---- */

static int64_t
mhd_timeout_ms(void *arg)
{
	struct front *front = arg;
	MHD_UNSIGNED_LONG_LONG ms;

	if (front->busy)
		return 0;
	if (MHD_get_timeout(front->mhd, &ms) != MHD_YES)
		return -1;
	return ms > 0 ? (int64_t)ms : pace_wait_ms(&front->pace, loop_now_ms(front->loop));
}

/*
 * libmicrohttpd reads from a connection that it resumes if it was reading when it suspended it: then the
 * end of a stream that was closed in one direction would end the exchange. After its run it no longer means
 * to read.
 */
static void
park(struct front *front)
{
	struct list *node;

	while ((node = list_pop(&front->parking))) {
		struct front_request *request = LIST_ITEM(node, struct front_request, parking);

		request->now.parked = true;
		MHD_suspend_connection(request->mhd);
		if (request->hung_up)
			request_leave(request, front->ops);
	}
}

/* An answer takes a run, reading what follows another: a turn of the loop for each would cost more. */
static void
mhd_run(void *arg)
{
	struct front *front = arg;

	for (int i = 0; i < RUNS_AT_ONCE && mhd_timeout_ms(front) == 0; i++) {
		front->busy = false;
		pace_ran(&front->pace, loop_now_ms(front->loop));
		MHD_run(front->mhd);
		park(front);
	}
}

static void
on_mhd_ready(void *arg, int fd, int events)
{
	struct front *front = arg;

	front->busy = true;
	pace_heard(&front->pace);
}

static int
mhd_fd(const struct front *front)
{
	return MHD_get_daemon_info(front->mhd, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

/* ---- the front ---- */

/*
 * libmicrohttpd sees the end of the stream and gives the connection up. It does not look at a socket while
 * its buffer is full, as a long chunk extension makes it; then its own time-out, in seconds, ends it.
 */
static void
cut(struct front_request *request)
{
	shutdown(request->fd, SHUT_RDWR);
	MHD_set_connection_option(request->mhd, MHD_CONNECTION_OPTION_TIMEOUT, 1u);
}

static struct MHD_Daemon *
mhd_start(struct front *front, const struct front_options *options)
{
	/* The sockets are ours (doors): libmicrohttpd spins at the limit of descriptors, and a listening
	 * socket is simpler to close than to get back. */
	unsigned flags = MHD_USE_EPOLL | MHD_USE_TURBO | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME;

	return MHD_start_daemon(flags, 0, NULL, NULL, on_request, front,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, front,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, front,
		MHD_OPTION_URI_LOG_CALLBACK, on_target, front,
		MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, front,
		MHD_OPTION_CONNECTION_LIMIT, options->max_connections,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, options->max_head + POOL_SLACK,
		MHD_OPTION_END);
}

static void
front_init(struct front *front, struct loop *loop, const struct front_options *options)
{
	front->loop = loop;
	front->max_connections = options->max_connections;
	front->rules = (struct guard_rules){
		.max_head = options->max_head,
		.max_target = options->max_target,
		.max_body = options->max_body,
	};
	list_init(&front->all);
	list_init(&front->parking);
	lingers_init(&front->lingers, loop);
	patience_init(&front->patience, loop, options, front->ops, cut);
	doors_init(&front->doors, loop, on_caller, front);
}

static bool
take_sockets(struct front *front, const struct front_options *options)
{
	bool ok = true;

	for (size_t i = 0; i < options->socket_count; i++)
		ok &= doors_add(&front->doors, &options->sockets[i]);
	return ok;
}

struct front *
front_new(struct loop *loop, const struct front_options *options, const struct front_ops *ops, void *arg)
{
	struct front *front = calloc(1, sizeof(*front));
	struct loop_guest guest = { .timeout_ms = mhd_timeout_ms, .run = mhd_run, .arg = front };

	if (!front)
		return NULL;
	front->ops = ops;
	front->arg = arg;
	front->peers.set = -1;
	front_init(front, loop, options);
	if (!take_sockets(front, options) || !peers_init(&front->peers, loop, on_hangup, front))
		goto fail;
	front->mhd = mhd_start(front, options);
	if (!front->mhd || !loop_watch(loop, mhd_fd(front), LOOP_READ, on_mhd_ready, front) ||
		!loop_add_guest(loop, &guest))
		goto fail;
	doors_open(&front->doors);
	return front;
fail:
	front_free(front);
	return NULL;
}

/*
 * A caller that was promised a kept connection may be sending on it right now, and so may one that waits at
 * a door: neither is cut before a moment of silence. What comes until then is answered, with Connection:
 * close.
 */
void
front_drain(struct front *front)
{
	if (front->draining)
		return;
	front->draining = true;
	patience_shorten(&front->patience);
	for (struct list *node = front->all.next; node != &front->all; node = node->next) {
		struct front_request *request = LIST_ITEM(node, struct front_request, all);

		if (request_is_idle(request))
			patience_enter(&front->patience, request, DEADLINE_IDLE);
	}
	doors_drain(&front->doors);
}

unsigned
front_connections(const struct front *front)
{
	return front->connections;
}

uint64_t
front_accepted(const struct front *front)
{
	return front->accepted;
}

void
front_free(struct front *front)
{
	if (!front)
		return;
	front->stopping = true;
	doors_close(&front->doors);
	loop_remove_guest(front->loop, front);
	if (front->mhd) {
		loop_forget(front->loop, mhd_fd(front));
		MHD_stop_daemon(front->mhd);
	}
	assert(list_empty(&front->all));
	peers_fini(&front->peers);
	lingers_fini(&front->lingers);
	patience_fini(&front->patience);
	doors_fini(&front->doors);
	free(front);
}

/* ---- what a request says ---- */

struct str
front_header(const struct front_request *request, const char *name)
{
	const char *value = NULL;
	size_t len = 0;

	MHD_lookup_connection_value_n(request->mhd, MHD_HEADER_KIND, name, strlen(name), &value, &len);
	return str_range(value, len);
}
