/*
 * A world for the client: a virtual clock, a host on it, and a transport that answers from scripts.
 * Nothing in it waits: time jumps to the next event.
 */
#pragma once

#include "lib/transport.h"

/* One answer of a script. From zero: at once, 200, "{}". */
struct reply {
	enum cspark_exchange_end end;
	bool unsent;             /* of an end other than ANSWERED: nothing had left */
	int status;              /* 0: 200 */
	const char *body;        /* NULL: {} or a fresh token */
	const char *retry_after; /* NULL: none */
	const char *disposition, *location; /* NULL: none */
	int64_t after_ms;
};

struct script {
	const struct reply *replies; /* the last one is repeated; NULL: always zero */
	size_t count;
	size_t seen; /* requests so far */
};

struct flight;

struct world {
	struct cspark_transport base;
	struct cspark_host host;
	int64_t now_ms;
	uint32_t random;
	struct flight *flights;
	size_t flight_count;
	struct list done;
	int64_t timer_ms;
	bool inside; /* a done function is running */
	struct script api;
	struct script token;
	const char *expires_in;  /* raw JSON; NULL: 300 */
	unsigned revoked;        /* tokens t1..t<n> are answered 401 by the API */
	unsigned tokens;         /* made so far */
	int64_t token_times[64]; /* when fetches started */
	char last_id[64];        /* x-request-id of the last API request */
	char last_url[256];
	char last_lines[1024];   /* each with a newline before and after */
	const struct cspark_request *request; /* what is sent; NULL: an execution */
	const struct cspark_sink *sink;
	/* under test */
	struct cspark_authority *authority;
	struct cspark_client *client;
	struct cspark_token_news news; /* the last */
	unsigned news_count;
	unsigned failures;
	unsigned held;
	unsigned wants; /* want_token up-calls */
	unsigned opened, closed; /* breaker up-calls */
};

#define SCRIPT(...) \
	(struct script){ .replies = (const struct reply[]){ __VA_ARGS__ }, \
		.count = sizeof((const struct reply[]){ __VA_ARGS__ }) / sizeof(struct reply) }

/* The client has no breaker: many of its tests do nothing but fail. */
void world_init(struct world *world, const struct cspark_retry_options *retry);
void world_init_breaker(struct world *world); /* the same with one */
/* With this kind of credential; world_init has chosen OAuth. */
void world_credentials(struct world *world, enum cspark_auth_kind kind);
void world_fini(struct world *world);
/* Runs what is due until nothing is, or until <until_ms>, to which time then jumps. */
void world_run(struct world *world, int64_t until_ms);

/* A call (world.request into world.sink) and its end. */
struct told {
	struct cspark_result result; /* its body is given */
	unsigned times;
	int64_t at_ms;
	struct world *world;
};
struct cspark_job *world_send(struct world *world, struct told *told, int64_t timeout_ms);
void told_fini(struct told *told);
void world_done(void *arg, struct cspark_result *result);
