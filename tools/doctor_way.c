/* The way to a server, phase by phase, of one probe. */
#include "tools/doctor.h"

#include "lib/cspark_probe.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	PROBE_MS = 15000,
	DAY_S = 24 * 3600,
	EXPIRY_NEAR_S = 14 * DAY_S,
	CLOCK_NEAR_S = 30,
	CLOCK_FAR_S = 300,
	SLOW_PARTS = 2, /* of what connect_timeout_ms allows, a connection should need less than half */
	CONNECT_TIMEOUT_MS = 2000,
};

struct way {
	struct doctor *doctor;
	const char *tenant; /* its name */
	const char *label;  /* "base_url" */
	char host[256];
	bool is_tls;
	bool is_loopback;
	const char *proxy;
	const char *proxy_key;
	char proxy_text[300]; /* without its password */
	long timeout_ms;
	struct cspark_probe probe;
};

#define ADD(way, verdict, check, remedy, ...) \
	findings_add(&(way)->doctor->findings, verdict, check, (way)->tenant, remedy, __VA_ARGS__)

/* ---- what is asked for ------------------------------------------------------------------- */

/* The host of "scheme://[user@]host[:port][/path]", without brackets. */
static void
copy_host(const char *url, char *ret, size_t size)
{
	const char *scheme = strstr(url, "://");
	struct str rest, text = str_cut(str_of(scheme ? scheme + 3 : url), '/', &rest);

	if (str_starts(text, STR("[")))
		text = str_cut(str_range(text.at + 1, text.len - 1), ']', &rest);
	else
		text = str_cut(text, ':', &rest);
	snprintf(ret, size, "%.*s", STR_ARG(text));
}

static bool
is_address(const char *host)
{
	struct in6_addr address;

	return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
}

static bool
is_loopback(const char *host)
{
	struct in_addr address;

	return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
		(inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127);
}

const char *
doctor_proxy(const struct settings_tenant *tenant, const char *url, const char **ret_key)
{
	static const char *const NAMES[] = { "https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy",
		"ALL_PROXY" };
	const char *proxy = tenant->proxy;

	*ret_key = "proxy";
	if (proxy)
		return *proxy ? proxy : NULL;
	proxy = cspark_proxy_for(url, getenv);
	for (size_t i = 0; proxy && i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
		if (getenv(NAMES[i]) == proxy)
			*ret_key = NAMES[i];
	}
	return proxy;
}

/* User and password are nobody's business. */
static void
hide_user(const char *url, char *ret, size_t size)
{
	const char *scheme = strstr(url, "://");
	const char *host = scheme ? scheme + 3 : url;
	const char *at = strrchr(host, '@');

	snprintf(ret, size, "%.*s%s", (int)(at ? host - url : 0), url, at ? at + 1 : url);
}

static void
look(struct way *way, const struct settings_tenant *tenant, const char *url)
{
	struct cspark_route route = { .ca_file = tenant->ca_file };

	copy_host(url, way->host, sizeof(way->host));
	way->is_tls = strncasecmp(url, "https:", 6) == 0;
	way->is_loopback = is_loopback(way->host);
	way->proxy = doctor_proxy(tenant, url, &way->proxy_key);
	if (way->proxy)
		hide_user(way->proxy, way->proxy_text, sizeof(way->proxy_text));
	way->timeout_ms = tenant->connect_timeout_ms ? strtol(tenant->connect_timeout_ms, NULL, 10) :
						       CONNECT_TIMEOUT_MS;
	route.proxy = way->proxy;
	route.connect_timeout_ms = way->timeout_ms;
	cspark_probe_run(url, &route, PROBE_MS, &way->probe);
}

/* ---- phases ------------------------------------------------------------------------------ */

static void
judge_proxy(struct way *way)
{
	const struct cspark_probe *probe = &way->probe;

	if (!way->proxy)
		ADD(way, VERDICT_OK, "proxy", NULL, "none for %s", way->host);
	else if (probe->end != CSPARK_PROBE_PROXY)
		ADD(way, VERDICT_OK, "proxy", NULL, "%s, named by %s", way->proxy_text, way->proxy_key);
	else if (probe->proxy_status == 407)
		ADD(way, VERDICT_FAULT, "proxy", "Put user and password into the proxy's URL.",
			"%s, named by %s, wants a password", way->proxy_text, way->proxy_key);
	else if (probe->proxy_status)
		ADD(way, VERDICT_FAULT, "proxy",
			"Have the proxy's owner let this host through, or name it in NO_PROXY.",
			"%s, named by %s, refuses %s with HTTP %d", way->proxy_text, way->proxy_key,
			way->host, probe->proxy_status);
	else
		ADD(way, VERDICT_FAULT, "proxy",
			"Check that it runs and its URL is right, or do without (proxy = \"\", NO_PROXY).",
			"%s, named by %s: %s", way->proxy_text, way->proxy_key, probe->reason);
}

static void
judge_dns(struct way *way)
{
	const struct cspark_probe *probe = &way->probe;

	if (way->proxy)
		ADD(way, VERDICT_SKIPPED, "dns", NULL, "the proxy looks %s up", way->host);
	else if (is_address(way->host))
		ADD(way, VERDICT_OK, "dns", NULL, "%s is an address", way->host);
	else if (probe->end == CSPARK_PROBE_DNS)
		ADD(way, VERDICT_FAULT, "dns",
			"Check the name in the configuration, and this host's resolver (/etc/resolv.conf).",
			"%s, the host of %s: %s", way->host, way->label, probe->reason);
	else
		ADD(way, VERDICT_OK, "dns", NULL, "%s was found in %lld ms", way->host,
			(long long)probe->dns_ms);
}

static void
judge_route(struct way *way)
{
	const struct cspark_probe *probe = &way->probe;

	if (probe->end == CSPARK_PROBE_CONNECT)
		ADD(way, VERDICT_FAULT, "route",
			"Check the port in the configuration, firewalls, and whether a proxy is needed.",
			"no connection to %s, the host of %s: %s", way->host, way->label, probe->reason);
	else if (probe->connect_ms < 0 || probe->end == CSPARK_PROBE_PROXY)
		ADD(way, VERDICT_SKIPPED, "route", NULL, "%s cannot be asked", way->host);
	else if (probe->connect_ms * SLOW_PARTS > way->timeout_ms)
		ADD(way, VERDICT_WARNING, "route", "Raise connect_timeout_ms, or find out what is slow.",
			"%s port %u took %lld ms to connect; %ld ms are allowed", probe->address, probe->port,
			(long long)probe->connect_ms, way->timeout_ms);
	else
		ADD(way, VERDICT_OK, "route", NULL, "connected to %s port %u in %lld ms", probe->address,
			probe->port, (long long)probe->connect_ms);
}

/* ---- TLS --------------------------------------------------------------------------------- */

static const struct {
	const char *what;
	const char *remedy;
} DISTRUST[] = {
	[CSPARK_TRUSTED] = { "it is not accepted", "See the reason." },
	[CSPARK_DISTRUST_CA_FILE] = { "the file of authorities cannot be used",
		"Let ca_file name a readable file with certificates in PEM." },
	[CSPARK_DISTRUST_EXPIRED] = { "it has expired",
		"Have the server's owner renew the certificate; if the date "
		"below is in the future, correct this host's clock." },
	[CSPARK_DISTRUST_EARLY] = { "it is not valid yet",
		"Correct this host's clock, or have the server's owner look at the certificate." },
	[CSPARK_DISTRUST_HOST] = { "it is for another host",
		"Use the name that the certificate was made for, or have one made for this name." },
	[CSPARK_DISTRUST_AUTHORITY] = { "who signed it is unknown",
		"Let ca_file name the certificate of the authority (perhaps of a proxy that opens TLS)." },
};

static const char *
day_of(int64_t at_s, char ret[16])
{
	time_t at = (time_t)at_s;
	struct tm parts;

	if (at_s == -1 || !gmtime_r(&at, &parts) || !strftime(ret, 16, "%Y-%m-%d", &parts))
		return "?";
	return ret;
}

static void
judge_distrust(struct way *way)
{
	const struct cspark_probe *probe = &way->probe;
	const struct cspark_certificate *certificate = &probe->certificate;
	char begin[16], end[16];

	ADD(way, VERDICT_FAULT, "tls", DISTRUST[probe->distrust].remedy,
		"the certificate of %s: %s; issued by \"%s\", valid from %s to %s (%s)", way->host,
		DISTRUST[probe->distrust].what, certificate->issuer, day_of(certificate->begins_s, begin),
		day_of(certificate->ends_s, end), probe->reason);
}

static void
judge_certificate(struct way *way)
{
	const struct cspark_certificate *certificate = &way->probe.certificate;
	int64_t left_s = certificate->ends_s - (int64_t)time(NULL);
	bool is_near = certificate->ends_s != -1 && left_s < EXPIRY_NEAR_S;
	char end[16];

	ADD(way, is_near ? VERDICT_WARNING : VERDICT_OK, "tls",
		is_near ? "Have the server's owner renew the certificate in time." : NULL,
		"%s: issued by \"%s\", valid until %s (%lld days)", way->host, certificate->issuer,
		day_of(certificate->ends_s, end), (long long)(left_s / DAY_S));
}

static void
judge_plaintext(struct way *way)
{
	if (way->is_loopback)
		ADD(way, VERDICT_OK, "tls", NULL, "not needed: %s is this host", way->host);
	else
		ADD(way, VERDICT_WARNING, "tls", "Use https:// if there is any way to.",
			"none: credentials and data go to %s in clear", way->host);
}

static void
judge_tls(struct way *way)
{
	const struct cspark_probe *probe = &way->probe;

	if (!way->is_tls)
		judge_plaintext(way);
	else if (probe->end == CSPARK_PROBE_CERTIFICATE)
		judge_distrust(way);
	else if (probe->end == CSPARK_PROBE_TLS)
		ADD(way, VERDICT_FAULT, "tls",
			"Check that this port speaks TLS 1.2 or newer, and what is on the way.",
			"no TLS with %s: %s", way->host, probe->reason);
	else if (probe->tls_ms < 0)
		ADD(way, VERDICT_SKIPPED, "tls", NULL, "%s cannot be asked", way->host);
	else
		judge_certificate(way);
}

/* ---- the answer -------------------------------------------------------------------------- */

static void
judge_clock(struct way *way)
{
	const struct cspark_probe *probe = &way->probe;
	long long ahead = (long long)probe->ahead_s, off = llabs(ahead);

	if (probe->end != CSPARK_PROBE_ANSWERED || !probe->tells_time)
		ADD(way, VERDICT_SKIPPED, "clock", NULL, "%s did not say its time", way->host);
	else if (off > CLOCK_NEAR_S)
		ADD(way, off > CLOCK_FAR_S ? VERDICT_FAULT : VERDICT_WARNING, "clock",
			"Let both keep their time by NTP; certificates and tokens need it.",
			"this host is %lld s %s %s", off, ahead > 0 ? "behind" : "ahead of", way->host);
	else
		ADD(way, VERDICT_OK, "clock", NULL, "agrees with %s (%lld s)", way->host, off);
}

static void
judge_answer(struct way *way)
{
	if (way->probe.end == CSPARK_PROBE_MUTE)
		ADD(way, VERDICT_FAULT, "answer", "Check scheme and port in the configuration.",
			"%s, the host of %s, does not speak HTTP: %s", way->host, way->label,
			way->probe.reason);
}

bool
doctor_check_way(
	struct doctor *doctor, const struct settings_tenant *tenant, const char *label, const char *url)
{
	struct way way = { .doctor = doctor, .tenant = doctor_tenant_name(doctor, tenant), .label = label };

	look(&way, tenant, url);
	judge_proxy(&way);
	judge_dns(&way);
	judge_route(&way);
	judge_tls(&way);
	judge_answer(&way);
	judge_clock(&way);
	return way.probe.end == CSPARK_PROBE_ANSWERED;
}
