#include "lib/cspark_operations.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ORIGIN "https://excel.my-env.coherent.global"

static const char *const HOSTS[] = { "files.example.com", "10.0.0.1:8443", "[::1]:9", NULL };
static struct cspark_file_policy policy = { .origin = ORIGIN, .hosts = HOSTS };

static struct cspark_request *
ask(const char *url, struct cspark_error *ret_error)
{
	*ret_error = (struct cspark_error){ .detail = "" };
	return cspark_file_request((struct cspark_bytes){ url, strlen(url) }, &policy, ret_error);
}

static void
expect(const char *url, const char *origin, const char *path, bool has_credentials, bool any_address)
{
	struct cspark_error error;
	struct cspark_request *request = ask(url, &error);

	cr_assert(request, "%s: %s", url, error.detail);
	cr_expect_str_eq(request->method, "GET");
	cr_expect_eq(request->operation, CSPARK_OP_FILE_GET);
	cr_expect_eq(request->origin == NULL, origin == NULL, "%s", url);
	if (request->origin && origin)
		cr_expect_str_eq(request->origin, origin);
	cr_expect_str_eq(request->path, path);
	cr_expect_eq(request->is_public, !has_credentials, "%s", url);
	cr_expect_eq(request->public_addresses_only, !any_address, "%s", url);
	cr_expect_null(request->body);
	cspark_request_free(request);
}

static void
refuse(const char *url, enum cspark_code code)
{
	struct cspark_error error;
	struct cspark_request *request = ask(url, &error);

	cr_expect_null(request, "%s is fetched", url);
	cr_expect_eq(error.code, code, "%s: %d %s", url, (int)error.code, error.detail);
	cspark_request_free(request);
}

Test(file_request, asks_its_own_origin_with_credentials)
{
	expect(ORIGIN "/a/b?c=d&e#part", NULL, "/a/b?c=d&e", true, true);
	expect("HTTPS://EXCEL.My-Env.Coherent.Global/a", NULL, "/a", true, true);
	expect(ORIGIN, NULL, "/", true, true);
	expect(ORIGIN "/%2e%2e/%00", NULL, "/%2e%2e/%00", true, true);
	expect(ORIGIN "/a@b:c", NULL, "/a@b:c", true, true);
}

Test(file_request, asks_its_environment_with_credentials)
{
	expect("https://entitystore.my-env.coherent.global/docstore/x.xlsx",
		"https://entitystore.my-env.coherent.global", "/docstore/x.xlsx", true, false);
	expect("https://ENTITYSTORE.my-env.coherent.GLOBAL/x", "https://ENTITYSTORE.my-env.coherent.GLOBAL",
		"/x", true, false);
}

Test(file_request, asks_listed_hosts_without_credentials)
{
	expect("https://files.example.com/x", "https://files.example.com", "/x", false, false);
	expect("http://Files.Example.com/x", "http://Files.Example.com", "/x", false, false);
	expect("https://10.0.0.1:8443/x", "https://10.0.0.1:8443", "/x", false, false);
	expect("https://[::1]:9/x", "https://[::1]:9", "/x", false, false);
	refuse("https://10.0.0.1/x", CSPARK_E_OPERATION_DISABLED);
	refuse("https://[::1]/x", CSPARK_E_OPERATION_DISABLED);
	refuse("https://files.example.com:8443/x", CSPARK_E_OPERATION_DISABLED);
	policy.private_addresses = true;
	expect("https://[::1]:9/x", "https://[::1]:9", "/x", false, true);
}

/* Each looks a little like a host of Spark's. */
Test(file_request, is_not_taken_in_by_names)
{
	static const char *const OTHERS[] = {
		"https://evil-coherent.global/x",
		"https://excel.my-envcoherent.global/x",
		"https://excel.my-env.coherent.global.evil/x",
		"https://excel.my-env.coherent.global.evil.com/x",
		"https://my-env.coherent.global/x",
		"https://.my-env.coherent.global/x",
		"https://coherent.global/x",
		"https://a.b.my-env.coherent.global/x",
		"https://excel.evil-my-env.coherent.global/x",
		"https://excel.other.coherent.global/x",
		"https://excel.uat.my-env.coherent.global/x",
		"https://excel.my-env.coherent.global./x",
		"https://excel.my-env.coherent.global:443/x",
		"https://excel.my-env.coherent.global:8443/x",
		"https://entitystore.my-env.coherent.global:8443/x",
		"https://evil:80.my-env.coherent.global/x",
		"https://[::1].my-env.coherent.global/x",
		"https://evil:x.my-env.coherent.global/x",
		"https://localhost/x",
		"https://127.0.0.1/x",
		"https://[::ffff:127.0.0.1]/x",
		"https://2130706433/x",
		"https://169.254.169.254/latest/meta-data/",
		"http://excel.my-env.coherent.global/x",
		"http://entitystore.my-env.coherent.global/x",
	};

	for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++)
		refuse(OTHERS[i], CSPARK_E_OPERATION_DISABLED);
}

/* What libraries disagree about is nobody's URL. */
Test(file_request, refuses_what_can_be_read_in_two_ways)
{
	static const char *const ODD[] = {
		"",
		"x",
		"/x",
		"//"
		"excel.my-env.coherent.global/x",
		"https:/excel.my-env.coherent.global/x",
		"https:excel.my-env.coherent.global/x",
		"https:///x",
		"https://",
		"https://#excel.my-env.coherent.global/",
		"https://?excel.my-env.coherent.global/",
		"https://evil.com\\.my-env.coherent.global/x",
		"https://evil.com\\@excel.my-env.coherent.global/x",
		"https://user@excel.my-env.coherent.global/x",
		"https://excel.my-env.coherent.global@evil.com/x",
		"https://user:secret@files.example.com/x",
		"https://excel.my-env.coherent.global?@evil.com/x",
		"https://evil.com?.my-env.coherent.global/x",
		"https://evil%2ecom%2f.my-env.coherent.global/x",
		"https://evil%00.my-env.coherent.global/x",
		"https://ev%69l.my-env.coherent.global/x",
		"https://evil.com%23.my-env.coherent.global/x",
		"https://excel.my-env.coherent.global /x",
		"https://excel.my-env.coherent.global/a b",
		" https://excel.my-env.coherent.global/x",
		"https://excel.my-env.coherent.global/a\r\nx: y",
		"https://excel.my-env.coherent.global/a\tb",
		"https://evil\xe3\x80\x82"
		"com.my-env.coherent.global/x",
		"https://excel.my-env.coherent.global/\xc3\xbc",
		"https://evil;x.my-env.coherent.global/x",
		"https://evil,x.my-env.coherent.global/x",
		"ftp://excel.my-env.coherent.global/x",
		"file:///etc/passwd",
		"javascript://excel.my-env.coherent.global/x",
		"https+x://excel.my-env.coherent.global/x",
	};

	for (size_t i = 0; i < sizeof ODD / sizeof *ODD; i++)
		refuse(ODD[i], CSPARK_E_BAD_PARAMETER);
}

Test(file_request, knows_environments_of_two_names)
{
	policy.origin = "https://excel.uat.us.coherent.global";
	expect("https://entitystore.uat.us.coherent.global/x", "https://entitystore.uat.us.coherent.global",
		"/x", true, false);
	refuse("https://entitystore.us.coherent.global/x", CSPARK_E_OPERATION_DISABLED);
	refuse("https://uat.us.coherent.global/x", CSPARK_E_OPERATION_DISABLED);
	policy.origin = "https://excel.us.coherent.global";
	refuse("https://excel.uat.us.coherent.global/x", CSPARK_E_OPERATION_DISABLED);
}

Test(file_request, finds_no_environment_where_there_is_none)
{
	static const char *const ORIGINS[] = { "http://127.0.0.1:9", "https://spark.example.com",
		"https://excel.coherent.global", "https://coherent.global",
		"https://excel.my-env.coherent.global:8443" };

	for (size_t i = 0; i < sizeof ORIGINS / sizeof *ORIGINS; i++) {
		char own[120];

		policy.origin = ORIGINS[i];
		refuse("https://entitystore.my-env.coherent.global/x", CSPARK_E_OPERATION_DISABLED);
		refuse("https://other.coherent.global/x", CSPARK_E_OPERATION_DISABLED);
		refuse("https://other.example.com/x", CSPARK_E_OPERATION_DISABLED);
		snprintf(own, sizeof own, "%s/x", ORIGINS[i]);
		expect(own, NULL, "/x", true, true);
	}
	policy.origin = "http://127.0.0.1:9";
	refuse("http://127.0.0.1:90/x", CSPARK_E_OPERATION_DISABLED);
	refuse("https://127.0.0.1:9/x", CSPARK_E_OPERATION_DISABLED);
}

Test(file_request, has_a_longest_url)
{
	enum { LONGEST = 8192 };
	char *url = malloc(LONGEST + 2);
	struct cspark_error error;
	struct cspark_request *request;

	memset(url, 'a', LONGEST + 1);
	memcpy(url, ORIGIN "/", strlen(ORIGIN "/"));
	url[LONGEST] = '\0';
	request = ask(url, &error);
	cr_assert_not_null(request);
	cspark_request_free(request);
	url[LONGEST] = 'a';
	url[LONGEST + 1] = '\0';
	refuse(url, CSPARK_E_BAD_PARAMETER);
	free(url);
}

Test(file_request, sends_nothing_of_ours_to_urls_of_the_host)
{
	static const char URL[] = "https://keys.example.com/certs";
	struct cspark_error error;
	struct cspark_request *request = cspark_url_request(
		(struct cspark_bytes){ URL, strlen(URL) }, &error);

	cr_assert_not_null(request);
	cr_assert_str_eq(request->origin, "https://keys.example.com");
	cr_assert_str_eq(request->path, "/certs");
	cr_assert(request->is_public);
	cr_assert_not(request->public_addresses_only);
	cspark_request_free(request);
}
