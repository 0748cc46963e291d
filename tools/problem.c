#include "tools/problem.h"

#include "base/buf.h"
#include "base/json_text.h"

#include <stdio.h>
#include <string.h>

#define TEXT_MAX (64 * 1024)

/* What helps, by code; for the others the detail has to say it. */
static const struct {
	const char *code;
	const char *advice;
} ADVICE[] = {
	{ "bad_locator",
		"Name the service as folder/service, folder/service[1.2.3], service/ID or version/ID." },
	{ "not_acceptable", "Choose another --format, or fewer --outputs." },
	{ "body_too_large", "Send fewer records at once, or raise limits.max_body." },
	{ "caller_unknown", "Set CSPARK_CALLER_TOKEN or CSPARK_CALLER_TOKEN_FILE to the listener's token." },
	{ "caller_refused", "Ask as a user that the listener's allow_uids or allow_gids names." },
	{ "host_refused", "Call it localhost, or add the name to the listener's allowed_hosts." },
	{ "operation_disabled", "Use a listener that allows it, or change its \"allow\" list." },
	{ "spark_rate_limited", "Wait, then ask again with fewer calls at once." },
	{ "spark_unavailable", "Wait, then ask again." },
	{ "upstream_unreachable", "Check base_url, proxy and network; try again." },
	{ "upstream_dns", "Check the host name in base_url." },
	{ "upstream_tls", "Check base_url, and ca_file if a private authority signs." },
	{ "upstream_timeout", "Ask again with a longer --timeout, or fewer records." },
	{ "credentials_refused", "Check client id and secret, API key or token, and the tenant." },
	{ "token_unavailable", "The token endpoint does not answer; see \"csparkctl status\" and the log." },
	{ "circuit_open", "Wait, then ask again." },
	{ "overloaded", "Ask again later, or raise limits.max_in_flight." },
	{ "draining", "The daemon is stopping; ask again when it is back." },
};

const char *
problem_advice(struct str code)
{
	for (size_t i = 0; i < sizeof(ADVICE) / sizeof(ADVICE[0]); i++) {
		if (str_eq(code, str_of(ADVICE[i].code)))
			return ADVICE[i].advice;
	}
	return NULL;
}

static const char *
outcome_words(struct str outcome)
{
	if (str_eq(outcome, STR("not_sent")))
		return "Spark did not run the request.";
	if (str_eq(outcome, STR("maybe_executed")))
		return "Spark may have run the request.";
	if (str_eq(outcome, STR("executed")))
		return "Spark has run the request.";
	return NULL;
}

/* A terminal obeys control characters; so none of a foreign text gets there. */
static void
print_text(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		fputc((unsigned char)text.at[i] < ' ' || text.at[i] == 0x7f ? ' ' : text.at[i], stderr);
}

static void
print_line(const char *label, struct str text)
{
	fprintf(stderr, "  %s", label);
	print_text(text);
	fputc('\n', stderr);
}

static void
print_title(struct str title, struct str code, int status)
{
	fputs("csparkctl: ", stderr);
	print_text(title);
	fputs(" (", stderr);
	print_text(code);
	fprintf(stderr, ", HTTP %d)\n", status);
}

/* A member of the problem document as text: strings unquoted, everything else raw. */
static struct str
member_text(struct str document, const char *path, struct buf *scratch)
{
	struct str value = json_path(document, path);
	size_t begin = scratch->len;

	if (json_is_null(value) || json_kind_of(value) != JSON_STRING)
		return json_is_null(value) ? (struct str){ 0 } : value;
	if (!json_unquote(value, scratch) || buf_failed(scratch))
		return value;
	return str_range(scratch->data + begin, scratch->len - begin);
}

static void
print_ending(struct str code, struct str outcome, struct str attempts, bool retryable)
{
	const char *words = outcome_words(outcome);
	const char *advice = problem_advice(code);

	if (words)
		fprintf(stderr, "  %s", words);
	if (words && attempts.len)
		fprintf(stderr, " Attempts: %.*s.", STR_ARG(attempts));
	if (words)
		fputs(retryable ? " Asking again can help.\n" : " Asking again unchanged does not help.\n",
			stderr);
	if (advice)
		fprintf(stderr, "  %s\n", advice);
}

/* What Spark said: its own words, from whatever it sent. */
static void
print_spark(struct str document, struct buf *scratch)
{
	struct str body = member_text(document, "spark.body", scratch);
	char words[1024];

	if (!body.len)
		return;
	cspark_answer_complaint((struct cspark_bytes){ body.at, body.len }, words, sizeof(words));
	print_line("Spark says: ", str_of(words));
}

static bool
show_document(int status, struct str document)
{
	struct buf scratch;
	struct str title, code, detail, request_id;
	bool is_ours;

	buf_init(&scratch, 4 * TEXT_MAX);
	/* With this room the slices that member_text() gives out stay where they are. */
	if (!buf_reserve(&scratch, document.len))
		return false;
	title = member_text(document, "title", &scratch);
	code = member_text(document, "code", &scratch);
	detail = member_text(document, "detail", &scratch);
	request_id = member_text(document, "request_id", &scratch);
	is_ours = title.len && code.len;
	if (is_ours) {
		print_title(title, code, status);
		if (detail.len)
			print_line("", detail);
		print_spark(document, &scratch);
		print_ending(code, member_text(document, "outcome", &scratch),
			json_path(document, "attempts"),
			json_kind_of(json_path(document, "retryable")) == JSON_TRUE);
		if (request_id.len)
			print_line("Request id: ", request_id);
	}
	buf_fini(&scratch);
	return is_ours;
}

void
problem_show(int status, struct str body)
{
	char words[1024];

	if (body.len <= TEXT_MAX && json_valid(body.at, body.len, NULL) &&
		json_kind_of(body) == JSON_OBJECT && show_document(status, body))
		return;
	cspark_answer_complaint((struct cspark_bytes){ body.at, body.len }, words, sizeof(words));
	fprintf(stderr, "csparkctl: the answer is HTTP %d%s%s\n", status, words[0] ? ": " : "", words);
}

void
problem_show_result(const struct cspark_result *result)
{
	const char *code = cspark_code_name(result->code);
	char words[1024], attempts[16];

	fprintf(stderr, "csparkctl: %s (%s", cspark_code_title(result->code), code);
	if (result->status)
		fprintf(stderr, ", Spark answered HTTP %d", result->status);
	fputs(")\n", stderr);
	print_line("", str_of(result->detail));
	if (result->body) {
		cspark_answer_complaint(
			(struct cspark_bytes){ result->body, result->body_len }, words, sizeof(words));
		if (words[0])
			print_line("Spark says: ", str_of(words));
	}
	snprintf(attempts, sizeof(attempts), "%u", result->attempts);
	print_ending(str_of(code), str_of(cspark_outcome_name(result->outcome)), str_of(attempts),
		result->retryable);
}

void
problem_show_unreachable(const char *url, const char *why)
{
	fprintf(stderr,
		"csparkctl: cannot reach csparkd at %s\n  %s\n"
		"  Is it running? Set --url or CSPARKD_URL if it listens elsewhere.\n",
		url, why);
}
