#include "daemon/config.h"

#include "lib/cspark_operations.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/config_key.h"
#include "daemon/config_value.h"

#define URL     "https://excel.us.coherent.global/my-tenant"
#define PLANTED "pl4nted-s3cret" /* must never be seen in anything that is written */

/* ---- a bench: an environment, files, and what came of a load ---- */

static char folder[] = "/tmp/cspark-config-XXXXXX";
static const char *environment[16][2];
static size_t variables;
static struct config_report report;
static struct config *config;

static char *
fake_getenv(const char *name)
{
	for (size_t i = 0; i < variables; i++)
		if (strcmp(environment[i][0], name) == 0)
			return (char *)(uintptr_t)environment[i][1];
	return NULL;
}

static void
set_variable(const char *name, const char *value)
{
	environment[variables][0] = name;
	environment[variables++][1] = value;
}

static const char *
file_path(const char *name)
{
	static char paths[8][128];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static const char *
write_file(const char *name, const char *text, mode_t mode)
{
	const char *path = file_path(name);
	FILE *file = fopen(path, "w");

	fputs(text, file);
	fclose(file);
	chmod(path, mode);
	return path;
}

static void
set_up(void)
{
	cr_assert(mkdtemp(folder));
	config_report_init(&report);
}

static void
tear_down(void)
{
	char command[64];

	config_unref(config);
	config_report_fini(&report);
	snprintf(command, sizeof(command), "rm -r '%s'", folder);
	cr_assert_eq(system(command), 0);
}

TestSuite(config, .init = set_up, .fini = tear_down);

static bool
load_flags(const struct config_flags *flags)
{
	config_unref(config);
	buf_clear(&report.errors);
	buf_clear(&report.warnings);
	config = config_load(flags, fake_getenv, &report);
	buf_put_char(&report.errors, '\0');
	buf_put_char(&report.warnings, '\0');
	cr_assert_null(strstr(report.errors.data, PLANTED), "%s", report.errors.data);
	cr_assert_null(strstr(report.warnings.data, PLANTED), "%s", report.warnings.data);
	cr_assert_eq(config == NULL, report.errors.len > 1, "%s", report.errors.data);
	return config != NULL;
}

static bool
load(const char *text)
{
	struct config_flags flags = { .file = text ? write_file("csparkd.conf", text, 0600) : NULL };

	return load_flags(&flags);
}

static void
expect_error(const char *text, const char *words)
{
	cr_expect_not(load(text), "accepted: %s", text);
	cr_expect(strstr(report.errors.data, words), "no \"%s\" in: %s", words, report.errors.data);
}

/* A configuration with one tenant and <more> beside it. */
static const char *
beside(const char *more)
{
	static char text[16384];

	snprintf(text, sizeof(text),
		"tenants = ( { base_url = \"" URL "\"; auth = { open = true; }; } );\n%s\n", more);
	return text;
}

/* A configuration whose tenant says <more>; it stands in line 3. */
static const char *
tenant_with(const char *more)
{
	static char text[16384];

	snprintf(text, sizeof(text), "tenants = ( {\n base_url = \"" URL "\";\n%s\n} );\n", more);
	return text;
}

static char *
printed(void)
{
	struct buf out;
	char *text;

	buf_init(&out, 1 << 20);
	config_print(config, &out);
	text = buf_take(&out, NULL);
	cr_assert(text);
	cr_assert_null(strstr(text, PLANTED), "%s", text);
	return text;
}

/* ---- starting ---- */

Test(config, starts_from_two_variables)
{
	set_variable("CSPARK_BASE_URL", URL);
	set_variable("CSPARK_API_KEY", PLANTED);
	cr_assert(load(NULL), "%s", report.errors.data);
	cr_expect_eq(config->listener_count, 1);
	cr_expect_str_eq(config->listeners[0].address, "127.0.0.1:8080");
	cr_expect_eq(config->listeners[0].allow,
		CSPARK_GROUP_EXECUTE | CSPARK_GROUP_READ | CSPARK_GROUP_OPS);
	cr_expect_eq(config->tenant_count, 1);
	cr_expect_str_eq(config->tenants[0].name, "default");
	cr_expect_str_eq(config->tenants[0].origin, "https://excel.us.coherent.global");
	cr_expect_str_eq(config->tenants[0].tenant, "my-tenant");
	cr_expect_str_eq(config->tenants[0].base_url, URL);
	cr_expect_eq(config->tenants[0].credentials.kind, CSPARK_AUTH_API_KEY);
	cr_expect_str_eq(config->tenants[0].credentials.secret, PLANTED);
	cr_expect_gt(config->workers, 0);
	free(printed());
}

Test(config, shows_how_to_start_when_nothing_is_said)
{
	expect_error("", "export CSPARK_BASE_URL=");
}

Test(config, asks_for_credentials)
{
	set_variable("CSPARK_BASE_URL", URL);
	expect_error(NULL, "has no credentials");
}

Test(config, asks_for_an_address)
{
	set_variable("CSPARK_API_KEY", PLANTED);
	expect_error(NULL, "give base_url (or CSPARK_BASE_URL)");
}

Test(config, takes_an_empty_variable_for_none)
{
	set_variable("CSPARK_API_KEY", "");
	cr_expect(load(beside("")), "%s", report.errors.data);
	cr_expect_eq(config->tenants[0].credentials.kind, CSPARK_AUTH_OPEN);
}

/* ---- every key, by the table ---- */

/* A file that gives the key this value, in the place where it belongs. */
static const char *
with_key(const struct config_key *key, const char *value)
{
	static char text[8192], group[4096];
	enum config_section owner = config_section_owner(key->section);
	const char *name = key->name;

	switch (key->section) {
	case CONFIG_LISTENER:
		snprintf(text, sizeof(text), "listeners = ( { %s = %s; } );", name, value);
		return beside(text);
	case CONFIG_TENANT:
		snprintf(text, sizeof(text), "tenants = ( { %s = %s; auth = { open = true; }; } );", name,
			value);
		return text;
	case CONFIG_TOP:
		snprintf(text, sizeof(text), "%s = %s;", name, value);
		return beside(text);
	default:
		snprintf(group, sizeof(group), "%s = { %s = %s; };", config_place(key->section)->name, name,
			value);
		snprintf(text, sizeof(text), owner == CONFIG_LISTENER ? "listeners = ( { %s } );" : "%s",
			group);
		return owner == CONFIG_TENANT ? tenant_with(group) : beside(text);
	}
}

static bool
is_number(const struct config_key *key)
{
	return key->type == CONFIG_COUNT || key->type == CONFIG_MS || key->type == CONFIG_SIZE;
}

Test(config, holds_every_number_to_its_range)
{
	for (unsigned i = 0; i < CONFIG_KEYS; i++) {
		const struct config_key *key = config_key(i);
		char value[32];

		if (!is_number(key))
			continue;
		snprintf(value, sizeof(value), "%lluL", (unsigned long long)key->max + 1);
		expect_error(with_key(key, value), "is out of range; allowed: ");
		expect_error(with_key(key, "-1"), "is negative");
		if (key->min > 0) {
			snprintf(value, sizeof(value), "%llu", (unsigned long long)key->min - 1);
			expect_error(with_key(key, value), "is out of range");
		}
	}
}

Test(config, refuses_a_wrong_type_for_every_key)
{
	for (unsigned i = 0; i < CONFIG_KEYS; i++) {
		const struct config_key *key = config_key(i);
		char path[96];

		config_key_path(key, path, sizeof(path));
		expect_error(with_key(key, key->type == CONFIG_FLAG ? "1" : "true"), "; allowed: ");
		cr_expect(strstr(report.errors.data, path), "%s", report.errors.data);
		expect_error(with_key(key, "{ a = 1; }"), "; allowed: ");
		if (key->type != CONFIG_TEXTS && key->type != CONFIG_SET)
			expect_error(with_key(key, "[ \"a\" ]"), "; allowed: ");
	}
}

Test(config, prints_what_it_loads_and_loads_what_it_prints)
{
	char *first, *second;

	cr_assert(
		load(beside("limits = { max_body = \"5M\"; max_head = 70000; }; log = { level = \"debug\"; };"
			    "listeners = ( { address = \"unix:/tmp/s\"; mode = \"0600\"; allow = [ "
	                    "\"execute\", \"ops\" ]; }, "
			    "{ address = \"[::1]:80\"; allowed_hosts = [ \"a\", \"b\" ]; } );")),
		"%s", report.errors.data);
	cr_expect_eq(config->limits.max_body, 5 * 1048576);
	cr_expect_eq(config->limits.max_head, 70000);
	cr_expect_eq(config->listeners[0].mode, 0600);
	cr_expect_eq(config->listeners[0].allow, CSPARK_GROUP_EXECUTE | CSPARK_GROUP_OPS);
	cr_expect_str_eq(config->listeners[1].allowed_hosts[1], "b");
	first = printed();
	cr_assert(load(first), "%s", report.errors.data);
	second = printed();
	cr_expect_str_eq(first, second);
	free(first);
	free(second);
}

/* ---- unknown, odd and broken files ---- */

Test(config, names_the_nearest_key_with_its_line)
{
	expect_error(beside("limits = {\n  max_bdy = 1;\n};"),
		"csparkd.conf:3: unknown key \"max_bdy\" in limits; did you mean \"max_body\"?");
	expect_error(beside("limit = { };"), "did you mean \"limits\"?");
	expect_error(beside("max_queue = 1;"), "\"limits.max_queue\" is one");
	expect_error(tenant_with("auth = { api_kye = \"" PLANTED "\"; };"), "did you mean \"api_key\"?");
}

Test(config, reports_all_errors_at_once)
{
	expect_error(beside("workers = \"x\";\nlimits = { max_body = 1; };\nlog = { level = \"loud\"; };"),
		":2: workers: ");
	cr_expect(
		strstr(report.errors.data, ":3: limits.max_body: 1 is out of range; allowed: 1K to 4G bytes"),
		"%s", report.errors.data);
	cr_expect(strstr(report.errors.data,
			  ":4: log.level: \"loud\" is not known; allowed: one of error|warn|info|debug"),
		"%s", report.errors.data);
}

Test(config, refuses_what_libconfig_would_misread)
{
	expect_error(
		beside("limits = {\n max_body = 5000000000; };"), ":3: the number 5000000000 is too large");
	expect_error(beside("@include \"/etc/passwd\""), ":2: @include is not supported");
	cr_expect(load(beside("# 5000000000 @include\n/* 5000000000\n@include */ // 5000000000\nlog = { file "
	                      "= \"/tmp/5000000000@include\"; };")),
		"%s", report.errors.data);
	cr_expect(load(beside("limits = { max_body = 2000000000L; };")), "%s", report.errors.data);
}

Test(config, survives_files_that_are_none)
{
	expect_error("tenants = ( {", "csparkd.conf:1: syntax error");
	expect_error("tenants = 3;", "tenants must be a list of groups");
	expect_error("tenants = ( 3 );", "each of tenants must be a group");
	expect_error("limits = ( 3 );", "limits must be a group");
	load_flags(&(struct config_flags){ .file = file_path("missing") });
	cr_expect(strstr(report.errors.data, "No such file"), "%s", report.errors.data);
	load_flags(&(struct config_flags){ .file = folder });
	cr_expect(strstr(report.errors.data, "is no regular file"), "%s", report.errors.data);
}

/* ---- precedence ---- */

Test(config, lets_flag_win_over_environment_over_file)
{
	struct config_flags flags = { .listen = "127.0.0.1:9", .log_level = "error" };

	set_variable("CSPARK_BASE_URL", "https://excel.eu.coherent.global/other");
	flags.file = write_file("c",
		"listeners = ( { address = \"127.0.0.1:1\"; allow = [ \"ops\" ]; }, { address = "
		"\"127.0.0.1:2\"; } );"
		"tenants = ( { env = \"us\"; tenant = \"t\"; auth = { open = true; }; } ); log = { level = "
		"\"debug\"; };",
		0600);
	cr_assert(load_flags(&flags), "%s", report.errors.data);
	cr_expect_eq(config->listener_count, 1);
	cr_expect_str_eq(config->listeners[0].address, "127.0.0.1:9");
	cr_expect_neq(config->listeners[0].allow, CSPARK_GROUP_OPS);
	cr_expect_str_eq(config->log.level, "error");
	cr_expect_str_eq(config->tenants[0].base_url, "https://excel.eu.coherent.global/other");
	flags.log_level = "loud";
	cr_expect_not(load_flags(&flags));
	cr_expect(strstr(report.errors.data, "--log-level: log.level: \"loud\""), "%s", report.errors.data);
}

Test(config, prefers_oauth_then_api_key_then_token)
{
	static const enum cspark_auth_kind kinds[] = { CSPARK_AUTH_BEARER, CSPARK_AUTH_API_KEY,
		CSPARK_AUTH_OAUTH };
	static const char *const names[] = { "CSPARK_BEARER_TOKEN", "CSPARK_API_KEY",
		"CSPARK_CLIENT_SECRET" };

	set_variable("CSPARK_BASE_URL", URL);
	for (int i = 0; i < 3; i++) {
		set_variable(names[i], PLANTED);
		if (i == 2)
			set_variable("CSPARK_CLIENT_ID", "id");
		cr_assert(load(NULL), "%s", report.errors.data);
		cr_expect_eq(config->tenants[0].credentials.kind, kinds[i]);
		cr_expect_str_eq(config->tenants[0].credentials.secret, PLANTED);
	}
	cr_expect_str_eq(config->tenants[0].credentials.client_id, "id");
	cr_expect_str_eq(config->tenants[0].token_url,
		"https://keycloak.us.coherent.global/auth/realms/my-tenant/protocol/openid-connect/token");
	cr_expect(strstr(report.warnings.data, "the API key is not used: OAuth wins"), "%s",
		report.warnings.data);
}

Test(config, prefers_credentials_of_the_environment)
{
	set_variable("CSPARK_BEARER_TOKEN", PLANTED);
	cr_assert(load(tenant_with("auth = { client_id = \"id\"; client_secret = \"x\"; };")), "%s",
		report.errors.data);
	cr_expect_eq(config->tenants[0].credentials.kind, CSPARK_AUTH_BEARER);
}

Test(config, completes_a_client_of_the_file_with_a_secret_of_the_environment)
{
	set_variable("CSPARK_CLIENT_SECRET", PLANTED);
	cr_assert(load(tenant_with("auth = { client_id = \"id\"; client_secret_file = \"/nowhere\"; };")),
		"%s", report.errors.data);
	cr_expect_eq(config->tenants[0].credentials.kind, CSPARK_AUTH_OAUTH);
	cr_expect_str_eq(config->tenants[0].credentials.secret, PLANTED);
}

Test(config, wants_both_halves_of_a_client)
{
	expect_error(tenant_with("auth = { client_id = \"id\"; };"), ":3: auth.client_id needs");
	expect_error(tenant_with("auth = { client_secret = \"" PLANTED "\"; };"), "without auth.client_id");
	expect_error(tenant_with("auth = { api_key = \"" PLANTED "\"; api_key_file = \"/x\"; };"),
		"exclude each other");
}

Test(config, takes_the_word_open_for_no_credentials)
{
	set_variable("CSPARK_API_KEY", "open");
	set_variable("CSPARK_BASE_URL", URL);
	cr_assert(load(NULL), "%s", report.errors.data);
	cr_expect_eq(config->tenants[0].credentials.kind, CSPARK_AUTH_OPEN);
}

/* ---- files with secrets ---- */

static const char *
key_file(const char *path)
{
	static char text[256];

	snprintf(text, sizeof(text), "auth = { api_key_file = \"%s\"; };", path);
	return tenant_with(text);
}

Test(config, reads_a_secret_file_through_a_link)
{
	const char *link = file_path("link");

	cr_assert_eq(symlink(write_file("key", PLANTED "\r\n", 0640), link), 0);
	cr_assert(load(key_file(link)), "%s", report.errors.data);
	cr_expect_str_eq(config->tenants[0].credentials.secret, PLANTED);
	cr_expect_str_eq(config->tenants[0].secret_file, link);
}

Test(config, refuses_unsafe_and_odd_secret_files)
{
	char *large = malloc(70001);

	memset(large, 'x', 70000);
	large[70000] = '\0';
	expect_error(key_file(write_file("key", PLANTED, 0604)), "can be read by others");
	expect_error(key_file(write_file("key", "\n", 0600)), "is empty");
	expect_error(key_file(write_file("key", PLANTED "\n" PLANTED, 0600)), "has control characters");
	expect_error(key_file(write_file("key", large, 0600)), "is too large");
	expect_error(key_file(folder), "is no regular file");
	expect_error(key_file("/nowhere"), "/nowhere: No such file");
	free(large);
}

Test(config, finds_a_credential_of_the_service_manager)
{
	expect_error(key_file("credential:key"), "needs $CREDENTIALS_DIRECTORY");
	set_variable("CREDENTIALS_DIRECTORY", folder);
	write_file("key", PLANTED, 0400);
	cr_assert(load(key_file("credential:key")), "%s", report.errors.data);
	cr_expect_str_eq(config->tenants[0].credentials.secret, PLANTED);
	cr_expect_str_eq(config->tenants[0].secret_file, file_path("key"));
	expect_error(key_file("credential:other"), "other: No such file");
	expect_error(key_file("credential:../key"), "is no name of a credential");
}

Test(config, does_not_wait_for_a_pipe)
{
	const char *path = file_path("pipe");

	cr_assert_eq(mkfifo(path, 0600), 0);
	expect_error(key_file(path), "is no regular file");
}

Test(config, warns_of_a_secret_in_the_file_and_refuses_it_if_others_can_read)
{
	const char *text = tenant_with("auth = { api_key = \"" PLANTED "\"; };");
	char *print;

	cr_assert(load(text), "%s", report.errors.data);
	cr_expect(strstr(report.warnings.data, "csparkd.conf:3: auth.api_key holds a secret"), "%s",
		report.warnings.data);
	print = printed();
	cr_expect(strstr(print, "api_key = \"***\""), "%s", print);
	free(print);
	cr_expect_not(load_flags(&(struct config_flags){ .file = write_file("open.conf", text, 0644) }));
	cr_expect(strstr(report.errors.data, "can be read by others"), "%s", report.errors.data);
}

Test(config, reads_both_forms_of_the_oauth_file)
{
	static const char *const good[] = { "{\"client_id\": \"id\", \"client_secret\": \"" PLANTED "\"}",
		"{\"x\": [1], \"clientId\": \"i\\u0064\", \"clientSecret\": \"" PLANTED "\"}\n" };
	static const char *const bad[] = { "{\"client_id\": \"id\"}", "[]",
		"{\"client_id\": 3, \"client_secret\": \"" PLANTED "\"}",
		"{\"client_id\": \"id\", \"client_secret\": \"" PLANTED "\"", "" };

	set_variable("CSPARK_BASE_URL", URL);
	set_variable("CSPARK_OAUTH_PATH", file_path("oauth.json"));
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		write_file("oauth.json", good[i], 0600);
		cr_assert(load(NULL), "%s", report.errors.data);
		cr_expect_eq(config->tenants[0].credentials.kind, CSPARK_AUTH_OAUTH);
		cr_expect_str_eq(config->tenants[0].credentials.client_id, "id");
		cr_expect_str_eq(config->tenants[0].credentials.secret, PLANTED);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		write_file("oauth.json", bad[i], 0600);
		expect_error(NULL, "CSPARK_OAUTH_PATH: auth.oauth_file: ");
	}
}

Test(config, reads_a_rotated_secret_again)
{
	struct config_secret secret;
	struct cspark_error error;
	const char *path = write_file("key", "old", 0600);

	cr_assert(load(key_file(path)), "%s", report.errors.data);
	write_file("key", PLANTED, 0600);
	cr_assert(config_read_secret(&config->tenants[0], &secret, &error), "%s", error.detail);
	cr_expect_str_eq(secret.text, PLANTED);
	config_secret_fini(&secret);
	write_file("key", "", 0600);
	cr_expect_not(config_read_secret(&config->tenants[0], &secret, &error));
	cr_expect(strstr(error.detail, "is empty"), "%s", error.detail);
	config_secret_fini(&secret);
}

/* ---- addresses ---- */

static bool
load_listener(const char *address, const char *more)
{
	char text[512];

	snprintf(text, sizeof(text), "listeners = ( { address = \"%s\"; %s } );", address, more);
	return load(beside(text));
}

Test(config, takes_addresses_and_sockets)
{
	static const char *const good[] = { "127.0.0.1:1", "127.8.9.10:65535", "[::1]:8080", "unix:/run/s" };
	static const char *const bad[] = { "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:x",
		":80", "::1:80", "example.com:80", "8080", "unix:run", "unix:", "[::1:80", "127.1:80" };

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		cr_expect(load_listener(good[i], ""), "%s: %s", good[i], report.errors.data);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		cr_expect_not(load_listener(bad[i], ""), "%s", bad[i]);
	cr_assert(load_listener("localhost:80", ""));
	cr_expect_str_eq(config->listeners[0].address, "127.0.0.1:80");
}

Test(config, listens_to_other_hosts_only_on_request)
{
	cr_expect_not(load_listener("0.0.0.0:80", ""));
	cr_expect(strstr(report.errors.data, "unsafe_listen = true"), "%s", report.errors.data);
	cr_expect(load_listener("0.0.0.0:80", "unsafe_listen = true;"), "%s", report.errors.data);
	cr_expect_not(load_listener("[::]:80", ""));
	expect_error(beside("listeners = ( { }, { } );"), "is used twice");
}

Test(config, warns_of_listeners_that_others_can_reach)
{
	cr_assert(load_listener("0.0.0.0:80", "unsafe_listen = true;"), "%s", report.errors.data);
	cr_expect(strstr(report.warnings.data, "can be reached by other hosts"));
}

Test(config, knows_an_origin_from_an_address)
{
	static const char *const bad[] = { "app.example", "https://app.example/", "https://", "*", "null",
		"https://u@app.example", "https://app.example/path", "//app.example", "https:app.example" };
	char line[128];

	cr_expect(load_listener("127.0.0.1:80",
			  "allowed_origins = [ \"https://app.example\", \"http://[::1]:3000\", "
			  "\"chrome-extension://abc\" ];"),
		"%s", report.errors.data);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(line, sizeof(line), "allowed_origins = [ \"%s\" ];", bad[i]);
		cr_expect_not(load_listener("127.0.0.1:80", line), "%s", bad[i]);
	}
}

Test(config, sends_in_clear_only_on_request)
{
	expect_error("tenants = ( { base_url = \"http://spark.example/t\"; auth = { open = true; }; } );",
		"base_url: ");
	cr_expect(load("tenants = ( { base_url = \"http://spark.example/t\"; plaintext = true; auth = { open "
	               "= true; }; } );"),
		"%s", report.errors.data);
	cr_expect(load("tenants = ( { base_url = \"http://127.0.0.1:9/t\"; auth = { open = true; }; } );"),
		"%s", report.errors.data);
	expect_error(tenant_with("auth = { open = true; }; token_url = \"http://a.example/t\";"),
		"must begin with https://");
	expect_error(tenant_with("auth = { open = true; }; token_url = \"http://127.0.0.1.example@evil/t\";"),
		"user name");
	cr_expect(load(tenant_with("auth = { open = true; }; token_url = \"http://localhost:1/t\";")), "%s",
		report.errors.data);
	expect_error("tenants = ( { base_url = \"https://user:" PLANTED
		     "@spark.example/t\"; auth = { open = true; }; } );",
		"user name");
}

Test(config, makes_an_address_of_env_and_tenant)
{
	cr_assert(load("tenants = ( { env = \"eu\"; tenant = \"t\"; auth = { open = true; }; } );"), "%s",
		report.errors.data);
	cr_expect_str_eq(config->tenants[0].base_url, "https://excel.eu.coherent.global/t");
	expect_error("tenants = ( { env = \"eu\"; auth = { open = true; }; } );", "or env and tenant");
	expect_error(tenant_with("env = \"eu\"; auth = { open = true; };"), "exclude each other");
}

Test(config, names_tenants_once)
{
	expect_error("tenants = ( { env = \"eu\"; tenant = \"t\"; auth = { open = true; }; },\n"
		     "{ env = \"eu\"; tenant = \"t\"; auth = { open = true; }; } );",
		":2: two tenants are called \"default\"");
	expect_error(tenant_with("name = \"a b\"; auth = { open = true; };"), "name \"a b\": allowed are");
}

Test(config, resolves_proxies)
{
	char *print;

	set_variable("HTTPS_PROXY", "http://proxy.example:3128");
	cr_assert(load(tenant_with("auth = { open = true; };")), "%s", report.errors.data);
	cr_expect_str_eq(config->tenants[0].api_proxy, "http://proxy.example:3128");
	cr_assert(load(tenant_with("proxy = \"\"; auth = { open = true; };")), "%s", report.errors.data);
	cr_expect_null(config->tenants[0].api_proxy);
	cr_assert(load(tenant_with("proxy = \"http://u:" PLANTED "@p:1\"; auth = { open = true; };")), "%s",
		report.errors.data);
	print = printed();
	cr_expect(strstr(print, "proxy = \"http://***@p:1\""), "%s", print);
	free(print);
	expect_error(tenant_with("proxy = \"p:1\"; auth = { open = true; };"), "proxy must begin with");
}

/* ---- numbers that belong together ---- */

Test(config, gives_every_worker_a_call)
{
	expect_error(beside("workers = 3; limits = { max_in_flight = 2; };"),
		"workers (3) must not exceed limits.max_in_flight (2)");
	cr_assert(load(beside("limits = { max_in_flight = 1; };")), "%s", report.errors.data);
	cr_expect_eq(config->workers, 1);
	expect_error(beside("limits = { max_head = 2048; max_target = 4096; };"),
		"must not exceed limits.max_head");
}

Test(config, is_shared_by_count)
{
	struct config *other;

	cr_assert(load(beside("")));
	other = config_ref(config);
	config_unref(config);
	cr_expect_str_eq(other->tenants[0].name, "default");
}

/* ---- what is made from the table ---- */

Test(config, helps_with_every_key)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	config_help(&out);
	buf_put_char(&out, '\0');
	for (unsigned i = 0; i < CONFIG_KEYS; i++) {
		char path[96];

		config_key_path(config_key(i), path, sizeof(path));
		cr_expect(strstr(out.data, path), "%s", path);
		cr_expect(strstr(out.data, config_key(i)->help), "%s", path);
	}
	buf_fini(&out);
}

/* As it is shipped the sample says nothing, so the environment is enough; with all its keys uncommented every
 * key is known and good, but for those that exclude each other or name files. */
Test(config, ships_a_sample_that_loads)
{
	struct buf out;
	char *text;

	buf_init(&out, 1 << 20);
	config_sample(&out);
	text = buf_take(&out, NULL);
	set_variable("CSPARK_BASE_URL", URL);
	set_variable("CSPARK_API_KEY", PLANTED);
	cr_expect(load(text), "%s", report.errors.data);
	for (char *c = text; *c; c++)
		if (c[0] == '#' && c[1] != ' ')
			*c = ' ';
	cr_expect_not(load(text));
	cr_expect_null(strstr(report.errors.data, "unknown key"), "%s", report.errors.data);
	cr_expect_null(strstr(report.errors.data, "allowed:"), "%s", report.errors.data);
	cr_expect_null(strstr(report.errors.data, "syntax error"), "%s", report.errors.data);
	free(text);
}
