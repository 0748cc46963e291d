#include "daemon/shard.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "daemon/call.h"
#include "daemon/edition.h"
#include "daemon/identity.h"
#include "daemon/log.h"

#define PULSE_MS 1000

struct shard {
	unsigned index;
	pthread_t thread;
	struct loop *loop;
	struct front *front;
	struct desk desk;
	const struct shard_ops *ops;
	void *arg;
	struct loop_timer pulse;
	bool started; /* main's: before, it may touch what is the shard's */
	bool told; /* that it is idle, since the state began */
	_Atomic int64_t turned_ms;      /* for main, who looks whether it is stuck */
	uint64_t accepted, turned_away; /* told to the metrics so far */
	struct cspark_transport_stats stats;
};

/* ---- letters from main ------------------------------------------------------------------- */

struct letter {
	struct shard *shard;
	unsigned account;
	int64_t until_ms;
	unsigned listener;
	char *badge;
	struct identity *identity;
	struct cspark_token_news news;
	enum lifecycle_state state;
	struct shard_terms *terms; /* NULL: none */
	void (*read)(struct letter *letter);
};

void
shard_terms_fini(struct shard_terms *terms)
{
	for (size_t i = 0; i < terms->place_count; i++)
		if (terms->places[i].fd >= 0)
			close(terms->places[i].fd);
	config_unref(terms->config);
}

static void
letter_free(struct letter *letter)
{
	cspark_token_unref(letter->news.token);
	if (letter->terms)
		shard_terms_fini(letter->terms);
	free(letter->terms);
	secret_free(letter->badge);
	identity_unref(letter->identity);
	free(letter);
}

static void
on_letter(void *arg)
{
	struct letter *letter = arg;

	if (letter->shard->desk.upstream) /* else it came too late: the shard is being freed */
		letter->read(letter);
	letter_free(letter);
}

/* Before there is a thread to read it, it is read at once: so a shard that runs has its first snapshot.
 * Without memory for a letter the process is beyond help: better to stop than to hang on a drain or a
 * token. */
static void
post(struct shard *shard, struct letter letter, void (*read)(struct letter *letter))
{
	struct letter *copy = malloc(sizeof *copy);

	assert(copy);
	*copy = letter;
	copy->shard = shard;
	copy->read = read;
	if (!shard->started)
		on_letter(copy);
	else if (!loop_post(shard->loop, on_letter, copy))
		letter_free(copy);
}

static void
read_token(struct letter *letter)
{
	upstream_token(letter->shard->desk.upstream, letter->account, &letter->news);
}

static void
read_hold(struct letter *letter)
{
	upstream_hold(letter->shard->desk.upstream, letter->account, letter->until_ms);
}

/* Rounded up: a limit must not become none. */
static unsigned
share_of(const struct shard *shard, unsigned limit)
{
	return (limit + shard->desk.shards - 1) / shard->desk.shards;
}

/* Routes allow less where they have to. */
static uint64_t
largest_body(const struct config *config)
{
	uint64_t largest = config->limits.max_body;

	if (config->limits.max_upload > largest)
		largest = config->limits.max_upload;
	return config->bulk.max_body > largest ? config->bulk.max_body : largest;
}

static void
fill_front(const struct shard *shard, const struct config *config, struct front_options *ret)
{
	*ret = (struct front_options){
		.max_connections = share_of(shard, config->limits.max_connections),
		.max_per_caller = share_of(shard, config->limits.max_connections_per_caller),
		.max_head = config->limits.max_head,
		.max_target = config->limits.max_target,
		.max_body = largest_body(config),
		.head_ms = config->limits.head_ms,
		.body_ms = config->limits.body_ms,
		.idle_ms = config->limits.idle_ms,
		.write_ms = config->limits.write_ms,
	};
}

static void
fill_socket(const struct shard *shard, const struct config *config, const struct socket_place *place,
	struct front_socket *ret)
{
	const struct config_listener *listener = config_find_listener(config, place->listener);

	*ret = (struct front_socket){
		.id = place->id,
		.fd = place->fd,
		.is_unix = place->is_unix,
		.is_kept = place->is_passed,
		.listener = place->listener,
		.max_connections = share_of(shard, listener->max_connections),
		.name = place->name,
		.allowed_hosts = (const char *const *)listener->allowed_hosts,
		.allowed_origins = (const char *const *)listener->allowed_origins,
		.identity = listener->tls.identity,
	};
}

static bool
adopt_front(struct shard *shard, const struct shard_terms *terms)
{
	struct front_socket sockets[FRONT_SOCKETS_MAX];
	struct front_options options;

	fill_front(shard, terms->config, &options);
	options.sockets = sockets;
	options.socket_count = terms->place_count;
	for (size_t i = 0; i < terms->place_count; i++)
		fill_socket(shard, terms->config, &terms->places[i], &sockets[i]);
	return front_adopt(shard->front, &options);
}

/* A new line begins with its breaker closed, whatever the one before it said. */
static void
show_breakers(struct shard *shard, const struct edition *edition)
{
	for (size_t i = 0; i < edition->config->tenant_count; i++)
		metrics_set(shard->desk.metrics, METRIC_BREAKER_OPEN, edition->config->tenants[i].slot,
			line_is_broken(edition->lines[i]));
}

/* The front first: it looks into the snapshot of before. */
static void
read_adopt(struct letter *letter)
{
	struct shard *shard = letter->shard;
	struct desk *desk = &shard->desk;
	struct edition *edition = edition_new(desk->upstream, letter->terms->config, desk->edition);
	bool adopted = edition && adopt_front(shard, letter->terms);

	assert(adopted); /* as for letters: shards that serve different snapshots are beyond help */
	free(letter->terms);
	letter->terms = NULL;
	show_breakers(shard, edition);
	desk_adopt(desk, edition);
	shard->ops->adopted(shard->arg);
}

static void
read_badge(struct letter *letter)
{
	edition_set_badge(letter->shard->desk.edition, letter->listener, letter->badge);
}

static void
read_identity(struct letter *letter)
{
	front_identify(letter->shard->front, letter->listener, letter->identity);
}

/* In a state that is waited for, what it waits for is done. */
static bool
is_idle(const struct shard *shard)
{
	switch (shard->desk.life) {
	case LIFE_DRAINING:
		return shard->desk.working == 0;
	case LIFE_STOPPING:
	case LIFE_CLOSING:
		return desk_is_idle(&shard->desk) && front_connections(shard->front) == 0;
	default:
		return false;
	}
}

static void
tell_if_idle(struct shard *shard)
{
	if (shard->told || !is_idle(shard))
		return;
	shard->told = true;
	shard->ops->idle(shard->arg, shard->desk.life);
}

static void
read_enter(struct letter *letter)
{
	struct shard *shard = letter->shard;

	if (letter->state >= LIFE_STOPPING)
		front_drain(shard->front);
	desk_enter(&shard->desk, letter->state);
	shard->told = false;
	tell_if_idle(shard);
	/* Where connections are waited for it looks often whether the last one has gone, from now on. */
	loop_timer_set(shard->loop, &shard->pulse, loop_now_ms(shard->loop));
}

void
shard_adopt(struct shard *shard, const struct shard_terms *terms)
{
	struct shard_terms *copy = malloc(sizeof *copy);

	assert(copy);
	*copy = *terms;
	post(shard, (struct letter){ .terms = copy }, read_adopt);
}

void
shard_token(struct shard *shard, unsigned account, const struct cspark_token_news *news)
{
	struct letter letter = { .account = account, .news = *news };

	if (letter.news.token)
		cspark_token_ref(letter.news.token);
	post(shard, letter, read_token);
}

void
shard_hold(struct shard *shard, unsigned account, int64_t until_ms)
{
	post(shard, (struct letter){ .account = account, .until_ms = until_ms }, read_hold);
}

void
shard_badge(struct shard *shard, unsigned listener, const char *token)
{
	struct letter letter = { .listener = listener, .badge = secret_copy(str_of(token)) };

	assert(letter.badge);
	post(shard, letter, read_badge);
}

void
shard_identify(struct shard *shard, unsigned listener, struct identity *identity)
{
	struct letter letter = { .listener = listener, .identity = identity_ref(identity) };

	post(shard, letter, read_identity);
}

void
shard_enter(struct shard *shard, enum lifecycle_state state)
{
	post(shard, (struct letter){ .state = state }, read_enter);
}

void
shard_stop(struct shard *shard)
{
	loop_stop(shard->loop);
}

/* ---- up-calls ---------------------------------------------------------------------------------- */

static void
on_want_token(void *arg, unsigned account, uint64_t generation)
{
	struct shard *shard = arg;

	shard->ops->want_token(shard->arg, account, generation);
}

static void
on_held(void *arg, unsigned account, int64_t until_ms)
{
	struct shard *shard = arg;

	shard->ops->held(shard->arg, account, until_ms);
}

static void
on_breaker(void *arg, unsigned slot, const char *name, int64_t open_ms)
{
	struct shard *shard = arg;
	bool open = open_ms > 0;
	struct log_line line;

	metrics_set(shard->desk.metrics, METRIC_BREAKER_OPEN, slot, open);
	metrics_add(shard->desk.metrics, METRIC_BREAKER_OPENS, slot, open);
	log_begin(&line, open ? LOG_WARN_LEVEL : LOG_INFO_LEVEL, open ? "breaker_open" : "breaker_closed");
	log_text(&line, "tenant", name);
	log_int(&line, "worker", shard->index);
	if (open)
		log_int(&line, "open_ms", open_ms);
	log_end(&line);
}

static const struct upstream_ops upstream_ops = { on_want_token, on_held, on_breaker, NULL };

static void
on_idle(void *arg)
{
	tell_if_idle(arg);
}

static void
show_room(const struct desk *desk)
{
	metrics_set(desk->metrics, METRIC_IN_FLIGHT_LIMIT, 0, desk->admit.limit);
	metrics_set(desk->metrics, METRIC_QUEUE_LIMIT, 0, desk->admit.queue_limit);
	metrics_set(desk->metrics, METRIC_SPOOL_BYTES, 0, (int64_t)(desk->spools.max - desk->spools.left));
	metrics_set(desk->metrics, METRIC_SPOOL_FILES, 0, desk->spools.files);
	metrics_set(desk->metrics, METRIC_SPOOL_LIMIT, 0, (int64_t)desk->spools.max);
}

/* Once a second: a sign of life, and numbers that nobody tells. */
static void
on_pulse(void *arg)
{
	struct shard *shard = arg;
	struct metrics *metrics = shard->desk.metrics;
	struct cspark_transport_stats stats;
	uint64_t accepted = front_accepted(shard->front);
	uint64_t turned_away = front_turned_away(shard->front);

	atomic_store_explicit(&shard->turned_ms, loop_now_ms(shard->loop), memory_order_relaxed);
	show_room(&shard->desk);
	upstream_stats(shard->desk.upstream, &stats);
	metrics_set(metrics, METRIC_CONNECTIONS, 0, front_connections(shard->front));
	metrics_add(metrics, METRIC_CONNECTIONS_ACCEPTED, 0, accepted - shard->accepted);
	metrics_add(metrics, METRIC_UPSTREAM_CONNECTS, 0, stats.connects - shard->stats.connects);
	metrics_add(metrics, METRIC_UPSTREAM_REUSES, 0, stats.reuses - shard->stats.reuses);
	metrics_add(metrics, METRIC_CONNECTIONS_TURNED_AWAY, 0, turned_away - shard->turned_away);
	shard->accepted = accepted;
	shard->turned_away = turned_away;
	shard->stats = stats;
	tell_if_idle(shard);
	loop_timer_set(shard->loop, &shard->pulse,
		loop_now_ms(shard->loop) + (shard->desk.life >= LIFE_STOPPING ? PULSE_MS / 20 : PULSE_MS));
}

/* ---- life ------------------------------------------------------------------------------------------- */

static void
flush_log(void *arg)
{
	log_flush();
}

struct shard *
shard_new(const struct shard_options *options, struct cspark_error *ret_error)
{
	struct shard *shard = calloc(1, sizeof *shard);
	struct loop_guest flusher = { NULL, flush_log, shard };
	struct front_options front;

	ret_error->code = CSPARK_E_INTERNAL;
	snprintf(ret_error->detail, sizeof ret_error->detail, "shard %u: no memory or no descriptors",
		options->index);
	if (!shard)
		return NULL;
	shard->index = options->index;
	shard->ops = options->ops;
	shard->arg = options->arg;
	shard->loop = loop_new();
	if (!shard->loop)
		goto fail;
	shard->desk = (struct desk){ .loop = shard->loop,
		.admin = options->admin,
		.metrics = options->metrics,
		.on_idle = on_idle,
		.arg = shard };
	if (!desk_init(&shard->desk, options->config, options->index, options->count))
		goto fail;
	/* Guests run in this order: what the front lets in is sent, then the log is written. */
	fill_front(shard, options->config, &front);
	shard->front = front_new(shard->loop, &front, &call_front_ops, &shard->desk);
	if (!shard->front)
		goto fail;
	shard->desk.upstream = upstream_new(shard->loop, options->count, &upstream_ops, shard);
	if (!shard->desk.upstream || !loop_add_guest(shard->loop, &flusher))
		goto fail;
	loop_timer_init(&shard->pulse, on_pulse, shard);
	loop_timer_set(shard->loop, &shard->pulse, loop_now_ms(shard->loop) + PULSE_MS);
	atomic_init(&shard->turned_ms, loop_now_ms(shard->loop));
	return shard;
fail:
	shard_free(shard);
	return NULL;
}

static void *
run(void *arg)
{
	struct shard *shard = arg;
	char name[16];

	snprintf(name, sizeof name, "shard-%u", shard->index);
	pthread_setname_np(pthread_self(), name);
	loop_run(shard->loop);
	log_flush();
	return NULL;
}

int64_t
shard_turned_ms(const struct shard *shard)
{
	return atomic_load_explicit(&shard->turned_ms, memory_order_relaxed);
}

bool
shard_start(struct shard *shard)
{
	shard->started = true;
	return pthread_create(&shard->thread, NULL, run, shard) == 0;
}

void
shard_join(struct shard *shard)
{
	pthread_join(shard->thread, NULL);
}

void
shard_free(struct shard *shard)
{
	if (!shard)
		return;
	if (shard->front)
		front_free(shard->front);
	if (shard->desk.loop)
		desk_fini(&shard->desk);
	upstream_free(shard->desk.upstream);
	shard->desk.upstream = NULL;
	loop_free(shard->loop);
	free(shard);
}
