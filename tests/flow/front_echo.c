/*
 * A server that is nothing but a loop and a front, for tests that talk to it over bare sockets.
 *
 *     front_echo [name=value ...]
 *
 * Prints "listening ADDRESS" for each listener, then one line for each event, so that a test can wait for it.
 * SIGTERM drains.
 * What a request gets depends on its path:
 *
 *     /echo    its body, at once when it is whole      /park    the same, when POST /release comes
 *     /early   an answer before its body               /big?N   N bytes
 *     anything else: what the front says about it
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/list.h"
#include "daemon/front.h"
#include "daemon/listener.h"
#include "daemon/loop.h"

enum { BODY_MAX = 64 << 20 };

struct echo {
	struct list node; /* on parked */
	struct front_request *request;
	struct buf body;
};

static struct loop *loop;
static struct front *front;
static struct list parked = { &parked, &parked };
static bool is_verbose = true;

static void
say(const char *event, const char *what)
{
	if (is_verbose)
		printf("%s %s\n", event, what);
}

/* ---- the program's exchanges ---- */

static void
reply(struct echo *echo, int status, struct str body)
{
	struct front_header fields[] = { { "X-Listener", front_listener(echo->request) } };
	struct front_reply answer = {
		.status = status,
		.content_type = "text/plain",
		.headers = fields,
		.header_count = 1,
		.body = body,
		.close = status >= 400,
	};

	front_reply(echo->request, &answer);
}

static bool
is_at(const struct echo *echo, const char *path)
{
	return str_eq(front_path(echo->request), str_of(path));
}

static void *
on_begin(void *arg, struct front_request *request, enum cspark_code refusal, const char *detail)
{
	struct echo *echo = calloc(1, sizeof(*echo));

	if (!echo)
		return NULL;
	echo->request = request;
	list_init(&echo->node);
	buf_init(&echo->body, BODY_MAX);
	say("begin", cspark_code_name(refusal));
	if (refusal != CSPARK_OK) {
		buf_printf(&echo->body, "%s: %s\n", cspark_code_name(refusal), detail);
		reply(echo, cspark_code_status(refusal), buf_text(&echo->body));
	} else if (is_at(echo, "/early")) {
		reply(echo, 200, STR("early\n"));
	}
	return echo;
}

static bool
on_body(void *exchange, const char *data, size_t len)
{
	struct echo *echo = exchange;

	return is_at(echo, "/drop") ? false : buf_put(&echo->body, data, len);
}

static void
release_all(void)
{
	struct list *node;

	while ((node = list_pop(&parked))) {
		struct echo *echo = LIST_ITEM(node, struct echo, node);

		reply(echo, 200, buf_text(&echo->body));
	}
}

static void
describe(struct echo *echo)
{
	struct front_request *request = echo->request;

	buf_printf(&echo->body,
		"method %.*s\npath %.*s\nquery %.*s\nlength %lld\nlistener %s\ncaller %s\nagent %.*s\n",
		STR_ARG(front_method(request)), STR_ARG(front_path(request)), STR_ARG(front_query(request)),
		(long long)front_content_length(request), front_listener(request), front_caller(request),
		STR_ARG(front_header(request, "user-agent")));
}

static void
fill(struct echo *echo)
{
	size_t len = strtoul(front_query(echo->request).at, NULL, 10);
	char *at = buf_reserve(&echo->body, len);

	if (at)
		memset(at, 'x', len);
	echo->body.len += at ? len : 0;
}

static void
on_ready(void *exchange, enum cspark_code refusal, const char *detail)
{
	struct echo *echo = exchange;

	say("ready", cspark_code_name(refusal));
	if (refusal != CSPARK_OK) {
		reply(echo, cspark_code_status(refusal), str_of(detail));
		return;
	}
	if (is_at(echo, "/park")) {
		list_append(&parked, &echo->node);
		return;
	}
	if (is_at(echo, "/release"))
		release_all();
	else if (is_at(echo, "/big"))
		fill(echo);
	else if (!is_at(echo, "/echo"))
		describe(echo);
	reply(echo, 200, buf_text(&echo->body));
}

static void
on_left(void *exchange)
{
	struct echo *echo = exchange;

	say("left", "-");
	list_remove(&echo->node);
	reply(echo, 200, STR(""));
}

static const char *const end_names[] = { "ok", "caller_left", "caller_slow", "stopped" };

static struct loop_timer drain_timer;

/* Nobody tells when the last connection is gone. */
static void
on_drain_timer(void *arg)
{
	if (front_connections(front) == 0)
		loop_stop(loop);
	else
		loop_timer_set(loop, &drain_timer, loop_now_ms(loop) + 10);
}

static void
on_done(void *exchange, enum front_end end, uint64_t bytes_out)
{
	struct echo *echo = exchange;
	char text[256];

	snprintf(text, sizeof(text), "%s %llu %.*s %.*s %.*s", end_names[end], (unsigned long long)bytes_out,
		STR_ARG(front_method(echo->request)), STR_ARG(front_path(echo->request)),
		STR_ARG(front_query(echo->request)));
	say("done", text);
	buf_fini(&echo->body);
	free(echo);
}

static const struct front_ops ops = { on_begin, on_body, on_ready, on_left, on_done };

/* ---- options ---- */

static const char *
option(int argc, char **argv, const char *name, const char *otherwise)
{
	size_t len = strlen(name);

	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], name, len) == 0 && argv[i][len] == '=')
			return argv[i] + len + 1;
	return otherwise;
}

static unsigned
number(int argc, char **argv, const char *name, unsigned otherwise)
{
	const char *text = option(argc, argv, name, NULL);

	return text ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

static void
on_signal(void *arg, int fd, int events)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return;
	front_drain(front);
	say("draining", "-");
	on_drain_timer(NULL);
}

static int
signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static int
listen_on(const char *address, char name[LISTENER_NAME_MAX])
{
	struct listener_options options = { .address = address, .mode = 0600 };
	struct cspark_error error;
	int fd = listener_open(&options, &error);

	if (fd < 0) {
		fprintf(stderr, "%s\n", error.detail);
		exit(69);
	}
	listener_name(fd, name);
	printf("listening %s\n", name);
	return fd;
}

static void
limit_descriptors(unsigned count)
{
	struct rlimit limit = { count, count };

	if (count)
		setrlimit(RLIMIT_NOFILE, &limit);
}

int
main(int argc, char **argv)
{
	const char *unix_path = option(argc, argv, "unix", NULL);
	char names[2][LISTENER_NAME_MAX];
	static const char *const allowed_hosts[] = { "gateway.internal", NULL };
	struct front_socket sockets[2] = {
		{ .name = names[0], .allowed_hosts = allowed_hosts },
		{ .name = names[1], .is_unix = true },
	};
	struct front_options options = {
		.sockets = sockets,
		.socket_count = unix_path ? 2 : 1,
		.max_connections = number(argc, argv, "connections", 1000),
		.max_head = number(argc, argv, "head", 16 * 1024),
		.max_target = number(argc, argv, "target", 8 * 1024),
		.max_body = number(argc, argv, "body", 1 << 20),
		.head_ms = number(argc, argv, "head_ms", 10000),
		.body_ms = number(argc, argv, "body_ms", 10000),
		.idle_ms = number(argc, argv, "idle_ms", 75000),
		.write_ms = number(argc, argv, "write_ms", 60000),
	};
	int signal_fd = signals();

	setvbuf(stdout, NULL, _IOLBF, 0);
	is_verbose = number(argc, argv, "verbose", 1);
	loop = loop_new();
	loop_timer_init(&drain_timer, on_drain_timer, NULL);
	sockets[0].fd = listen_on(option(argc, argv, "listen", "127.0.0.1:0"), names[0]);
	if (unix_path)
		sockets[1].fd = listen_on(unix_path, names[1]);
	limit_descriptors(number(argc, argv, "descriptors", 0));
	front = front_new(loop, &options, &ops, NULL);
	if (!front || !loop_watch(loop, signal_fd, LOOP_READ, on_signal, NULL))
		return 70;
	printf("running -\n");
	loop_run(loop);
	front_free(front);
	loop_forget(loop, signal_fd);
	close(signal_fd);
	loop_free(loop);
	printf("stopped -\n");
	return 0;
}
