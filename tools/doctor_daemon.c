/* The daemon: is it there, is it the same version, is it ready. */
#include "tools/doctor.h"

#include "base/json_text.h"
#include "base/version.h"
#include "tools/http.h"

#include <stdio.h>
#include <string.h>

#define TIMEOUT_MS 5000

/* Where the first listener is, for those who did not say it; "" if it cannot be called so. */
static void
listener_url(const struct settings *settings, char *ret, size_t size)
{
	const char *address = settings->address ? settings->address : "";
	const char *port = strrchr(address, ':');

	ret[0] = '\0';
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

/* A member of a document, as text; "" if it is none. */
static void
text_of(struct str document, const char *path, char *ret, size_t size)
{
	struct str value = json_path(document, path);
	struct buf text;

	buf_init(&text, 4096);
	if (!json_is_null(value) && json_kind_of(value) == JSON_STRING)
		json_unquote(value, &text);
	else if (value.at)
		buf_put_str(&text, value);
	snprintf(ret, size, "%.*s", STR_ARG(buf_text(&text)));
	buf_fini(&text);
}

static void
judge_token(struct doctor *doctor, struct str tenant)
{
	char name[65], state[32];

	text_of(tenant, "name", name, sizeof(name));
	text_of(tenant, "token.state", state, sizeof(state));
	if (strcmp(state, "latched") == 0)
		DOCTOR_ADD(doctor, VERDICT_FAULT, "daemon", name,
			"Correct the credentials and reload or restart csparkd.",
			"the daemon's credentials were refused, and it asks no more");
	else if (strcmp(state, "none") == 0)
		DOCTOR_ADD(doctor, VERDICT_WARNING, "daemon", name,
			"See the check of the token, and csparkd's log.", "the daemon has no token");
}

static void
judge_status(struct doctor *doctor, const char *url, struct str status)
{
	char version[32], uptime[32];
	struct json_walk walk;
	struct str tenant;
	bool is_same;

	text_of(status, "version", version, sizeof(version));
	text_of(status, "uptime_seconds", uptime, sizeof(uptime));
	is_same = strcmp(version, CSPARKD_VERSION) == 0;
	DOCTOR_ADD(doctor, is_same ? VERDICT_OK : VERDICT_WARNING, "daemon", NULL,
		is_same ? NULL : "Restart csparkd if it was upgraded; else install csparkctl of its version.",
		is_same ? "%s: version %s, up for %s s" :
			  "%s: version %s, up for %s s; csparkctl is " CSPARKD_VERSION,
		url, version, uptime);
	if (json_kind_of(json_path(status, "draining")) == JSON_TRUE)
		DOCTOR_ADD(doctor, VERDICT_WARNING, "daemon", NULL, "Ask another, or wait for the next one.",
			"it is stopping");
	json_walk_init(&walk, json_path(status, "tenants"));
	while (json_walk_next(&walk, NULL, &tenant))
		judge_token(doctor, tenant);
}

static void
judge_answer(struct doctor *doctor, const char *url, const struct http_response *response)
{
	struct str body = response->body;

	if (response->status == 200 && json_valid(body.at, body.len, NULL) &&
		json_kind_of(body) == JSON_OBJECT) {
		buf_put_str(&doctor->status, body);
		judge_status(doctor, url, body);
	} else if (response->status == 401 || response->status == 403) {
		DOCTOR_ADD(doctor, VERDICT_SKIPPED, "daemon", NULL, NULL,
			"%s is there, but its /status is not for us (HTTP %d)", url, response->status);
	} else {
		DOCTOR_ADD(doctor, VERDICT_FAULT, "daemon", NULL, "Say with --url where csparkd listens.",
			"%s: this is not csparkd, or not well: HTTP %d to /status", url, response->status);
	}
}

void
doctor_check_daemon(struct doctor *doctor)
{
	struct http_response response;
	char why[300], found[300];
	const char *url = doctor->url;

	listener_url(&doctor->settings, found, sizeof(found));
	if (!doctor->url_is_said && found[0])
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
