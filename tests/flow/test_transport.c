/* The real transport against real sockets: what libcurl does by itself, and what it is kept from doing. */
#include "lib/judge.h"
#include "lib/transport_curl.h"
#include "tests/flow/poll_host.h"
#include "tests/flow/script_server.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#define OK "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

static struct script_server *server;
static char *served; /* bytes of an act that were made for it */

static const char *
url(void)
{
	static char text[64];

	snprintf(text, sizeof(text), "http://127.0.0.1:%d/t/x", script_server_port(server));
	return text;
}

/* One POST to the server; its answer, if any, is the caller's to free. */
static struct cspark_exchange
post(long timeout_ms)
{
	struct cspark_exchange exchange;

	poll_host_ask(&exchange, url(), "POST", "{\"a\":1}", timeout_ms);
	poll_host_await(&exchange);
	return exchange;
}

#define SERVE(...) \
	do { \
		static const struct act ACTS[] = { __VA_ARGS__ }; \
		server = script_server_new(ACTS, sizeof(ACTS) / sizeof(ACTS[0])); \
	} while (0)

static void
set_up(void)
{
	poll_host_start();
}

static void
tear_down(void)
{
	poll_host_stop();
	if (server)
		script_server_free(server);
	free(served);
}

TestSuite(transport, .init = set_up, .fini = tear_down);

/* What the client would make of an exchange. */
static enum cspark_event
event_of(const struct cspark_exchange *exchange)
{
	struct cspark_judge_facts facts = {
		.exchange = exchange, .expects_json = true, .retry_after_ms = -1
	};

	return cspark_judge(&facts).event;
}

Test(transport, reuses_connections_and_keeps_them_watched)
{
	struct cspark_transport_stats stats;
	int before = 0;

	SERVE({ .bytes = OK });
	for (int i = 0; i < 20; i++) {
		struct cspark_exchange exchange = post(5000);

		cr_assert_eq(exchange.end, CSPARK_END_ANSWERED, "%s", exchange.reason);
		cr_assert_str_eq(exchange.answer, "{}");
		cr_assert_eq(exchange.head.status, 200);
		free(exchange.answer);
		if (i == 0)
			before = poll_host.changes;
	}
	cr_assert_eq(poll_host.changes, before, "the host is told nothing while a connection is reused");
	cspark_transport_stats(poll_host.transport, &stats);
	cr_assert_eq(stats.connects, 1);
	cr_assert_eq(stats.reuses, 19);
	cr_assert_eq(stats.open, 0);
}

/* ---- what libcurl would repeat ---- */

static struct cspark_exchange
post_on_a_dying_connection(void)
{
	struct cspark_exchange exchange;

	SERVE({ .bytes = OK }, { .after = AFTER_CLOSE }, { .bytes = OK });
	exchange = post(5000);
	cr_assert_eq(exchange.end, CSPARK_END_ANSWERED);
	free(exchange.answer);
	return post(5000);
}

Test(transport, does_not_repeat_a_request_when_a_kept_connection_dies)
{
	struct cspark_exchange exchange = post_on_a_dying_connection();

	cr_assert_eq(exchange.end, CSPARK_END_RESET);
	cr_assert(exchange.sent);
	cr_assert_eq(script_server_seen(server), 2);
}

Test(transport, would_repeat_it_without_the_guard)
{
	struct cspark_exchange exchange;

	cspark_transport_curl_guard(poll_host.transport, false);
	exchange = post_on_a_dying_connection();
	cr_assert_eq(exchange.end, CSPARK_END_ANSWERED, "libcurl reports success");
	cr_assert_eq(script_server_seen(server), 3, "though the server has seen the request twice");
	free(exchange.answer);
}

Test(transport, opens_a_new_connection_when_a_kept_one_was_closed_while_idle)
{
	struct cspark_exchange exchange;

	SERVE({ .bytes = OK, .after = AFTER_CLOSE });
	exchange = post(5000);
	free(exchange.answer);
	POLL_HOST_TURN_UNTIL(poll_host.watched == 0);
	cr_assert_eq(poll_host.watched, 0, "its end was noticed");
	exchange = post(5000);
	cr_assert_eq(exchange.end, CSPARK_END_ANSWERED, "%s", exchange.reason);
	cr_assert_eq(script_server_seen(server), 2);
	free(exchange.answer);
}

/* ---- broken connections ---- */

Test(transport, tells_a_reset_from_a_torn_answer)
{
	static const struct {
		struct act act;
		enum cspark_exchange_end end;
	} ROWS[] = {
		{ { .after = AFTER_CLOSE }, CSPARK_END_RESET },
		{ { .after = AFTER_RESET }, CSPARK_END_RESET },
		{ { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", .after = AFTER_CLOSE },
			CSPARK_END_TRUNCATED },
		{ { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", .after = AFTER_RESET },
			CSPARK_END_TRUNCATED },
		{ { .bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
			  .after = AFTER_CLOSE },
			CSPARK_END_TRUNCATED },
		{ { .bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",
			  .after = AFTER_CLOSE },
			CSPARK_END_TRUNCATED },
		{ { .bytes = "SSH-2.0-OpenSSH\r\n", .after = AFTER_CLOSE }, CSPARK_END_PROTOCOL },
		{ { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x" },
			CSPARK_END_PROTOCOL },
		{ { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2abc\r\n\r\n{}" }, CSPARK_END_PROTOCOL },
		{ { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}" }, CSPARK_END_PROTOCOL },
		{ { .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: "
			     "chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n" },
			CSPARK_END_PROTOCOL },
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		struct cspark_exchange exchange;

		server = script_server_new(&ROWS[i].act, 1);
		exchange = post(5000);
		cr_assert_eq(exchange.end, ROWS[i].end, "row %zu: %d %s", i, exchange.end, exchange.reason);
		cr_assert(exchange.sent);
		cr_assert_null(exchange.answer);
		cr_assert_eq(script_server_seen(server), 1, "row %zu", i);
		script_server_free(server);
		server = NULL;
	}
}

Test(transport, stops_after_a_hundred_interim_answers)
{
	static char bytes[25 * 2000 + 1];
	static struct act act = { .bytes = bytes };
	struct cspark_exchange exchange;

	for (int i = 0; i < 2000; i++)
		memcpy(bytes + i * 25, "HTTP/1.1 100 Continue\r\n\r\n", 25);
	server = script_server_new(&act, 1);
	exchange = post(5000);
	cr_assert_eq(exchange.end, CSPARK_END_PROTOCOL);
}

Test(transport, leaves_a_body_cut_at_a_close_to_the_scanner)
{
	struct cspark_exchange exchange;

	SERVE({ .bytes = "HTTP/1.1 200 OK\r\n\r\n{\"outputs\":{\"a\"", .after = AFTER_CLOSE });
	exchange = post(5000);
	cr_assert_eq(exchange.end, CSPARK_END_ANSWERED, "libcurl takes it for a success");
	cr_assert_eq(event_of(&exchange), CSPARK_EVENT_GARBLED, "the client does not");
	free(exchange.answer);
}

/* ---- compression ---- */

/* A response with <len> bytes of JSON string, compressed, of which <cut> bytes are missing. */
static struct act
compressed(size_t len, size_t cut, bool says_length)
{
	char *plain = malloc(len), *out = malloc(len / 500 + 4096);
	z_stream z = {
		.next_in = (Bytef *)plain, .avail_in = (uInt)len, .avail_out = (uInt)(len / 500 + 2048)
	};
	char head[160];
	int head_len;
	size_t body_len;

	memset(plain, '0', len);
	plain[0] = plain[len - 1] = '"';
	cr_assert_eq(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_out = (Bytef *)out + 1024;
	cr_assert_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	body_len = z.total_out - cut;
	deflateEnd(&z);
	free(plain);
	head_len = snprintf(head, sizeof(head),
		"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n%s: %zu\r\n\r\n",
		says_length ? "Content-Length" : "X-Length", body_len);
	memcpy(out + 1024 - head_len, head, (size_t)head_len);
	memmove(out, out + 1024 - head_len, (size_t)head_len + body_len);
	return (struct act){ .bytes = out, .len = (size_t)head_len + body_len, .after = AFTER_CLOSE };
}

static struct cspark_exchange
post_for(const struct act *act, size_t max_answer)
{
	struct cspark_exchange exchange;

	server = script_server_new(act, 1);
	poll_host_ask(&exchange, url(), "POST", "{}", 20000);
	exchange.max_answer = max_answer;
	poll_host_await(&exchange);
	served = (char *)act->bytes; /* the server may still be sending */
	return exchange;
}

Test(transport, decodes_gzip)
{
	struct act act = compressed(100000, 0, true);
	struct cspark_exchange exchange = post_for(&act, 1 << 20);

	cr_assert_eq(exchange.end, CSPARK_END_ANSWERED);
	cr_assert_eq(exchange.answer_len, 100000);
	cr_assert_eq(event_of(&exchange), CSPARK_EVENT_FINAL);
	free(exchange.answer);
}

Test(transport, does_not_take_truncated_gzip_for_a_success)
{
	struct act act = compressed(100000, 20, true);
	struct cspark_exchange exchange = post_for(&act, 1 << 20);

	cr_assert_eq(event_of(&exchange), CSPARK_EVENT_GARBLED);
	free(exchange.answer);
}

Test(transport, stops_a_bomb_by_its_size)
{
	struct act act = compressed(50 << 20, 0, false);
	struct cspark_exchange exchange = post_for(&act, 1 << 20);

	cr_assert_eq(exchange.end, CSPARK_END_TOO_LARGE);
	cr_assert_null(exchange.answer);
}

Test(transport, stops_a_bomb_by_its_ratio)
{
	struct act act = compressed(50 << 20, 0, true);
	struct cspark_exchange exchange = post_for(&act, 64 << 20);

	cr_assert_eq(exchange.end, CSPARK_END_TOO_LARGE);
}

Test(transport, stops_an_answer_that_is_too_large)
{
	struct cspark_exchange exchange;

	SERVE({ .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9000000000\r\n\r\n\"", .after = AFTER_DRIP });
	exchange = post(20000);
	cr_assert_eq(exchange.end, CSPARK_END_TOO_LARGE, "at the first byte, not at the last");
}

/* ---- time ---- */

Test(transport, keeps_the_deadline_whatever_the_server_does)
{
	static const struct act ACTS[] = {
		{ .mute = true },
		{ .bytes = "HTTP/1.1 200 OK\r\nX-", .after = AFTER_DRIP },
		{ .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", .after = AFTER_DRIP },
	};

	for (size_t i = 0; i < 3; i++) {
		int64_t begun = poll_host_now_ms();
		struct cspark_exchange exchange;

		server = script_server_new(&ACTS[i], 1);
		exchange = post(150);
		cr_assert_eq(exchange.end, CSPARK_END_TIMEOUT, "%zu: %s", i, exchange.reason);
		cr_assert(exchange.sent);
		cr_assert_geq(poll_host_now_ms() - begun, 140);
		cr_assert_lt(poll_host_now_ms() - begun, 5000);
		script_server_free(server);
		server = NULL;
	}
}

Test(transport, sends_nothing_after_the_deadline)
{
	struct cspark_exchange exchange;

	SERVE({ .bytes = OK });
	exchange = post(-1);
	cr_assert_eq(exchange.end, CSPARK_END_TIMEOUT);
	cr_assert_not(exchange.sent);
	cr_assert_eq(script_server_seen(server), 0);
}

Test(transport, says_that_nothing_was_sent)
{
	struct cspark_exchange exchange;

	SERVE({ .bytes = OK });
	poll_host_ask(&exchange, "http://127.0.0.1:1/", "POST", "{}", 5000);
	poll_host_await(&exchange);
	cr_assert_eq(exchange.end, CSPARK_END_CONNECT);
	cr_assert_not(exchange.sent);
	cr_assert(exchange.reason[0]);
	poll_host_ask(&exchange,
		"http://a-label-of-more-than-sixty-three-letters-which-no-resolver-ever-looks-up.invalid/",
		"POST", "{}", 15000);
	poll_host_await(&exchange);
	cr_assert_eq(exchange.end, CSPARK_END_DNS, "%d %s", exchange.end, exchange.reason);
	cr_assert_not(exchange.sent);
	poll_host_ask(&exchange, "file:///etc/hostname", "GET", NULL, 5000);
	poll_host_await(&exchange);
	cr_assert_eq(exchange.end, CSPARK_END_FAULT, "%d %s", exchange.end, exchange.reason);
}

Test(transport, takes_plain_text_on_a_tls_port_for_a_failed_handshake)
{
	struct cspark_exchange exchange;
	char text[64];

	SERVE({ .bytes = OK, .after = AFTER_CLOSE });
	snprintf(text, sizeof(text), "https://127.0.0.1:%d/", script_server_port(server));
	poll_host_ask(&exchange, text, "POST", "{}", 300);
	poll_host_await(&exchange);
	cr_assert_not(exchange.sent);
	cr_assert_neq(exchange.end, CSPARK_END_ANSWERED);
}

/* ---- requests ---- */

static void
expect_request(const char *method, const char *body, const char *begins, const char *holds, const char *lacks)
{
	struct cspark_exchange exchange;
	char last[8192];

	poll_host_ask(&exchange, url(), method, body, 5000);
	cspark_exchange_line(&exchange, "content-type: application/json");
	cspark_exchange_line(&exchange, NULL);
	cspark_exchange_line(&exchange, "");
	cspark_exchange_line(&exchange, "x-request-id: 7");
	poll_host_await(&exchange);
	cr_assert_eq(exchange.end, CSPARK_END_ANSWERED, "%s: %s", method, exchange.reason);
	free(exchange.answer);
	script_server_last(server, last, sizeof(last));
	cr_assert_eq(strncmp(last, begins, strlen(begins)), 0, "%s", last);
	cr_assert(strstr(last, holds), "%s", last);
	cr_assert_null(strcasestr(last, lacks), "%s", last);
	cr_assert(strstr(last, "x-request-id: 7\r\n"), "%s", last);
	cr_assert(strstr(last, "User-Agent: libcspark/"), "%s", last);
}

Test(transport, sends_every_method_on_the_same_handle)
{
	char *big = malloc(2 << 20);

	memset(big, ' ', 2 << 20);
	big[(2 << 20) - 1] = '\0';
	SERVE({ .bytes = OK });
	expect_request("POST", "{\"a\":1}", "POST /t/x HTTP/1.1\r\n", "\r\n\r\n{\"a\":1}", "expect");
	expect_request("GET", NULL, "GET /t/x HTTP/1.1\r\n", "\r\n\r\n", "content-length");
	expect_request("POST", NULL, "POST /t/x HTTP/1.1\r\n", "Content-Length: 0\r\n", "expect");
	expect_request("PUT", "x", "PUT /t/x HTTP/1.1\r\n", "\r\n\r\nx", "POST");
	expect_request("DELETE", NULL, "DELETE /t/x HTTP/1.1\r\n", "\r\n\r\n", "content-length");
	expect_request("DELETE", "y", "DELETE /t/x HTTP/1.1\r\n", "\r\n\r\ny", "POST");
	expect_request("DELETE", NULL, "DELETE /t/x HTTP/1.1\r\n", "\r\n\r\n", "content-length");
	expect_request("POST", big, "POST /t/x HTTP/1.1\r\n", "Content-Length: 2097151\r\n", "expect");
	expect_request("GET", NULL, "GET /t/x HTTP/1.1\r\n", "\r\n\r\n", "content-length");
	free(big);
}

/* What the URL says after its origin, and the target that arrives. */
static void
expect_target(const char *path, const char *target)
{
	struct cspark_exchange exchange;
	char address[256], origin[64], wanted[256], last[4096];

	snprintf(origin, sizeof(origin), "%s", url());
	*strchr(strstr(origin, "://") + 3, '/') = '\0';
	snprintf(address, sizeof(address), "%s%s", origin, path);
	snprintf(wanted, sizeof(wanted), "POST %s HTTP/1.1\r\n", target);
	poll_host_ask(&exchange, address, "POST", "{}", 5000);
	poll_host_await(&exchange);
	cr_assert_eq(exchange.end, CSPARK_END_ANSWERED, "%s: %s", path, exchange.reason);
	free(exchange.answer);
	script_server_last(server, last, sizeof(last));
	cr_assert_eq(strncmp(last, wanted, strlen(wanted)), 0, "%s", last);
}

Test(transport, sends_every_target_on_the_same_handle)
{
	struct cspark_exchange exchange;

	SERVE({ .bytes = OK });
	expect_target("/t/a%20b", "/t/a%20b");
	expect_target("/t/c?d=e", "/t/c?d=e");
	expect_target("/t/../d", "/d");
	expect_target("/e#f", "/e");
	expect_target("/\xc3\xa4", "/%c3%a4");
	expect_target("?q", "/?q");
	expect_target("", "/");
	expect_target("/t/a%20b", "/t/a%20b");
	poll_host_ask(&exchange, "ftp://127.0.0.1/x", "POST", "{}", 5000);
	poll_host_await(&exchange);
	cr_assert_eq(exchange.end, CSPARK_END_FAULT);
	poll_host_ask(&exchange, "http://127.0.0.1/x y\r\nz: 1", "POST", "{}", 5000);
	poll_host_await(&exchange);
	cr_assert_eq(exchange.end, CSPARK_END_FAULT, "no line of its own for a path");
	expect_target("/t/g", "/t/g");
}

Test(transport, follows_no_redirect)
{
	struct cspark_exchange exchange;

	SERVE({ .bytes = "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n" });
	exchange = post(5000);
	cr_assert_eq(exchange.head.status, 302);
	cr_assert_eq(script_server_seen(server), 1);
	free(exchange.answer);
}

Test(transport, hands_on_what_the_head_says)
{
	struct cspark_exchange exchange;

	SERVE({ .bytes = "HTTP/1.1 429 Slow\r\nRetry-After: Sun, 06 Nov 1994 08:50:37 GMT\r\nx-retry-after: "
			 "-4\r\n"
			 "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n" },
		{ .bytes = "HTTP/1.1 429 Slow\r\nRetry-After: Sun, 06 Nov 1994 08:48:37 GMT\r\n"
			   "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n" });
	exchange = post(5000);
	cr_assert_eq(cspark_head_retry_after_ms(&exchange.head, 0), 60000);
	free(exchange.answer);
	exchange = post(5000);
	cr_assert_eq(cspark_head_retry_after_ms(&exchange.head, 0), -1, "not minus sixty seconds");
	free(exchange.answer);
}

Test(transport, lets_no_request_in_clear_wait_for_the_answer_to_another)
{
	struct cspark_exchange first, second;

	SERVE({ .mute = true });
	poll_host_ask(&first, url(), "POST", "{}", 60000);
	poll_host_ask(&second, url(), "POST", "{}", 60000);
	cspark_exchange_send(poll_host.transport, &first);
	cspark_exchange_send(poll_host.transport, &second);
	POLL_HOST_TURN_UNTIL(script_server_seen(server) >= 2);
	cr_assert_eq(script_server_seen(server), 2);
	cspark_exchange_cancel(poll_host.transport, &first);
	cspark_exchange_cancel(poll_host.transport, &second);
}

/* ---- cancelling ---- */

Test(transport, cancels_at_any_moment)
{
	struct cspark_exchange exchange;
	struct cspark_transport_stats stats;

	SERVE({ .mute = true }, { .bytes = OK });
	poll_host_ask(&exchange, url(), "POST", "{}", 60000);
	cspark_exchange_cancel(poll_host.transport, &exchange);
	cspark_exchange_send(poll_host.transport, &exchange);
	cspark_exchange_cancel(poll_host.transport, &exchange);
	cr_assert_not(exchange.sent);
	cspark_exchange_send(poll_host.transport, &exchange);
	POLL_HOST_TURN_UNTIL(script_server_seen(server) > 0);
	cr_assert_eq(script_server_seen(server), 1);
	cspark_exchange_cancel(poll_host.transport, &exchange);
	cr_assert(exchange.sent);
	cr_assert_eq(poll_host.done, 0);
	exchange = post(5000);
	cr_assert_eq(exchange.end, CSPARK_END_ANSWERED, "%s", exchange.reason);
	cspark_transport_stats(poll_host.transport, &stats);
	cr_assert_eq(stats.open, 0);
	free(exchange.answer);
}

/* libcurl closes such a socket behind its owner's back. */
Test(transport, forgets_a_connection_that_is_given_up_while_it_connects)
{
	struct cspark_exchange exchange;
	int fd;

	SERVE({ .mute = true });
	poll_host_ask(&exchange, url(), "POST", "{}", 60000);
	cspark_exchange_send(poll_host.transport, &exchange);
	cspark_transport_due(poll_host.transport);
	cr_assert_eq(poll_host.watched, 1);
	fd = poll_host.last_fd;
	cspark_exchange_cancel(poll_host.transport, &exchange);
	cr_assert_eq(poll_host.watched, 0);
	cr_assert_eq(poll_host.forgotten, fd);
}
