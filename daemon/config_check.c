#include "daemon/config_check.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "daemon/config_listener.h"
#include "daemon/config_secret.h"

/* ---- tenants ---- */

static void
check_name(struct config_draft *draft, size_t index)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	struct config_part *part = &draft->tenants[index];
	const char *name = draft->config->tenants[index].name;
	struct config_origin origin = config_part_origin(part, CONFIG_KEY_TENANT_name);

	if (strspn(name, allowed) < strlen(name))
		config_report_error(draft->report, origin,
			"name \"%s\": allowed are letters, digits, \"-\", \"_\" and \".\"", name);
	for (size_t i = 0; i < index; i++)
		if (strcmp(draft->config->tenants[i].name, name) == 0)
			config_report_error(draft->report, origin,
				"two tenants are called \"%s\"; give each its own name", name);
}

/* A user name and password in a URL would travel to places where URLs are shown. */
static bool
has_userinfo(const char *url)
{
	const char *authority = strstr(url, "://");
	const char *end = authority ? authority + 3 + strcspn(authority + 3, "/?#") : NULL;

	return authority && memchr(authority, '@', (size_t)(end - authority)) != NULL;
}

static void
resolve_base_url(struct config_draft *draft, struct config_part *part)
{
	struct config_tenant *tenant = part->base;
	struct config_origin origin = config_part_origin(part, CONFIG_KEY_TENANT_base_url);
	bool from_variable = config_part_has(part, CONFIG_KEY_TENANT_base_url) && origin.line == 0;
	const char *env = from_variable ? NULL : tenant->env;
	const char *name = from_variable ? NULL : tenant->tenant;
	char *real_origin = NULL, *real_tenant = NULL, *url;
	struct cspark_error error;

	if (tenant->base_url && env) {
		config_report_error(draft->report, origin, "base_url and env exclude each other");
	} else if (!tenant->base_url && !(env && name)) {
		config_report_error(draft->report, part->origin,
			"tenant \"%s\" has no address: give base_url (or CSPARK_BASE_URL), or env and tenant",
			tenant->name);
	} else if (tenant->base_url && has_userinfo(tenant->base_url)) {
		config_report_error(draft->report, origin,
			"base_url must not hold a user name or password; they belong into auth");
	} else if (!cspark_base_url_parse(tenant->base_url, env, name, tenant->plaintext, &real_origin,
			   &real_tenant, &error)) {
		config_report_error(draft->report, origin, "base_url: %s", error.detail);
	} else if (asprintf(&url, "%s/%s", real_origin, real_tenant) > 0) {
		tenant->origin = real_origin;
		config_value_take(&tenant->tenant, real_tenant);
		config_value_take(&tenant->base_url, url);
		config_value_take(&tenant->env, NULL);
	}
}

static bool
is_url_allowed(const char *url, bool plaintext)
{
	struct str text = str_of(url);
	struct str host;

	if (str_starts(text, STR("https://")))
		return text.len > 8;
	if (!str_starts(text, STR("http://")) || text.len <= 7)
		return false;
	host = str_range(url + 7, strcspn(url + 7, "/?#"));
	if (str_starts(host, STR("[")))
		host = str_range(host.at + 1, strcspn(host.at + 1, "]"));
	else
		host.len = str_find(host, ':') >= 0 ? (size_t)str_find(host, ':') : host.len;
	return plaintext || config_host_is_loopback(host);
}

static void
resolve_token_url(struct config_draft *draft, struct config_part *part)
{
	struct config_tenant *tenant = part->base;
	struct config_origin origin = config_part_origin(part, CONFIG_KEY_TENANT_token_url);

	if (tenant->token_url && has_userinfo(tenant->token_url))
		config_report_error(draft->report, origin, "token_url must not hold a user name or password");
	else if (tenant->token_url && !is_url_allowed(tenant->token_url, tenant->plaintext))
		config_report_error(draft->report, origin,
			"token_url \"%s\" must begin with https://; http:// needs a loopback host or "
			"plaintext = true",
			tenant->token_url);
	else if (!tenant->token_url && tenant->credentials.kind == CSPARK_AUTH_OAUTH && tenant->origin)
		tenant->token_url = cspark_token_url(tenant->base_url);
}

static void
check_proxy(struct config_draft *draft, struct config_part *part)
{
	static const char *const schemes[] = { "http://", "https://", "socks4://", "socks4a://", "socks5://",
		"socks5h://" };
	struct config_tenant *tenant = part->base;

	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
		if (str_starts(str_of(tenant->proxy), str_of(schemes[i])))
			return;
	config_report_error(draft->report, config_part_origin(part, CONFIG_KEY_TENANT_proxy),
		"proxy must begin with http://, https://, socks4://, socks4a://, socks5:// or socks5h://, or "
		"be \"\" for none");
}

static char *
proxy_for(const struct config_tenant *tenant, const char *url, char *(*getenv_fn)(const char *))
{
	const char *proxy = tenant->proxy ? tenant->proxy : cspark_proxy_for(url, getenv_fn);

	return proxy && *proxy ? strdup(proxy) : NULL;
}

static void
resolve_proxies(struct config_draft *draft, struct config_part *part, char *(*getenv_fn)(const char *))
{
	struct config_tenant *tenant = part->base;

	if (tenant->proxy && *tenant->proxy)
		check_proxy(draft, part);
	if (tenant->origin)
		tenant->api_proxy = proxy_for(tenant, tenant->base_url, getenv_fn);
	if (tenant->token_url)
		tenant->token_proxy = proxy_for(tenant, tenant->token_url, getenv_fn);
}

static void
check_tenant(struct config_draft *draft, size_t index, char *(*getenv_fn)(const char *))
{
	struct config_part *part = &draft->tenants[index];
	struct config_tenant *tenant = part->base;

	check_name(draft, index);
	resolve_base_url(draft, part);
	config_secret_resolve(draft, part);
	resolve_token_url(draft, part);
	resolve_proxies(draft, part, getenv_fn);
	if (tenant->ca_file && access(tenant->ca_file, R_OK) != 0)
		config_report_error(draft->report, config_part_origin(part, CONFIG_KEY_TENANT_ca_file),
			"ca_file \"%s\": %m", tenant->ca_file);
}

static void
report_no_tenant(struct config_draft *draft)
{
	config_report_error(draft->report, (struct config_origin){ NULL, 0 },
		"no tenant of Spark is configured; three lines are enough to start:\n"
		"    export CSPARK_BASE_URL=https://excel.my-env.coherent.global/my-tenant\n"
		"    export CSPARK_API_KEY=...    (or CSPARK_CLIENT_ID and CSPARK_CLIENT_SECRET, or "
		"CSPARK_BEARER_TOKEN)\n"
		"    csparkd");
}

/* ---- numbers ---- */

static unsigned
usable_cores(void)
{
	cpu_set_t cores;

	if (sched_getaffinity(0, sizeof(cores), &cores) < 0 || CPU_COUNT(&cores) < 1)
		return 1;
	return (unsigned)CPU_COUNT(&cores);
}

/* Every worker must be allowed at least one call, or its callers would wait for ever. */
static void
check_workers(struct config_draft *draft)
{
	struct config *config = draft->config;
	unsigned max = config->limits.max_in_flight;

	if (config->workers == 0) {
		config->workers = usable_cores();
		if (config->workers > max)
			config->workers = max;
		if (config->workers > config_key(CONFIG_KEY_TOP_workers)->max)
			config->workers = (unsigned)config_key(CONFIG_KEY_TOP_workers)->max;
	}
	if (config->workers > max)
		config_report_error(draft->report, config_part_origin(&draft->top, CONFIG_KEY_TOP_workers),
			"workers (%u) must not exceed limits.max_in_flight (%u)", config->workers, max);
}

static void
check_limits(struct config_draft *draft)
{
	const struct config *config = draft->config;

	if (config->limits.max_target > config->limits.max_head)
		config_report_error(draft->report,
			config_part_origin(&draft->top, CONFIG_KEY_LIMITS_max_target),
			"limits.max_target (%llu) must not exceed limits.max_head (%llu)",
			(unsigned long long)config->limits.max_target,
			(unsigned long long)config->limits.max_head);
}

void
config_check(struct config_draft *draft, char *(*getenv_fn)(const char *))
{
	for (size_t i = 0; i < draft->config->listener_count; i++)
		config_listener_check(draft, i);
	if (draft->config->tenant_count == 0 && !config_report_is_bad(draft->report))
		report_no_tenant(draft);
	for (size_t i = 0; i < draft->config->tenant_count; i++)
		check_tenant(draft, i, getenv_fn);
	check_workers(draft);
	check_limits(draft);
}
