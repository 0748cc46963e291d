#include "daemon/patience.h"

#include <errno.h>
#include <sys/socket.h>

#include "daemon/peer.h"
#include "daemon/request.h"

enum {
	UPLOAD_BYTES_PER_S = 16 * 1024,   /* a body this fast is waited for */
	DOWNLOAD_BYTES_PER_S = 64 * 1024, /* a caller that takes a file this fast, too */
	LOOK_MS = 1000,                   /* how often it is looked at, once its first time is over */
	LINGER_MS = 2000,
	DRAIN_IDLE_MS = 250,
};

static bool
has_earned_time(const struct patience *patience, const struct front_request *request)
{
	const struct exchange *now = &request->now;
	int64_t earned_ms = (int64_t)(now->received / UPLOAD_BYTES_PER_S) * 1000;

	return now->body_since_ms + patience->body_ms + earned_ms > loop_now_ms(patience->loop);
}

/* The caller has its answer, if it took it: what it still sends is dropped for a moment, see linger.h. */
static void
miss_body(struct patience *patience, struct front_request *request)
{
	if (has_earned_time(patience, request)) {
		patience_enter(patience, request, DEADLINE_UPLOAD);
		return;
	}
	request->now.is_slow = true;
	request_refuse_body(request, patience->ops, CSPARK_E_REQUEST_TIMEOUT,
		"The body did not arrive in time.");
	if (request->now.is_sent && shutdown(request->fd, SHUT_WR) == 0)
		patience_enter(patience, request, DEADLINE_LINGER);
	else
		patience->cut(request);
}

static bool
has_earned_more(const struct patience *patience, const struct front_request *request)
{
	const struct exchange *now = &request->now;
	uint64_t backlog = peer_backlog(request->fd);
	uint64_t taken = backlog < now->feed.sent ? now->feed.sent - backlog : 0;
	int64_t earned_ms = (int64_t)(taken / DOWNLOAD_BYTES_PER_S) * 1000;

	return now->write_since_ms + patience->write_ms + earned_ms > loop_now_ms(patience->loop);
}

static void
miss_write(struct patience *patience, struct front_request *request)
{
	if (request->now.feed.is_on && has_earned_more(patience, request)) {
		patience_enter(patience, request, DEADLINE_DOWNLOAD);
		return;
	}
	request->now.is_slow = true;
	patience->cut(request);
}

/* What came while other work was done is no silence. */
static bool
is_silent(const struct front_request *request)
{
	char byte;

	return recv(request->fd, &byte, sizeof(byte), MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static void
on_missed(void *arg, struct deadline *deadline)
{
	struct front_request *request = LIST_ITEM(deadline, struct front_request, deadline);
	struct patience *patience = arg;

	switch (deadline->phase) {
	case DEADLINE_BODY:
	case DEADLINE_UPLOAD:
		miss_body(patience, request);
		break;
	case DEADLINE_WRITE:
	case DEADLINE_DOWNLOAD:
		miss_write(patience, request);
		break;
	case DEADLINE_IDLE:
	case DEADLINE_LAST:
		if (is_silent(request))
			patience->cut(request);
		else
			patience_enter(patience, request, deadline->phase);
		break;
	default:
		request->now.is_slow = true;
		patience->cut(request);
	}
}

void
patience_init(struct patience *patience, struct loop *loop, const struct front_options *options,
	const struct front_ops *ops, patience_cut_fn *cut)
{
	patience->loop = loop;
	patience->ops = ops;
	patience->cut = cut;
	deadlines_init(&patience->deadlines, loop, on_missed, patience);
	patience_adopt(patience, options);
}

void
patience_adopt(struct patience *patience, const struct front_options *options)
{
	unsigned *wait_ms = patience->deadlines.wait_ms;

	patience->body_ms = options->body_ms;
	patience->write_ms = options->write_ms;
	wait_ms[DEADLINE_HEAD] = options->head_ms;
	wait_ms[DEADLINE_BODY] = options->body_ms;
	wait_ms[DEADLINE_UPLOAD] = LOOK_MS;
	wait_ms[DEADLINE_LINGER] = LINGER_MS;
	wait_ms[DEADLINE_IDLE] = options->idle_ms;
	wait_ms[DEADLINE_LAST] = DRAIN_IDLE_MS;
	wait_ms[DEADLINE_WRITE] = options->write_ms;
	wait_ms[DEADLINE_DOWNLOAD] = options->write_ms ? LOOK_MS : 0;
}

void
patience_fini(struct patience *patience)
{
	deadlines_fini(&patience->deadlines);
}

void
patience_enter(struct patience *patience, struct front_request *request, enum deadline_phase phase)
{
	deadline_enter(&patience->deadlines, &request->deadline, phase);
}

void
patience_write(struct patience *patience, struct front_request *request)
{
	request->now.write_since_ms = loop_now_ms(patience->loop);
	patience_enter(patience, request, DEADLINE_WRITE);
}

void
patience_pause(struct patience *patience, struct front_request *request)
{
	request->now.wait_since_ms = loop_now_ms(patience->loop);
	patience_rest(request);
}

void
patience_go_on(struct patience *patience, struct front_request *request)
{
	request->now.body_since_ms += loop_now_ms(patience->loop) - request->now.wait_since_ms;
	patience_enter(patience, request, DEADLINE_UPLOAD);
}

void
patience_resume(struct patience *patience, struct front_request *request)
{
	request->now.write_since_ms += loop_now_ms(patience->loop) - request->now.wait_since_ms;
	patience_enter(patience, request, DEADLINE_DOWNLOAD);
}

void
patience_rest(struct front_request *request)
{
	deadline_leave(&request->deadline);
}

void
patience_shorten(struct patience *patience)
{
	patience->deadlines.wait_ms[DEADLINE_IDLE] = DRAIN_IDLE_MS;
}
