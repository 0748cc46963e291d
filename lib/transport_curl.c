/*
 * The transport over libcurl's multi interface: which exchange runs when, and on what. What an exchange is to
 * libcurl, curl_slot.c knows.
 *
 * The rules that keep it sound: curl's callbacks only note what they are told; no curl function is called
 * from one; finished transfers are reaped in one place, and only then do done functions run.
 *
 * The rules that keep it cheap: easy handles are kept with their constant options set, header lists are
 * nodes of our own that point to the owner's lines, the body is borrowed, the timer is a number, the origin
 * stays parsed, and a kept connection stays watched between its requests.
 */
#include "lib/transport_curl.h"

#include "lib/curl_memory.h"
#include "lib/curl_slot.h"
#include "lib/route.h"
#include "lib/watches.h"

#include <assert.h>
#include <curl/curl.h>
#include <stdlib.h>

enum { IDLE_DEFAULT = 64 };

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

/* ---- slots ---- */

/* The most recently used one of the same route, or a new one. */
static struct cspark_slot *
take_slot(struct transport_curl *t, const struct cspark_route *route)
{
	struct list *at = t->slots.prev;

	while (at != &t->slots && !cspark_route_same(&LIST_ITEM(at, struct cspark_slot, link)->route, route))
		at = at->prev;
	if (at == &t->slots)
		return cspark_slot_new(route, &t->watches, &t->guarded);
	list_remove(at);
	t->slot_count--;
	return LIST_ITEM(at, struct cspark_slot, link);
}

/* Of too many the one that was used least recently goes: perhaps its route is no more. */
static void
give_slot(struct transport_curl *t, struct cspark_slot *slot)
{
	cspark_slot_clear(slot);
	list_append(&t->slots, &slot->link);
	if (++t->slot_count <= t->max_idle)
		return;
	t->slot_count--;
	cspark_slot_free(LIST_ITEM(list_pop(&t->slots), struct cspark_slot, link));
}

/* ---- from an exchange to a transfer, and back ---- */

static void
start(struct transport_curl *t, struct cspark_exchange *exchange)
{
	int64_t now = now_ms(t);
	struct cspark_slot *slot;

	if (exchange->deadline_ms <= now) {
		cspark_exchange_over(exchange, &t->done, CSPARK_END_TIMEOUT);
		return;
	}
	slot = take_slot(t, exchange->route);
	if (slot == NULL) {
		cspark_exchange_over(exchange, &t->done, CSPARK_END_FAULT);
		return;
	}
	exchange->slot = slot;
	exchange->state = CSPARK_EXCHANGE_RUNNING;
	t->stats.open++;
	if (cspark_slot_begin(slot, exchange, now) && curl_multi_add_handle(t->multi, slot->easy) == CURLM_OK)
		return;
	t->stats.open--;
	give_slot(t, slot);
	cspark_exchange_over(exchange, &t->done, CSPARK_END_FAULT);
}

static void
finish(struct transport_curl *t, struct cspark_slot *slot, CURLcode code)
{
	struct cspark_exchange *exchange = slot->exchange;
	long connects;
	enum cspark_exchange_end end = cspark_slot_end(slot, code, now_ms(t), &connects);

	t->stats.connects += (uint64_t)connects;
	t->stats.reuses += connects == 0 && slot->starts > 0;
	t->stats.open--;
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
	struct cspark_slot *slot = exchange->slot;

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
		cspark_slot_free(LIST_ITEM(first, struct cspark_slot, link));
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
	return cspark_curl_memory_init();
}
