/*
 * The transport over libcurl's multi interface; the only file that knows curl.
 *
 * The rules that keep it sound: curl's callbacks only note what they are told; no curl function is called from one;
 * finished transfers are reaped in one place, and only then do done functions run.
 *
 * The rules that keep it cheap: easy handles are kept with their constant options set, header lists are nodes of our own
 * that point to the owner's lines, the body is borrowed, the timer is a number, and a kept connection stays
 * watched between its requests.
 */
#include "lib/transport_curl.h"

#include "base/buf.h"
#include "base/version.h"
#include "lib/route.h"
#include "lib/watches.h"

#include <assert.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	IDLE_DEFAULT = 64,
	CONNECT_TIMEOUT_MS = 2000,
	CONNECTION_IDLE_S = 55, /* below what servers and balancers allow */
	CONNECTION_LIFE_S = 3600, /* certificates and addresses are looked at again */
	EXPECT_ABOVE = 1024 * 1024, /* where libcurl would ask "100-continue" */
	RATIO_MAX = 200, /* decoded to sent bytes, above RATIO_FROM decoded ones */
	RATIO_FROM = 4 * 1024 * 1024,
	RESERVE_MAX = 1024 * 1024, /* room made on a server's word */
};

enum state { STATE_IDLE, STATE_PENDING, STATE_RUNNING, STATE_DONE };

/* An easy handle and what belongs to the exchange it carries. */
struct slot {
	struct list link; /* in transport.slots while unused */
	struct transport_curl *transport;
	struct cspark_exchange *exchange;
	CURL *easy;
	struct cspark_route route; /* what the constant options were set for */
	char method[8];            /* what CUSTOMREQUEST and its kind were set for */
	struct curl_slist lines[CSPARK_EXCHANGE_LINES + 1];
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
	int64_t told_at_ms; /* the wish that the host knows */
	struct cspark_watches watches;
	bool guarded;
	struct cspark_transport_stats stats;
};

static struct transport_curl *
self(struct cspark_transport *base)
{
	return (struct transport_curl *)base;
}

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

static void
tell_timer(struct transport_curl *t)
{
	int64_t at = t->curl_at_ms;

	if (!list_empty(&t->pending) || !list_empty(&t->done))
		at = 0;
	if (at == t->told_at_ms)
		return;
	t->told_at_ms = at;
	t->host.timer(t->host.arg, at);
}

/* ---- one transfer, from the inside ---- */

/* Called when a connection is ready and the request is about to leave. A second time means that libcurl repeats the request
 * because a kept connection died under it. Whether to repeat is not its decision. */
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

/* libcurl bounds neither what a compressed body becomes nor the ratio. */
static bool
is_too_large(const struct slot *slot, size_t total)
{
	const struct cspark_head *head = &slot->exchange->head;

	if (total > slot->exchange->max_answer)
		return true;
	return head->compressed && total > RATIO_FROM && head->content_length >= 0
		&& total / RATIO_MAX > (size_t)head->content_length;
}

static bool
reserve(struct slot *slot)
{
	const struct cspark_head *head = &slot->exchange->head;

	if (slot->answer.len > 0 || head->compressed || head->content_length <= 0)
		return true;
	if ((size_t)head->content_length > slot->exchange->max_answer)
		return false;
	return head->content_length > RESERVE_MAX || buf_reserve(&slot->answer, (size_t)head->content_length + 1) != NULL;
}

static size_t
on_body(char *data, size_t size, size_t count, void *arg)
{
	struct slot *slot = arg;
	size_t len = size * count;

	if (is_too_large(slot, slot->answer.len + len) || !reserve(slot))
		return stop(slot, CSPARK_END_TOO_LARGE);
	if (!buf_put(&slot->answer, data, len))
		return stop(slot, CSPARK_END_FAULT);
	return len;
}

/* ---- slots ---- */

/* What never changes, and what belongs to the route. */
static bool
set_up(struct slot *slot, const struct cspark_route *route)
{
	struct transport_curl *t = slot->transport;
	CURL *easy = slot->easy;
	long connect_ms = route->connect_timeout_ms ? route->connect_timeout_ms : CONNECT_TIMEOUT_MS;

	cspark_route_fini(&slot->route);
	if (!cspark_route_copy(&slot->route, route))
		return false;
	slot->method[0] = '\0';
	curl_easy_reset(easy);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, slot);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, slot->error);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* never wait for a resolver */
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PROXY, route->proxy ? route->proxy : "");
	curl_easy_setopt(easy, CURLOPT_NOPROXY, ""); /* the host has decided */
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(easy, CURLOPT_USERAGENT,
		route->user_agent ? route->user_agent : "libcspark/" CSPARKD_VERSION);
	curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
	curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)CONNECTION_IDLE_S);
	curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, (long)CONNECTION_LIFE_S);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 20L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 5L);
	curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 60L);
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
	cspark_route_fini(&slot->route);
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
	if (slot->easy && set_up(slot, route))
		return slot;
	slot_free(slot);
	return NULL;
}

/* The most recently used one of the same route; else any, set up anew. */
static struct slot *
take_slot(struct transport_curl *t, const struct cspark_route *route)
{
	struct list *at = t->slots.prev;
	struct slot *slot;

	while (at != &t->slots && !cspark_route_same(&LIST_ITEM(at, struct slot, link)->route, route))
		at = at->prev;
	if (at == &t->slots && t->slot_count < t->max_idle)
		return slot_new(t, route);
	if (at == &t->slots)
		at = t->slots.next;
	list_remove(at);
	t->slot_count--;
	slot = LIST_ITEM(at, struct slot, link);
	if (cspark_route_same(&slot->route, route) || set_up(slot, route))
		return slot;
	slot_free(slot);
	return NULL;
}

static void
give_slot(struct transport_curl *t, struct slot *slot)
{
	buf_fini(&slot->answer);
	slot->exchange->slot = NULL;
	slot->exchange = NULL;
	if (t->slot_count >= t->max_idle) {
		slot_free(slot);
		return;
	}
	list_append(&t->slots, &slot->link);
	t->slot_count++;
}

/* ---- from an exchange to a transfer ---- */

/*
 * Whether a transfer waits to see if the connection under way can carry it too. In clear that is never HTTP/2,
 * and libcurl would only know so after the first answer.
 */
static bool
may_share(const struct slot *slot, const char *url)
{
	return slot->route.http_version != 1 && strncasecmp(url, "https:", 6) == 0;
}

static void
set_method(struct slot *slot, const struct cspark_exchange *exchange)
{
	CURL *easy = slot->easy;
	bool post = strcmp(exchange->method, "POST") == 0;

	if (strcmp(slot->method, exchange->method) != 0) {
		bool plain = post || strcmp(exchange->method, "GET") == 0 || strcmp(exchange->method, "HEAD") == 0;

		assert(strlen(exchange->method) < sizeof(slot->method));
		strcpy(slot->method, exchange->method);
		curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, plain ? NULL : exchange->method);
		if (strcmp(exchange->method, "HEAD") == 0)
			curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	}
	if (exchange->body || post) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)exchange->body_len);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, exchange->body ? exchange->body : "");
	} else if (!post && strcmp(exchange->method, "HEAD") != 0) {
		curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L); /* the last one of this method may have had a body */
	}
}

/* The list is read, never freed, by libcurl: its nodes are ours and the lines their owner's. */
static void
set_lines(struct slot *slot, const struct cspark_exchange *exchange)
{
	unsigned count = 0;

	for (; count < exchange->line_count; count++)
		slot->lines[count].data = (char *)exchange->lines[count];
	if (exchange->body_len > EXPECT_ABOVE)
		slot->lines[count++].data = (char *)"Expect:";
	for (unsigned i = 0; i < count; i++)
		slot->lines[i].next = i + 1 < count ? &slot->lines[i + 1] : NULL;
	curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER, count ? slot->lines : NULL);
}

static void
over(struct transport_curl *t, struct cspark_exchange *exchange, enum cspark_exchange_end end)
{
	exchange->end = end;
	exchange->state = STATE_DONE;
	list_append(&t->done, &exchange->link);
}

static void
start(struct transport_curl *t, struct cspark_exchange *exchange)
{
	int64_t left_ms = exchange->deadline_ms - now_ms(t);
	struct slot *slot;

	if (left_ms <= 0) {
		over(t, exchange, CSPARK_END_TIMEOUT);
		return;
	}
	slot = take_slot(t, exchange->route);
	if (slot == NULL) {
		over(t, exchange, CSPARK_END_FAULT);
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
	curl_easy_setopt(slot->easy, CURLOPT_PIPEWAIT, (long)may_share(slot, exchange->url));
	exchange->slot = slot;
	exchange->state = STATE_RUNNING;
	t->stats.open++;
	if (curl_easy_setopt(slot->easy, CURLOPT_URL, exchange->url) == CURLE_OK
		&& curl_multi_add_handle(t->multi, slot->easy) == CURLM_OK)
		return;
	t->stats.open--;
	give_slot(t, slot);
	over(t, exchange, CSPARK_END_FAULT);
}

/* ---- from a transfer to an outcome ---- */

/* What failed before anything was sent. */
static enum cspark_exchange_end
end_unsent(CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return CSPARK_END_DNS;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_ENGINE_NOTFOUND:
	case CURLE_SSL_ENGINE_SETFAILED:
	case CURLE_SSL_SHUTDOWN_FAILED:
		return CSPARK_END_TLS;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CRL_BADFILE:
	case CURLE_SSL_INVALIDCERTSTATUS:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
		return CSPARK_END_CERTIFICATE;
	case CURLE_OUT_OF_MEMORY:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_URL_MALFORMAT:
		return CSPARK_END_FAULT;
	default:
		return CSPARK_END_CONNECT;
	}
}

/* libcurl also starts again when a server declines an HTTP/2 stream. On a connection that this exchange opened itself that is the
 * only reason it has; on a kept one it cannot be told from a connection that died, and the worse is assumed. */
static enum cspark_exchange_end
end_restarted(const struct slot *slot)
{
	long connects = 0;

	curl_easy_getinfo(slot->easy, CURLINFO_NUM_CONNECTS, &connects);
	return connects > 1 ? CSPARK_END_REFUSED : CSPARK_END_RESET;
}

static enum cspark_exchange_end
end_of(const struct slot *slot, CURLcode code)
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
		return end_restarted(slot);
	if (code == CURLE_OUT_OF_MEMORY)
		return CSPARK_END_FAULT;
	if (code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_UNSUPPORTED_PROTOCOL)
		return CSPARK_END_PROTOCOL;
	return exchange->head.status >= 200 ? CSPARK_END_TRUNCATED : CSPARK_END_RESET;
}

static void
set_reason(struct cspark_exchange *exchange, const struct slot *slot, CURLcode code)
{
	snprintf(exchange->reason, sizeof(exchange->reason), "%.95s",
		slot->error[0] ? slot->error : curl_easy_strerror(code));
	for (char *at = exchange->reason; *at; at++) {
		if ((unsigned char)*at < 0x20 || (unsigned char)*at >= 0x7f)
			*at = '?';
	}
}

static void
count(struct transport_curl *t, const struct slot *slot)
{
	long connects = 0;

	curl_easy_getinfo(slot->easy, CURLINFO_NUM_CONNECTS, &connects);
	t->stats.connects += (uint64_t)connects;
	t->stats.reuses += connects == 0 && slot->starts > 0;
	t->stats.open--;
}

static void
finish(struct transport_curl *t, struct slot *slot, CURLcode code)
{
	struct cspark_exchange *exchange = slot->exchange;
	enum cspark_exchange_end end = end_of(slot, code);

	count(t, slot);
	exchange->sent = slot->starts > 0 && end != CSPARK_END_REFUSED;
	if (end == CSPARK_END_ANSWERED) {
		exchange->answer = buf_take(&slot->answer, &exchange->answer_len);
		if (exchange->answer == NULL)
			end = CSPARK_END_FAULT;
	} else {
		set_reason(exchange, slot, code);
	}
	give_slot(t, slot);
	over(t, exchange, end);
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
	struct list *first;

	reap(t);
	while ((first = list_pop(&t->done)) != NULL) {
		struct cspark_exchange *exchange = LIST_ITEM(first, struct cspark_exchange, link);

		exchange->state = STATE_IDLE;
		exchange->done(exchange->arg, exchange);
	}
	cspark_watches_tell(&t->watches);
	tell_timer(t);
}

static void
do_send(struct cspark_transport *base, struct cspark_exchange *exchange)
{
	struct transport_curl *t = self(base);

	assert(exchange->state == STATE_IDLE);
	exchange->state = STATE_PENDING;
	list_append(&t->pending, &exchange->link);
	tell_timer(t);
}

static void
do_cancel(struct cspark_transport *base, struct cspark_exchange *exchange)
{
	struct transport_curl *t = self(base);
	struct slot *slot = exchange->slot;

	if (exchange->state == STATE_PENDING || exchange->state == STATE_DONE)
		list_remove(&exchange->link);
	if (exchange->state == STATE_DONE) {
		free(exchange->answer);
		exchange->answer = NULL;
	}
	if (exchange->state == STATE_RUNNING) {
		exchange->sent = slot->starts > 0;
		curl_multi_remove_handle(t->multi, slot->easy);
		t->stats.open--;
		give_slot(t, slot);
		cspark_watches_tell(&t->watches);
	}
	exchange->state = STATE_IDLE;
	tell_timer(t);
}

static void
do_ready(struct cspark_transport *base, int fd, int events)
{
	struct transport_curl *t = self(base);
	int mask = (events & CSPARK_READ ? CURL_CSELECT_IN : 0) | (events & CSPARK_WRITE ? CURL_CSELECT_OUT : 0);
	int running;

	if (!cspark_watches_ready(&t->watches, fd))
		return; /* libcurl finds out when it wants the connection */
	curl_multi_socket_action(t->multi, fd, mask, &running);
	settle(t);
}

static void
do_due(struct cspark_transport *base)
{
	struct transport_curl *t = self(base);
	struct list *first;
	int running;

	t->told_at_ms = -1;
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
	struct transport_curl *t = self(base);
	struct list *first;

	while ((first = list_pop(&t->slots)) != NULL)
		slot_free(LIST_ITEM(first, struct slot, link));
	curl_multi_cleanup(t->multi);
	cspark_watches_fini(&t->watches);
	free(t);
}

static const struct cspark_transport_ops OPS = {
	.send = do_send,
	.cancel = do_cancel,
	.ready = do_ready,
	.due = do_due,
	.stats = do_stats,
	.free = do_free,
};

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
	t->curl_at_ms = t->told_at_ms = -1;
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
	curl_multi_setopt(t->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, options ? (long)options->max_connections : 0L);
	return &t->base;
}

void
cspark_transport_curl_guard(struct cspark_transport *base, bool guarded)
{
	self(base)->guarded = guarded;
}

bool
cspark_global_init(void)
{
	return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}
