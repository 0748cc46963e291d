#include "daemon/guard.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const char *const allowed[] = { "gateway.internal", "10.1.2.3", NULL };
static const char *const origins[] = { "https://app.example", "http://localhost:3000", NULL };
static const struct guard_rules rules = {
	.max_head = 16384, .max_target = 64, .max_body = 1000,
};

static const struct guard_place place;

/* A head: "METHOD TARGET VERSION" and one "name:value" a line. */
static enum cspark_code
judge_at(const char *head, struct str own_host, bool any_host, struct guard *guard)
{
	struct str line, rest = str_of(head), method, target, version;

	line = str_cut(rest, '\n', &rest);
	method = str_cut(line, ' ', &line);
	target = str_cut(line, ' ', &version);
	guard_begin(guard, &rules, method, target, version);
	while (rest.len) {
		struct str name, value;

		line = str_cut(rest, '\n', &rest);
		name = str_cut(line, ':', &value);
		guard_header(guard, name, value);
	}
	return guard_end(guard, strlen(head),
		&(struct guard_place){
			.own_host = own_host, .allowed_hosts = allowed, .allowed_origins = origins,
			.any_host = any_host });
}

static enum cspark_code
judge(const char *head)
{
	struct guard guard;
	enum cspark_code code = judge_at(head, STR("192.168.7.1"), false, &guard);

	cr_assert_eq(code == CSPARK_OK, guard.detail == NULL, "%s", head);
	return code;
}

static void
check(const char *const *heads, enum cspark_code code)
{
	for (; *heads; heads++)
		cr_expect_eq(judge(*heads), code, "%s: %s", cspark_code_name(judge(*heads)), *heads);
}

#define GET "GET / HTTP/1.1\n"
#define POST "POST / HTTP/1.1\n"
#define HOST "host:localhost\n"
#define POST_HOST POST HOST

Test(guard, lets_ordinary_requests_pass)
{
	static const char *const heads[] = {
		GET HOST, "HEAD /a HTTP/1.1\n" HOST, "DELETE /a%2Fb?x=[1]&y={} HTTP/1.1\n" HOST,
		"PUT /a HTTP/1.1\n" HOST "content-length:0\n",
		"PATCH /a HTTP/1.1\n" HOST "Content-Length:1000\n", POST_HOST "Transfer-Encoding:chunked\n",
		POST_HOST "TRANSFER-ENCODING:Chunked\n",
		POST_HOST "content-length:3\nExpect:100-Continue\n", GET HOST "content-length:0\n",
		"GET / HTTP/1.0\n", "GET / HTTP/1.0\n" HOST,
		GET HOST "x-tab:a\tb\nx-latin:caf\xe9\nx-empty:\n", GET HOST "User_Agent:x\nX_Id:7\n", NULL,
	};

	check(heads, CSPARK_OK);
}

Test(guard, knows_the_methods)
{
	static const char *const refused[] = {
		"TRACE / HTTP/1.1\n" HOST, "CONNECT / HTTP/1.1\n" HOST,
		"get / HTTP/1.1\n" HOST, "GETS / HTTP/1.1\n" HOST, "PROPFIND / HTTP/1.1\n" HOST, NULL,
	};
	static const char *const bad[] = {
		"G(T / HTTP/1.1\n" HOST, "\x80 / HTTP/1.1\n" HOST, " / HTTP/1.1\n" HOST, NULL,
	};

	check(refused, CSPARK_E_METHOD_NOT_ALLOWED);
	check(bad, CSPARK_E_BAD_REQUEST);
}

Test(guard, takes_targets_in_origin_form_only)
{
	static const char *const bad[] = {
		"GET http://localhost/ HTTP/1.1\n" HOST, "GET * HTTP/1.1\n" HOST,
		"GET localhost:80 HTTP/1.1\n" HOST, "GET a HTTP/1.1\n" HOST, "GET  HTTP/1.1\n" HOST,
		"GET /a#b HTTP/1.1\n" HOST, "GET /a\x01 HTTP/1.1\n" HOST, "GET /a\x7f HTTP/1.1\n" HOST,
		"GET /\xc3\xa9 HTTP/1.1\n" HOST, "GET /a\tb HTTP/1.1\n" HOST, "GET /a\r HTTP/1.1\n" HOST,
		NULL,
	};
	struct guard guard;

	check(bad, CSPARK_E_BAD_REQUEST);
	guard_begin(&guard, &rules, STR("GET"), STR("/a b"), STR("HTTP/1.1"));
	cr_assert_eq(guard.code, CSPARK_E_BAD_REQUEST);
}

Test(guard, knows_two_versions)
{
	static const char *const bad[] = {
		"GET / HTTP/1.2\n" HOST, "GET / HTTP/2.0\n" HOST, "GET / HTTP/0.9\n" HOST,
		"GET / http/1.1\n" HOST, "GET / \n" HOST, "GET / HTTP/1.1 \n" HOST, NULL,
	};

	check(bad, CSPARK_E_BAD_REQUEST);
}

Test(guard, refuses_fields_that_are_not_clean)
{
	static const char *const bad[] = {
		GET HOST ":x\n", GET HOST "a b:x\n", GET HOST "a\t:x\n", GET HOST "x[]:y\n",
		GET HOST "\xe9:y\n", GET HOST "Content-Length :3\n", GET HOST " x:y\n", GET HOST "x@y:z\n",
		GET HOST "x:a\rb\n", GET HOST "x:a\x01\n", GET HOST "x:\x7f\n", GET HOST "x:\x1b[1m\n",
		NULL,
	};

	check(bad, CSPARK_E_BAD_REQUEST);
}

Test(guard, reads_one_framing_or_none)
{
	static const char *const bad[] = {
		POST_HOST "content-length:3\ncontent-length:3\n",
		POST_HOST "content-length:3\ncontent-length:4\n",
		POST_HOST "content-length:3\nCONTENT-LENGTH:3\n", POST_HOST "content-length:3,3\n",
		POST_HOST "content-length:+3\n", POST_HOST "content-length:-1\n",
		POST_HOST "content-length:0x3\n", POST_HOST "content-length:\n",
		POST_HOST "content-length:3 \n", POST_HOST "content-length: 3\n",
		POST_HOST "content-length:3;\n", POST_HOST "content-length:3a\n",
		POST_HOST "content-length:1e2\n", POST_HOST "content-length:\x0b" "3\n",
		POST_HOST "transfer-encoding:chunked\ncontent-length:3\n",
		POST_HOST "content-length:3\ntransfer-encoding:chunked\n",
		POST_HOST "transfer-encoding:chunked\ntransfer-encoding:chunked\n",
		POST_HOST "transfer-encoding:identity\n", POST_HOST "transfer-encoding:\n",
		POST_HOST "transfer-encoding:xchunked\n", POST_HOST "transfer-encoding:chunkedx\n",
		POST_HOST "transfer-encoding:gzip, chunked\n",
		POST_HOST "transfer-encoding:chunked, chunked\n",
		POST_HOST "transfer-encoding:identity, chunked\n",
		POST_HOST "transfer-encoding:chunked, identity\n",
		POST_HOST "transfer-encoding:chunked;q=1\n", POST_HOST "transfer-encoding:\"chunked\"\n",
		POST_HOST "transfer-encoding: chunked\n", POST_HOST "transfer-encoding:chunked \n",
		POST_HOST "transfer-encoding:\x0b" "chunked\n", POST_HOST "transfer-encoding:,chunked\n",
		"POST / HTTP/1.0\ntransfer-encoding:chunked\n", GET HOST "content-length:1\n",
		GET HOST "transfer-encoding:chunked\n", "HEAD / HTTP/1.1\n" HOST "content-length:1\n", NULL,
	};

	check(bad, CSPARK_E_BAD_REQUEST);
}

Test(guard, refuses_names_that_resemble_framing)
{
	static const char *const bad[] = {
		POST_HOST "Transfer_Encoding:chunked\n", POST_HOST "Content_Length:3\n",
		POST_HOST "Content--Length:3\n", POST_HOST "ContentLength:3\n",
		POST_HOST "transfer.encoding:chunked\n", POST_HOST "-content-length:3\n",
		POST_HOST "transfer-encoding-:chunked\n", POST_HOST "content-length1:3\n",
		POST_HOST "h_o_s_t:evil\n", POST_HOST "!transfer-encoding:chunked\n",
		POST_HOST "ex_pect:100-continue\n", NULL,
	};

	check(bad, CSPARK_E_BAD_REQUEST);
}

Test(guard, wants_one_host_that_is_served_here)
{
	static const char *const good[] = {
		GET "host:LOCALHOST\n", GET "host:localhost:8080\n", GET "host:127.0.0.1\n",
		GET "host:127.9.9.9:1\n", GET "host:[::1]\n", GET "host:[::1]:8080\n",
		GET "host:[0:0:0:0:0:0:0:1]\n", GET "host:192.168.7.1:80\n", GET "host:gateway.internal\n",
		GET "host:Gateway.Internal:8080\n", GET "host:10.1.2.3\n", GET "host:localhost:\n", NULL,
	};
	static const char *const refused[] = {
		GET "host:evil.example\n", GET "host:evil.example:8080\n",
		GET "host:localhost.evil.example\n", GET "host:127.0.0.1.evil.example\n",
		GET "host:128.0.0.1\n", GET "host:127.1\n", GET "host:0.0.0.0\n", GET "host:2130706433\n",
		GET "host:[::2]\n", GET "host:192.168.7.2\n", GET "host:xgateway.internal\n",
		GET "host:localhost.\n",
		"GET / HTTP/1.0\nhost:evil.example\n", NULL,
	};
	static const char *const bad[] = {
		GET, GET HOST HOST, GET HOST "host:evil.example\n", GET "host:\n", GET "host::80\n",
		GET "host:localhost:x\n", GET "host:localhost:123456\n", GET "host:[::1\n",
		GET "host:[::1]x\n", GET "host:[]\n", GET "host:localhost:80:80\n",
		GET "host:evil@localhost\n", GET "host:localhost/\n", NULL,
	};

	check(good, CSPARK_OK);
	check(refused, CSPARK_E_HOST_REFUSED);
	check(bad, CSPARK_E_BAD_REQUEST);
}

Test(guard, takes_any_host_on_a_unix_socket_but_only_one)
{
	struct guard guard;

	cr_assert_eq(judge_at(GET "host:anything\n", STR(""), true, &guard), CSPARK_OK);
	cr_assert_eq(judge_at(GET "host:a b\n", STR(""), true, &guard), CSPARK_OK);
	cr_assert_eq(judge_at(GET, STR(""), true, &guard), CSPARK_E_BAD_REQUEST);
	cr_assert_eq(judge_at(GET HOST HOST, STR(""), true, &guard), CSPARK_E_BAD_REQUEST);
}

Test(guard, keeps_pages_of_other_sites_out)
{
	static const char *const good[] = {
		GET HOST, GET HOST "sec-fetch-site:none\n", GET HOST "sec-fetch-site:same-origin\n", NULL,
	};
	static const char *const refused[] = {
		GET HOST "origin:https://evil.example\n", GET HOST "origin:null\n", GET HOST "origin:\n",
		GET HOST "origin:localhost\n", GET "host:localhost:8080\norigin:http://localhost:8080\n",
		GET HOST "origin:http://localhost:8080\n", GET HOST "sec-fetch-site:cross-site\n",
		GET HOST "origin:https://app.example.evil\n", GET HOST "origin:https://app.example/\n",
		GET HOST "origin:https://app.example:8443\n", GET HOST "origin:http://app.example\n",
		GET HOST "origin:https://app.example\norigin:https://app.example\n",
		GET HOST "origin:https://app.example\norigin:null\n",
		GET HOST "sec-fetch-site:same-site\n", GET HOST "sec-fetch-site:x\n",
		"GET / HTTP/1.0\norigin:http://\n", NULL,
	};

	check(good, CSPARK_OK);
	check(refused, CSPARK_E_ORIGIN_REFUSED);
}

Test(guard, lets_listed_origins_ask_from_anywhere)
{
	static const char *const good[] = {
		GET HOST "origin:https://app.example\n", GET HOST "origin:HTTPS://App.example\n",
		GET HOST "sec-fetch-site:cross-site\norigin:http://localhost:3000\n",
		"OPTIONS / HTTP/1.1\n" HOST "origin:https://app.example\n", NULL,
	};
	struct guard guard;

	check(good, CSPARK_OK);
	judge_at(GET HOST "origin:https://app.example\n", STR(""), false, &guard);
	cr_assert(guard.is_listed);
	judge_at(GET HOST "origin:https://page.example\n", STR(""), false, &guard);
	cr_assert_not(guard.is_listed);
	judge_at(GET HOST, STR(""), false, &guard);
	cr_assert_not(guard.is_listed);
}

Test(guard, knows_one_expectation)
{
	static const char *const bad[] = {
		POST_HOST "expect:200-ok\n", POST_HOST "expect:\n", POST_HOST "expect:100-continue, x\n",
		NULL,
	};

	check(bad, CSPARK_E_BAD_REQUEST);
}

Test(guard, holds_the_limits)
{
	char target[80], head[200];
	struct guard guard;

	memset(target, 'a', sizeof(target));
	target[0] = '/';
	target[65] = '\0';
	snprintf(head, sizeof(head), "GET %s HTTP/1.1\n" HOST, target);
	cr_assert_eq(judge(head), CSPARK_E_URI_TOO_LONG);
	target[64] = '\0';
	snprintf(head, sizeof(head), "GET %s HTTP/1.1\n" HOST, target);
	cr_assert_eq(judge(head), CSPARK_OK);
	cr_assert_eq(judge(POST_HOST "content-length:1001\n"), CSPARK_E_BODY_TOO_LARGE);
	cr_assert_eq(judge(POST_HOST "content-length:99999999999999999999999\n"), CSPARK_E_BODY_TOO_LARGE);

	guard_begin(&guard, &rules, STR("GET"), STR("/"), STR("HTTP/1.0"));
	cr_assert_eq(guard_end(&guard, 16384, &place), CSPARK_OK);
	guard_begin(&guard, &rules, STR("GET"), STR("/"), STR("HTTP/1.0"));
	cr_assert_eq(guard_end(&guard, 16385, &place), CSPARK_E_HEADERS_TOO_LARGE);
}

Test(guard, counts_fields)
{
	struct guard guard;

	guard_begin(&guard, &rules, STR("GET"), STR("/"), STR("HTTP/1.0"));
	for (int i = 0; i < 100; i++)
		guard_header(&guard, STR("x"), STR("y"));
	cr_assert_eq(guard.code, CSPARK_OK);
	guard_header(&guard, STR("x"), STR("y"));
	cr_assert_eq(guard_end(&guard, 500, &place), CSPARK_E_HEADERS_TOO_LARGE);
}

Test(guard, says_how_the_body_is_framed)
{
	struct guard guard;

	cr_assert_eq(judge_at(POST_HOST "content-length:0042\n", STR(""), false, &guard), CSPARK_OK);
	cr_assert_eq(guard.length, 42);
	cr_assert_not(guard.chunked);
	cr_assert_eq(judge_at(POST_HOST "transfer-encoding:chunked\n", STR(""), false, &guard), CSPARK_OK);
	cr_assert(guard.chunked);
	cr_assert_eq(judge_at(POST_HOST, STR(""), false, &guard), CSPARK_OK);
	cr_assert_eq(guard.length, 0);
}

Test(guard, keeps_the_first_verdict)
{
	struct guard guard;

	cr_assert_eq(judge_at("TRACE / HTTP/1.1\nhost:evil\ncontent-length:x\n", STR(""), false, &guard),
		CSPARK_E_METHOD_NOT_ALLOWED);
}
