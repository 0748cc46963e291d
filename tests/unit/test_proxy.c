#include "lib/cspark.h"

#include <criterion/criterion.h>
#include <string.h>

static const char *const *vars; /* name, value, ..., NULL */

static char *
look_up(const char *name)
{
	for (size_t i = 0; vars[i]; i += 2) {
		if (strcmp(vars[i], name) == 0)
			return (char *)vars[i + 1];
	}
	return NULL;
}

static const char *
proxy(const char *url, const char *const *environment)
{
	vars = environment;
	return cspark_proxy_for(url, look_up);
}

#define ENV(...) (const char *const[]){ __VA_ARGS__, NULL }

Test(proxy, takes_the_variable_of_the_scheme)
{
	cr_assert_str_eq(proxy("https://a.b/c", ENV("HTTPS_PROXY", "http://p:1", "http_proxy", "http://q:2")),
		"http://p:1");
	cr_assert_str_eq(proxy("http://a.b/c", ENV("HTTPS_PROXY", "http://p:1", "http_proxy", "http://q:2")),
		"http://q:2");
	cr_assert_str_eq(proxy("https://a.b", ENV("https_proxy", "x", "HTTPS_PROXY", "y")), "x");
	cr_assert_str_eq(proxy("https://a.b", ENV("ALL_PROXY", "z")), "z");
	cr_assert_null(proxy("http://a.b", ENV("HTTP_PROXY", "x")));
	cr_assert_null(
		proxy("https://a.b", ENV("https_proxy", "", "ALL_PROXY", "z")), "set and empty means none");
	cr_assert_null(proxy("https://a.b", ENV("NO_PROXY", "x")));
	cr_assert_null(proxy("ftp://a.b", ENV("ALL_PROXY", "z")));
}

Test(proxy, leaves_exempt_hosts_alone)
{
	static const struct {
		const char *url, *list;
		bool exempt;
	} ROWS[] = {
		{ "https://a.example.com/x", "*", true },
		{ "https://a.example.com/x", "example.com", true },
		{ "https://a.example.com/x", ".example.com", true },
		{ "https://a.example.com/x", "*.example.com", true },
		{ "https://A.EXAMPLE.com/x", "example.COM", true },
		{ "https://notexample.com/x", "example.com", false },
		{ "https://example.com.evil.net/", "example.com", false },
		{ "https://a.example.com/x", "foo, bar ,example.com", true },
		{ "https://a.example.com/x", "example.com:443", true },
		{ "https://a.example.com/x", "example.com:8443", false },
		{ "https://a.example.com:8443/x", "example.com:8443", true },
		{ "https://10.0.0.7:1/", "10.0.0.7", true },
		{ "https://[::1]:99/", "::1", true },
		{ "https://[::1]:99/", "[::1]:99", true },
		{ "https://[::1]:99/", "[::1]:98", false },
		{ "https://a/", "", false },
		{ "https://a/", ",, ,", false },
		{ "https://a/", ".", false },
		{ "https://a/", "[", false },
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		const char *found =
			proxy(ROWS[i].url, ENV("https_proxy", "http://p", "NO_PROXY", ROWS[i].list));

		cr_assert_eq(found == NULL, ROWS[i].exempt, "%s in '%s'", ROWS[i].url, ROWS[i].list);
	}
}
