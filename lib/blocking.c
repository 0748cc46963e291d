/* A host for programs without a loop: poll() in the caller's thread, one call at a time. */
#include "lib/cspark.h"
#include "lib/error.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { FDS_MAX = 64 };

struct cspark_blocking {
	struct cspark_transport *transport;
	struct cspark_authority *authority;
	struct cspark_client *client;
	char *origin;
	char *tenant;
	struct pollfd fds[FDS_MAX];
	size_t fd_count;
	int64_t timer_ms;
	struct cspark_result *result; /* of the call under way; NULL once it is over */
	bool is_told; /* what came of the first attempt to get a token: */
	bool has_token;
	int64_t expires_ms;
	struct cspark_token_report report;
};

/* ---- the host ---- */

static struct pollfd *
find_fd(struct cspark_blocking *blocking, int fd)
{
	for (size_t i = 0; i < blocking->fd_count; i++) {
		if (blocking->fds[i].fd == fd)
			return &blocking->fds[i];
	}
	return NULL;
}

static void
host_forget(void *arg, int fd)
{
	struct cspark_blocking *blocking = arg;
	struct pollfd *found = find_fd(blocking, fd);

	if (found)
		*found = blocking->fds[--blocking->fd_count];
}

static void
host_watch(void *arg, int fd, int events)
{
	struct cspark_blocking *blocking = arg;
	struct pollfd *found = find_fd(blocking, fd);

	if (events == 0) {
		host_forget(arg, fd);
		return;
	}
	if (found == NULL) {
		assert(blocking->fd_count < FDS_MAX);
		found = &blocking->fds[blocking->fd_count++];
	}
	*found = (struct pollfd){ .fd = fd, .events = (short)((events & CSPARK_READ ? POLLIN : 0)
		| (events & CSPARK_WRITE ? POLLOUT : 0)) };
}

static void
host_timer(void *arg, int64_t at_ms)
{
	((struct cspark_blocking *)arg)->timer_ms = at_ms;
}

static int64_t
host_now(void *arg)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static int64_t
host_wall(void *arg)
{
	return time(NULL);
}

static uint32_t
host_random(void *arg)
{
	uint32_t value = 0;

	if (getrandom(&value, sizeof(value), 0) != sizeof(value))
		value = (uint32_t)host_now(arg);
	return value;
}

/* ---- the loop ---- */

static int64_t
sooner(int64_t a, int64_t b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

static int
sleep_ms(const struct cspark_blocking *blocking)
{
	int64_t at = sooner(blocking->timer_ms, cspark_client_next_ms(blocking->client));
	int64_t left;

	at = sooner(at, cspark_authority_next_ms(blocking->authority));
	if (at < 0)
		return -1;
	left = at - host_now(NULL);
	return left <= 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

static void
run_timers(struct cspark_blocking *blocking)
{
	int64_t now = host_now(NULL);
	int64_t at = cspark_authority_next_ms(blocking->authority);

	if (at >= 0 && at <= now)
		cspark_authority_due(blocking->authority);
	at = cspark_client_next_ms(blocking->client);
	if (at >= 0 && at <= now)
		cspark_client_due(blocking->client);
	if (blocking->timer_ms >= 0 && blocking->timer_ms <= now) {
		blocking->timer_ms = -1;
		cspark_transport_due(blocking->transport);
	}
}

static void
iterate(struct cspark_blocking *blocking)
{
	struct pollfd fds[FDS_MAX];
	nfds_t count = blocking->fd_count;

	memcpy(fds, blocking->fds, count * sizeof(fds[0]));
	if (poll(fds, count, sleep_ms(blocking)) < 0)
		return;
	for (nfds_t i = 0; i < count; i++) {
		short got = fds[i].revents;
		int events = (got & POLLIN ? CSPARK_READ : 0) | (got & POLLOUT ? CSPARK_WRITE : 0);

		if (got & (POLLERR | POLLHUP | POLLNVAL))
			events = CSPARK_READ | CSPARK_WRITE;
		if (events && find_fd(blocking, fds[i].fd))
			cspark_transport_ready(blocking->transport, fds[i].fd, events);
	}
	run_timers(blocking);
}

/* ---- the up-calls ---- */

static void
note_news(struct cspark_blocking *blocking, const struct cspark_token_news *news)
{
	blocking->is_told = true;
	blocking->has_token = news->token != NULL;
	blocking->expires_ms = news->token ? cspark_token_expires_ms(news->token) : -1;
	blocking->report = (struct cspark_token_report){
		.fetch_ms = news->fetched ? news->fetch_ms : 0, .reason = news->reason, .error = news->error
	};
}

static void
on_news(void *arg, const struct cspark_token_news *news)
{
	struct cspark_blocking *blocking = arg;

	if (!blocking->is_told)
		note_news(blocking, news);
	cspark_client_token(blocking->client, news);
}

static void
on_want_token(void *arg, uint64_t generation)
{
	cspark_authority_refused(((struct cspark_blocking *)arg)->authority, generation);
}

static void
on_done(void *arg, struct cspark_result *result)
{
	struct cspark_blocking *blocking = arg;

	*blocking->result = *result;
	result->body = NULL;
	blocking->result = NULL;
}

/* ---- the public part ---- */

static bool
assemble(struct cspark_blocking *blocking, const struct cspark_blocking_options *options)
{
	struct cspark_host host = { blocking, host_watch, host_forget, host_timer, host_now, host_wall,
		host_random };
	struct cspark_client_options client = { .base_url = blocking->origin,
		.tenant = blocking->tenant,
		.route = options->route,
		.retry = options->retry,
		.breaker_off = true, /* one caller with one call at a time sees for itself */
		.arg = blocking,
		.want_token = on_want_token };
	char *derived = options->token_url ? NULL : cspark_token_url(options->base_url);
	struct cspark_authority_options authority = { .credentials = options->credentials,
		.token_url = options->token_url ? options->token_url : derived, .route = options->route };

	blocking->transport = cspark_transport_new_curl(&host, NULL);
	if (blocking->transport)
		blocking->client = cspark_client_new(blocking->transport, &host, &client);
	if (blocking->client)
		blocking->authority = cspark_authority_new(
			blocking->transport, &host, &authority, on_news, blocking);
	free(derived);
	return blocking->authority != NULL;
}

struct cspark_blocking *
cspark_blocking_new(const struct cspark_blocking_options *options, struct cspark_error *ret_error)
{
	struct cspark_blocking *blocking = calloc(1, sizeof(*blocking));

	if (blocking == NULL) {
		cspark_refuse(ret_error, CSPARK_E_INTERNAL, "There is no memory left.");
		return NULL;
	}
	blocking->timer_ms = -1;
	if (!cspark_base_url_parse(options->base_url, NULL, NULL, options->plaintext, &blocking->origin,
		    &blocking->tenant, ret_error)) {
		cspark_blocking_free(blocking);
		return NULL;
	}
	if (assemble(blocking, options))
		return blocking;
	cspark_refuse(ret_error, CSPARK_E_CREDENTIALS_REFUSED,
		"The credentials cannot be used: a key or token must be visible ASCII without blanks, and "
		"OAuth "
		"needs client_id and client_secret.");
	cspark_blocking_free(blocking);
	return NULL;
}

void
cspark_blocking_free(struct cspark_blocking *blocking)
{
	if (blocking == NULL)
		return;
	cspark_authority_free(blocking->authority);
	cspark_client_free(blocking->client);
	cspark_transport_free(blocking->transport);
	free(blocking->origin);
	free(blocking->tenant);
	free(blocking);
}

const char *
cspark_blocking_tenant(const struct cspark_blocking *blocking)
{
	return blocking->tenant;
}

static void
make_id(char id[37])
{
	uint32_t part[4];

	for (int i = 0; i < 4; i++)
		part[i] = host_random(NULL);
	snprintf(id, 37, "%08x-%04x-4%03x-%04x-%04x%08x", part[0], part[1] >> 16, part[1] & 0xfff,
		0x8000 | (part[2] >> 16 & 0x3fff), part[2] & 0xffff, part[3]);
}

bool
cspark_blocking_fetch(struct cspark_blocking *blocking, const struct cspark_request *request, long timeout_ms,
	const struct cspark_sink *sink, struct cspark_result *ret)
{
	char id[37];
	struct cspark_call call = {
		.deadline_ms = host_now(NULL) + timeout_ms, .request_id = id, .sink = sink
	};

	make_id(id);
	memset(ret, 0, sizeof(*ret));
	blocking->result = ret;
	if (cspark_client_send(blocking->client, request, &call, on_done, blocking) == NULL) {
		ret->code = CSPARK_E_INTERNAL;
		snprintf(ret->detail, sizeof(ret->detail), "There is no memory left.");
		return false;
	}
	while (blocking->result)
		iterate(blocking);
	return ret->code == CSPARK_OK;
}

bool
cspark_blocking_run(struct cspark_blocking *blocking, const struct cspark_request *request, long timeout_ms,
	struct cspark_result *ret)
{
	return cspark_blocking_fetch(blocking, request, timeout_ms, NULL, ret);
}

bool
cspark_blocking_token(struct cspark_blocking *blocking, struct cspark_token_report *ret)
{
	while (!blocking->is_told)
		iterate(blocking);
	*ret = blocking->report;
	ret->left_ms = blocking->expires_ms < 0 ? -1 : blocking->expires_ms - host_now(NULL);
	return blocking->has_token;
}

void
cspark_result_fini(struct cspark_result *result)
{
	free(result->body);
	result->body = NULL;
	result->body_len = 0;
}
