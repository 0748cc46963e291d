#include "daemon/upstream.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/list.h"
#include "daemon/loop.h"

/*
 * The library asks to be called at a time. That is asked of it once an iteration, as of a guest of the loop:
 * so what the front let in at the end of an iteration is sent in the same one, without another turn through
 * the poller.
 */
#define ROUNDS 4 /* calls that are due may make others due; the rest can wait for the next iteration */

struct line { /* one tenant's end of the library */
	struct list node;
	unsigned refs;
	struct upstream *upstream;
	unsigned account, slot;
	char *name;
	bool broken; /* its breaker is open */
	struct cspark_client *client;
	struct cspark_authority *authority;
};

struct upstream {
	struct loop *loop;
	unsigned shards;
	const struct upstream_ops *ops;
	void *arg;
	struct cspark_host host;
	struct cspark_transport *transport;
	int64_t transport_at_ms; /* when the transport wants to be called; -1: not */
	uint64_t random;
	struct list lines;
};

/* ---- the host's side ---- */

static void
on_ready(void *arg, int fd, int events)
{
	struct upstream *upstream = arg;

	cspark_transport_ready(upstream->transport, fd, events);
}

static void
host_watch(void *arg, int fd, int events)
{
	struct upstream *upstream = arg;

	/* Without memory for a watch the transfer runs into its deadline: an answer, late. */
	(void)loop_watch(upstream->loop, fd, events, on_ready, upstream);
}

static void
host_forget(void *arg, int fd)
{
	struct upstream *upstream = arg;

	loop_forget(upstream->loop, fd);
}

static void
host_timer(void *arg, int64_t at_ms)
{
	struct upstream *upstream = arg;

	upstream->transport_at_ms = at_ms;
}

static int64_t
host_now(void *arg)
{
	const struct upstream *upstream = arg;

	return loop_now_ms(upstream->loop);
}

static int64_t
host_wall(void *arg)
{
	return time(NULL);
}

/* xorshift64*: for jitter, not for secrets. */
static uint32_t
host_random(void *arg)
{
	struct upstream *upstream = arg;

	upstream->random ^= upstream->random >> 12;
	upstream->random ^= upstream->random << 25;
	upstream->random ^= upstream->random >> 27;
	return (uint32_t)((upstream->random * UINT64_C(2685821657736338717)) >> 32);
}

/* ---- time ---- */

static int64_t
earlier(int64_t a, int64_t b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

static int64_t
line_next_ms(const struct line *line)
{
	return line->client ? cspark_client_next_ms(line->client) : cspark_authority_next_ms(line->authority);
}

static int64_t
next_ms(const struct upstream *upstream)
{
	int64_t at_ms = upstream->transport_at_ms;

	for (struct list *node = upstream->lines.next; node != &upstream->lines; node = node->next)
		at_ms = earlier(at_ms, line_next_ms(LIST_ITEM(node, struct line, node)));
	return at_ms;
}

static int64_t
on_timeout_ms(void *arg)
{
	const struct upstream *upstream = arg;
	int64_t at_ms = next_ms(upstream);
	int64_t now_ms = loop_now_ms(upstream->loop);

	if (at_ms < 0)
		return -1;
	return at_ms > now_ms ? at_ms - now_ms : 0;
}

static bool
is_due(const struct upstream *upstream, int64_t at_ms)
{
	return at_ms >= 0 && at_ms <= loop_now_ms(upstream->loop);
}

/* Clients and authorities first: what they start is for the transport. No line comes or goes meanwhile. */
static void
run_due(struct upstream *upstream)
{
	for (struct list *node = upstream->lines.next; node != &upstream->lines; node = node->next) {
		struct line *line = LIST_ITEM(node, struct line, node);

		if (!is_due(upstream, line_next_ms(line)))
			continue;
		if (line->client)
			cspark_client_due(line->client);
		else
			cspark_authority_due(line->authority);
	}
	if (is_due(upstream, upstream->transport_at_ms)) {
		upstream->transport_at_ms = -1;
		cspark_transport_due(upstream->transport);
	}
}

static void
on_run(void *arg)
{
	struct upstream *upstream = arg;

	for (int round = 0; round < ROUNDS && is_due(upstream, next_ms(upstream)); round++)
		run_due(upstream);
}

/* ---- up-calls of the library ---- */

static void
on_want_token(void *arg, uint64_t generation)
{
	struct line *line = arg;

	line->upstream->ops->want_token(line->upstream->arg, line->account, generation);
}

static void
on_held(void *arg, int64_t until_ms)
{
	struct line *line = arg;

	line->upstream->ops->held(line->upstream->arg, line->account, until_ms);
}

static void
on_breaker(void *arg, int64_t open_ms)
{
	struct line *line = arg;

	line->broken = open_ms > 0;
	line->upstream->ops->breaker(line->upstream->arg, line->slot, line->name, open_ms);
}

static void
on_news(void *arg, const struct cspark_token_news *news)
{
	struct line *line = arg;

	line->upstream->ops->news(line->upstream->arg, line->account, news);
}

/* ---- life ---- */

struct upstream *
upstream_new(struct loop *loop, unsigned shards, const struct upstream_ops *ops, void *arg)
{
	struct upstream *upstream = calloc(1, sizeof *upstream);
	struct loop_guest guest = { on_timeout_ms, on_run, upstream };

	if (!upstream)
		return NULL;
	upstream->loop = loop;
	upstream->shards = shards;
	upstream->ops = ops;
	upstream->arg = arg;
	list_init(&upstream->lines);
	upstream->host = (struct cspark_host){ upstream, host_watch, host_forget, host_timer, host_now,
		host_wall, host_random };
	if (getrandom(&upstream->random, sizeof upstream->random, 0) < 0 || upstream->random == 0)
		upstream->random = (uint64_t)loop_clock_us() | 1;
	upstream->transport_at_ms = -1;
	upstream->transport = cspark_transport_new_curl(
		&upstream->host, &(struct cspark_transport_options){ 0 });
	if (!upstream->transport || !loop_add_guest(loop, &guest)) {
		cspark_transport_free(upstream->transport);
		free(upstream);
		return NULL;
	}
	return upstream;
}

void
upstream_free(struct upstream *upstream)
{
	if (!upstream)
		return;
	assert(list_empty(&upstream->lines));
	loop_remove_guest(upstream->loop, upstream);
	cspark_transport_free(upstream->transport);
	free(upstream);
}

/* ---- lines ---- */

static struct cspark_route
route_of(const struct config_tenant *tenant, const char *proxy)
{
	return (struct cspark_route){
		.ca_file = tenant->ca_file,
		.proxy = proxy,
		.connect_timeout_ms = tenant->connect_timeout_ms,
		.http_version = tenant->http_version,
	};
}

static struct line *
line_new(struct upstream *upstream, const struct config_tenant *tenant)
{
	struct line *line = calloc(1, sizeof *line);

	if (!line)
		return NULL;
	line->refs = 1;
	line->upstream = upstream;
	line->account = tenant->account;
	line->slot = tenant->slot;
	line->name = strdup(tenant->name);
	list_append(&upstream->lines, &line->node);
	return line;
}

static struct line *
line_made(struct line *line)
{
	if (line->name && (line->client || line->authority))
		return line;
	line_unref(line);
	return NULL;
}

struct line *
line_open_client(
	struct upstream *upstream, const struct config *config, const struct config_tenant *tenant)
{
	struct line *line = line_new(upstream, tenant);
	double shards = upstream->shards;
	struct cspark_client_options options = {
		.base_url = tenant->base_url,
		.tenant = tenant->tenant,
		.route = route_of(tenant, tenant->api_proxy),
		.retry = { tenant->retry_max, tenant->retry_interval_ms, 0, 20.0 / shards, 1.0 / shards },
		.max_answer = config->limits.max_answer,
		.breaker_off = !tenant->breaker,
		.arg = line,
		.want_token = on_want_token,
		.held = on_held,
		.breaker = on_breaker,
	};

	if (!line)
		return NULL;
	line->client = cspark_client_new(upstream->transport, &upstream->host, &options);
	return line_made(line);
}

struct line *
line_open_authority(struct upstream *upstream, const struct config_tenant *tenant)
{
	struct line *line = line_new(upstream, tenant);
	struct cspark_authority_options options = {
		.credentials = tenant->credentials,
		.token_url = tenant->token_url,
		.route = route_of(tenant, tenant->token_proxy),
	};

	if (!line)
		return NULL;
	line->authority =
		cspark_authority_new(upstream->transport, &upstream->host, &options, on_news, line);
	return line_made(line);
}

struct line *
line_ref(struct line *line)
{
	line->refs++;
	return line;
}

void
line_unref(struct line *line)
{
	if (!line || --line->refs > 0)
		return;
	list_remove(&line->node);
	cspark_client_free(line->client);
	cspark_authority_free(line->authority);
	free(line->name);
	free(line);
}

/* ---- use ---- */

bool
line_is_broken(const struct line *line)
{
	return line->broken;
}

struct cspark_job *
line_send(struct line *line, const struct cspark_request *request, const struct cspark_call *call,
	cspark_done_fn *done, void *arg)
{
	return cspark_client_send(line->client, request, call, done, arg);
}

void
line_refused(struct line *line, uint64_t generation)
{
	cspark_authority_refused(line->authority, generation);
}

bool
line_rotate(struct line *line, const struct cspark_credentials *credentials)
{
	return cspark_authority_rotate(line->authority, credentials);
}

void
upstream_cancel(struct upstream *upstream, struct cspark_job *job, enum cspark_outcome *ret_outcome,
	unsigned *ret_attempts)
{
	cspark_job_cancel(job, ret_outcome, ret_attempts);
}

void
upstream_token(struct upstream *upstream, unsigned account, const struct cspark_token_news *news)
{
	for (struct list *node = upstream->lines.next; node != &upstream->lines; node = node->next) {
		struct line *line = LIST_ITEM(node, struct line, node);

		if (line->account == account)
			cspark_client_token(line->client, news);
	}
}

void
upstream_hold(struct upstream *upstream, unsigned account, int64_t until_ms)
{
	for (struct list *node = upstream->lines.next; node != &upstream->lines; node = node->next) {
		struct line *line = LIST_ITEM(node, struct line, node);

		if (line->account == account)
			cspark_client_hold(line->client, until_ms);
	}
}

void
upstream_stats(const struct upstream *upstream, struct cspark_transport_stats *ret)
{
	cspark_transport_stats(upstream->transport, ret);
}
