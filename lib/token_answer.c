#include "lib/token_answer.h"

#include "base/json.h"
#include "base/json_text.h"
#include "lib/token.h"

#include <stdio.h>
#include <stdlib.h>

static void
judge(struct cspark_token_answer *ret, enum cspark_token_verdict verdict, const char *reason)
{
	ret->verdict = verdict;
	ret->reason = reason;
}

static bool
is_object(struct str body)
{
	return json_valid(body.at, body.len, NULL) && json_kind_of(body) == JSON_OBJECT;
}

/* ---- refusals ---- */

/* The codes that may be shown, and whether waiting can cure them. Others are shown as "unknown" and do not
 * cure. */
static const struct {
	struct str name;
	bool passes;
} ERRORS[] = {
	{ { "invalid_client", 14 }, false },
	{ { "unauthorized_client", 19 }, false },
	{ { "invalid_scope", 13 }, false },
	{ { "invalid_grant", 13 }, false },
	{ { "unsupported_grant_type", 22 }, false },
	{ { "invalid_request", 15 }, false },
	{ { "invalid_target", 14 }, false },
	{ { "access_denied", 13 }, false },
	{ { "temporarily_unavailable", 23 }, true },
	{ { "server_error", 12 }, true },
	{ { "slow_down", 9 }, true },
};

/* Whether the body names an OAuth error that no waiting cures. */
static bool
read_error(struct str body, struct cspark_token_answer *ret)
{
	struct str code = is_object(body) ? json_member(body, STR("error")) : (struct str){ 0 };

	if (code.at == NULL || json_kind_of(code) != JSON_STRING)
		return false;
	for (size_t i = 0; i < sizeof(ERRORS) / sizeof(ERRORS[0]); i++) {
		if (!json_string_is(code, ERRORS[i].name))
			continue;
		snprintf(ret->error, sizeof(ret->error), "%.*s", STR_ARG(ERRORS[i].name));
		return !ERRORS[i].passes;
	}
	snprintf(ret->error, sizeof(ret->error), "unknown");
	return true;
}

static void
read_failure(int status, struct str body, struct cspark_token_answer *ret)
{
	bool names_cause = read_error(body, ret);

	if (status >= 300 && status <= 399)
		judge(ret, CSPARK_TOKEN_REFUSED, "redirect");
	else if (status == 429)
		judge(ret, CSPARK_TOKEN_USELESS, "limited");
	else if (status < 400 || status > 499 || status == 408 || (!names_cause && status != 401))
		judge(ret, CSPARK_TOKEN_USELESS, "status");
	else
		judge(ret, CSPARK_TOKEN_REFUSED, "refused");
}

/* ---- lifetimes ---- */

/* A JSON number, or a string of nothing but digits. False for anything else. */
static bool
read_seconds(struct str raw, double *ret)
{
	char text[64];

	if (json_kind_of(raw) == JSON_STRING) {
		raw = str_range(raw.at + 1, raw.len - 2);
		for (size_t i = 0; i < raw.len; i++) {
			if (raw.at[i] < '0' || raw.at[i] > '9')
				return false;
		}
	} else if (json_kind_of(raw) != JSON_NUMBER) {
		return false;
	}
	if (raw.len == 0 || raw.len >= sizeof(text))
		return false;
	memcpy(text, raw.at, raw.len);
	text[raw.len] = '\0';
	*ret = strtod(text, NULL);
	return true;
}

static bool
read_life(struct str raw, struct cspark_token_answer *ret)
{
	double seconds;

	if (json_is_null(raw)) {
		ret->assumed = true;
		ret->life_ms = CSPARK_TOKEN_LIFE_ASSUMED_MS;
		return true;
	}
	if (!read_seconds(raw, &seconds))
		return false;
	ret->clamped = seconds > (double)(CSPARK_TOKEN_LIFE_MAX_MS / 1000);
	ret->life_ms = ret->clamped ? CSPARK_TOKEN_LIFE_MAX_MS : seconds <= 0 ? 0 : (int64_t)(seconds * 1000);
	ret->shortened = ret->life_ms < CSPARK_TOKEN_LIFE_SHORT_MS;
	if (ret->life_ms < CSPARK_TOKEN_LIFE_LEAST_MS)
		ret->life_ms = CSPARK_TOKEN_LIFE_LEAST_MS;
	return true;
}

/* ---- tokens ---- */

static bool
read_token(struct str raw, struct buf *token)
{
	return raw.at && json_kind_of(raw) == JSON_STRING && json_unquote(raw, token)
		&& cspark_token_usable(buf_text(token));
}

static bool
is_bearer(struct str raw)
{
	return json_is_null(raw)
		|| (json_kind_of(raw) == JSON_STRING && str_eq_nocase(raw, STR("\"bearer\"")));
}

void
cspark_token_answer_read(int status, struct str body, struct buf *token, struct cspark_token_answer *ret)
{
	*ret = (struct cspark_token_answer){ .reason = "" };
	if (status != 200)
		read_failure(status, body, ret);
	else if (body.len > CSPARK_TOKEN_ANSWER_MAX)
		judge(ret, CSPARK_TOKEN_USELESS, "size");
	else if (!is_object(body))
		judge(ret, CSPARK_TOKEN_USELESS, "body");
	else if (!is_bearer(json_member(body, STR("token_type"))))
		judge(ret, CSPARK_TOKEN_REFUSED, "token_type");
	else if (!read_life(json_member(body, STR("expires_in")), ret))
		judge(ret, CSPARK_TOKEN_USELESS, "expires_in");
	else if (!read_token(json_member(body, STR("access_token")), token))
		judge(ret, CSPARK_TOKEN_USELESS, "token_syntax");
	else
		judge(ret, CSPARK_TOKEN_GOOD, "");
}
