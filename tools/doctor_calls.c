/* Credentials, and calls that change nothing. */
#include "tools/doctor.h"

#include "base/json_text.h"
#include "lib/cspark_operations.h"
#include "tools/credentials.h"
#include "tools/member.h"
#include "tools/problem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CALL_MS 15000

struct calls {
	struct doctor *doctor;
	const struct settings_tenant *tenant;
	const char *name;
	struct credentials credentials;
	struct cspark_blocking *blocking;
};

#define ADD(calls, verdict, check, remedy, ...) \
	findings_add(&(calls)->doctor->findings, verdict, check, (calls)->name, remedy, __VA_ARGS__)

/* What helps whoever sets the gateway up; for other codes it is what helps everybody. */
static const char *
remedy_for(enum cspark_code code, const char *otherwise)
{
	static const struct {
		enum cspark_code code;
		const char *remedy;
	} REMEDIES[] = {
		{ CSPARK_E_TOKEN_UNAVAILABLE,
			"Check that token_url is Spark's token endpoint, and that it is well." },
		{ CSPARK_E_UPSTREAM_TIMEOUT,
			"Spark is slow or hangs: look at its status page, or ask Coherent." },
		{ CSPARK_E_UPSTREAM_GARBLED, "Check base_url: something else than Spark may be there." },
		{ CSPARK_E_SPARK_ERROR, "Look at Spark's status page; if that says nothing, ask Coherent." },
		{ CSPARK_E_SPARK_UNAVAILABLE, "Look at Spark's status page; it may be back soon." },
	};
	const char *advice = problem_advice(str_of(cspark_code_name(code)));

	for (size_t i = 0; i < sizeof(REMEDIES) / sizeof(REMEDIES[0]); i++) {
		if (REMEDIES[i].code == code)
			return REMEDIES[i].remedy;
	}
	return advice ? advice : otherwise;
}

/* ---- credentials ------------------------------------------------------------------------- */

static const char *const KINDS[] = {
	[CSPARK_AUTH_OPEN] = "no credentials",
	[CSPARK_AUTH_API_KEY] = "API key",
	[CSPARK_AUTH_BEARER] = "bearer token",
	[CSPARK_AUTH_OAUTH] = "OAuth client credentials",
};

/* Where the configuration has the credentials, the strongest kind first. */
static struct credentials_source
source_of(const struct settings_tenant *tenant)
{
	const struct {
		enum cspark_auth_kind kind;
		const char *text;
		const char *variable;
		const char *file;
	} WAYS[] = {
		{ CSPARK_AUTH_OAUTH, tenant->client_secret, "CSPARK_CLIENT_SECRET",
			tenant->client_secret_file },
		{ CSPARK_AUTH_OAUTH, tenant->oauth_file, NULL, NULL },
		{ CSPARK_AUTH_API_KEY, tenant->api_key, "CSPARK_API_KEY", tenant->api_key_file },
		{ CSPARK_AUTH_BEARER, tenant->token, "CSPARK_BEARER_TOKEN", tenant->token_file },
	};

	for (size_t i = 0; i < sizeof(WAYS) / sizeof(WAYS[0]); i++) {
		if (WAYS[i].text || WAYS[i].file)
			return (struct credentials_source){ .kind = WAYS[i].kind,
				.client_id = tenant->client_id,
				.variable = WAYS[i].variable,
				.file = WAYS[i].file,
				.oauth_file = WAYS[i].variable ? NULL : tenant->oauth_file };
	}
	return (struct credentials_source){ .kind = CSPARK_AUTH_OPEN };
}

/* What the daemon has made of credentials that we cannot see. */
static void
judge_by_daemon(struct calls *calls)
{
	struct str one, status = buf_text(&calls->doctor->status);
	struct json_walk walk;

	json_walk_init(&walk, json_path(status, "tenants"));
	while (status.len && json_walk_next(&walk, NULL, &one)) {
		char name[65], state[32];

		member_text(one, "name", name, sizeof(name));
		member_text(one, "token.state", state, sizeof(state));
		if (state[0] && strcmp(name, calls->tenant->name) == 0) {
			bool is_good = strcmp(state, "valid") == 0;

			ADD(calls, is_good ? VERDICT_OK : VERDICT_FAULT, "token",
				is_good ? NULL : "See csparkd's log, and correct the credentials.",
				"the daemon's is %s; the secret itself cannot be seen here", state);
			return;
		}
	}
	ADD(calls, VERDICT_SKIPPED, "token", NULL,
		"the secret is in the configuration itself and cannot be seen; a file could be tried");
}

/* False: there is nothing to go on with. */
static bool
find_credentials(struct calls *calls)
{
	struct credentials *credentials = &calls->credentials;
	struct credentials_source source = source_of(calls->tenant);
	bool is_told = calls->doctor->settings.tells_credentials, ok;

	if (is_told)
		ok = credentials_take(credentials, &source);
	else
		ok = credentials_look(credentials, true);
	if (!ok) {
		ADD(calls, VERDICT_FAULT, "token",
			"Let the file hold the secret and nothing else, readable for csparkd alone.", "%s",
			credentials->why);
		return false;
	}
	if (is_told ? credentials->value.secret || source.kind == CSPARK_AUTH_OPEN :
		      credentials->value.secret || !calls->doctor->status.len)
		return true;
	judge_by_daemon(calls);
	return false;
}

static bool
open_library(struct calls *calls)
{
	const struct settings_tenant *tenant = calls->tenant;
	struct cspark_error error = { .detail = "" };
	const char *key;
	struct cspark_blocking_options options = {
		.base_url = tenant->base_url,
		.credentials = calls->credentials.value,
		.token_url = tenant->token_url,
		.route = { .ca_file = tenant->ca_file,
			.proxy = doctor_proxy(tenant, tenant->base_url, &key) },
		.plaintext = tenant->plaintext && strcmp(tenant->plaintext, "true") == 0,
	};

	if (tenant->connect_timeout_ms)
		options.route.connect_timeout_ms = strtol(tenant->connect_timeout_ms, NULL, 10);
	calls->blocking = cspark_blocking_new(&options, &error);
	if (!calls->blocking)
		ADD(calls, VERDICT_FAULT, "token", "Correct the credentials.", "%s", error.detail);
	return calls->blocking != NULL;
}

static bool
judge_token(struct calls *calls)
{
	const char *kind = KINDS[calls->credentials.value.kind];
	struct cspark_token_report report;

	if (!cspark_blocking_token(calls->blocking, &report)) {
		ADD(calls, VERDICT_FAULT, "token",
			remedy_for(report.error.code, "Check client_id, the secret and token_url."), "%s: %s",
			kind, report.error.detail);
		return false;
	}
	if (report.left_ms < 0)
		ADD(calls, VERDICT_OK, "token", NULL, "%s: nothing has to be fetched", kind);
	else
		ADD(calls, VERDICT_OK, "token", NULL, "%s: a token for %lld s was fetched in %lld ms", kind,
			(long long)((report.left_ms + 500) / 1000), (long long)report.fetch_ms);
	return true;
}

/* ---- calls ------------------------------------------------------------------------------- */

static bool
send(struct calls *calls, const struct cspark_ask *ask, struct cspark_result *ret)
{
	struct cspark_error error = { .detail = "" };
	struct cspark_request *request = cspark_operation_request(
		cspark_blocking_tenant(calls->blocking), ask, &error);
	bool ok = false;

	*ret = (struct cspark_result){ .code = CSPARK_E_INTERNAL };
	if (request)
		ok = cspark_blocking_run(calls->blocking, request, CALL_MS, ret);
	else
		snprintf(ret->detail, sizeof(ret->detail), "%s", error.detail);
	cspark_request_free(request);
	return ok;
}

static void
add_failure(struct calls *calls, const char *check, const char *what, const struct cspark_result *result)
{
	ADD(calls, VERDICT_FAULT, check, remedy_for(result->code, "Check base_url and the tenant."),
		result->status ? "%s: %s: %s (HTTP %d)" : "%s: %s: %s", what, cspark_code_name(result->code),
		result->detail, result->status);
}

static void
check_health(struct calls *calls, bool is_hybrid)
{
	struct cspark_ask ask = { .operation = is_hybrid ? CSPARK_OP_HYBRID_HEALTH :
							   CSPARK_OP_PLATFORM_HEALTH,
		.now_s = time(NULL) };
	struct cspark_result result;

	if (send(calls, &ask, &result))
		ADD(calls, VERDICT_OK, "health", NULL, "Spark is well (HTTP %d, %lld ms)", result.status,
			(long long)result.timing.spark_ms);
	else
		add_failure(calls, "health", "Spark's health", &result);
	cspark_result_fini(&result);
}

static void
check_list(struct calls *calls)
{
	struct cspark_argument one = { { "limit", 5 }, { "1", 1 } };
	struct cspark_ask ask = { .operation = CSPARK_OP_SERVICE_SEARCH,
		.arguments = &one,
		.argument_count = 1,
		.now_s = time(NULL) };
	struct cspark_result result;

	if (send(calls, &ask, &result))
		ADD(calls, VERDICT_OK, "call", NULL, "services can be listed (HTTP %d, %lld ms)",
			result.status, (long long)result.timing.spark_ms);
	else if (result.status == 403)
		ADD(calls, VERDICT_WARNING, "call",
			"Give the client that permission in Spark, unless it shall only execute.",
			"the credentials are good, but may not list services (HTTP 403)");
	else
		add_failure(calls, "call", "listing services", &result);
	cspark_result_fini(&result);
}

void
doctor_check_calls(struct doctor *doctor, const struct settings_tenant *tenant, bool is_reached)
{
	struct calls calls = {
		.doctor = doctor, .tenant = tenant, .name = doctor_tenant_name(doctor, tenant)
	};
	bool is_hybrid = tenant->kind && strcmp(tenant->kind, "hybrid") == 0;

	if (!is_reached) {
		ADD(&calls, VERDICT_SKIPPED, "token", NULL, "there is no way to Spark");
		ADD(&calls, VERDICT_SKIPPED, "call", NULL, "there is no way to Spark");
		return;
	}
	if (!find_credentials(&calls) || !open_library(&calls) || !judge_token(&calls)) {
		ADD(&calls, VERDICT_SKIPPED, "call", NULL, "Spark can be asked nothing without credentials");
	} else {
		check_health(&calls, is_hybrid);
		if (!is_hybrid && calls.credentials.value.kind != CSPARK_AUTH_OPEN)
			check_list(&calls);
	}
	cspark_blocking_free(calls.blocking);
	credentials_fini(&calls.credentials);
}
