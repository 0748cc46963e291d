/*
 * The transport over libcurl's multi interface; the only file that knows curl.
 *
 * The rules that keep it sound: curl's callbacks only note what they are told; no curl function is called
 * from one; finished transfers are reaped in one place, and only then do done functions run.
 *
 * The rules that keep it cheap: easy handles are kept with their constant options set, header lists are
 * nodes of our own that point to the owner's lines, the body is borrowed, the timer is a number, the origin
 * stays parsed, and a kept connection stays watched between its requests.
 */
#include "lib/transport_curl.h"

#include "base/buf.h"
#include "lib/body.h"
#include "lib/route.h"
#include "lib/watches.h"

#include <assert.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	IDLE_DEFAULT = 64,
	CONNECT_TIMEOUT_MS = 2000,
	CONNECTION_IDLE_S = 55, /* below what servers and balancers allow */
	CONNECTION_LIFE_S = 3600, /* certificates and addresses are looked at again */
	EXPECT_ABOVE = 1024 * 1024, /* where libcurl would ask "100-continue" */
};

/* An easy handle and what belongs to the exchange it carries. */
struct slot {
	struct list link; /* in transport.slots while unused */
	struct transport_curl *transport;
	struct cspark_exchange *exchange;
	CURL *easy;
	CURLU *address;            /* where the handle sends to, parsed */
	char *origin;              /* what <address> was parsed from */
	struct cspark_route route; /* what the constant options were set for */
	char method[8];            /* what CUSTOMREQUEST and its kind were set for */
	char *agent_line;
	struct curl_slist lines[CSPARK_EXCHANGE_LINES + 3];
	struct buf answer;
	unsigned starts;                /* times that libcurl began to send in this attempt */
	enum cspark_exchange_end broke; /* why a callback stopped the transfer; ANSWERED: none did */
	char error[CURL_ERROR_SIZE];
};

struct transport_curl {
	struct cspark_transport base;
	struct cspark_host host;
	CURLM *multi;
	struct list pending; /* exchanges to be started */
	struct list done;    /* exchanges whose done function is to be called */
	struct list slots;   /* unused */
	size_t slot_count;   /* unused */
	size_t max_idle;
	int64_t curl_at_ms; /* when curl wants to be called; -1: not */
	struct cspark_watches watches;
	bool guarded;
	struct cspark_transport_stats stats;
};

static int64_t
now_ms(const struct transport_curl *t)
{
	return t->host.now_ms(t->host.arg);
}

/* ---- descriptors and time ---- */

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused)
{
	struct transport_curl *t = arg;
	int events = what == CURL_POLL_REMOVE
		? 0
		: (what & CURL_POLL_IN ? CSPARK_READ : 0) | (what & CURL_POLL_OUT ? CSPARK_WRITE : 0);

	return cspark_watches_want(&t->watches, fd, events) ? 0 : -1;
}

static curl_socket_t
on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transport_curl *t = arg;
	int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);

	if (fd < 0 || cspark_watches_open(&t->watches, fd))
		return fd;
	close(fd);
	return CURL_SOCKET_BAD;
}

static int
on_close(void *arg, curl_socket_t fd)
{
	struct transport_curl *t = arg;

	cspark_watches_close(&t->watches, fd);
	return close(fd);
}

static int
on_timer(CURLM *multi, long wait_ms, void *arg)
{
	struct transport_curl *t = arg;

	t->curl_at_ms = wait_ms < 0 ? -1 : now_ms(t) + wait_ms;
	return 0;
}

/* What is pending or done is due at once. */
static void
tell_timer(struct transport_curl *t)
{
	bool at_once = !list_empty(&t->pending) || !list_empty(&t->done);

	cspark_watches_timer(&t->watches, at_once ? 0 : t->curl_at_ms);
}

/* ---- one transfer, from the inside ---- */

/* Called when a connection is ready and the request is about to leave. A second time means that libcurl
 * repeats the request because a kept connection died under it. Whether to repeat is not its decision. */
static int
on_start(void *arg, char *peer, char *local, int peer_port, int local_port)
{
	struct slot *slot = arg;

	return slot->starts++ > 0 && slot->transport->guarded ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static size_t
stop(struct slot *slot, enum cspark_exchange_end why)
{
	slot->broke = why;
	return 0;
}

static size_t
on_line(char *line, size_t size, size_t count, void *arg)
{
	struct slot *slot = arg;

	if (!cspark_head_line(&slot->exchange->head, str_range(line, size * count)))
		return stop(slot, CSPARK_END_PROTOCOL);
	return size * count;
}

static size_t
on_body(char *data, size_t size, size_t count, void *arg)
{
	struct slot *slot = arg;
	size_t len = size * count;

	const struct cspark_exchange *exchange = slot->exchange;
	enum cspark_exchange_end end = cspark_body_put(
		&slot->answer, &exchange->head, exchange->max_answer, data, len);

	return end == CSPARK_END_ANSWERED ? len : stop(slot, end);
}

/* ---- slots ---- */

/* What never changes, and what belongs to the route. */
static bool
set_up(struct slot *slot, const struct cspark_route *route)
{
	struct transport_curl *t = slot->transport;
	CURL *easy = slot->easy;
	long connect_ms = route->connect_timeout_ms ? route->connect_timeout_ms : CONNECT_TIMEOUT_MS;

	slot->agent_line = cspark_route_agent_line(route);
	if (slot->agent_line == NULL || !cspark_route_copy(&slot->route, route))
		return false;
	curl_easy_setopt(easy, CURLOPT_PRIVATE, slot);
	curl_easy_setopt(easy, CURLOPT_CURLU, slot->address);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, slot->error);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* never wait for a resolver */
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PROXY, route->proxy ? route->proxy : "");
	curl_easy_setopt(easy, CURLOPT_NOPROXY, ""); /* the host has decided */
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
	curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)CONNECTION_IDLE_S);
	curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, (long)CONNECTION_LIFE_S);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 20L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 5L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
		(long)(route->http_version == 1 ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS));
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, t);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, t);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_start);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, slot);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_line);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, slot);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot);
	return route->ca_file == NULL || curl_easy_setopt(easy, CURLOPT_CAINFO, route->ca_file) == CURLE_OK;
}

static void
slot_free(struct slot *slot)
{
	if (slot == NULL)
		return;
	curl_easy_cleanup(slot->easy);
	curl_url_cleanup(slot->address);
	free(slot->origin);
	cspark_route_fini(&slot->route);
	free(slot->agent_line);
	buf_fini(&slot->answer);
	free(slot);
}

static struct slot *
slot_new(struct transport_curl *t, const struct cspark_route *route)
{
	struct slot *slot = calloc(1, sizeof(*slot));

	if (slot == NULL)
		return NULL;
	slot->transport = t;
	slot->easy = curl_easy_init();
	slot->address = curl_url();
	if (slot->easy && slot->address && set_up(slot, route))
		return slot;
	slot_free(slot);
	return NULL;
}

/* The most recently used one of the same route, or a new one. */
static struct slot *
take_slot(struct transport_curl *t, const struct cspark_route *route)
{
	struct list *at = t->slots.prev;

	while (at != &t->slots && !cspark_route_same(&LIST_ITEM(at, struct slot, link)->route, route))
		at = at->prev;
	if (at == &t->slots)
		return slot_new(t, route);
	list_remove(at);
	t->slot_count--;
	return LIST_ITEM(at, struct slot, link);
}

/* Of too many the one that was used least recently goes: perhaps its route is no more. */
static void
give_slot(struct transport_curl *t, struct slot *slot)
{
	buf_fini(&slot->answer);
	slot->exchange->slot = NULL;
	slot->exchange = NULL;
	list_append(&t->slots, &slot->link);
	if (++t->slot_count <= t->max_idle)
		return;
	t->slot_count--;
	slot_free(LIST_ITEM(list_pop(&t->slots), struct slot, link));
}

/* ---- from an exchange to a transfer ---- */

/* libcurl would parse the URL, print it and take it apart again for each request. The origin is parsed when
 * it changes; a plain path is handed over as the target of the request, which is sent as it is. */
static bool
set_url(struct slot *slot, const char *url)
{
	const char *path = cspark_route_plain_path(&slot->route, url);
	size_t len = path ? (size_t)(path - url) : strlen(url);

	if (curl_easy_setopt(slot->easy, CURLOPT_REQUEST_TARGET, path) != CURLE_OK)
		return false;
	if (slot->origin && strncmp(slot->origin, url, len) == 0 && slot->origin[len] == '\0')
		return true;
	free(slot->origin);
	slot->origin = strndup(url, len);
	if (slot->origin && curl_url_set(slot->address, CURLUPART_URL, slot->origin, 0) == CURLUE_OK)
		return true;
	free(slot->origin);
	slot->origin = NULL;
	return false;
}

static void
set_method(struct slot *slot, const struct cspark_exchange *exchange)
{
	CURL *easy = slot->easy;
	bool post = strcmp(exchange->method, "POST") == 0;

	if (strcmp(slot->method, exchange->method) != 0) {
		assert(strlen(exchange->method) < sizeof(slot->method));
		memcpy(slot->method, exchange->method, strlen(exchange->method) + 1);
		curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, exchange->method);
		if (strcmp(exchange->method, "HEAD") == 0)
			curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	}
	if (exchange->body || post) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)exchange->body_len);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, exchange->body ? exchange->body : "");
	} else if (strcmp(exchange->method, "HEAD") != 0) {
		curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L); /* the last one may have had a body */
	}
}

/* The list is read, never freed, by libcurl: its nodes are ours and the lines their owner's. What libcurl
 * would add by itself is among them, because it prints those once more for each request. */
static void
set_lines(struct slot *slot, const struct cspark_exchange *exchange)
{
	unsigned count = 0;

	for (; count < exchange->line_count; count++)
		slot->lines[count].data = (char *)exchange->lines[count];
	slot->lines[count++].data = slot->agent_line;
	slot->lines[count++].data = (char *)"Accept-Encoding: gzip, deflate";
	if (exchange->body_len > EXPECT_ABOVE)
		slot->lines[count++].data = (char *)"Expect:";
	for (unsigned i = 0; i < count; i++)
		slot->lines[i].next = i + 1 < count ? &slot->lines[i + 1] : NULL;
	curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER, slot->lines);
}

static void
start(struct transport_curl *t, struct cspark_exchange *exchange)
{
	int64_t left_ms = exchange->deadline_ms - now_ms(t);
	struct slot *slot;

	if (left_ms <= 0) {
		cspark_exchange_over(exchange, &t->done, CSPARK_END_TIMEOUT);
		return;
	}
	slot = take_slot(t, exchange->route);
	if (slot == NULL) {
		cspark_exchange_over(exchange, &t->done, CSPARK_END_FAULT);
		return;
	}
	slot->exchange = exchange;
	slot->starts = 0;
	slot->broke = CSPARK_END_ANSWERED;
	slot->error[0] = '\0';
	buf_init(&slot->answer, exchange->max_answer + 1);
	set_method(slot, exchange);
	set_lines(slot, exchange);
	curl_easy_setopt(slot->easy, CURLOPT_TIMEOUT_MS, (long)left_ms);
	curl_easy_setopt(
		slot->easy, CURLOPT_PIPEWAIT, (long)cspark_route_may_share(&slot->route, exchange->url));
	exchange->slot = slot;
	exchange->state = CSPARK_EXCHANGE_RUNNING;
	t->stats.open++;
	if (set_url(slot, exchange->url) && curl_multi_add_handle(t->multi, slot->easy) == CURLM_OK)
		return;
	t->stats.open--;
	give_slot(t, slot);
	cspark_exchange_over(exchange, &t->done, CSPARK_END_FAULT);
}

/* ---- from a transfer to an outcome ---- */

/* What failed before anything was sent; whatever is not here is CONNECT. */
static const struct {
	CURLcode code;
	enum cspark_exchange_end end;
} UNSENT[] = {
	{ CURLE_COULDNT_RESOLVE_HOST, CSPARK_END_DNS },
	{ CURLE_COULDNT_RESOLVE_PROXY, CSPARK_END_DNS },
	{ CURLE_SSL_CONNECT_ERROR, CSPARK_END_TLS },
	{ CURLE_PEER_FAILED_VERIFICATION, CSPARK_END_CERTIFICATE },
	{ CURLE_SSL_CACERT_BADFILE, CSPARK_END_CERTIFICATE },
	{ CURLE_OUT_OF_MEMORY, CSPARK_END_FAULT },
	{ CURLE_UNSUPPORTED_PROTOCOL, CSPARK_END_FAULT },
	{ CURLE_URL_MALFORMAT, CSPARK_END_FAULT },
};

static enum cspark_exchange_end
end_unsent(CURLcode code)
{
	for (size_t i = 0; i < sizeof(UNSENT) / sizeof(UNSENT[0]); i++) {
		if (UNSENT[i].code == code)
			return UNSENT[i].end;
	}
	return CSPARK_END_CONNECT;
}

/* A second start: libcurl also starts again when a server declines an HTTP/2 stream. On a connection that
 * this exchange opened itself that is the only reason it has; on a kept one it cannot be told from a
 * connection that died, and the worse is assumed. */
static enum cspark_exchange_end
end_of(const struct slot *slot, CURLcode code, long connects)
{
	const struct cspark_exchange *exchange = slot->exchange;

	if (code == CURLE_OK)
		return CSPARK_END_ANSWERED;
	if (slot->broke != CSPARK_END_ANSWERED)
		return slot->broke;
	if (code == CURLE_OPERATION_TIMEDOUT
		&& (slot->starts > 0 || now_ms(slot->transport) + 1 >= exchange->deadline_ms))
		return CSPARK_END_TIMEOUT;
	if (slot->starts == 0)
		return end_unsent(code);
	if (slot->starts > 1 && slot->transport->guarded)
		return connects > 1 ? CSPARK_END_REFUSED : CSPARK_END_RESET;
	if (code == CURLE_OUT_OF_MEMORY) /* within a head: that a line of it is too long */
		return exchange->head.status ? CSPARK_END_PROTOCOL : CSPARK_END_FAULT;
	if (code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_UNSUPPORTED_PROTOCOL)
		return CSPARK_END_PROTOCOL;
	return exchange->head.status >= 200 ? CSPARK_END_TRUNCATED : CSPARK_END_RESET;
}

static void
finish(struct transport_curl *t, struct slot *slot, CURLcode code)
{
	struct cspark_exchange *exchange = slot->exchange;
	enum cspark_exchange_end end;
	long connects = 0;

	curl_easy_getinfo(slot->easy, CURLINFO_NUM_CONNECTS, &connects);
	end = end_of(slot, code, connects);
	t->stats.connects += (uint64_t)connects;
	t->stats.reuses += connects == 0 && slot->starts > 0;
	t->stats.open--;
	exchange->sent = slot->starts > 0 && end != CSPARK_END_REFUSED;
	if (end == CSPARK_END_ANSWERED) {
		exchange->answer = buf_take(&slot->answer, &exchange->answer_len);
		if (exchange->answer == NULL)
			end = CSPARK_END_FAULT;
	} else {
		cspark_exchange_explain(exchange, slot->error[0] ? slot->error : curl_easy_strerror(code));
	}
	give_slot(t, slot);
	cspark_exchange_over(exchange, &t->done, end);
}

/* ---- the table ---- */

static void
reap(struct transport_curl *t)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(t->multi, &left)) != NULL) {
		CURL *easy = msg->easy_handle;
		CURLcode code = msg->data.result;
		void *slot = NULL;

		curl_easy_getinfo(easy, CURLINFO_PRIVATE, &slot);
		curl_multi_remove_handle(t->multi, easy);
		finish(t, slot, code);
	}
}

static void
settle(struct transport_curl *t)
{
	reap(t);
	cspark_exchange_run_done(&t->done);
	cspark_watches_tell(&t->watches);
	tell_timer(t);
}

static void
do_send(struct cspark_transport *base, struct cspark_exchange *exchange)
{
	struct transport_curl *t = (struct transport_curl *)base;

	assert(exchange->state == CSPARK_EXCHANGE_IDLE);
	exchange->state = CSPARK_EXCHANGE_PENDING;
	list_append(&t->pending, &exchange->link);
	tell_timer(t);
}

static void
do_cancel(struct cspark_transport *base, struct cspark_exchange *exchange)
{
	struct transport_curl *t = (struct transport_curl *)base;
	struct slot *slot = exchange->slot;

	if (exchange->state == CSPARK_EXCHANGE_PENDING || exchange->state == CSPARK_EXCHANGE_DONE)
		list_remove(&exchange->link);
	if (exchange->state == CSPARK_EXCHANGE_DONE) {
		free(exchange->answer);
		exchange->answer = NULL;
	}
	if (exchange->state == CSPARK_EXCHANGE_RUNNING) {
		exchange->sent = slot->starts > 0;
		curl_multi_remove_handle(t->multi, slot->easy);
		t->stats.open--;
		give_slot(t, slot);
		cspark_watches_tell(&t->watches);
	}
	exchange->state = CSPARK_EXCHANGE_IDLE;
	tell_timer(t);
}

static void
do_ready(struct cspark_transport *base, int fd, int events)
{
	struct transport_curl *t = (struct transport_curl *)base;
	int mask = (events & CSPARK_READ ? CURL_CSELECT_IN : 0)
		| (events & CSPARK_WRITE ? CURL_CSELECT_OUT : 0);
	int running;

	if (!cspark_watches_ready(&t->watches, fd))
		return; /* libcurl finds out when it wants the connection */
	curl_multi_socket_action(t->multi, fd, mask, &running);
	settle(t);
}

static void
do_due(struct cspark_transport *base)
{
	struct transport_curl *t = (struct transport_curl *)base;
	struct list *first;
	int running;

	cspark_watches_timer_due(&t->watches);
	while ((first = list_pop(&t->pending)) != NULL)
		start(t, LIST_ITEM(first, struct cspark_exchange, link));
	if (t->curl_at_ms >= 0 && t->curl_at_ms <= now_ms(t)) {
		t->curl_at_ms = -1;
		curl_multi_socket_action(t->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	}
	settle(t);
}

static void
do_stats(const struct cspark_transport *base, struct cspark_transport_stats *ret)
{
	*ret = ((const struct transport_curl *)base)->stats;
}

static void
do_free(struct cspark_transport *base)
{
	struct transport_curl *t = (struct transport_curl *)base;
	struct list *first;

	while ((first = list_pop(&t->slots)) != NULL)
		slot_free(LIST_ITEM(first, struct slot, link));
	curl_multi_cleanup(t->multi);
	cspark_watches_fini(&t->watches);
	free(t);
}

static const struct cspark_transport_ops OPS = { do_send, do_cancel, do_ready, do_due, do_stats, do_free };

struct cspark_transport *
cspark_transport_new_curl(const struct cspark_host *host, const struct cspark_transport_options *options)
{
	struct transport_curl *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->base.ops = &OPS;
	t->host = *host;
	cspark_watches_init(&t->watches, &t->host);
	t->guarded = true;
	t->curl_at_ms = -1;
	t->max_idle = options && options->max_idle ? options->max_idle : IDLE_DEFAULT;
	list_init(&t->pending);
	list_init(&t->done);
	list_init(&t->slots);
	t->multi = curl_multi_init();
	if (t->multi == NULL) {
		free(t);
		return NULL;
	}
	curl_multi_setopt(t->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(t->multi, CURLMOPT_SOCKETDATA, t);
	curl_multi_setopt(t->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(t->multi, CURLMOPT_TIMERDATA, t);
	curl_multi_setopt(t->multi, CURLMOPT_MAXCONNECTS, (long)t->max_idle);
	curl_multi_setopt(
		t->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, options ? (long)options->max_connections : 0L);
	return &t->base;
}

void
cspark_transport_curl_guard(struct cspark_transport *base, bool guarded)
{
	((struct transport_curl *)base)->guarded = guarded;
}

bool
cspark_global_init(void)
{
	return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}
