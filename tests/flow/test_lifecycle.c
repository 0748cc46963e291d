/*
 * The life of the process on a virtual clock: the real machine, desk, calls and pages; what a shard and main
 * would post to each other is done here at once. The service manager is a socket.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "tests/flow/operating.h"

#define ANSWER                                                                                            \
	"{\"status\":\"Success\",\"error\":null,\"response_data\":{\"outputs\":{\"volume\":1},"           \
	"\"warnings\":null,\"errors\":null,\"service_chain\":null},\"response_meta\":{\"call_id\":\"c\"}}"

static int manager;
static unsigned connections; /* that callers keep open without asking anything */

/* ---- in the place of shard and gateway ---- */

static void
tell_if_idle(void *arg)
{
	if (desk.life == LIFE_DRAINING ? desk.working == 0 : desk_is_idle(&desk) && connections == 0)
		lifecycle_tell(&life, LIFE_IDLE, "idle");
}

static void
on_state(void *arg, enum lifecycle_state state)
{
	if (state == LIFE_STOPPED)
		return;
	desk_enter(&desk, state);
	tell_if_idle(NULL);
}

static void
on_event(void *arg, enum lifecycle_event event)
{
	lifecycle_tell(&life, event, "operator");
}

static void
listen_to_news(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int len = snprintf(at.sun_path, sizeof at.sun_path, "@csparkd-life-%d", (int)getpid());

	setenv("NOTIFY_SOCKET", at.sun_path, 1);
	at.sun_path[0] = '\0';
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(manager, (struct sockaddr *)&at,
			     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len)),
		0);
}

static void
set_up(void)
{
	operating_set_up();
	listener.allow = MANAGER | CSPARK_GROUP_OPS;
	listener.takes_orders = true;
	desk.on_idle = tell_if_idle;
	admin.on_event = on_event;
	tokens[0] = (struct admin_tenant){ .state = CSPARK_TOKEN_VALID, .since_ms = 1, .expires_ms = -1 };
	listen_to_news();
	lifecycle_init(&life, desk.loop, on_state, NULL);
	lifecycle_allow(&life, 0, 60000);
}

static void
tear_down(void)
{
	close(manager);
	operating_tear_down();
}

TestSuite(lifecycle, .init = set_up, .fini = tear_down);

/* ---- words for the stories ---- */

static void
come_up(unsigned delay_ms, unsigned drain_ms)
{
	lifecycle_allow(&life, delay_ms, drain_ms);
	lifecycle_tell(&life, LIFE_UP, "test");
}

static void
expect_state(enum lifecycle_state state)
{
	cr_assert_str_eq(lifecycle_facts(lifecycle_state(&life))->name, lifecycle_facts(state)->name);
}

static struct front_request *
begin(unsigned slot, const char *method, const char *path)
{
	struct fake_request say = { .method = method, .path = path };

	fake_front_send(&requests[slot], &say, &desk);
	return &requests[slot];
}

static void
expect_probes(int ready, const char *word)
{
	char body[64];

	expect_answer(begin(3, "GET", "/healthz"), 200, "{\"status\":\"ok\"}\n");
	snprintf(body, sizeof body, "{\"status\":\"%s\"}\n", word);
	expect_answer(begin(3, "GET", "/readyz"), ready, body);
}

/* A caller that comes now is served, and told whether its connection stays. */
static void
expect_service(bool keeps)
{
	struct front_request *request = begin(2, "GET", "/execute/f/s");

	cr_assert_not(request->replied);
	fake_upstream_answer(fake_job_count - 1, ANSWER);
	cr_assert_eq(request->status, 200, "%s", request->body);
	cr_assert_eq(request->close, !keeps);
	fake_front_done(request, FRONT_OK);
}

static void
expect_refusal(void)
{
	struct front_request *request = begin(2, "GET", "/execute/f/s");

	cr_assert(request->close);
	cr_assert_not_null(fake_front_header(request, "Retry-After"));
	ASSERT_HAS(request->body, "\"outcome\":\"not_sent\"");
	expect_problem(request, 503, "draining", "drained");
}

static void
expect_news(const char *news)
{
	char heard[512] = "";

	cr_assert_geq(recv(manager, heard, sizeof heard - 1, 0), 0, "nothing instead of %s", news);
	cr_assert(strncmp(heard, news, strlen(news)) == 0, "%s instead of %s", heard, news);
}

static void
expect_no_news(void)
{
	char heard[512] = "";

	cr_assert_lt(recv(manager, heard, sizeof heard - 1, 0), 0, "%s", heard);
}

static void
signal_end(void)
{
	lifecycle_tell(&life, LIFE_SIGNAL, "SIGTERM");
}

/* ---- starting -------------------------------------------------------------------------------- */

Test(lifecycle, is_not_ready_before_it_is_up)
{
	expect_probes(503, "starting");
	expect_no_news();
	come_up(0, 60000);
	expect_probes(200, "ready");
	expect_service(true);
	expect_news("READY=1");
	expect_news("STATUS=serving");
}

Test(lifecycle, may_end_before_it_is_up)
{
	signal_end();
	expect_state(LIFE_STOPPED);
	lifecycle_tell(&life, LIFE_UP, "late");
	expect_state(LIFE_STOPPED);
	expect_news("STOPPING=1");
	cr_assert_eq(lifecycle_end(&life), EX_OK);
}

/* ---- Spark ----------------------------------------------------------------------------------- */

Test(lifecycle, is_ready_for_good_when_spark_goes_away)
{
	come_up(0, 60000);
	tokens[0].expires_ms = loop_now_ms(desk.loop) + 1000;
	fake_loop_advance(3600000); /* the token has expired long ago */
	expect_probes(200, "ready");
	tokens[0].state = CSPARK_TOKEN_NONE; /* and the last fetch has failed */
	expect_probes(200, "ready");
	begin(0, "GET", "/execute/f/s");
	fake_upstream_fail(0, CSPARK_E_UPSTREAM_UNREACHABLE, CSPARK_NOT_SENT, 0, NULL);
	expect_problem(&requests[0], 502, "upstream_unreachable", "");
	expect_probes(200, "ready");
}

Test(lifecycle, is_not_ready_without_a_credential_of_use)
{
	come_up(0, 60000);
	tokens[0].since_ms = 0;
	tokens[0].state = CSPARK_TOKEN_NONE;
	expect_probes(503, "no_credential");
	tokens[0].since_ms = 1;
	tokens[0].state = CSPARK_TOKEN_LATCHED;
	expect_probes(503, "no_credential");
	tokens[1] = (struct admin_tenant){ .state = CSPARK_TOKEN_VALID, .since_ms = 1, .expires_ms = -1 };
	expect_probes(200, "ready");
	tokens[1] = (struct admin_tenant){ 0 };
}

/* ---- a signal -------------------------------------------------------------------------------- */

Test(lifecycle, serves_everybody_for_the_delay)
{
	come_up(5000, 60000);
	begin(0, "GET", "/execute/f/s");
	signal_end();
	expect_state(LIFE_LEAVING);
	for (unsigned i = 0; i < 4; i++) {
		expect_probes(503, "draining");
		expect_service(false);
		fake_loop_advance(1249);
	}
	expect_state(LIFE_LEAVING);
	fake_loop_advance(4);
	expect_state(LIFE_STOPPING);
	fake_upstream_answer(0, ANSWER);
	cr_assert(requests[0].close && requests[0].status == 200);
	expect_state(LIFE_STOPPING);
	fake_front_done(&requests[0], FRONT_OK);
	expect_state(LIFE_STOPPED);
	cr_assert_eq(lifecycle_end(&life), EX_OK);
}

Test(lifecycle, lasts_the_delay_even_with_nothing_to_do)
{
	come_up(5000, 60000);
	signal_end();
	fake_loop_advance(4999);
	expect_state(LIFE_LEAVING);
	fake_loop_advance(1);
	expect_state(LIFE_STOPPED);
}

Test(lifecycle, tells_the_service_manager_how_long_it_takes)
{
	come_up(5000, 60000);
	expect_news("READY=1");
	expect_news("STATUS=serving");
	begin(0, "GET", "/execute/f/s");
	signal_end();
	expect_news("STOPPING=1\nEXTEND_TIMEOUT_USEC=70000000");
	expect_news("STATUS=not ready any more");
	fake_loop_advance(5000);
	expect_news("STOPPING=1\nEXTEND_TIMEOUT_USEC=65000000");
	expect_news("STATUS=no new connections");
	fake_loop_advance(60000);
	expect_news("STOPPING=1\nEXTEND_TIMEOUT_USEC=5000000");
	fake_front_done(&requests[0], FRONT_OK);
}

Test(lifecycle, waits_for_connections_too)
{
	come_up(0, 60000);
	connections = 1;
	signal_end();
	expect_state(LIFE_STOPPING);
	expect_service(false); /* it was on its way */
	connections = 0;
	tell_if_idle(NULL);
	expect_state(LIFE_STOPPED);
}

Test(lifecycle, has_a_deadline_and_counts_what_it_cuts)
{
	come_up(0, 60000);
	begin(0, "GET", "/execute/f/s");
	begin(1, "GET", "/execute/f/s");
	signal_end();
	fake_upstream_answer(1, ANSWER);
	fake_front_done(&requests[1], FRONT_OK);
	fake_loop_advance(59999);
	expect_state(LIFE_STOPPING);
	cr_assert_not(requests[0].replied);
	fake_loop_advance(1);
	expect_state(LIFE_CLOSING);
	cr_assert(requests[0].close);
	expect_problem(&requests[0], 503, "draining", "shutting down");
	expect_state(LIFE_STOPPED);
	cr_assert_eq(life.cut, 1);
	cr_assert_eq(lifecycle_end(&life), EX_TEMPFAIL);
}

Test(lifecycle, does_not_wait_for_callers_that_take_no_answer)
{
	come_up(0, 1000);
	begin(0, "GET", "/execute/f/s");
	signal_end();
	fake_loop_advance(1000 + 4999);
	expect_state(LIFE_CLOSING);
	fake_loop_advance(1);
	expect_state(LIFE_STOPPED);
	fake_front_done(&requests[0], FRONT_STOPPED);
	cr_assert_eq(lifecycle_end(&life), EX_TEMPFAIL);
}

Test(lifecycle, ends_its_patience_at_the_second_signal)
{
	come_up(5000, 60000);
	begin(0, "GET", "/execute/f/s");
	signal_end();
	signal_end();
	expect_state(LIFE_CLOSING);
	cr_assert(requests[0].replied);
	signal_end();
	expect_state(LIFE_STOPPED);
	expect_problem(&requests[0], 503, "draining", "shutting down");
	cr_assert_eq(lifecycle_end(&life), EX_TEMPFAIL);
}

Test(lifecycle, has_cut_nothing_if_nothing_was_open)
{
	come_up(0, 1000);
	connections = 1;
	signal_end();
	fake_loop_advance(6000);
	expect_state(LIFE_STOPPED);
	cr_assert_eq(lifecycle_end(&life), EX_OK);
}

/* ---- an operator ----------------------------------------------------------------------------- */

Test(lifecycle, is_drained_by_an_operator_and_stays)
{
	come_up(5000, 60000);
	begin(0, "GET", "/execute/f/s");
	expect_answer(begin(1, "POST", "/-/drain"), 202, "{\"status\":\"draining\"}\n");
	expect_state(LIFE_DRAINING);
	expect_probes(503, "draining");
	expect_refusal();
	fake_upstream_answer(0, ANSWER);
	cr_assert_eq(requests[0].status, 200);
	expect_state(LIFE_DRAINING);
	fake_front_done(&requests[0], FRONT_OK);
	expect_state(LIFE_DRAINED);
	fake_loop_advance(86400000);
	expect_state(LIFE_DRAINED);
	expect_probes(503, "draining");
	expect_refusal();
	expect_answer(begin(1, "POST", "/-/drain"), 202, "{\"status\":\"draining\"}\n");
	expect_state(LIFE_DRAINED);
}

Test(lifecycle, is_shut_down_by_an_operator)
{
	come_up(5000, 60000);
	begin(0, "GET", "/execute/f/s");
	expect_answer(begin(1, "POST", "/-/shutdown"), 202, "{\"status\":\"stopping\"}\n");
	expect_state(LIFE_LEAVING);
	expect_answer(begin(1, "POST", "/-/shutdown"), 202, "{\"status\":\"stopping\"}\n");
	expect_state(LIFE_LEAVING); /* once more is the same: who asks may repeat what got no answer */
	fake_loop_advance(5000);
	expect_state(LIFE_STOPPING);
	fake_upstream_answer(0, ANSWER);
	fake_front_done(&requests[0], FRONT_OK);
	expect_state(LIFE_STOPPED);
}

Test(lifecycle, stops_without_delay_once_it_is_drained)
{
	come_up(5000, 60000);
	lifecycle_tell(&life, LIFE_DRAIN, "operator");
	expect_state(LIFE_DRAINED);
	signal_end();
	expect_state(LIFE_STOPPED);
	cr_assert_eq(lifecycle_end(&life), EX_OK);
}

Test(lifecycle, wants_the_group_ops)
{
	listener.allow = MANAGER;
	come_up(0, 60000);
	expect_problem(begin(1, "POST", "/-/drain"), 403, "operation_disabled", "ops");
	expect_problem(begin(1, "POST", "/-/shutdown"), 403, "operation_disabled", "ops");
	expect_problem(begin(1, "GET", "/-/drain"), 405, "method_not_allowed", "POST");
	expect_state(LIFE_READY);
}

/* ---- reloads --------------------------------------------------------------------------------- */

Test(lifecycle, reloads_until_the_end_begins)
{
	come_up(5000, 60000);
	expect_news("READY=1");
	expect_news("STATUS=serving");
	cr_assert(lifecycle_reload(&life));
	expect_news("RELOADING=1\nMONOTONIC_USEC=");
	lifecycle_reloaded(&life);
	expect_news("READY=1");
	cr_assert(lifecycle_reload(&life));
	expect_news("RELOADING=1");
	signal_end();
	expect_news("STOPPING=1");
	expect_news("STATUS=");
	lifecycle_reloaded(&life);
	cr_assert_not(lifecycle_reload(&life));
	expect_no_news();
}
