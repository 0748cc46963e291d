#include "daemon/front.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/front_own.h"

enum {
	/* What libmicrohttpd needs of a connection's memory besides the request's head: its list of fields,
	 * the answer's head. It clears all of that memory after every request, so more costs time as well
	 * as space. */
	POOL_SLACK = 4096,
	RUNS_AT_ONCE = 4,
};

/* ---- connections ---- */

/* False: no memory. */
static bool
choose_engine(struct front_request *request)
{
	struct identity *identity = request->door->identity;

	request->engine = &request->front->engines[identity ? ENGINE_SECURE : ENGINE_CLEAR];
	if (identity)
		request->secure = secure_new(request, identity);
	return !identity || request->secure;
}

static void
on_caller(void *arg, struct door *door, int fd, const struct sockaddr_storage *address, socklen_t len)
{
	struct front *front = arg;
	struct front_request *request;
	struct crowd_member *member;

	if (!crowd_enter(&front->crowd, fd, address, &member)) {
		front->turned_away++;
		close(fd);
		return;
	}
	request = request_new(front, door, member, fd);
	if (!request || !choose_engine(request) || !peers_add(&front->peers, fd, request)) {
		request_free(request);
		close(fd);
		return;
	}
	door_name_caller(fd, address, request->caller);
	front->accepted++;
	front->arriving = request;
	/* Calls on_connection() before it comes back, or closes the descriptor. */
	request->engine->busy = true;
	MHD_add_connection(request->engine->mhd, fd, (const struct sockaddr *)address, len);
	request_free(front->arriving);
	front->arriving = NULL;
	if (front->connections >= front->max_connections)
		doors_shut(&front->doors);
}

static void
begin_connection(struct front *front, struct front_request *request)
{
	front->connections++;
	door_enter(request->door);
	list_append(&front->all, &request->all);
	patience_enter(&front->patience, request, front->draining ? DEADLINE_IDLE : DEADLINE_HEAD);
	if (request->secure)
		secure_begin(request->secure);
}

/* What we said of the reason would be lost if the caller were reset because it still sends. */
static void
tell_failure(struct front *front, struct front_request *request, const char *failure)
{
	linger_on(&front->lingers, request->fd);
	front->ops->unshaken(front->arg, request->door->name, request->caller, failure);
}

/*
 * That the socket is closed next does not take it off the peers' set at once: whoever looks at our
 * descriptors in /proc holds it a moment longer, and then its end would be told to who is gone.
 */
static void
end_connection(struct front *front, struct front_request *request)
{
	const char *failure = request->secure ? secure_failure(request->secure) : NULL;

	peers_remove(&front->peers, request->fd);
	if (failure)
		tell_failure(front, request, failure);
	front->connections--;
	door_leave(request->door);
	request_free(request);
	doors_open(&front->doors);
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
		begin_connection(front, request);
	} else {
		end_connection(front, request);
	}
}

/* ---- callers that leave ---- */

static void
on_hangup(void *arg, void *peer)
{
	struct front_request *request = peer;

	request->hung_up = true;
	request_leave(request, request->front->ops);
	request_show_end(request);
}

/* The handshake of <peer> can go on. */
static void
on_more(void *arg, void *peer)
{
	struct front_request *request = peer;

	if (request->secure)
		secure_resume(request->secure);
}

/* ---- the loop's guest ---- */

static int64_t
engine_timeout_ms(const struct engine *engine, int64_t now_ms)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (engine->busy)
		return 0;
	if (!engine->mhd || MHD_get_timeout(engine->mhd, &ms) != MHD_YES)
		return -1;
	return ms > 0 ? (int64_t)ms : pace_wait_ms(&engine->pace, now_ms);
}

static int64_t
mhd_timeout_ms(void *arg)
{
	struct front *front = arg;
	int64_t now_ms = loop_now_ms(front->loop);
	int64_t clear_ms = engine_timeout_ms(&front->engines[ENGINE_CLEAR], now_ms);
	int64_t secure_ms = engine_timeout_ms(&front->engines[ENGINE_SECURE], now_ms);

	return clear_ms < 0 || (secure_ms >= 0 && secure_ms < clear_ms) ? secure_ms : clear_ms;
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
engine_run(struct front *front, struct engine *engine)
{
	int64_t now_ms = loop_now_ms(front->loop);

	for (int i = 0; i < RUNS_AT_ONCE && engine_timeout_ms(engine, now_ms) == 0; i++) {
		engine->busy = false;
		pace_ran(&engine->pace, now_ms);
		MHD_run(engine->mhd);
		secure_suspend(&front->shaking);
		park(front);
	}
}

static void
mhd_run(void *arg)
{
	struct front *front = arg;

	for (int i = 0; i < ENGINES; i++)
		engine_run(front, &front->engines[i]);
}

static void
on_mhd_ready(void *arg, int fd, int events)
{
	struct engine *engine = arg;

	engine->busy = true;
	pace_heard(&engine->pace);
}

static int
mhd_fd(const struct engine *engine)
{
	return MHD_get_daemon_info(engine->mhd, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

/* ---- the front ---- */

/*
 * libmicrohttpd sees the end of the stream and gives the connection up. It does not look at a socket while
 * its buffer is full, as a long chunk extension makes it; then its own time-out, in seconds, ends it.
 */
static void
cut(struct front_request *request)
{
	if (request->secure)
		secure_resume(request->secure);
	shutdown(request->fd, SHUT_RDWR);
	MHD_set_connection_option(request->mhd, MHD_CONNECTION_OPTION_TIMEOUT, 1u);
}

/*
 * The sockets are ours (doors): libmicrohttpd spins at the limit of descriptors, and a listening socket is
 * simpler to close than to get back. In a hurry ("turbo") it closes a connection without the end of TLS.
 */
static struct MHD_Daemon *
mhd_start(struct front *front, bool is_secure)
{
	static const struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };
	unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME;

	return MHD_start_daemon(flags | (is_secure ? MHD_USE_TLS : MHD_USE_TURBO), 0, NULL, NULL,
		exchange_on_request, front,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, front,
		MHD_OPTION_NOTIFY_COMPLETED, exchange_on_completed, front,
		MHD_OPTION_URI_LOG_CALLBACK, exchange_on_target, front,
		MHD_OPTION_UNESCAPE_CALLBACK, exchange_on_unescape, front,
		MHD_OPTION_CONNECTION_LIMIT, front->max_connections,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, front->rules.max_head + POOL_SLACK,
		MHD_OPTION_ARRAY, is_secure ? secure_options : none,
		MHD_OPTION_END);
}

static bool
engine_start(struct front *front, int which)
{
	struct engine *engine = &front->engines[which];

	if (engine->mhd)
		return true;
	engine->mhd = mhd_start(front, which == ENGINE_SECURE);
	return engine->mhd && loop_watch(front->loop, mhd_fd(engine), LOOP_READ, on_mhd_ready, engine);
}

static void
engine_stop(struct front *front, struct engine *engine)
{
	if (!engine->mhd)
		return;
	loop_forget(front->loop, mhd_fd(engine));
	MHD_stop_daemon(engine->mhd);
}

bool
front_can_tls(void)
{
	return MHD_is_feature_supported(MHD_FEATURE_TLS) == MHD_YES;
}

static void
set_rules(struct front *front, const struct front_options *options)
{
	front->rules.max_target = options->max_target;
	front->rules.max_body = options->max_body;
}

static void
front_init(struct front *front, struct loop *loop, const struct front_options *options)
{
	front->loop = loop;
	front->max_connections = options->max_connections;
	front->rules.max_head = options->max_head;
	set_rules(front, options);
	list_init(&front->all);
	list_init(&front->parking);
	list_init(&front->shaking);
	lingers_init(&front->lingers, loop);
	patience_init(&front->patience, loop, options, front->ops, cut);
	crowd_init(&front->crowd, options->max_per_caller);
	doors_init(&front->doors, loop, on_caller, front);
}

/* Before anybody comes in by a door that needs them. */
static bool
start_engines(struct front *front, const struct front_options *options)
{
	bool ok = engine_start(front, ENGINE_CLEAR);

	for (size_t i = 0; i < options->socket_count; i++)
		if (options->sockets[i].identity)
			ok = ok && engine_start(front, ENGINE_SECURE);
	return ok;
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
	if (!start_engines(front, options) || !loop_add_guest(loop, &guest))
		goto fail;
	front->peers.on_ready = on_more;
	doors_open(&front->doors);
	return front;
fail:
	front_free(front);
	return NULL;
}

/* Who came by a door that is closed now, and asks nothing, has a moment left; as when the front drains. */
static void
hurry_strangers(struct front *front)
{
	for (struct list *node = front->all.next; node != &front->all; node = node->next) {
		struct front_request *request = LIST_ITEM(node, struct front_request, all);

		if (request->door->fd < 0 && request_is_idle(request))
			patience_enter(&front->patience, request, DEADLINE_LAST);
	}
}

bool
front_adopt(struct front *front, const struct front_options *options)
{
	bool ok = start_engines(front, options) &&
		doors_adopt(&front->doors, options->sockets, options->socket_count);

	set_rules(front, options);
	front->crowd.max = options->max_per_caller;
	patience_adopt(&front->patience, options);
	hurry_strangers(front);
	return ok;
}

void
front_identify(struct front *front, unsigned listener, struct identity *identity)
{
	doors_identify(&front->doors, listener, identity);
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

uint64_t
front_turned_away(const struct front *front)
{
	return front->turned_away;
}

/* libmicrohttpd does not end what is suspended. */
static void
wake_all(struct front *front)
{
	for (struct list *node = front->all.next; node != &front->all; node = node->next) {
		struct front_request *request = LIST_ITEM(node, struct front_request, all);

		if (!request->secure || !secure_resume(request->secure))
			exchange_wake(request);
	}
}

void
front_free(struct front *front)
{
	if (!front)
		return;
	front->stopping = true;
	doors_close(&front->doors);
	wake_all(front);
	loop_remove_guest(front->loop, front);
	for (int i = 0; i < ENGINES; i++)
		engine_stop(front, &front->engines[i]);
	assert(list_empty(&front->all));
	peers_fini(&front->peers);
	lingers_fini(&front->lingers);
	patience_fini(&front->patience);
	doors_fini(&front->doors);
	free(front);
}
