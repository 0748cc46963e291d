/* Bodies through the real transport: from memory, files and forms to a server, from it into sinks; and what
 * sticks to a handle of libcurl between them. */
#include "base/version.h"
#include "lib/transport_curl.h"
#include "tests/flow/poll_host.h"
#include "tests/flow/script_server.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define OK "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

static struct script_server *server;
static struct cspark_exchange exchange;
static struct cspark_source source;

static void
set_up(void)
{
	poll_host_start();
	source.fd = -1;
}

static void
tear_down(void)
{
	poll_host_stop();
	if (server)
		script_server_free(server);
	if (source.fd >= 0)
		close(source.fd);
}

TestSuite(transfer, .init = set_up, .fini = tear_down);

#define SERVE(...) \
	do { \
		static const struct act ACTS[] = { __VA_ARGS__ }; \
		server = script_server_new(ACTS, sizeof(ACTS) / sizeof(ACTS[0])); \
	} while (0)

static void
ask(const char *method, const char *body)
{
	static char url[64];

	snprintf(url, sizeof(url), "http://127.0.0.1:%d/t/x", script_server_port(server));
	poll_host_ask(&exchange, url, method, body, 20000);
}

/* <len> bytes that differ from place to place. */
static char *
pattern(size_t len)
{
	char *bytes = malloc(len);

	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)(i * 31 + i / 251 + i / 65521);
	return bytes;
}

/* The file <source>; its own position is at its end. */
static const struct cspark_source *
file_of(const char *bytes, size_t len)
{
	if (source.fd >= 0)
		close(source.fd);
	source = (struct cspark_source){ .fd = memfd_create("body", MFD_CLOEXEC), .len = len };
	cr_assert_eq(write(source.fd, bytes, len), (ssize_t)len);
	return &source;
}

static void
expect_answered(void)
{
	poll_host_await(&exchange);
	cr_assert_eq(exchange.end, CSPARK_END_ANSWERED, "%d: %s", exchange.end, exchange.reason);
	free(exchange.answer);
	exchange.answer = NULL;
}

/* ---- what arrives, to the byte ---- */

/* The exchange is answered, and the server has seen "<first> HTTP/1.1", what libcurl says by itself, <lines>
 * and <body>. */
static void
expect_request(const char *first, const char *lines, const char *body)
{
	char *wanted, *got;
	size_t len;

	expect_answered();
	cr_assert_gt(asprintf(&wanted,
			     "%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: */*\r\n%s\r\n%s", first,
			     script_server_port(server), lines, body),
		0);
	got = script_server_request(server, &len);
	cr_assert_str_eq(got, wanted);
	cr_assert_eq(len, strlen(wanted));
	free(wanted);
	free(got);
}

#define AGENT "User-Agent: libcspark/" CSPARKD_VERSION "\r\n"
#define USUAL AGENT "Accept-Encoding: gzip, deflate\r\n"
#define JSON_LINE "content-type: application/json\r\n"

static void
expect_memory(const char *method, const char *first)
{
	ask(method, "{\"a\":1}");
	cspark_exchange_line(&exchange, "content-type: application/json");
	expect_request(first, JSON_LINE USUAL "Content-Length: 7\r\n", "{\"a\":1}");
}

static void
expect_file(const char *method, const char *first)
{
	ask(method, NULL);
	exchange.source = file_of("from a file", 11);
	cspark_exchange_line(&exchange, "content-type: application/zip");
	expect_request(first, "content-type: application/zip\r\n" USUAL "Content-Length: 11\r\n",
		"from a file");
}

static void
expect_none(const char *method, const char *first)
{
	ask(method, NULL);
	expect_request(first, USUAL, "");
}

static void
expect_empty(const char *method, const char *first)
{
	ask(method, NULL);
	expect_request(first, USUAL "Content-Length: 0\r\n", "");
}

/* The boundary is libcurl's. */
static char *
boundary_of(const char *request)
{
	const char *at = strstr(request, "boundary=");

	cr_assert(at, "%s", request);
	return strndup(at + 9, strcspn(at + 9, "\r\n"));
}

static const char FORM[] = "--%1$s\r\nContent-Disposition: form-data; name=\"metadata\"\r\n"
			   "Content-Type: application/json\r\n\r\n{\"n\":1}\r\n"
			   "--%1$s\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\n\r\n"
			   "--%1$s\r\nContent-Disposition: form-data; name=\"serviceFile\"; "
			   "filename=\"a%%22b%%0D%%0A.xlsx\"\r\n"
			   "Content-Type: application/octet-stream\r\n\r\nfrom a file\r\n--%1$s--\r\n";

static void
expect_form(const char *method, const char *first)
{
	const struct cspark_part parts[] = {
		{ .name = "metadata", .content_type = "application/json", .text = { "{\"n\":1}", 7 } },
		{ .name = "note" },
		{ .name = "serviceFile", .file_name = "a\"b\r\n.xlsx", .source = &source },
	};
	char *got, *boundary, *body, *wanted;
	size_t len;

	file_of("from a file", 11);
	ask(method, NULL);
	exchange.parts = parts;
	exchange.part_count = 3;
	expect_answered();
	got = script_server_request(server, &len);
	boundary = boundary_of(got);
	cr_assert_gt(asprintf(&body, FORM, boundary), 0);
	cr_assert_gt(asprintf(&wanted,
			     "%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: */*\r\n" USUAL
			     "Content-Length: %zu\r\n"
			     "Content-Type: multipart/form-data; boundary=%s\r\n\r\n%s",
			     first, script_server_port(server), strlen(body), boundary, body),
		0);
	cr_assert_str_eq(got, wanted);
	free(got);
	free(boundary);
	free(body);
	free(wanted);
}

static const struct {
	void (*expect)(const char *method, const char *first);
	const char *method;
	const char *first;
} KINDS[] = {
	{ expect_memory, "POST", "POST /t/x" },
	{ expect_file, "PUT", "PUT /t/x" },
	{ expect_form, "POST", "POST /t/x" },
	{ expect_none, "GET", "GET /t/x" },
	{ expect_none, "DELETE", "DELETE /t/x" },
	{ expect_memory, "POST", "POST /t/x" },
	{ expect_file, "POST", "POST /t/x" },
	{ expect_empty, "POST", "POST /t/x" },
	{ expect_memory, "DELETE", "DELETE /t/x" },
	{ expect_form, "PUT", "PUT /t/x" },
	{ expect_memory, "PATCH", "PATCH /t/x" },
	{ expect_none, "HEAD", "HEAD /t/x" },
	{ expect_file, "DELETE", "DELETE /t/x" },
	{ expect_empty, "PATCH", "PATCH /t/x" },
	{ expect_empty, "PUT", "PUT /t/x" },
};
enum { KIND_COUNT = sizeof(KINDS) / sizeof(KINDS[0]) };

/* A HEAD leaves the connection useless here, as the server sends a body all the same. */
Test(transfer, sends_each_kind_of_body_after_each_other_on_the_same_handle)
{
	SERVE({ .bytes = OK });
	for (int i = 0; i < KIND_COUNT; i++) {
		for (int k = 0; k < KIND_COUNT; k++) {
			KINDS[i].expect(KINDS[i].method, KINDS[i].first);
			KINDS[k].expect(KINDS[k].method, KINDS[k].first);
		}
	}
}

Test(transfer, takes_an_empty_file_for_an_empty_body)
{
	SERVE({ .bytes = OK });
	ask("DELETE", NULL);
	exchange.source = file_of("", 0);
	expect_request("DELETE /t/x", USUAL "Content-Length: 0\r\n", "");
}

Test(transfer, sends_no_method_beyond_reason)
{
	SERVE({ .bytes = OK });
	ask("UPDATEREDIRECTREF", "{}");
	poll_host_await(&exchange);
	cr_assert_eq(exchange.end, CSPARK_END_FAULT);
	expect_memory("PROPPATCH", "PROPPATCH /t/x");
	ask("UPDATEREDIRECTREF", "{}");
	poll_host_await(&exchange);
	cr_assert_eq(exchange.end, CSPARK_END_FAULT);
	expect_memory("POST", "POST /t/x");
}

/* What the server got is the head and then these bytes. */
static void
expect_body(const char *bytes, size_t len)
{
	size_t got_len;
	char *got = script_server_request(server, &got_len);
	const char *body = strstr(got, "\r\n\r\n");

	cr_assert(body);
	cr_assert_null(strcasestr(got, "expect:"), "%.400s", got);
	cr_assert_null(strcasestr(got, "chunked"), "%.400s", got);
	cr_assert_eq(got_len - (size_t)(body + 4 - got), len);
	cr_assert_eq(memcmp(body + 4, bytes, len), 0);
	free(got);
}

Test(transfer, sends_a_large_file_whole_each_time)
{
	size_t len = 3 << 20;
	char *bytes = pattern(len);

	SERVE({ .bytes = OK });
	file_of(bytes, len);
	for (int i = 0; i < 3; i++) {
		ask("PUT", NULL);
		exchange.source = &source;
		expect_answered();
		expect_body(bytes, len);
		expect_answered(); /* the same exchange once more, as for a retry */
		expect_body(bytes, len);
	}
	free(bytes);
}

Test(transfer, sends_nothing_that_could_be_taken_for_the_whole_of_a_file_that_shrank)
{
	char *bytes = pattern(1 << 20);
	struct cspark_part part = { .name = "file", .file_name = "f", .source = &source };

	SERVE({ .bytes = OK });
	for (int round = 0; round < 2; round++) {
		file_of(bytes, 1 << 20);
		source.len++;
		ask("POST", NULL);
		exchange.source = round == 0 ? &source : NULL;
		exchange.parts = &part;
		exchange.part_count = round;
		poll_host_await(&exchange);
		cr_assert_eq(exchange.end, CSPARK_END_SOURCE, "%d: %s", exchange.end, exchange.reason);
		cr_assert_null(exchange.answer);
	}
	cr_assert_eq(script_server_seen(server), 0);
	expect_memory("POST", "POST /t/x");
	free(bytes);
}

Test(transfer, says_that_a_file_cannot_be_read)
{
	struct cspark_source none = { .fd = -1, .len = 10 };

	SERVE({ .bytes = OK });
	ask("POST", NULL);
	exchange.source = &none;
	poll_host_await(&exchange);
	cr_assert_eq(exchange.end, CSPARK_END_SOURCE);
	cr_assert_eq(script_server_seen(server), 0);
}

Test(transfer, hears_a_refusal_before_all_is_sent)
{
	size_t len = 100 << 20;
	struct cspark_part part = { .name = "file", .source = &source };

	SERVE({ .bytes = "HTTP/1.1 413 Large\r\nContent-Length: 2\r\n\r\n{}", .early = true });
	file_of("", 0);
	cr_assert_eq(ftruncate(source.fd, (off_t)len), 0);
	source.len = len;
	for (size_t part_count = 0; part_count < 2; part_count++) {
		ask("POST", NULL);
		exchange.source = part_count ? NULL : &source;
		exchange.parts = &part;
		exchange.part_count = part_count;
		poll_host_await(&exchange);
		cr_assert_eq(exchange.end, CSPARK_END_ANSWERED, "%d: %s", exchange.end, exchange.reason);
		cr_assert_eq(exchange.head.status, 413);
		cr_assert(exchange.sent);
		free(exchange.answer);
	}
}

/* ---- what libcurl would repeat ---- */

static void
send_on_a_dying_connection(size_t part_count)
{
	static struct cspark_part part = { .name = "file", .source = &source };

	SERVE({ .bytes = OK }, { .after = AFTER_CLOSE }, { .bytes = OK });
	expect_memory("POST", "POST /t/x");
	file_of("from a file", 11);
	ask("POST", NULL);
	exchange.source = part_count ? NULL : &source;
	exchange.parts = &part;
	exchange.part_count = part_count;
	poll_host_await(&exchange);
}

Test(transfer, does_not_repeat_a_file_when_a_kept_connection_dies)
{
	send_on_a_dying_connection(0);
	cr_assert_eq(exchange.end, CSPARK_END_RESET, "%d: %s", exchange.end, exchange.reason);
	cr_assert(exchange.sent);
	cr_assert_eq(script_server_seen(server), 2);
}

Test(transfer, does_not_repeat_a_form_when_a_kept_connection_dies)
{
	send_on_a_dying_connection(1);
	cr_assert_eq(exchange.end, CSPARK_END_RESET, "%d: %s", exchange.end, exchange.reason);
	cr_assert(exchange.sent);
	cr_assert_eq(script_server_seen(server), 2);
}

/* Which shows that a file and a form can be rewound: for HTTP/2, where a stream may have to begin again. */
Test(transfer, would_repeat_them_whole_without_the_guard)
{
	for (size_t part_count = 0; part_count < 2; part_count++) {
		size_t len;
		char *last;

		cspark_transport_curl_guard(poll_host.transport, false);
		send_on_a_dying_connection(part_count);
		cr_assert_eq(exchange.end, CSPARK_END_ANSWERED, "%s", exchange.reason);
		cr_assert_eq(script_server_seen(server), 3);
		last = script_server_request(server, &len);
		cr_assert(strstr(last, "from a file"), "%s", last);
		free(last);
		free(exchange.answer);
		script_server_free(server);
		server = NULL;
	}
}

/* ---- sinks ---- */

struct bin {
	unsigned begun, puts;
	bool no_begin, no_put;
	struct cspark_answer_head head;
	char content_type[128], disposition[256];
	size_t len;
	uint32_t sum;
};

static uint32_t
add_up(uint32_t sum, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum = sum * 31 + (unsigned char)data[i];
	return sum;
}

static bool
bin_begin(void *arg, const struct cspark_answer_head *head)
{
	struct bin *bin = arg;

	bin->begun++;
	bin->head = *head;
	snprintf(bin->content_type, sizeof(bin->content_type), "%s", head->content_type);
	snprintf(bin->disposition, sizeof(bin->disposition), "%s", head->disposition);
	bin->len = 0;
	bin->sum = 0;
	return !bin->no_begin;
}

static bool
bin_put(void *arg, const char *data, size_t len)
{
	struct bin *bin = arg;

	bin->puts++;
	bin->len += len;
	bin->sum = add_up(bin->sum, data, len);
	return !bin->no_put;
}

/* One GET into a fresh bin, whose refusals are set. */
static void
fetch(struct bin *bin)
{
	struct cspark_sink sink = { bin, bin_begin, bin_put };

	ask("GET", NULL);
	exchange.sink = &sink;
	exchange.max_answer = 1000;
	poll_host_await(&exchange);
}

Test(transfer, hands_a_success_to_the_sink_and_nothing_to_memory)
{
	size_t len = 1 << 20;
	char *body = pattern(len), *bytes = malloc(len + 300);
	int head = snprintf(bytes, 300,
		"HTTP/1.1 200 OK\r\nContent-Type: application/zip\r\nContent-Length: %zu\r\n"
		"Content-Disposition: attachment; filename=\"a.zip\"\r\n\r\n",
		len);
	struct act act = { .bytes = bytes, .len = (size_t)head + len };
	struct bin bin = { 0 };
	char last[4096];

	memcpy(bytes + head, body, len);
	server = script_server_new(&act, 1);
	fetch(&bin);
	cr_assert_eq(exchange.end, CSPARK_END_ANSWERED, "%s", exchange.reason);
	cr_assert_null(exchange.answer);
	cr_assert_eq(bin.begun, 1);
	cr_assert_eq(bin.head.status, 200);
	cr_assert_eq(bin.head.length, (int64_t)len);
	cr_assert_str_eq(bin.content_type, "application/zip");
	cr_assert_str_eq(bin.disposition, "attachment; filename=\"a.zip\"");
	cr_assert_eq(bin.len, len);
	cr_assert_eq(bin.sum, add_up(0, body, len));
	script_server_last(server, last, sizeof(last));
	cr_assert(strstr(last, "Accept-Encoding: identity\r\n"), "%s", last);
	script_server_free(server);
	server = NULL;
	free(body);
	free(bytes);
}

Test(transfer, begins_an_empty_answer_in_the_sink)
{
	struct bin bin = { 0 };

	SERVE({ .bytes = "HTTP/1.1 204 No Content\r\n\r\n" },
		{ .bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" });
	fetch(&bin);
	cr_assert_eq(exchange.end, CSPARK_END_ANSWERED, "%s", exchange.reason);
	cr_assert_eq(bin.begun, 1);
	cr_assert_eq(bin.head.status, 204);
	cr_assert_eq(bin.puts, 0);
	cr_assert_str_eq(bin.content_type, "");
	fetch(&bin);
	cr_assert_eq(exchange.end, CSPARK_END_ANSWERED, "%s", exchange.reason);
	cr_assert_eq(bin.begun, 2);
	cr_assert_eq(bin.head.length, -1);
}

Test(transfer, keeps_failures_in_memory_and_bounded)
{
	static char large[3000] = "HTTP/1.1 500 Oh\r\nContent-Length: 2000\r\n\r\n";
	static struct act acts[] = { { .bytes = "HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\n{}" },
		{ .bytes = large, .len = 2041 } };
	struct bin bin = { 0 };

	server = script_server_new(acts, 2);
	fetch(&bin);
	cr_assert_eq(exchange.end, CSPARK_END_ANSWERED);
	cr_assert_eq(exchange.head.status, 404);
	cr_assert_str_eq(exchange.answer, "{}");
	free(exchange.answer);
	fetch(&bin);
	cr_assert_eq(exchange.end, CSPARK_END_TOO_LARGE);
	cr_assert_eq(bin.begun, 0);
}

Test(transfer, stops_when_the_sink_refuses)
{
	struct bin no_begin = { .no_begin = true }, no_put = { .no_put = true };
	struct bin no_end = { .no_begin = true };

	SERVE({ .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n\"", .after = AFTER_DRIP },
		{ .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n\"", .after = AFTER_DRIP },
		{ .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" }, { .bytes = OK });
	fetch(&no_begin);
	cr_assert_eq(exchange.end, CSPARK_END_SINK);
	cr_assert_eq(no_begin.puts, 0);
	fetch(&no_put);
	cr_assert_eq(exchange.end, CSPARK_END_SINK);
	cr_assert_eq(no_put.puts, 1);
	fetch(&no_end);
	cr_assert_eq(exchange.end, CSPARK_END_SINK);
	expect_memory("POST", "POST /t/x");
}

Test(transfer, says_that_a_sinks_answer_was_torn)
{
	struct bin bin = { 0 };

	SERVE({ .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", .after = AFTER_CLOSE },
		{ .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc" });
	fetch(&bin);
	cr_assert_eq(exchange.end, CSPARK_END_TRUNCATED);
	fetch(&bin);
	cr_assert_eq(exchange.end, CSPARK_END_ANSWERED);
	cr_assert_eq(bin.begun, 2);
	cr_assert_eq(bin.len, 3);
}

Test(transfer, hands_on_where_a_redirect_points)
{
	SERVE({ .bytes = "HTTP/1.1 302 Found\r\nLocation: https://a.test/b?c=d\r\n"
			 "Content-Length: 0\r\n\r\n" });
	ask("GET", NULL);
	poll_host_await(&exchange);
	cr_assert_str_eq(exchange.head.location, "https://a.test/b?c=d");
	free(exchange.answer);
}

/* ---- addresses ---- */

Test(transfer, connects_to_no_local_address_when_only_public_ones_will_do)
{
	struct cspark_transport_stats stats;

	SERVE({ .bytes = OK });
	ask("GET", NULL);
	exchange.public_only = true;
	poll_host_await(&exchange);
	cr_assert_eq(exchange.end, CSPARK_END_ADDRESS, "%d: %s", exchange.end, exchange.reason);
	cr_assert_not(exchange.sent);
	cspark_transport_stats(poll_host.transport, &stats);
	cr_assert_eq(stats.connects, 0);
	cr_assert_eq(script_server_seen(server), 0);
}

Test(transfer, uses_no_kept_connection_to_a_local_address_either)
{
	SERVE({ .bytes = OK });
	expect_none("GET", "GET /t/x");
	ask("GET", NULL);
	exchange.public_only = true;
	poll_host_await(&exchange);
	cr_assert_eq(exchange.end, CSPARK_END_ADDRESS, "%d: %s", exchange.end, exchange.reason);
	cr_assert_not(exchange.sent);
	cr_assert_eq(script_server_seen(server), 1);
}

Test(transfer, lets_a_proxy_go_where_it_likes)
{
	char proxy[64];
	struct cspark_route route = { .proxy = proxy };

	SERVE({ .bytes = OK });
	snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", script_server_port(server));
	ask("GET", NULL);
	exchange.url = "http://10.0.0.1/";
	exchange.public_only = true;
	exchange.route = &route;
	expect_answered();
	cr_assert_eq(script_server_seen(server), 1);
}
