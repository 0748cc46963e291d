#include "tests/flow/poll_host.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <time.h>

enum { FDS = 64 };

struct poll_host poll_host;

static struct pollfd fds[FDS];
static int64_t timer_ms;

static int64_t
now_ms(void *arg)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static void
watch(void *arg, int fd, int events)
{
	int i = 0;

	poll_host.changes++;
	while (i < poll_host.watched && fds[i].fd != fd)
		i++;
	if (events == 0) {
		if (i < poll_host.watched)
			fds[i] = fds[--poll_host.watched];
		return;
	}
	fds[i] = (struct pollfd){ .fd = fd, .events = (short)((events & CSPARK_READ ? POLLIN : 0)
		| (events & CSPARK_WRITE ? POLLOUT : 0)) };
	poll_host.watched += i == poll_host.watched;
	poll_host.last_fd = fd;
	cr_assert_lt(poll_host.watched, FDS);
}

static void
forget(void *arg, int fd)
{
	for (int i = 0; i < poll_host.watched; i++)
		cr_assert_neq(fds[i].fd, fd, "a descriptor is forgotten after its watch has ended");
	poll_host.forgotten = fd;
}

static void
timer(void *arg, int64_t at_ms)
{
	timer_ms = at_ms;
}

int64_t
poll_host_now_ms(void)
{
	return now_ms(NULL);
}

void
poll_host_turn(void)
{
	struct pollfd now[FDS];
	int count = poll_host.watched;
	int64_t left = timer_ms < 0 ? 1000 : timer_ms - now_ms(NULL);

	memcpy(now, fds, sizeof(now));
	poll(now, (nfds_t)count, left < 0 ? 0 : (int)left);
	for (int i = 0; i < count; i++) {
		if (now[i].revents)
			cspark_transport_ready(poll_host.transport, now[i].fd,
				CSPARK_READ | (now[i].revents & POLLOUT ? CSPARK_WRITE : 0));
	}
	if (timer_ms >= 0 && timer_ms <= now_ms(NULL)) {
		timer_ms = -1;
		cspark_transport_due(poll_host.transport);
	}
}

static void
on_done(void *arg, struct cspark_exchange *exchange)
{
	poll_host.done++;
}

void
poll_host_ask(struct cspark_exchange *exchange, const char *url, const char *method, const char *body,
	long timeout_ms)
{
	static const struct cspark_route ROUTE;

	*exchange = (struct cspark_exchange){ .route = &ROUTE,
		.method = method,
		.url = url,
		.body = body,
		.body_len = body ? strlen(body) : 0,
		.deadline_ms = now_ms(NULL) + timeout_ms,
		.max_answer = 64 << 20,
		.done = on_done };
	poll_host.done = 0;
}

void
poll_host_await(struct cspark_exchange *exchange)
{
	poll_host.done = 0;
	cspark_exchange_send(poll_host.transport, exchange);
	cr_assert_eq(poll_host.done, 0, "nothing happens inside send");
	POLL_HOST_TURN_UNTIL(poll_host.done > 0);
	cr_assert_eq(poll_host.done, 1);
}

void
poll_host_start(void)
{
	struct cspark_host host = { .watch = watch, .forget = forget, .timer = timer, .now_ms = now_ms };

	poll_host = (struct poll_host){ .forgotten = -1, .last_fd = -1 };
	timer_ms = -1;
	cr_assert(cspark_global_init());
	poll_host.transport = cspark_transport_new_curl(&host, NULL);
	cr_assert(poll_host.transport);
}

void
poll_host_stop(void)
{
	cspark_transport_free(poll_host.transport);
	cr_assert_eq(poll_host.watched, 0, "nothing is left watched");
}
