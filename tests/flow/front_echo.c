/*
 * A server that is nothing but a loop and a front, for tests that talk to it over bare sockets.
 *
 *     front_echo [name=value ...]
 *
 * Prints "listening ADDRESS" for each listener, then one line for each event, so that a test can wait for it.
 * SIGTERM drains, a second one stops.
 * What a request gets depends on its path:
 *
 *     /echo    its body, at once when it is whole      /park    the same, when POST /release comes
 *     /early   an answer before its body               /big?N   N bytes
 *     /limit?N the same as /echo, for N bytes at most
 *     /file?N  N bytes from a file                     /grow    a file that grows, of unknown length
 *     /sized?N one that grows to N bytes
 *     /more?N  N bytes more for all that grow          /finish, /tear: the end of them
 *     anything else: what the front says about it
 *
 * Byte i of a file is i modulo 251.
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
#include "daemon/spool.h"

enum { BODY_MAX = 64 << 20 };

struct echo {
	struct list node; /* on parked or growing */
	struct front_request *request;
	struct buf body;
	struct spool file;
};

static struct loop *loop;
static struct front *front;
static struct list parked = { &parked, &parked };
static struct list growing = { &growing, &growing };
static struct spools spools;
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

static uint64_t
number_of(const struct echo *echo)
{
	return strtoull(front_query(echo->request).at, NULL, 10);
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
	spool_init(&echo->file, &spools, UINT64_MAX);
	if (is_at(echo, "/limit"))
		front_limit_body(request, number_of(echo));
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
	size_t len = number_of(echo);
	char *at = buf_reserve(&echo->body, len);

	if (at)
		memset(at, 'x', len);
	echo->body.len += at ? len : 0;
}

/* ---- files ---- */

static void
put(struct echo *echo, uint64_t more)
{
	static char text[251 * 1024];
	struct cspark_error error;

	for (size_t i = 0; i < sizeof(text) && text[sizeof(text) - 1] == 0; i++)
		text[i] = (char)(i % 251);
	while (more > 0) {
		size_t from = spool_len(&echo->file) % 251;
		size_t len = more < sizeof(text) - from ? more : sizeof(text) - from;

		if (!spool_put(&echo->file, text + from, len, &error)) {
			fprintf(stderr, "%s\n", error.detail);
			exit(74);
		}
		more -= len;
	}
}

static void
reply_file(struct echo *echo, int64_t total)
{
	struct cspark_error error;
	struct front_source source = { .total = total };
	struct front_reply answer = {
		.status = 200, .content_type = "application/octet-stream", .source = &source
	};

	if (!spool_to_file(&echo->file, &error))
		exit(74);
	source.fd = spool_fd(&echo->file);
	source.len = spool_len(&echo->file);
	if (total < 0 || source.len < (uint64_t)total)
		list_append(&growing, &echo->node);
	front_reply(echo->request, &answer);
}

static void
grow_all(uint64_t more)
{
	for (struct list *node = growing.next; node != &growing; node = node->next) {
		struct echo *echo = LIST_ITEM(node, struct echo, node);

		put(echo, more);
		front_grow(echo->request, spool_len(&echo->file));
	}
}

static void
finish_all(bool whole)
{
	struct list *node;

	while ((node = list_pop(&growing)))
		front_finish(LIST_ITEM(node, struct echo, node)->request, whole);
}

/* Whether the request asks for a file or does something to one. */
static bool
is_about_files(struct echo *echo)
{
	if (is_at(echo, "/more"))
		grow_all(number_of(echo));
	else if (is_at(echo, "/finish") || is_at(echo, "/tear"))
		finish_all(is_at(echo, "/finish"));
	else if (is_at(echo, "/grow"))
		reply_file(echo, -1);
	else if (is_at(echo, "/sized"))
		reply_file(echo, (int64_t)number_of(echo));
	else if (is_at(echo, "/file")) {
		put(echo, number_of(echo));
		reply_file(echo, (int64_t)number_of(echo));
	}
	return is_at(echo, "/grow") || is_at(echo, "/sized") || is_at(echo, "/file");
}

/* ---- the program's exchanges again ---- */

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
	if (is_about_files(echo))
		return;
	if (is_at(echo, "/release"))
		release_all();
	else if (is_at(echo, "/big"))
		fill(echo);
	else if (!is_at(echo, "/echo") && !is_at(echo, "/limit"))
		describe(echo);
	reply(echo, 200, buf_text(&echo->body));
}

static void
on_left(void *exchange)
{
	struct echo *echo = exchange;

	say("left", "-");
	list_remove(&echo->node);
	if (spool_fd(&echo->file) >= 0)
		front_finish(echo->request, false);
	else
		reply(echo, 200, STR(""));
}

static const char *const end_names[] = { "ok", "caller_left", "caller_slow", "stopped", "torn" };

static struct loop_timer drain_timer;
static unsigned signals_seen;

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
	spool_fini(&echo->file);
	free(echo);
}

static const struct front_ops ops = { on_begin, on_body, on_ready, on_left, on_done, NULL };

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
	if (++signals_seen > 1)
		loop_stop(loop); /* with exchanges that are still written */
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
	signal(SIGPIPE, SIG_IGN);
	spools_init(&spools, option(argc, argv, "dir", "/tmp"), UINT64_MAX);
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
	spools_fini(&spools);
	printf("stopped -\n");
	return 0;
}
