/*
 * Keeps one credential fresh.
 *
 *     idle --due--> fetching --good--> idle (renewal planned at 70-85 % of the life)
 *                      |-----useless-> idle (back-off, Retry-After)
 *                      `-----refused-> idle, latched (a probe every five minutes)
 *
 * There is one flight at a time because there is one exchange. Whatever happens is told in news; news are
 * told from due() and from the transport's calls, never from the functions that ask for something.
 */
#include "base/secret.h"
#include "lib/retry.h"
#include "lib/route.h"
#include "lib/token.h"
#include "lib/token_answer.h"
#include "lib/transport.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	TIMEOUT_MS = 10000,
	BACK_OFF_MS = 1000,
	BACK_OFF_MAX_MS = 60000,
	PROBE_MS = 5 * 60 * 1000,     /* while latched */
	GAP_MS = 1000,                /* between two fetches that succeed */
	REFUSED_GAP_MAX_MS = 10000,   /* the same, when Spark refuses every token */
	FORM_MAX = 64 * 1024,
};

struct cspark_authority {
	struct cspark_transport *transport;
	struct cspark_host host;
	cspark_token_news_fn *news;
	void *arg;
	char *url;
	struct cspark_route route;
	int64_t timeout_ms;
	enum cspark_auth_kind kind;
	char *form;        /* OAuth: the body of the token request, the secret in it; secret_free() */
	char *sent;        /* the form of the fetch under way */
	struct cspark_exchange exchange;
	struct cspark_token *token; /* NULL: none, or expired */
	uint64_t generation;        /* of the last one made */
	bool announce;              /* tell the token again in the next due() */
	bool fetching;
	bool latched;
	bool rotated;              /* the fetch under way uses the credentials of before */
	struct cspark_error error; /* of the last fetch; code OK: it succeeded */
	unsigned failures;         /* in a row */
	int64_t started_ms;        /* the last fetch */
	int64_t fetched_ms;        /* the start of the last good one; INT64_MIN: none */
	int64_t fetch_at_ms;       /* the next one; -1: none planned */
	int64_t not_before_ms;     /* what back-off and Retry-After allow */
	int64_t refused_gap_ms;    /* least time between fetches that refusals ask for */
};

static int64_t
now_ms(const struct cspark_authority *authority)
{
	return authority->host.now_ms(authority->host.arg);
}

static uint32_t
draw(const struct cspark_authority *authority)
{
	return authority->host.random(authority->host.arg);
}

/* ---- news ---- */

static void
tell(struct cspark_authority *authority, struct cspark_token_news *news)
{
	news->token = authority->token;
	news->state = authority->token ? CSPARK_TOKEN_VALID
		: authority->latched ? CSPARK_TOKEN_LATCHED : CSPARK_TOKEN_NONE;
	news->error = authority->error;
	news->retry_at_ms = authority->fetch_at_ms;
	authority->announce = false;
	authority->news(authority->arg, news);
}

static void
replace_token(struct cspark_authority *authority, struct cspark_token *token)
{
	cspark_token_unref(authority->token);
	authority->token = token;
}

/* ---- outcomes of a fetch ---- */

static void
plan(struct cspark_authority *authority, int64_t at_ms)
{
	if (at_ms < authority->not_before_ms)
		at_ms = authority->not_before_ms;
	if (authority->fetch_at_ms < 0 || at_ms < authority->fetch_at_ms)
		authority->fetch_at_ms = at_ms;
}

/* At a random point in 70-85 % of the life, so that many daemons do not come at once; at most once a
 * second. */
static void
plan_renewal(struct cspark_authority *authority, int64_t life_ms)
{
	int64_t part_ms = life_ms * 70 / 100
		+ (int64_t)(draw(authority) % (uint64_t)(life_ms * 15 / 100 + 1));

	authority->not_before_ms = authority->started_ms + GAP_MS;
	authority->fetch_at_ms = -1;
	plan(authority, authority->started_ms + part_ms);
}

static void
on_good(struct cspark_authority *authority, const struct cspark_token_answer *answer,
	struct cspark_token *token, struct cspark_token_news *news)
{
	bool lived = authority->fetched_ms == INT64_MIN
		|| authority->started_ms - authority->fetched_ms > REFUSED_GAP_MAX_MS;

	if (lived)
		authority->refused_gap_ms = GAP_MS;
	replace_token(authority, token);
	authority->fetched_ms = authority->started_ms;
	authority->latched = false;
	authority->error = (struct cspark_error){ 0 };
	authority->failures = 0;
	news->assumed = answer->assumed;
	news->shortened = answer->shortened;
	news->clamped = answer->clamped;
	plan_renewal(authority, answer->life_ms);
}

static void
on_useless(struct cspark_authority *authority, int64_t least_ms)
{
	int64_t now = now_ms(authority);
	int64_t wait_ms = BACK_OFF_MS / 2
		+ cspark_retry_jitter_ms(
			BACK_OFF_MS, BACK_OFF_MAX_MS, authority->failures++, draw(authority));

	if (wait_ms > BACK_OFF_MAX_MS)
		wait_ms = BACK_OFF_MAX_MS;
	if (wait_ms < least_ms)
		wait_ms = least_ms;
	if (authority->latched) /* a probe that proves nothing */
		wait_ms = PROBE_MS;
	authority->not_before_ms = authority->fetch_at_ms = now + wait_ms;
}

static void
on_refused(struct cspark_authority *authority)
{
	authority->latched = true;
	authority->not_before_ms = authority->fetch_at_ms = now_ms(authority) + PROBE_MS;
}

/* ---- in words ---- */

static const char *
reason_of_end(enum cspark_exchange_end end)
{
	static const char *const REASONS[CSPARK_ENDS] = {
		[CSPARK_END_ANSWERED] = "body",
		[CSPARK_END_DNS] = "dns",
		[CSPARK_END_CONNECT] = "connect",
		[CSPARK_END_TLS] = "tls",
		[CSPARK_END_CERTIFICATE] = "tls_verify",
		[CSPARK_END_REFUSED] = "connect",
		[CSPARK_END_RESET] = "reset",
		[CSPARK_END_TRUNCATED] = "body",
		[CSPARK_END_PROTOCOL] = "protocol",
		[CSPARK_END_TOO_LARGE] = "size",
		[CSPARK_END_TIMEOUT] = "timeout",
		[CSPARK_END_FAULT] = "fault",
	};

	return REASONS[end];
}

static void
describe_end(struct cspark_authority *authority, struct cspark_token_news *news)
{
	const struct cspark_exchange *exchange = &authority->exchange;

	news->reason = reason_of_end(exchange->end);
	authority->error.code = CSPARK_E_TOKEN_UNAVAILABLE;
	snprintf(authority->error.detail, sizeof(authority->error.detail),
		"The token endpoint %.120s failed (%s): %.80s", authority->url, news->reason,
		exchange->reason[0] ? exchange->reason : "no answer.");
}

static void
describe_answer(struct cspark_authority *authority, const struct cspark_token_answer *answer,
	struct cspark_token_news *news)
{
	bool refused = answer->verdict == CSPARK_TOKEN_REFUSED;

	news->reason = answer->reason;
	authority->error.code = refused ? CSPARK_E_CREDENTIALS_REFUSED : CSPARK_E_TOKEN_UNAVAILABLE;
	snprintf(authority->error.detail, sizeof(authority->error.detail),
		"The token endpoint %.90s answered with status %d%s%s, no usable token (%.16s).%s",
		authority->url, authority->exchange.head.status, answer->error[0] ? " and error " : "",
		answer->error, answer->reason,
		refused ? " Check client_id, client_secret and token_url." : "");
}

/* ---- fetching ---- */

static void
judge_answer(struct cspark_authority *authority, struct cspark_token_news *news)
{
	struct cspark_exchange *exchange = &authority->exchange;
	int64_t wall_s = authority->host.wall_s(authority->host.arg);
	struct cspark_token *token = NULL;
	struct cspark_token_answer answer;
	struct buf text;

	buf_init(&text, CSPARK_TOKEN_ANSWER_MAX);
	cspark_token_answer_read(
		exchange->head.status, str_range(exchange->answer, exchange->answer_len), &text, &answer);
	if (answer.verdict == CSPARK_TOKEN_GOOD)
		token = cspark_token_new("Authorization: Bearer ", buf_text(&text), authority->generation + 1,
			authority->started_ms + answer.life_ms, true);
	if (token) {
		authority->generation++;
		on_good(authority, &answer, token, news);
	} else {
		news->failed = true;
		describe_answer(authority, &answer, news);
		if (answer.verdict == CSPARK_TOKEN_REFUSED)
			on_refused(authority);
		else
			on_useless(authority, cspark_head_retry_after_ms(&exchange->head, wall_s));
	}
	if (text.data)
		explicit_bzero(text.data, text.cap);
	buf_fini(&text);
}

static void
wipe(struct buf *buf)
{
	if (buf->data)
		explicit_bzero(buf->data, buf->cap);
	buf_fini(buf);
}

static void
drop(char **secret)
{
	secret_free(*secret);
	*secret = NULL;
}

/* With new credentials nothing that the old ones brought about counts. */
static void
start_anew(struct cspark_authority *authority)
{
	authority->rotated = authority->fetching;
	authority->latched = false;
	authority->error = (struct cspark_error){ 0 };
	authority->failures = 0;
	authority->not_before_ms = now_ms(authority);
	authority->fetch_at_ms = authority->not_before_ms;
}

static void
on_exchange(void *arg, struct cspark_exchange *exchange)
{
	struct cspark_authority *authority = arg;
	struct cspark_token_news news = {
		.fetched = true, .fetch_ms = now_ms(authority) - authority->started_ms, .reason = ""
	};

	authority->fetching = false;
	drop(&authority->sent);
	if (exchange->end == CSPARK_END_ANSWERED) {
		judge_answer(authority, &news);
		explicit_bzero(exchange->answer, exchange->answer_len);
		free(exchange->answer);
		exchange->answer = NULL;
	} else {
		news.failed = true;
		describe_end(authority, &news);
		on_useless(authority, exchange->end == CSPARK_END_CERTIFICATE ? BACK_OFF_MAX_MS : -1);
	}
	if (authority->rotated)
		start_anew(authority);
	tell(authority, &news);
}

static void
fetch(struct cspark_authority *authority)
{
	struct cspark_exchange *exchange = &authority->exchange;

	authority->fetch_at_ms = -1;
	authority->sent = secret_copy(str_of(authority->form)); /* rotate() may replace the form meanwhile */
	if (authority->sent == NULL) {
		plan(authority, now_ms(authority) + BACK_OFF_MS);
		return;
	}
	authority->fetching = true;
	authority->started_ms = now_ms(authority);
	exchange->route = &authority->route;
	exchange->method = "POST";
	exchange->url = authority->url;
	exchange->line_count = 0;
	cspark_exchange_line(exchange, "content-type: application/x-www-form-urlencoded");
	cspark_exchange_line(exchange, "accept: application/json");
	exchange->body = authority->sent;
	exchange->body_len = strlen(authority->sent);
	exchange->deadline_ms = authority->started_ms + authority->timeout_ms;
	exchange->max_answer = CSPARK_TOKEN_ANSWER_MAX;
	exchange->done = on_exchange;
	exchange->arg = authority;
	cspark_exchange_send(authority->transport, exchange);
}

/* ---- what others ask for ---- */

int64_t
cspark_authority_next_ms(const struct cspark_authority *authority)
{
	int64_t at = authority->fetching ? -1 : authority->fetch_at_ms;

	if (authority->announce)
		return now_ms(authority);
	if (authority->token && authority->token->expires_ms >= 0
		&& (at < 0 || authority->token->expires_ms < at))
		at = authority->token->expires_ms;
	return at;
}

void
cspark_authority_due(struct cspark_authority *authority)
{
	struct cspark_token_news news = { .reason = "" };
	int64_t now = now_ms(authority);

	if (authority->token && authority->token->expires_ms >= 0 && authority->token->expires_ms <= now) {
		replace_token(authority, NULL);
		authority->announce = true;
	}
	if (!authority->fetching && authority->fetch_at_ms >= 0 && authority->fetch_at_ms <= now)
		fetch(authority);
	if (authority->announce)
		tell(authority, &news);
}

void
cspark_authority_refused(struct cspark_authority *authority, uint64_t generation)
{
	int64_t gap_ms = authority->refused_gap_ms;

	if (authority->token && authority->token->generation > generation) {
		authority->announce = true;
		return;
	}
	if (authority->kind != CSPARK_AUTH_OAUTH || authority->latched) {
		authority->announce = true;
		return;
	}
	if (authority->fetching)
		return;
	if (authority->token == NULL || authority->fetched_ms == INT64_MIN) {
		plan(authority, now_ms(authority));
		return;
	}
	/* A token that is refused soon after it was fetched says that fetching does not help: less and less
	 * often. */
	if (now_ms(authority) - authority->fetched_ms < REFUSED_GAP_MAX_MS && gap_ms < REFUSED_GAP_MAX_MS)
		authority->refused_gap_ms = gap_ms * 2 > REFUSED_GAP_MAX_MS ? REFUSED_GAP_MAX_MS : gap_ms * 2;
	plan(authority, authority->fetched_ms + gap_ms > now_ms(authority) ? authority->fetched_ms + gap_ms
									      : now_ms(authority));
}

/* ---- credentials ---- */

/* A bearer token may be given with its scheme. */
static struct str
bare(enum cspark_auth_kind kind, const char *secret)
{
	struct str text = str_trim(str_of(secret));

	if (kind == CSPARK_AUTH_BEARER && text.len > 7
		&& str_eq_nocase(str_range(text.at, 7), STR("bearer ")))
		text = str_trim(str_range(text.at + 7, text.len - 7));
	return text;
}

/* The token of a credential that is no token endpoint's. NULL: unusable, or no memory. */
static struct cspark_token *
fixed_token(const struct cspark_credentials *credentials, uint64_t generation)
{
	struct str secret = bare(credentials->kind, credentials->secret);

	if (credentials->kind == CSPARK_AUTH_OPEN)
		return cspark_token_new("", STR(""), generation, -1, false);
	if (!cspark_token_usable(secret))
		return NULL;
	return cspark_token_new(
		credentials->kind == CSPARK_AUTH_API_KEY ? "x-synthetic-key: " : "Authorization: Bearer ",
		secret, generation, -1, false);
}

/* Given: secret_free(). NULL: unusable, or no memory. All room is taken first, because growing leaves copies
 * behind. */
static char *
make_form(const struct cspark_credentials *credentials)
{
	char *made = NULL;
	struct buf form;

	if (credentials->client_id == NULL || credentials->secret == NULL)
		return NULL;
	buf_init(&form, FORM_MAX);
	if (buf_reserve(&form, FORM_MAX) == NULL)
		return NULL;
	buf_put_str(&form, STR("grant_type=client_credentials&client_id="));
	str_percent_encode(str_of(credentials->client_id), &form);
	buf_put_str(&form, STR("&client_secret="));
	str_percent_encode(str_of(credentials->secret), &form);
	if (!buf_failed(&form))
		made = secret_copy(buf_text(&form));
	wipe(&form);
	return made;
}

bool
cspark_authority_rotate(struct cspark_authority *authority, const struct cspark_credentials *credentials)
{
	struct cspark_token *token;
	char *form;

	if (credentials->kind != CSPARK_AUTH_OAUTH) {
		token = fixed_token(credentials, authority->generation + 1);
		if (token == NULL)
			return false;
		authority->kind = credentials->kind;
		authority->generation++;
		replace_token(authority, token);
		authority->fetch_at_ms = -1;
		authority->announce = true;
		return true;
	}
	form = make_form(credentials);
	if (form == NULL)
		return false;
	drop(&authority->form);
	authority->form = form;
	authority->kind = credentials->kind;
	authority->announce = authority->latched;
	start_anew(authority);
	return true;
}

struct cspark_authority *
cspark_authority_new(struct cspark_transport *transport, const struct cspark_host *host,
	const struct cspark_authority_options *options, cspark_token_news_fn *news, void *arg)
{
	struct cspark_authority *authority = calloc(1, sizeof(*authority));

	if (authority == NULL)
		return NULL;
	authority->transport = transport;
	authority->host = *host;
	authority->news = news;
	authority->arg = arg;
	authority->timeout_ms = options->timeout_ms ? options->timeout_ms : TIMEOUT_MS;
	authority->fetched_ms = INT64_MIN;
	authority->fetch_at_ms = -1;
	authority->refused_gap_ms = GAP_MS;
	authority->url = strdup(options->token_url ? options->token_url : "");
	if (authority->url && cspark_route_copy(&authority->route, &options->route)
		&& cspark_authority_rotate(authority, &options->credentials))
		return authority;
	cspark_authority_free(authority);
	return NULL;
}

void
cspark_authority_free(struct cspark_authority *authority)
{
	if (authority == NULL)
		return;
	cspark_exchange_cancel(authority->transport, &authority->exchange);
	replace_token(authority, NULL);
	drop(&authority->form);
	drop(&authority->sent);
	cspark_route_fini(&authority->route);
	free(authority->url);
	free(authority);
}
