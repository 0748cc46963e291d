/*
 * What stands between this host and Spark, looked at in order; each function is some checks, which it adds
 * to the findings. No secret goes there.
 */
#pragma once

#include "base/buf.h"
#include "tools/findings.h"
#include "tools/settings.h"

struct doctor {
	const char *config_file; /* NULL: the environment, or where csparkd is installed */
	const char *url;         /* of the daemon */
	bool url_is_said;        /* else the configuration may know better */
	struct findings findings;
	struct settings settings;
	struct buf status; /* what the daemon answered; empty: nothing */
};

#define DOCTOR_ADD(doctor, verdict, check, tenant, remedy, ...) \
	findings_add(&(doctor)->findings, verdict, check, tenant, remedy, __VA_ARGS__)

/* The configuration; then <settings> is filled. */
void doctor_check_configuration(struct doctor *doctor);
/* Files with secrets, the folder for files, limits. */
void doctor_check_host(struct doctor *doctor);
/* The daemon; then <status> is filled. */
void doctor_check_daemon(struct doctor *doctor);
/* Names, proxy, route, TLS and clock on the way to <url>, which the setting <label> names. True: it
 * answers. */
bool doctor_check_way(
	struct doctor *doctor, const struct settings_tenant *tenant, const char *label, const char *url);
/* Token and calls of a tenant. <is_reached>: all that is asked for them. */
void doctor_check_calls(struct doctor *doctor, const struct settings_tenant *tenant, bool is_reached);

/* How findings name a tenant: not at all if there is but one. */
const char *doctor_tenant_name(const struct doctor *doctor, const struct settings_tenant *tenant);
/* The proxy for <url>: of the tenant or of the environment; NULL: none. <ret_key>: who named it. */
const char *doctor_proxy(const struct settings_tenant *tenant, const char *url, const char **ret_key);
