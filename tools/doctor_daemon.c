/* The daemon: is it there, is it the same version, is it ready. */
#include "tools/doctor.h"

#include "base/json_text.h"
#include "base/version.h"
#include "tools/http.h"
#include "tools/member.h"
#include "tools/metrics.h"
#include "tools/problem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIMEOUT_MS 5000

/* Where a listener is; "" if csparkctl cannot call it so. */
static void
listener_url(const struct settings_listener *listener, char *ret, size_t size)
{
	const char *address = listener->address ? listener->address : "";
	const char *port = strrchr(address, ':');

	ret[0] = '\0';
	if (listener->tls_cert || strncmp(address, "systemd:", 8) == 0)
		return;
	if (strncmp(address, "unix:/", 6) == 0)
		snprintf(ret, size, "%s", address);
	else if (port && (strncmp(address, "0.0.0.0:", 8) == 0 || strncmp(address, "[::]:", 5) == 0))
		snprintf(ret, size, "http://127.0.0.1%s", port);
	else if (port && strncmp(address, "unix:", 5) != 0)
		snprintf(ret, size, "http://%s", address);
}

static bool
ask(const char *url, const char *target, struct http_response *response, char *why, size_t size)
{
	struct http_request request = { .method = "GET", .target = target, .timeout_ms = TIMEOUT_MS };

	return http_exchange(url, &request, response, why, size);
}

/* ---- what it says of itself -------------------------------------------------------------- */

/* An old token may still serve while the credentials for a new one are refused. */
static void
judge_token(struct doctor *doctor, const char *name, struct str tenant, const struct metrics *metrics)
{
	char state[32];

	member_text(tenant, "token.state", state, sizeof(state));
	if (strcmp(state, "refused") == 0 ||
		metrics_sum(metrics, "cspark_token_latched", "tenant", str_of(name)) > 0)
		DOCTOR_ADD(doctor, VERDICT_FAULT, "daemon", name,
			"Correct the credentials; a new file is noticed, after other changes reload csparkd.",
			"its credentials are refused");
	else if (strcmp(state, "none") == 0)
		DOCTOR_ADD(doctor, VERDICT_WARNING, "daemon", name,
			"See the check of the token, and csparkd's log.", "it has no token");
}

/* A file may have been changed since the daemon read it. */
static void
compare(struct doctor *doctor, const char *name, struct str tenant)
{
	const struct settings *settings = &doctor->settings;
	char base_url[1100];

	member_text(tenant, "base_url", base_url, sizeof(base_url));
	for (size_t i = 0; i < settings->tenant_count; i++) {
		const struct settings_tenant *ours = &settings->tenants[i];

		if (ours->name && ours->base_url && strcmp(ours->name, name) == 0 &&
			strcmp(ours->base_url, base_url) != 0)
			DOCTOR_ADD(doctor, VERDICT_WARNING, "daemon", name,
				"Reload csparkd, or say with --url which one is meant.",
				"its base_url is %s; here it is %s", base_url, ours->base_url);
	}
}

static void
judge_tenant(struct doctor *doctor, struct str tenant, const struct metrics *metrics)
{
	char name[65];

	member_text(tenant, "name", name, sizeof(name));
	compare(doctor, name, tenant);
	judge_token(doctor, name, tenant, metrics);
	if (metrics_sum(metrics, "cspark_breaker_open", "tenant", str_of(name)) > 0)
		DOCTOR_ADD(doctor, VERDICT_WARNING, "daemon", name,
			"See csparkd's log for the errors before that; it asks again by itself.",
			"too much failed, so it asks Spark nothing for some seconds");
}

/* Empty where nobody gives them to us. */
static void
read_metrics(const char *url, struct metrics *ret)
{
	struct http_response response;
	char why[300];

	if (!ask(url, "/metrics", &response, why, sizeof(why)) || response.status != 200 ||
		!metrics_read(ret, response.body))
		*ret = (struct metrics){ 0 };
	http_response_fini(&response);
}

static void
judge_tenants(struct doctor *doctor, const char *url, struct str status)
{
	struct metrics metrics;
	struct json_walk walk;
	struct str tenant;

	read_metrics(url, &metrics);
	json_walk_init(&walk, json_path(status, "tenants"));
	while (json_walk_next(&walk, NULL, &tenant))
		judge_tenant(doctor, tenant, &metrics);
	metrics_fini(&metrics);
}

static void
judge_status(struct doctor *doctor, const char *url, struct str status)
{
	char version[32], uptime[32], state[32];
	bool is_same;

	member_text(status, "version", version, sizeof(version));
	member_text(status, "uptime_seconds", uptime, sizeof(uptime));
	member_text(status, "state", state, sizeof(state));
	is_same = strcmp(version, CSPARKD_VERSION) == 0;
	DOCTOR_ADD(doctor, is_same ? VERDICT_OK : VERDICT_WARNING, "daemon", NULL,
		is_same ? NULL : "Restart csparkd if it was upgraded; else install csparkctl of its version.",
		is_same ? "%s: version %s, up for %s s" :
			  "%s: version %s, up for %s s; csparkctl is " CSPARKD_VERSION,
		url, version, uptime);
	if (json_kind_of(json_path(status, "draining")) == JSON_TRUE)
		DOCTOR_ADD(doctor, VERDICT_WARNING, "daemon", NULL,
			"Start it anew if it does not end by itself.", "it was told to stop; its state is %s",
			state);
	if (json_kind_of(json_path(status, "reloads.last_failed")) == JSON_TRUE)
		DOCTOR_ADD(doctor, VERDICT_WARNING, "daemon", NULL,
			"Correct the configuration (csparkd --check), and reload again.",
			"its last reload failed; it goes on with what it had before");
	judge_tenants(doctor, url, status);
}

/* ---- it does not say --------------------------------------------------------------------- */

static enum verdict
verdict_on(const char *code)
{
	static const struct {
		const char *code;
		enum verdict verdict;
	} REFUSALS[] = {
		{ "operation_disabled", VERDICT_SKIPPED }, /* as somebody wanted it */
		{ "caller_unknown", VERDICT_WARNING },
		{ "caller_refused", VERDICT_WARNING },
		{ "host_refused", VERDICT_WARNING },
		{ "draining", VERDICT_WARNING },
	};

	for (size_t i = 0; i < sizeof(REFUSALS) / sizeof(REFUSALS[0]); i++) {
		if (strcmp(code, REFUSALS[i].code) == 0)
			return REFUSALS[i].verdict;
	}
	return VERDICT_FAULT;
}

static void
judge_refusal(struct doctor *doctor, const char *url, int status, struct str problem)
{
	char code[64] = "", detail[300] = "";
	enum verdict verdict;

	member_text(problem, "code", code, sizeof(code));
	member_text(problem, "detail", detail, sizeof(detail));
	verdict = verdict_on(code);
	if (verdict == VERDICT_FAULT)
		DOCTOR_ADD(doctor, verdict, "daemon", NULL, "Say with --url where csparkd listens.",
			"%s: this is not csparkd, or not well: HTTP %d to /status", url, status);
	else
		DOCTOR_ADD(doctor, verdict, "daemon", NULL,
			verdict == VERDICT_SKIPPED ? NULL : problem_advice(str_of(code)),
			"%s does not tell us its status: %s (%s)", url, detail, code);
}

static void
judge_answer(struct doctor *doctor, const char *url, const struct http_response *response)
{
	struct str body = response->body;
	bool is_object = json_valid(body.at, body.len, NULL) && json_kind_of(body) == JSON_OBJECT;

	if (response->status != 200 || !is_object) {
		judge_refusal(doctor, url, response->status, is_object ? body : STR("{}"));
		return;
	}
	buf_put_str(&doctor->status, body);
	judge_status(doctor, url, body);
}

/* Who may read the listener's token may call it. The environment's own words win. */
static void
lend_token(const char *file)
{
	if (file && !getenv("CSPARK_CALLER_TOKEN") && access(file, R_OK) == 0)
		setenv("CSPARK_CALLER_TOKEN_FILE", file, 0);
}

/* The first listener that can be called, for those who do not say which. */
static void
find_listener(const struct settings *settings, char *ret, size_t size)
{
	ret[0] = '\0';
	for (size_t i = 0; i < settings->listener_count && !ret[0]; i++) {
		listener_url(&settings->listeners[i], ret, size);
		if (ret[0])
			lend_token(settings->listeners[i].caller_token_file);
	}
}

void
doctor_check_daemon(struct doctor *doctor)
{
	struct http_response response;
	char why[300], found[300] = "";
	const char *url = doctor->url;

	if (!doctor->url_is_said)
		find_listener(&doctor->settings, found, sizeof(found));
	if (found[0])
		url = found;
	if (ask(url, "/status", &response, why, sizeof(why)))
		judge_answer(doctor, url, &response);
	else
		DOCTOR_ADD(doctor, VERDICT_FAULT, "daemon", NULL,
			"Start csparkd, or say with --url where it listens.", "no answer at %s: %s", url,
			why);
	http_response_fini(&response);
	if (doctor->settings.tenant_count == 0)
		settings_read_status(&doctor->settings, buf_text(&doctor->status));
}
