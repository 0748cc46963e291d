/* csparkctl doctor: what stands between this host and Spark, and what helps. */
#include "tools/doctor.h"

#include "tools/command.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATUS_MAX (1024 * 1024)

static const struct option OPTIONS[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "json", no_argument, NULL, 'j' },
	{ "url", required_argument, NULL, 'u' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

const char *
doctor_tenant_name(const struct doctor *doctor, const struct settings_tenant *tenant)
{
	return doctor->settings.tenant_count > 1 ? tenant->name : NULL;
}

static bool
uses_oauth(const struct settings *settings, const struct settings_tenant *tenant)
{
	const char *id = getenv("CSPARK_CLIENT_ID"), *path = getenv("CSPARK_OAUTH_PATH");

	if (settings->tells_credentials)
		return tenant->client_secret || tenant->client_secret_file || tenant->oauth_file;
	return (id && *id) || (path && *path);
}

static bool
is_same_origin(const char *a, const char *b)
{
	struct str first, second, rest;

	a = strstr(a, "://") ? strstr(a, "://") + 3 : a;
	b = strstr(b, "://") ? strstr(b, "://") + 3 : b;
	first = str_cut(str_of(a), '/', &rest);
	second = str_cut(str_of(b), '/', &rest);
	return str_eq_nocase(first, second);
}

static void
check_tenant(struct doctor *doctor, const struct settings_tenant *tenant)
{
	char *derived = cspark_token_url(tenant->base_url);
	const char *token_url = tenant->token_url ? tenant->token_url : derived;
	bool is_reached = doctor_check_way(doctor, tenant, "base_url", tenant->base_url);

	if (token_url && uses_oauth(&doctor->settings, tenant) &&
		!is_same_origin(tenant->base_url, token_url))
		is_reached &= doctor_check_way(doctor, tenant, "token_url", token_url);
	doctor_check_calls(doctor, tenant, is_reached);
	free(derived);
}

static void
examine(struct doctor *doctor)
{
	doctor_check_configuration(doctor);
	doctor_check_host(doctor);
	doctor_check_daemon(doctor);
	for (size_t i = 0; i < doctor->settings.tenant_count; i++) {
		if (doctor->settings.tenants[i].base_url && doctor->settings.tenants[i].name)
			check_tenant(doctor, &doctor->settings.tenants[i]);
	}
	if (doctor->settings.tenant_count == 0)
		DOCTOR_ADD(doctor, VERDICT_FAULT, "spark", NULL,
			"Name a good configuration with -c FILE, or set CSPARK_BASE_URL.",
			"nothing says where Spark is");
}

static int
run(struct doctor *doctor, bool as_json)
{
	int code;

	if (!cspark_global_init())
		return usage_error("the library cannot be started.");
	findings_init(&doctor->findings, as_json);
	buf_init(&doctor->status, STATUS_MAX);
	examine(doctor);
	code = findings_finish(&doctor->findings);
	buf_fini(&doctor->status);
	settings_fini(&doctor->settings);
	findings_fini(&doctor->findings);
	return code;
}

int
cmd_doctor(int argc, char **argv, const char *url)
{
	struct doctor doctor = { .url = url, .url_is_said = strcmp(url, DEFAULT_URL) != 0 };
	bool as_json = false;
	int option;

	while ((option = getopt_long(argc, argv, "c:h", OPTIONS, NULL)) != -1) {
		switch (option) {
		case 'c':
			doctor.config_file = optarg;
			break;
		case 'j':
			as_json = true;
			break;
		case 'u':
			doctor.url = optarg;
			doctor.url_is_said = true;
			break;
		case 'h':
			puts("usage: csparkctl doctor [-c FILE] [--json] [--url URL]\n\n"
			     "Looks at what stands between this host and Spark: configuration, secrets,\n"
			     "limits, daemon, names, proxy, route, TLS, clock, token, and two calls that\n"
			     "change nothing.\n"
			     "Exits 0 if nothing is wrong, 1 with warnings, 4 with faults.");
			return EXIT_OK;
		default:
			return EXIT_USAGE;
		}
	}
	if (argv[optind])
		return usage_error("doctor takes no \"%s\".", argv[optind]);
	return run(&doctor, as_json);
}
