#include "sim/options.h"

#include "base/version.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	OPT_LISTEN = 256,
	OPT_PORT_FILE,
	OPT_TENANT,
	OPT_CLIENT_ID,
	OPT_CLIENT_SECRET,
	OPT_CLIENT_SECRET_FILE,
	OPT_API_KEY,
	OPT_BEARER,
	OPT_TOKEN_LIFETIME,
	OPT_LATENCY_MS,
	OPT_LATENCY_PER_RECORD_US,
	OPT_PARALLEL,
	OPT_LIMIT,
	OPT_MAX_CONNECTIONS,
	OPT_TLS_CERT,
	OPT_TLS_KEY,
	OPT_SEED,
	OPT_JOB_POLLS,
	OPT_URL_LIFETIME,
	OPT_HYBRID,
	OPT_ANY_SERVICE,
	OPT_NO_LEDGER,
	OPT_VERBOSE,
	OPT_HELP,
	OPT_VERSION,
};

static const struct {
	int code;
	const char *name;
	const char *value; /* NULL: a switch */
	const char *help;
} table[] = {
	{ OPT_LISTEN, "listen", "ADDR:PORT", "where to listen (127.0.0.1:8081); port 0 takes any free one" },
	{ OPT_PORT_FILE, "port-file", "FILE", "write the port there once it is open" },
	{ OPT_TENANT, "tenant", "NAME", "the tenant that exists (my-tenant)" },
	{ OPT_CLIENT_ID, "client-id", "ID", "OAuth client (demo)" },
	{ OPT_CLIENT_SECRET, "client-secret", "TEXT",
		"its secret (demo-secret); env CSPARK_SIM_CLIENT_SECRET" },
	{ OPT_CLIENT_SECRET_FILE, "client-secret-file", "FILE", "the same, from the first line of a file" },
	{ OPT_API_KEY, "api-key", "KEY", "the API key that is accepted (demo-key)" },
	{ OPT_BEARER, "bearer", "TOKEN", "a bearer token that never expires (none)" },
	{ OPT_TOKEN_LIFETIME, "token-lifetime", "SECONDS", "of issued tokens, fractions allowed (7200)" },
	{ OPT_LATENCY_MS, "latency-ms", "N", "every calculation takes this long (0)" },
	{ OPT_LATENCY_PER_RECORD_US, "latency-per-record-us", "N", "and this much more per record (0)" },
	{ OPT_PARALLEL, "parallel", "N", "calculations at a time, others queue (0: no limit)" },
	{ OPT_LIMIT, "limit", "NAME=NUMBER", "any other limit, see cspark-sim(1); may be repeated" },
	{ OPT_MAX_CONNECTIONS, "max-connections", "N", "connections at a time, others wait (2048)" },
	{ OPT_TLS_CERT, "tls-cert", "FILE", "serve HTTPS with this certificate chain (PEM)" },
	{ OPT_TLS_KEY, "tls-key", "FILE", "and its key (PEM)" },
	{ OPT_SEED, "seed", "DIR", "further services: DIR/folder/service/ with workbook.xlsx, service.json" },
	{ OPT_JOB_POLLS, "job-polls", "N", "jobs are done after so many questions (1)" },
	{ OPT_URL_LIFETIME, "url-lifetime", "SECONDS", "of download addresses, fractions allowed (300)" },
	{ OPT_HYBRID, "hybrid", NULL, "be a Hybrid Runner: its endpoints, no credentials" },
	{ OPT_ANY_SERVICE, "any-service", NULL, "services that do not exist behave like echo" },
	{ OPT_NO_LEDGER, "no-ledger", NULL, "do not remember requests (for benchmarks)" },
	{ OPT_VERBOSE, "verbose", NULL, "a line per request on standard error" },
	{ OPT_HELP, "help", NULL, "this text" },
	{ OPT_VERSION, "version", NULL, "the version" },
};
#define ROWS (sizeof(table) / sizeof(table[0]))

static void
print_help(void)
{
	size_t i;

	puts("Usage: cspark-sim [OPTION...]\n"
	     "A local stand-in for Coherent Spark and its token endpoint.\n");
	for (i = 0; i < ROWS; i++) {
		char left[64];

		snprintf(left, sizeof(left), "--%s %s", table[i].name, table[i].value ? table[i].value : "");
		printf("  %-32s %s\n", left, table[i].help);
	}
	puts("\nWithout options: base URL http://127.0.0.1:8081/my-tenant, OAuth client demo with secret\n"
	     "demo-secret at /auth/realms/my-tenant/protocol/openid-connect/token, API key demo-key,\n"
	     "services my-folder/volume-cylinder, my-folder/public-cylinder, {any}/echo, {any}/sum.\n"
	     "See cspark-sim(1) for moods, faults and the control routes.");
}

static bool
set_listen(struct options *opt, const char *value)
{
	const char *colon = strrchr(value, ':');
	char *end;
	unsigned long port;

	if (!colon || colon == value || (size_t)(colon - value) >= sizeof(opt->address))
		return false;
	port = strtoul(colon + 1, &end, 10);
	if (!colon[1] || *end || port > 65535)
		return false;
	if (value[0] == '[' && colon[-1] == ']')
		snprintf(opt->address, sizeof(opt->address), "%.*s", (int)(colon - value - 2), value + 1);
	else
		snprintf(opt->address, sizeof(opt->address), "%.*s", (int)(colon - value), value);
	opt->port = (unsigned)port;
	return true;
}

static bool
set_number(long *ret, const char *value)
{
	char *end;

	*ret = strtol(value, &end, 10);
	return *value && !*end && *ret >= 0 && *ret <= 1000000000;
}

static bool
set_count(unsigned *ret, const char *value)
{
	long n;

	if (!set_number(&n, value))
		return false;
	*ret = (unsigned)n;
	return true;
}

static bool
set_lifetime(double *ret, const char *value)
{
	char *end;

	*ret = strtod(value, &end);
	return *value && !*end && *ret >= 0 && *ret < 1e12;
}

static bool
set_scaled(struct options *opt, enum limit limit, const char *value, double divisor)
{
	long n;

	if (!set_number(&n, value))
		return false;
	limit_set(&opt->limits, limit, (double)n / divisor);
	return true;
}

static bool
set_limit(struct options *opt, const char *value)
{
	struct str number, name = str_cut(str_of(value), '=', &number);
	enum limit limit = limit_find(name);
	char *end;

	if (limit == LIMIT_COUNT || !number.at || !number.len)
		return false;
	limit_set(&opt->limits, limit, strtod(number.at, &end));
	return !*end && limit_get(&opt->limits, limit) >= -1;
}

static const char *
first_line(const char *path)
{
	static char line[4096];
	FILE *file = fopen(path, "r");

	if (!file)
		return NULL;
	if (!fgets(line, sizeof(line), file))
		line[0] = 0;
	fclose(file);
	line[strcspn(line, "\r\n")] = 0;
	return line;
}

static bool
set_switch(struct options *opt, int code)
{
	switch (code) {
	case OPT_HYBRID:
		opt->runner = true;
		return true;
	case OPT_ANY_SERVICE:
		opt->any_service = true;
		return true;
	case OPT_NO_LEDGER:
		opt->no_ledger = true;
		return true;
	case OPT_VERBOSE:
		opt->verbose = true;
		return true;
	}
	return false;
}

static bool
set(struct options *opt, int code, const char *value)
{
	switch (code) {
	case OPT_LISTEN:
		return set_listen(opt, value);
	case OPT_PORT_FILE:
		opt->port_file = value;
		return true;
	case OPT_TENANT:
		opt->tenant = value;
		return *value;
	case OPT_CLIENT_ID:
		opt->client_id = value;
		return *value;
	case OPT_CLIENT_SECRET:
		opt->client_secret = value;
		return *value;
	case OPT_CLIENT_SECRET_FILE:
		return (opt->client_secret = first_line(value)) && *opt->client_secret;
	case OPT_API_KEY:
		opt->api_key = value;
		return *value;
	case OPT_BEARER:
		opt->bearer = value;
		return *value;
	case OPT_TOKEN_LIFETIME:
		return set_lifetime(&opt->token_lifetime_s, value);
	case OPT_LATENCY_MS:
		return set_scaled(opt, LIMIT_per_call_ms, value, 1);
	case OPT_LATENCY_PER_RECORD_US:
		return set_scaled(opt, LIMIT_per_record_ms, value, 1000);
	case OPT_PARALLEL:
		return set_scaled(opt, LIMIT_parallel, value, 1);
	case OPT_LIMIT:
		return set_limit(opt, value);
	case OPT_MAX_CONNECTIONS:
		return set_count(&opt->max_connections, value) && opt->max_connections;
	case OPT_TLS_CERT:
		opt->tls_cert = value;
		return true;
	case OPT_TLS_KEY:
		opt->tls_key = value;
		return true;
	case OPT_SEED:
		opt->seed = value;
		return *value;
	case OPT_JOB_POLLS:
		return set_number(&opt->job_polls, value);
	case OPT_URL_LIFETIME:
		return set_lifetime(&opt->url_lifetime_s, value);
	default:
		return set_switch(opt, code);
	}
}

static void
set_defaults(struct options *opt)
{
	const char *secret = getenv("CSPARK_SIM_CLIENT_SECRET");

	*opt = (struct options){
		.address = "127.0.0.1",
		.port = 8081,
		.tenant = "my-tenant",
		.client_id = "demo",
		.client_secret = secret && *secret ? secret : "demo-secret",
		.api_key = "demo-key",
		.token_lifetime_s = 7200,
		.max_connections = 2048,
		.job_polls = 1,
		.url_lifetime_s = 300,
	};
	limits_init(&opt->limits);
}

enum options_verdict
options_parse(struct options *ret, int argc, char **argv)
{
	struct option longs[ROWS + 1] = { 0 };
	size_t i;
	int code, row;

	for (i = 0; i < ROWS; i++)
		longs[i] = (struct option){ table[i].name, table[i].value ? required_argument : no_argument,
			NULL, table[i].code };
	set_defaults(ret);
	while ((code = getopt_long(argc, argv, "", longs, &row)) != -1) {
		if (code == OPT_HELP) {
			print_help();
			return OPTIONS_DONE;
		}
		if (code == OPT_VERSION) {
			printf("cspark-sim %s\n", CSPARKD_VERSION);
			return OPTIONS_DONE;
		}
		if (code == '?')
			return OPTIONS_WRONG;
		if (!set(ret, code, optarg)) {
			fprintf(stderr, "cspark-sim: --%s: bad value \"%s\"\n", longs[row].name, optarg);
			return OPTIONS_WRONG;
		}
	}
	if (optind < argc || !ret->tls_cert != !ret->tls_key) {
		fputs("cspark-sim: stray argument, or --tls-cert without --tls-key; try --help\n", stderr);
		return OPTIONS_WRONG;
	}
	return OPTIONS_RUN;
}
