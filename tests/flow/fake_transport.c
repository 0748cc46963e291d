#include "tests/flow/fake_transport.h"

#include "lib/body.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct flight {
	struct cspark_exchange *exchange;
	const struct reply *reply;
	int64_t end_ms;
	unsigned token; /* which one it was sent with */
};

enum { START_MS = 1000000 };

/* ---- host ---- */

static void
host_timer(void *arg, int64_t at_ms)
{
	((struct world *)arg)->timer_ms = at_ms;
}

static int64_t
host_now(void *arg)
{
	return ((struct world *)arg)->now_ms;
}

static int64_t
host_wall(void *arg)
{
	return 784111777; /* Sun, 06 Nov 1994 08:49:37 GMT */
}

static uint32_t
host_random(void *arg)
{
	return ((struct world *)arg)->random;
}

/* ---- transport ---- */

static struct world *
world_of(struct cspark_transport *base)
{
	return (struct world *)base;
}

static void
note(struct world *world, const struct cspark_exchange *exchange)
{
	size_t len = (size_t)snprintf(world->last_lines, sizeof(world->last_lines), "\n");

	snprintf(world->last_url, sizeof(world->last_url), "%s", exchange->url);
	for (unsigned i = 0; i < exchange->line_count; i++)
		len += (size_t)snprintf(world->last_lines + len, sizeof(world->last_lines) - len, "%s\n",
			exchange->lines[i]);
}

static void
fake_send(struct cspark_transport *base, struct cspark_exchange *exchange)
{
	struct world *world = world_of(base);
	static const struct reply OK;
	bool is_token = strstr(exchange->url, "/token") != NULL;
	struct script *script = is_token ? &world->token : &world->api;
	size_t index = script->seen < script->count ? script->seen : script->count - 1;
	const struct reply *reply = script->replies ? &script->replies[index] : &OK;
	struct flight flight = { .exchange = exchange, .reply = reply };

	if (is_token && script->seen < 64)
		world->token_times[script->seen] = world->now_ms;
	script->seen++;
	if (!is_token)
		note(world, exchange);
	for (unsigned i = 0; i < exchange->line_count; i++) {
		sscanf(exchange->lines[i], "Authorization: Bearer t%u", &flight.token);
		sscanf(exchange->lines[i], "x-request-id: %63s", world->last_id);
	}
	flight.end_ms = world->now_ms + reply->after_ms;
	world->flights = reallocarray(world->flights, world->flight_count + 1, sizeof(flight));
	world->flights[world->flight_count++] = flight;
}

static struct flight
take_flight(struct world *world, size_t i)
{
	struct flight flight = world->flights[i];

	world->flight_count--;
	memmove(&world->flights[i], &world->flights[i + 1], (world->flight_count - i) * sizeof(flight));
	return flight;
}

static void
fake_cancel(struct cspark_transport *base, struct cspark_exchange *exchange)
{
	struct world *world = world_of(base);

	for (size_t i = 0; i < world->flight_count; i++) {
		if (world->flights[i].exchange == exchange) {
			exchange->sent = true;
			take_flight(world, i);
			return;
		}
	}
}

static char *
body_of(struct world *world, const struct cspark_exchange *exchange, const struct reply *reply)
{
	char *body = NULL;

	if (reply->body)
		return strdup(reply->body);
	if (strstr(exchange->url, "/token") == NULL || (reply->status && reply->status != 200))
		return strdup("{}");
	world->tokens++;
	if (asprintf(&body, "{\"access_token\":\"t%u\",\"token_type\":\"Bearer\",\"expires_in\":%s}",
		    world->tokens, world->expires_in ? world->expires_in : "300")
		< 0)
		abort();
	return body;
}

static void
set_head(struct cspark_head *head, const struct reply *reply)
{
	head->status = reply->status ? reply->status : 200;
	if (reply->retry_after)
		snprintf(head->retry_after, sizeof(head->retry_after), "%s", reply->retry_after);
	if (reply->disposition)
		snprintf(head->disposition, sizeof(head->disposition), "%s", reply->disposition);
	if (reply->location)
		snprintf(head->location, sizeof(head->location), "%s", reply->location);
}

/* As a transport does it; of a torn answer a half. */
static void
deliver(struct world *world, struct cspark_exchange *exchange, const struct reply *reply)
{
	char *text = body_of(world, exchange, reply);
	bool torn = exchange->end == CSPARK_END_TRUNCATED;
	size_t len = strlen(text) / (torn ? 2 : 1);
	struct cspark_body body;
	enum cspark_exchange_end end = CSPARK_END_ANSWERED;

	cspark_body_init(&body, exchange);
	if (len > 0)
		end = cspark_body_put(&body, exchange, text, len);
	if (end == CSPARK_END_ANSWERED && !torn)
		end = cspark_body_end(&body, exchange);
	if (end != CSPARK_END_ANSWERED)
		exchange->end = end;
	cspark_body_fini(&body);
	free(text);
}

static void
land(struct world *world, const struct flight *flight)
{
	struct cspark_exchange *exchange = flight->exchange;
	const struct reply *reply = flight->reply;
	bool late = flight->end_ms > exchange->deadline_ms;

	exchange->end = late ? CSPARK_END_TIMEOUT : reply->end;
	exchange->sent = !reply->unsent;
	if (exchange->end == CSPARK_END_ANSWERED || exchange->end == CSPARK_END_TRUNCATED)
		set_head(&exchange->head, reply);
	if (flight->token && flight->token <= world->revoked)
		exchange->head.status = 401;
	if (exchange->end == CSPARK_END_ANSWERED || exchange->end == CSPARK_END_TRUNCATED)
		deliver(world, exchange, reply);
	exchange->done(exchange->arg, exchange);
}

static int64_t
end_of(const struct flight *flight)
{
	int64_t deadline = flight->exchange->deadline_ms;

	return flight->end_ms > deadline ? deadline : flight->end_ms;
}

static void
fake_due(struct cspark_transport *base)
{
	struct world *world = world_of(base);

	for (size_t i = 0; i < world->flight_count;) {
		struct flight flight;

		if (end_of(&world->flights[i]) > world->now_ms) {
			i++;
			continue;
		}
		flight = take_flight(world, i);
		land(world, &flight);
		i = 0;
	}
}

static const struct cspark_transport_ops OPS = { .send = fake_send, .cancel = fake_cancel, .due = fake_due };

/* ---- the world ---- */

static void
on_news(void *arg, const struct cspark_token_news *news)
{
	struct world *world = arg;

	world->news = *news;
	world->news_count++;
	world->failures += news->failed;
	cspark_client_token(world->client, news);
}

static void
on_want_token(void *arg, uint64_t generation)
{
	struct world *world = arg;

	world->wants++;
	cspark_authority_refused(world->authority, generation);
}

static void
on_held(void *arg, int64_t until_ms)
{
	((struct world *)arg)->held++;
}

void
world_credentials(struct world *world, enum cspark_auth_kind kind)
{
	struct cspark_authority_options options = { .credentials = { kind, "secret", "id" },
		.token_url = "http://auth.test/token" };

	cspark_authority_free(world->authority);
	world->authority = cspark_authority_new(&world->base, &world->host, &options, on_news, world);
	assert(world->authority);
}

static void
on_breaker(void *arg, int64_t open_ms)
{
	struct world *world = arg;

	world->opened += open_ms > 0;
	world->closed += open_ms == 0;
}

static void
init(struct world *world, const struct cspark_retry_options *retry, bool breaker)
{
	struct cspark_client_options options = { .base_url = "http://spark.test/t",
		.tenant = "t",
		.arg = world,
		.want_token = on_want_token,
		.held = on_held,
		.breaker = on_breaker,
		.breaker_off = !breaker,
		.retry = { .max = 2, .interval_ms = 1000 } };

	*world = (struct world){ .base.ops = &OPS, .now_ms = START_MS, .timer_ms = -1 };
	world->host = (struct cspark_host){ .arg = world,
		.timer = host_timer,
		.now_ms = host_now,
		.wall_s = host_wall,
		.random = host_random };
	if (retry)
		options.retry = *retry;
	world->client = cspark_client_new(&world->base, &world->host, &options);
	assert(world->client);
	world_credentials(world, CSPARK_AUTH_OAUTH);
}

void
world_init(struct world *world, const struct cspark_retry_options *retry)
{
	init(world, retry, false);
}

void
world_init_breaker(struct world *world)
{
	init(world, NULL, true);
}

void
world_fini(struct world *world)
{
	cspark_authority_free(world->authority);
	cspark_client_free(world->client);
	free(world->flights);
}

static int64_t
sooner(int64_t a, int64_t b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

static int64_t
next_ms(const struct world *world)
{
	int64_t at = sooner(cspark_authority_next_ms(world->authority), cspark_client_next_ms(world->client));

	for (size_t i = 0; i < world->flight_count; i++)
		at = sooner(at, end_of(&world->flights[i]));
	return at;
}

static bool
is_due(int64_t at, int64_t now)
{
	return at >= 0 && at <= now;
}

void
world_run(struct world *world, int64_t until_ms)
{
	for (int64_t at = next_ms(world); at >= 0 && at <= until_ms; at = next_ms(world)) {
		if (at > world->now_ms)
			world->now_ms = at;
		cspark_transport_due(&world->base);
		if (is_due(cspark_authority_next_ms(world->authority), world->now_ms))
			cspark_authority_due(world->authority);
		if (is_due(cspark_client_next_ms(world->client), world->now_ms))
			cspark_client_due(world->client);
	}
	if (until_ms > world->now_ms)
		world->now_ms = until_ms;
}

/* ---- calls ---- */

void
world_done(void *arg, struct cspark_result *result)
{
	struct told *told = arg;

	free(told->result.body);
	told->result = *result;
	result->body = NULL;
	told->times++;
	told->at_ms = told->world->now_ms;
}

struct cspark_job *
world_send(struct world *world, struct told *told, int64_t timeout_ms)
{
	static const struct cspark_request request = { .operation = CSPARK_OP_EXECUTE_V3,
		.expects_json = true,
		.method = "POST",
		.path = "/t/x",
		.body = "{}",
		.body_len = 2,
		.content_type = "application/json" };
	struct cspark_call call = {
		.deadline_ms = world->now_ms + timeout_ms, .request_id = "id-1", .sink = world->sink
	};

	*told = (struct told){ .world = world };
	return cspark_client_send(
		world->client, world->request ? world->request : &request, &call, world_done, told);
}

void
told_fini(struct told *told)
{
	cspark_result_fini(&told->result);
}
