#include "daemon/request.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/buf.h"
#include "daemon/front_secure.h"
#include "daemon/peer.h"

enum { HEAD_MAX = 8192 };

struct front_request *
request_new(struct front *front, struct door *door, struct crowd_member *member, int fd)
{
	struct front_request *request = calloc(1, sizeof(*request));

	if (!request) {
		crowd_leave(member);
		return NULL;
	}
	request->front = front;
	request->member = member;
	request->door = door;
	request->fd = fd;
	list_init(&request->all);
	list_init(&request->parking);
	deadline_init(&request->deadline);
	return request;
}

void
request_free(struct front_request *request)
{
	if (!request)
		return;
	list_remove(&request->all);
	list_remove(&request->parking);
	deadline_leave(&request->deadline);
	crowd_leave(request->member);
	secure_free(request->secure);
	free(request);
}

bool
request_is_idle(const struct front_request *request)
{
	enum deadline_phase phase = request->deadline.phase;

	return phase == DEADLINE_IDLE || (phase == DEADLINE_HEAD && !request->now.target);
}

/* ---- the target ---- */

void
request_hide_query(struct front_request *request, char *target)
{
	struct exchange *now = &request->now;
	char *mark = strchr(target, '?');

	now->target = target;
	if (!mark)
		return;
	now->hidden = mark + 1;
	now->hidden_byte = *now->hidden;
	*now->hidden = '\0';
}

void
request_show_target(struct front_request *request)
{
	struct exchange *now = &request->now;

	if (now->hidden) {
		now->hidden[-1] = '?'; /* where libmicrohttpd cut the path */
		now->hidden[0] = now->hidden_byte;
		now->hidden = NULL;
	}
	now->path = str_cut(str_of(now->target), '?', &now->query);
}

/* ---- an answer past libmicrohttpd ---- */

static void
put_field(struct buf *head, const char *name, const char *value)
{
	if (!str_has_control(str_of(value)))
		buf_printf(head, "%s: %s\r\n", name, value);
}

static void
put_head(struct buf *head, const char *reason, const struct front_reply *reply)
{
	buf_printf(head, "HTTP/1.1 %d %s\r\nConnection: close\r\n", reply->status, reason);
	if (reply->content_type)
		put_field(head, "Content-Type", reply->content_type);
	put_field(head, "X-Content-Type-Options", "nosniff");
	put_field(head, "Cache-Control", "no-store");
	for (size_t i = 0; i < reply->header_count; i++)
		put_field(head, reply->headers[i].name, reply->headers[i].value);
	buf_printf(head, "Content-Length: %zu\r\n\r\n", reply->body.len);
}

static bool
send_clear(int fd, struct str head, struct str body)
{
	struct iovec parts[] = {
		{ (void *)head.at, head.len },
		{ (void *)body.at, body.len },
	};
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };

	return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)(head.len + body.len);
}

void
request_send(struct front_request *request, const char *reason, const struct front_reply *reply)
{
	struct buf head;

	buf_init(&head, HEAD_MAX);
	put_head(&head, reason, reply);
	if (!buf_failed(&head))
		request->now.is_sent = request->secure ?
			secure_send(request->secure, buf_text(&head), reply->body) :
			send_clear(request->fd, buf_text(&head), reply->body);
	buf_fini(&head);
}

void
request_refuse_body(struct front_request *request, const struct front_ops *ops, enum cspark_code refusal,
	const char *detail)
{
	struct exchange *now = &request->now;

	now->answers_itself = true;
	ops->ready(now->arg, refusal, detail);
	assert(now->replied);
}

/* ---- callers that leave ---- */

void
request_show_end(struct front_request *request)
{
	if (request->hung_up && !request->now.parked)
		shutdown(request->fd, SHUT_RD);
}

void
request_leave(struct front_request *request, const struct front_ops *ops)
{
	struct exchange *now = &request->now;

	if (!now->parked || !peer_has_left(request->fd))
		return;
	now->has_left = true;
	if (now->held)
		front_release(request); /* libmicrohttpd finds the end of the stream */
	else
		ops->left(now->arg);
}

/* ---- what a request says ---- */

struct str
front_method(const struct front_request *request)
{
	return str_of(request->now.method);
}

struct str
front_path(const struct front_request *request)
{
	return request->now.path;
}

struct str
front_query(const struct front_request *request)
{
	return request->now.query;
}

struct str
front_origin(const struct front_request *request)
{
	return request->now.origin;
}

int64_t
front_content_length(const struct front_request *request)
{
	return request->now.content_length;
}

unsigned
front_listener_id(const struct front_request *request)
{
	return request->door->listener;
}

const char *
front_listener(const struct front_request *request)
{
	return request->door->name;
}

bool
front_tls(const struct front_request *request, struct front_tls *ret)
{
	if (request->secure)
		*ret = secure_names(request->secure);
	return request->secure != NULL;
}

bool
front_peer(const struct front_request *request, struct front_peer *ret)
{
	return door_peer(request->fd, ret);
}

const char *
front_caller(const struct front_request *request)
{
	return request->caller;
}
