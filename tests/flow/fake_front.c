#include "tests/flow/fake_front.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "daemon/call.h"

void
fake_front_begin(struct front_request *request, const struct fake_request *say, void *desk)
{
	memset(request, 0, sizeof *request);
	request->say = *say;
	request->exchange = call_front_ops.begin(desk, request, CSPARK_OK, "");
	cr_assert_not_null(request->exchange);
	if (!request->replied && say->body)
		(void)call_front_ops.body(request->exchange, say->body, strlen(say->body));
}

void
fake_front_send(struct front_request *request, const struct fake_request *say, void *desk)
{
	fake_front_begin(request, say, desk);
	if (!request->replied)
		call_front_ops.ready(request->exchange, CSPARK_OK, "");
}

void
front_hold(struct front_request *request)
{
	request->held = true;
}

void
front_release(struct front_request *request)
{
	request->held = false;
}

void
fake_front_left(struct front_request *request)
{
	call_front_ops.left(request->exchange);
}

void
fake_front_done(struct front_request *request, enum front_end end)
{
	cr_assert(!request->is_file || request->finished, "done() comes after front_finish()");
	call_front_ops.done(request->exchange, end, strlen(request->body));
	request->exchange = NULL;
}

const char *
fake_front_header(const struct front_request *request, const char *name)
{
	for (size_t i = 0; i < request->header_count; i++) {
		if (strcasecmp(request->headers[i][0], name) == 0)
			return request->headers[i][1];
	}
	return NULL;
}

static void
take_body(struct front_request *request, struct str body)
{
	cr_assert_lt(body.len, sizeof request->body);
	if (body.len > 0)
		memcpy(request->body, body.at, body.len);
	request->body[body.len] = '\0';
}

/* What there is of the file, as far as there is room. */
static void
read_file(struct front_request *request)
{
	ssize_t got = pread(request->source.fd, request->body, sizeof request->body - 1, 0);

	cr_assert_geq(got, 0);
	if ((uint64_t)got > request->source.len)
		got = (ssize_t)request->source.len;
	request->body[got] = '\0';
}

static void
take_file(struct front_request *request, const struct front_source *source)
{
	request->is_file = true;
	request->source = *source;
	request->finished = source->total >= 0 && source->len == (uint64_t)source->total;
	read_file(request);
}

void
front_grow(struct front_request *request, uint64_t len)
{
	cr_assert(request->is_file && !request->finished && len >= request->source.len);
	request->source.len = len;
	read_file(request);
}

void
front_finish(struct front_request *request, bool whole)
{
	cr_assert(request->is_file && !request->finished, "once a file that grows");
	request->finished = true;
	request->torn = !whole;
}

void
front_limit_body(struct front_request *request, uint64_t max)
{
	request->max_body = max;
}

void
front_reply(struct front_request *request, const struct front_reply *reply)
{
	cr_assert_not(request->replied, "one answer a request");
	request->replied = true;
	request->status = reply->status;
	request->close = reply->close;
	snprintf(request->content_type, sizeof request->content_type, "%s",
		reply->content_type ? reply->content_type : "");
	if (reply->source)
		take_file(request, reply->source);
	else
		take_body(request, reply->body);
	for (size_t i = 0; i < reply->header_count && i < 16; i++) {
		snprintf(request->headers[i][0], 256, "%s", reply->headers[i].name);
		snprintf(request->headers[i][1], 256, "%s", reply->headers[i].value);
		request->header_count++;
	}
}

struct str
front_method(const struct front_request *request)
{
	return str_of(request->say.method);
}

struct str
front_path(const struct front_request *request)
{
	return str_of(request->say.path);
}

struct str
front_query(const struct front_request *request)
{
	return str_of(request->say.query ? request->say.query : "");
}

void
front_headers(const struct front_request *request,
	void (*take)(void *arg, struct str name, struct str value), void *arg)
{
	for (size_t i = 0; i + 1 < 16 && request->say.headers[i]; i += 2)
		take(arg, str_of(request->say.headers[i]), str_of(request->say.headers[i + 1]));
}

struct str
front_header(const struct front_request *request, const char *name)
{
	for (size_t i = 0; i + 1 < 16 && request->say.headers[i]; i += 2) {
		if (strcasecmp(request->say.headers[i], name) == 0)
			return str_of(request->say.headers[i + 1]);
	}
	return (struct str){ NULL, 0 };
}

struct str
front_origin(const struct front_request *request)
{
	return (struct str){ NULL, 0 };
}

int64_t
front_content_length(const struct front_request *request)
{
	return request->say.body ? (int64_t)strlen(request->say.body) : 0;
}

const char *
front_listener(const struct front_request *request)
{
	return "fake";
}

unsigned
front_listener_id(const struct front_request *request)
{
	return 0;
}

bool
front_peer(const struct front_request *request, struct front_peer *ret)
{
	return false;
}

bool
front_tls(const struct front_request *request, struct front_tls *ret)
{
	return false;
}

const char *
front_caller(const struct front_request *request)
{
	return "127.0.0.1:1";
}
