#include "lib/client.h"

#include "lib/job.h"
#include "lib/route.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	CAP_MS = 30000,
	BUDGET = 20,
	FLOOR_S = 1,
	ANSWER_MAX = 64 * 1024 * 1024,
	HOLD_MAX_MS = 300000,
	ASK_AGAIN_MS = 1000,
};

/* The part of a URL before its path; given. */
static char *
origin_of(const char *url)
{
	const char *host = strstr(url, "://");
	const char *path = host ? strchr(host + 3, '/') : NULL;

	return path ? strndup(url, (size_t)(path - url)) : strdup(url);
}

static void
fill_defaults(struct cspark_client_options *options)
{
	struct cspark_retry_options *retry = &options->retry;

	if (retry->cap_ms == 0)
		retry->cap_ms = CAP_MS;
	if (retry->budget == 0)
		retry->budget = BUDGET;
	if (retry->budget_floor_s == 0)
		retry->budget_floor_s = FLOOR_S;
	if (options->max_answer == 0)
		options->max_answer = ANSWER_MAX;
}

struct cspark_client *
cspark_client_new(struct cspark_transport *transport, const struct cspark_host *host,
	const struct cspark_client_options *options)
{
	struct cspark_client *client = calloc(1, sizeof(*client));

	if (client == NULL)
		return NULL;
	list_init(&client->ready);
	list_init(&client->waiting);
	client->transport = transport;
	client->host = *host;
	client->options = *options;
	client->options.base_url = client->options.tenant = NULL;
	client->options.route = (struct cspark_route){ 0 };
	fill_defaults(&client->options);
	client->token_retry_ms = -1;
	client->hold_until_ms = INT64_MIN;
	cspark_budget_init(
		&client->budget, client->options.retry.budget, client->options.retry.budget_floor_s);
	cspark_breaker_init(&client->breaker, options->breaker_off);
	client->origin = origin_of(options->base_url);
	if (client->origin && cspark_route_copy(&client->route, &options->route)
		&& (options->tenant == NULL
			|| asprintf(&client->tenant_line, "x-tenant-name: %s", options->tenant) > 0))
		return client;
	cspark_client_free(client);
	return NULL;
}

void
cspark_client_free(struct cspark_client *client)
{
	if (client == NULL)
		return;
	assert(client->jobs == 0);
	cspark_token_unref(client->token);
	cspark_route_fini(&client->route);
	cspark_heap_fini(&client->timers);
	free(client->origin);
	free(client->tenant_line);
	free(client);
}

/* ---- time ---- */

int64_t
cspark_client_next_ms(const struct cspark_client *client)
{
	struct cspark_heap_node *first = cspark_heap_first(&client->timers);

	if (!list_empty(&client->ready))
		return cspark_client_now(client);
	return first ? first->at_ms : -1;
}

static void
resume(struct cspark_job *job)
{
	cspark_job_unpark(job);
	cspark_job_run(job);
}

void
cspark_client_due(struct cspark_client *client)
{
	struct cspark_heap_node *timer;
	struct list end, *first;

	/* What becomes ready meanwhile is for the next time. */
	list_append(&client->ready, &end);
	while ((first = list_pop(&client->ready)) != &end)
		resume(LIST_ITEM(first, struct cspark_job, link));
	while ((timer = cspark_heap_first(&client->timers)) != NULL
		&& timer->at_ms <= cspark_client_now(client))
		resume(LIST_ITEM(timer, struct cspark_job, timer));
}

struct cspark_job *
cspark_client_send(struct cspark_client *client, const struct cspark_request *request,
	const struct cspark_call *call, cspark_done_fn *done, void *arg)
{
	struct cspark_job *job;

	if (!cspark_heap_reserve(&client->timers, client->jobs + 1))
		return NULL;
	job = cspark_job_new(client, request, call, done, arg);
	if (job == NULL)
		return NULL;
	client->jobs++;
	list_append(&client->ready, &job->link);
	return job;
}

/* ---- tokens ---- */

struct cspark_token *
cspark_client_usable_token(const struct cspark_client *client, uint64_t above)
{
	struct cspark_token *token = client->token;

	if (token == NULL || token->generation <= above)
		return NULL;
	return token->expires_ms < 0 || token->expires_ms > cspark_client_now(client) ? token : NULL;
}

void
cspark_client_ask_token(struct cspark_client *client, uint64_t above)
{
	/* A token that has expired here is as good as refused. */
	if (client->token && client->token->generation > above)
		above = client->token->generation;
	if (client->asked && above <= client->asked_generation
		&& cspark_client_now(client) < client->asked_ms + ASK_AGAIN_MS)
		return;
	client->asked = true;
	client->asked_ms = cspark_client_now(client);
	client->asked_generation = above;
	if (client->options.want_token)
		client->options.want_token(client->options.arg, above);
}

/* They look again in the next cspark_client_due(). */
static void
wake_waiting(struct cspark_client *client)
{
	struct list *first;

	while ((first = list_pop(&client->waiting)) != NULL)
		list_append(&client->ready, first);
}

void
cspark_client_token(struct cspark_client *client, const struct cspark_token_news *news)
{
	struct cspark_token *old = client->token;

	client->token = news->token ? cspark_token_ref(news->token) : NULL;
	client->latched = news->state == CSPARK_TOKEN_LATCHED
		|| news->error.code == CSPARK_E_CREDENTIALS_REFUSED;
	client->token_error = news->error;
	client->token_retry_ms = news->retry_at_ms;
	client->asked = false;
	client->asked_generation = 0;
	if (client->latched || (client->token && client->token != old))
		wake_waiting(client);
	cspark_token_unref(old);
}

/* ---- holds ---- */

void
cspark_client_hold(struct cspark_client *client, int64_t until_ms)
{
	int64_t latest_ms = cspark_client_now(client) + HOLD_MAX_MS;

	if (until_ms > latest_ms)
		until_ms = latest_ms;
	if (until_ms > client->hold_until_ms)
		client->hold_until_ms = until_ms;
}

void
cspark_client_spread_hold(struct cspark_client *client, int64_t until_ms)
{
	cspark_client_hold(client, until_ms);
	if (client->options.held)
		client->options.held(client->options.arg, until_ms);
}

/* ---- the breaker ---- */

void
cspark_client_learn(struct cspark_client *client, unsigned era, enum cspark_sign sign)
{
	struct cspark_breaker *breaker = &client->breaker;
	int64_t now_ms = cspark_client_now(client);
	uint32_t random = client->host.random(client->host.arg);

	if (cspark_breaker_end(breaker, era, sign, now_ms, random) && client->options.breaker)
		client->options.breaker(client->options.arg, cspark_breaker_left_ms(breaker, now_ms));
}
