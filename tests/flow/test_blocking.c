/* The host for programs without a loop, against a real socket. */
#include "lib/cspark.h"
#include "tests/flow/script_server.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct script_server *server;
static struct cspark_blocking *blocking;
static struct cspark_result result;

static void
tear_down(void)
{
	cspark_result_fini(&result);
	cspark_blocking_free(blocking);
	script_server_free(server);
}

TestSuite(blocking, .fini = tear_down);

static void
start(const struct act *acts, size_t count)
{
	char url[64];
	struct cspark_blocking_options options = { .base_url = url,
		.credentials = { .kind = CSPARK_AUTH_API_KEY, .secret = "key" },
		.retry = { .max = 1, .interval_ms = 1 } };
	struct cspark_error error;

	server = script_server_new(acts, count);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/t", script_server_port(server));
	cr_assert(cspark_global_init());
	blocking = cspark_blocking_new(&options, &error);
	cr_assert(blocking, "%s", error.detail);
}

#define START(...) \
	do { \
		static const struct act ACTS[] = { __VA_ARGS__ }; \
		start(ACTS, sizeof(ACTS) / sizeof(ACTS[0])); \
	} while (0)

/* Collects into <text>. */
struct bin {
	char text[64];
	size_t len;
	unsigned begun;
};

static bool
bin_begin(void *arg, const struct cspark_answer_head *head)
{
	struct bin *bin = arg;

	bin->len = 0;
	bin->begun++;
	return true;
}

static bool
bin_put(void *arg, const char *data, size_t len)
{
	struct bin *bin = arg;

	cr_assert_lt(bin->len + len, sizeof(bin->text));
	memcpy(bin->text + bin->len, data, len);
	bin->len += len;
	return true;
}

Test(blocking, runs_a_call)
{
	struct cspark_request request = { .method = "GET", .path = "/t/x" };
	char last[4096];

	START({ .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}" });
	cr_assert(cspark_blocking_run(blocking, &request, 20000, &result), "%s", result.detail);
	cr_assert_str_eq(result.body, "{}");
	script_server_last(server, last, sizeof(last));
	cr_assert(strcasestr(last, "x-synthetic-key: key\r\n"), "%s", last);
	cr_assert(strstr(last, "x-tenant-name: t\r\n"), "%s", last);
}

Test(blocking, sends_a_file_and_fetches_into_a_sink_again_when_it_must)
{
	struct cspark_source source = { .fd = memfd_create("body", MFD_CLOEXEC), .len = 4 };
	struct cspark_request request = { .method = "POST", .path = "/t/x", .source = &source };
	struct bin bin = { 0 };
	struct cspark_sink sink = { &bin, bin_begin, bin_put };
	char last[4096];

	START({ .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nto", .after = AFTER_CLOSE },
		{ .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole" });
	cr_assert_eq(write(source.fd, "file", 4), 4);
	cr_assert(cspark_blocking_fetch(blocking, &request, 20000, &sink, &result), "%s", result.detail);
	close(source.fd);
	cr_assert_eq(result.attempts, 2);
	cr_assert_null(result.body);
	cr_assert_eq(bin.begun, 2);
	cr_assert_eq(bin.len, 5);
	cr_assert_eq(memcmp(bin.text, "whole", 5), 0);
	script_server_last(server, last, sizeof(last));
	cr_assert(strstr(last, "\r\n\r\nfile"), "%s", last);
}

Test(blocking, asks_another_origin)
{
	char origin[64];
	struct cspark_request request = {
		.method = "GET", .path = "/elsewhere", .origin = origin, .is_public = true
	};
	char last[4096];

	START({ .bytes = "HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\n{}" });
	snprintf(origin, sizeof(origin), "http://localhost:%d", script_server_port(server));
	cr_assert_not(cspark_blocking_run(blocking, &request, 20000, &result));
	cr_assert_eq(result.status, 404);
	script_server_last(server, last, sizeof(last));
	cr_assert_eq(strstr(last, "GET /elsewhere HTTP/1.1\r\nHost: localhost:"), last, "%s", last);
	cr_assert_null(strcasestr(last, "key"), "%s", last);
	cr_assert_null(strcasestr(last, "tenant"), "%s", last);
	cspark_result_fini(&result);
	request.public_addresses_only = true;
	cr_assert_not(cspark_blocking_run(blocking, &request, 20000, &result));
	cr_assert_eq(result.code, CSPARK_E_UPSTREAM_UNREACHABLE);
	cr_assert_eq(result.attempts, 1);
	cr_assert(strstr(result.detail, "no public address"), "%s", result.detail);
}
