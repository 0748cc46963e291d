#include "lib/cspark.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct good {
	const char *url;
	const char *env;
	const char *tenant;
	const char *want_origin;
	const char *want_tenant;
};

Test(address, normalises_what_people_write)
{
	static const struct good ROWS[] = {
		{ "https://excel.my-env.coherent.global/my-Tenant", NULL, NULL,
			"https://excel.my-env.coherent.global", "my-Tenant" },
		{ "HTTPS://Excel.My-Env.Coherent.Global/t///", NULL, NULL,
			"https://excel.my-env.coherent.global", "t" },
		{ "https://spark.uat.us.coherent.global/t", NULL, NULL,
			"https://excel.uat.us.coherent.global", "t" },
		{ "https://a.b.c.d.coherent.global/t", NULL, NULL, "https://a.b.c.d.coherent.global", "t" },
		{ "https://coherent.global/t", NULL, NULL, "https://coherent.global", "t" },
		{ " https://spark.example.com:8443/t ", NULL, "other", "https://spark.example.com:8443",
			"t" },
		{ "https://spark.example.com:443", NULL, " Acme ", "https://spark.example.com", "Acme" },
		{ "http://127.0.0.1:8090/my-tenant", NULL, NULL, "http://127.0.0.1:8090", "my-tenant" },
		{ "http://127.255.0.9:80/t", NULL, NULL, "http://127.255.0.9", "t" },
		{ "http://localhost/t", NULL, NULL, "http://localhost", "t" },
		{ "http://[0:0:0:0:0:0:0:1]:8090/t", NULL, NULL, "http://[::1]:8090", "t" },
		{ "https://[FE80::1]/t", NULL, NULL, "https://[fe80::1]", "t" },
		{ NULL, " UAT.us ", " Acme ", "https://excel.uat.us.coherent.global", "acme" },
		{ "", "my-env", "t", "https://excel.my-env.coherent.global", "t" },
	};

	for (size_t i = 0; i < COUNT(ROWS); i++) {
		struct cspark_error error = { .detail = "" };
		char *origin, *tenant;

		cr_assert(cspark_base_url_parse(
				  ROWS[i].url, ROWS[i].env, ROWS[i].tenant, false, &origin, &tenant, &error),
			"%zu: %s", i, error.detail);
		cr_expect_str_eq(origin, ROWS[i].want_origin);
		cr_expect_str_eq(tenant, ROWS[i].want_tenant);
		free(origin);
		free(tenant);
	}
}

static const char *
refusal(const char *url, const char *env, const char *tenant, bool plaintext)
{
	static struct cspark_error error;
	char *ret_origin, *ret_tenant;

	error.detail[0] = '\0';
	cr_expect_not(cspark_base_url_parse(url, env, tenant, plaintext, &ret_origin, &ret_tenant, &error),
		"%s", url);
	return error.detail;
}

static void
expect_mentions(const char *detail, const char *word)
{
	cr_expect(strstr(detail, word), "<%s> does not mention <%s>", detail, word);
}

Test(address, refuses_with_advice)
{
	static const char *const ROWS[][2] = {
		{ "excel.my-env.coherent.global/t", "https://" },
		{ "ftp://host/t", "https://" },
		{ "https:/host/t", "https://" },
		{ "://host/t", "https://" },
		{ "https:///t", "host" },
		{ "https://a..b/t", "host" },
		{ "https://.a/t", "host" },
		{ "https://a./t", "host" },
		{ "https://a%20b/t", "host" },
		{ "https://[::1/t", "host" },
		{ "https://[::g]/t", "host" },
		{ "https://[::1]x/t", "host" },
		{ "https://host:/t", "port" },
		{ "https://host:0/t", "port" },
		{ "https://host:65536/t", "port" },
		{ "https://host:8a/t", "port" },
		{ "https://user:secret@host/t", "credentials" },
		{ "https://host/t?x=1", "query" },
		{ "https://host/t#x", "query" },
		{ "https://host/t\r\nx", "control" },
		{ "https://host/t x", "blank" },
		{ "https://h\xc3\xb6st/t", "ASCII" },
		{ "https://host\\x/t", "ASCII" },
		{ "https://host", "tenant" },
		{ "https://host/", "tenant" },
		{ "https://host/t/api/v3", "scheme://host/TENANT" },
		{ "https://host/..", "tenant" },
		{ "https://host/%2e", "tenant" },
	};

	for (size_t i = 0; i < COUNT(ROWS); i++)
		expect_mentions(refusal(ROWS[i][0], NULL, NULL, true), ROWS[i][1]);
	cr_expect_null(strstr(refusal("https://user:secret@host/t", NULL, NULL, true), "secret"));
	expect_mentions(refusal(NULL, NULL, "t", true), "missing");
	expect_mentions(refusal(NULL, "a.b.c", "t", true), "environment");
	expect_mentions(refusal(NULL, "a/b", "t", true), "environment");
	expect_mentions(refusal(NULL, "env", NULL, true), "tenant");
	expect_mentions(refusal(NULL, "env", "a b", true), "tenant");
}

Test(address, refuses_an_endless_url)
{
	static char url[3000] = "https://";

	memset(url + 8, 'a', sizeof(url) - 9);
	expect_mentions(refusal(url, NULL, NULL, true), "long");
	memcpy(url + 600, "/t", 3);
	expect_mentions(refusal(url, NULL, NULL, true), "host");
}

Test(address, speaks_plainly_only_to_loopback)
{
	static const char *const URLS[] = {
		"http://host/t",
		"http://127.0.0.1.example.com/t",
		"http://localhost.example.com/t",
		"http://127.1/t",
		"http://[::2]/t",
		"http://128.0.0.1/t",
		"http://0.0.0.0/t",
	};
	char *origin, *tenant;

	for (size_t i = 0; i < COUNT(URLS); i++)
		expect_mentions(refusal(URLS[i], NULL, NULL, false), "https");
	cr_assert(cspark_base_url_parse("http://host/t", NULL, NULL, true, &origin, &tenant, NULL));
	cr_expect_str_eq(origin, "http://host");
	free(origin);
	free(tenant);
}

Test(address, finds_the_token_endpoint)
{
	static const char *const ROWS[][2] = {
		{ "https://excel.uat.us.coherent.global/T",
			"https://keycloak.uat.us.coherent.global/auth/realms/T/protocol/openid-connect/toke"
			"n" },
		{ "http://127.0.0.1:8090/t",
			"http://127.0.0.1:8090/auth/realms/t/protocol/openid-connect/token" },
	};

	for (size_t i = 0; i < COUNT(ROWS); i++) {
		char *url = cspark_token_url(ROWS[i][0]);

		cr_assert_not_null(url);
		cr_expect_str_eq(url, ROWS[i][1]);
		free(url);
	}
	cr_expect_null(cspark_token_url("https://host"));
	cr_expect_null(cspark_token_url("nonsense"));
	cr_expect_null(cspark_token_url(NULL));
}
