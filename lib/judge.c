#include "lib/judge.h"

#include "base/json.h"

#include <stdio.h>

/* How an attempt without a usable answer ended. */
static const struct {
	enum cspark_code code;
	enum cspark_event event;
	enum cspark_outcome outcome;
	enum cspark_sign sign;
	const char *words; /* after "https://host " */
	const char *advice;
} ENDS[CSPARK_ENDS] = {
	[CSPARK_END_DNS] = { CSPARK_E_UPSTREAM_DNS, CSPARK_EVENT_NOT_SENT, CSPARK_NOT_SENT, CSPARK_UNREACHED,
		"cannot be found: its name does not resolve", "Check base_url and this host's DNS." },
	[CSPARK_END_CONNECT] = { CSPARK_E_UPSTREAM_UNREACHABLE, CSPARK_EVENT_NOT_SENT, CSPARK_NOT_SENT,
		CSPARK_UNREACHED, "cannot be reached",
		"Check the network, the proxy setting and that the server is up." },
	[CSPARK_END_TLS] = { CSPARK_E_UPSTREAM_UNREACHABLE, CSPARK_EVENT_NOT_SENT, CSPARK_NOT_SENT,
		CSPARK_UNREACHED, "broke off the TLS handshake", "Check that it speaks TLS on this port." },
	[CSPARK_END_CERTIFICATE] = { CSPARK_E_UPSTREAM_TLS, CSPARK_EVENT_FINAL, CSPARK_NOT_SENT,
		CSPARK_NO_SIGN, "has no certificate that can be trusted",
		"Check the host name in base_url, and ca_file." },
	[CSPARK_END_REFUSED] = { CSPARK_E_UPSTREAM_UNREACHABLE, CSPARK_EVENT_NOT_SENT, CSPARK_NOT_SENT,
		CSPARK_NO_SIGN, "declined the HTTP/2 stream", "It is busy or shutting down; ask again." },
	[CSPARK_END_ADDRESS] = { CSPARK_E_UPSTREAM_UNREACHABLE, CSPARK_EVENT_FINAL, CSPARK_NOT_SENT,
		CSPARK_NO_SIGN, "has no public address, and others are not asked here",
		"Check its name, and who resolves it." },
	[CSPARK_END_RESET] = { CSPARK_E_UPSTREAM_UNREACHABLE, CSPARK_EVENT_RESET, CSPARK_MAYBE_EXECUTED,
		CSPARK_ILL, "closed the connection without an answer",
		"The request may have been executed." },
	[CSPARK_END_TRUNCATED] = { CSPARK_E_UPSTREAM_GARBLED, CSPARK_EVENT_GARBLED, CSPARK_EXECUTED,
		CSPARK_ILL, "sent an answer that is not whole", "The request was executed." },
	[CSPARK_END_PROTOCOL] = { CSPARK_E_UPSTREAM_GARBLED, CSPARK_EVENT_FINAL, CSPARK_MAYBE_EXECUTED,
		CSPARK_NO_SIGN, "sent something that is not a valid HTTP answer",
		"Check what answers at this address." },
	[CSPARK_END_TOO_LARGE] = { CSPARK_E_UPSTREAM_GARBLED, CSPARK_EVENT_FINAL, CSPARK_EXECUTED,
		CSPARK_WELL, "sent an answer larger than the limit",
		"Ask for fewer records or outputs at once." },
	[CSPARK_END_SOURCE] = { CSPARK_E_INTERNAL, CSPARK_EVENT_FINAL, CSPARK_MAYBE_EXECUTED, CSPARK_NO_SIGN,
		"was not sent the whole body: its file ended early or could not be read",
		"Look at the file system where bodies are kept." },
	[CSPARK_END_SINK] = { CSPARK_E_INTERNAL, CSPARK_EVENT_FINAL, CSPARK_EXECUTED, CSPARK_WELL,
		"answered, but the answer could not be stored",
		"Look at the file system where answers are kept; the request was executed." },
	[CSPARK_END_TIMEOUT] = { CSPARK_E_UPSTREAM_TIMEOUT, CSPARK_EVENT_SLOW, CSPARK_MAYBE_EXECUTED,
		CSPARK_ILL, "did not answer before the deadline", "Split the work or allow more time." },
	[CSPARK_END_FAULT] = { CSPARK_E_INTERNAL, CSPARK_EVENT_FINAL, CSPARK_MAYBE_EXECUTED, CSPARK_NO_SIGN,
		"was not asked for lack of memory or descriptors", "Look at the limits of this process." },
};

/* What a whole answer of a status means; the first row that fits. A retry_after of true: only with
 * Retry-After. */
static const struct {
	int first, last;
	bool retry_after;
	enum cspark_code code;
	enum cspark_event event;
	enum cspark_outcome outcome;
	enum cspark_sign sign;
} STATUSES[] = {
	{ 200, 299, false, CSPARK_OK, CSPARK_EVENT_FINAL, CSPARK_EXECUTED, CSPARK_WELL },
	{ 300, 399, false, CSPARK_E_SPARK_ERROR, CSPARK_EVENT_FINAL, CSPARK_NOT_SENT, CSPARK_WELL },
	{ 408, 408, false, CSPARK_E_SPARK_UNAVAILABLE, CSPARK_EVENT_UNCLEAR, CSPARK_MAYBE_EXECUTED,
		CSPARK_WELL },
	{ 429, 429, false, CSPARK_E_SPARK_RATE_LIMITED, CSPARK_EVENT_REFUSED, CSPARK_NOT_SENT,
		CSPARK_NO_SIGN },
	{ 400, 499, false, CSPARK_E_SPARK_REJECTED, CSPARK_EVENT_FINAL, CSPARK_NOT_SENT, CSPARK_WELL },
	{ 500, 500, false, CSPARK_E_SPARK_ERROR, CSPARK_EVENT_FINAL, CSPARK_MAYBE_EXECUTED, CSPARK_WELL },
	{ 502, 502, false, CSPARK_E_SPARK_UNAVAILABLE, CSPARK_EVENT_UNCLEAR, CSPARK_MAYBE_EXECUTED,
		CSPARK_ILL },
	{ 503, 503, true, CSPARK_E_SPARK_UNAVAILABLE, CSPARK_EVENT_REFUSED, CSPARK_NOT_SENT, CSPARK_NO_SIGN },
	{ 503, 503, false, CSPARK_E_SPARK_UNAVAILABLE, CSPARK_EVENT_UNCLEAR, CSPARK_MAYBE_EXECUTED,
		CSPARK_ILL },
	{ 504, 504, false, CSPARK_E_UPSTREAM_TIMEOUT, CSPARK_EVENT_SLOW, CSPARK_MAYBE_EXECUTED, CSPARK_ILL },
	{ 0, 999, false, CSPARK_E_SPARK_ERROR, CSPARK_EVENT_FINAL, CSPARK_MAYBE_EXECUTED, CSPARK_WELL },
};

static enum cspark_event
event_of_401(const struct cspark_judge_facts *facts)
{
	if (!facts->renewable)
		return CSPARK_EVENT_FINAL;
	return facts->expired ? CSPARK_EVENT_EXPIRED : CSPARK_EVENT_UNAUTHORIZED;
}

static struct cspark_verdict
judge_status(const struct cspark_judge_facts *facts)
{
	int status = facts->exchange->head.status;
	size_t i = 0;

	if (status == 401 && facts->authorized)
		return (struct cspark_verdict){ CSPARK_E_CREDENTIALS_REFUSED, event_of_401(facts),
			CSPARK_NOT_SENT, CSPARK_WELL };
	while (status < STATUSES[i].first || status > STATUSES[i].last ||
		(STATUSES[i].retry_after && facts->retry_after_ms < 0))
		i++;
	return (struct cspark_verdict){ STATUSES[i].code, STATUSES[i].event, STATUSES[i].outcome,
		STATUSES[i].sign };
}

static struct cspark_verdict
judge_end(const struct cspark_exchange *exchange)
{
	enum cspark_exchange_end end = exchange->end;
	struct cspark_verdict verdict = { ENDS[end].code, ENDS[end].event, ENDS[end].outcome,
		ENDS[end].sign };

	if (!exchange->sent)
		verdict.outcome = CSPARK_NOT_SENT;
	return verdict;
}

struct cspark_verdict
cspark_judge(const struct cspark_judge_facts *facts)
{
	const struct cspark_exchange *exchange = facts->exchange;
	int status = exchange->head.status;
	bool whole = exchange->end == CSPARK_END_ANSWERED;
	struct cspark_verdict verdict;

	/* The status of a torn failure has been said all the same. */
	if (!whole && !(exchange->end == CSPARK_END_TRUNCATED && (status < 200 || status > 299)))
		return judge_end(exchange);
	verdict = judge_status(facts);
	if (verdict.code == CSPARK_OK && facts->expects_json &&
		!json_valid(exchange->answer, exchange->answer_len, NULL))
		return (struct cspark_verdict){ CSPARK_E_UPSTREAM_GARBLED, CSPARK_EVENT_GARBLED,
			CSPARK_EXECUTED, CSPARK_WELL };
	return verdict;
}

/* ---- in words ---- */

static const char *
advice_of(const struct cspark_judge_facts *facts, const struct cspark_verdict *verdict)
{
	int status = facts->exchange->head.status;

	if (status >= 300 && status <= 399)
		return "Redirects are not followed; check base_url.";
	switch (verdict->code) {
	case CSPARK_E_UPSTREAM_GARBLED:
		return "The body is not one whole JSON text; the request was executed.";
	case CSPARK_E_CREDENTIALS_REFUSED:
		return facts->renewable ?
			"A renewed token did not help: check what this client may do in Spark." :
			"Check the API key or the token in the configuration, or that there is one.";
	case CSPARK_E_SPARK_RATE_LIMITED:
		return "Send less, or ask again after the time given.";
	case CSPARK_E_SPARK_UNAVAILABLE:
		return "Ask again later.";
	case CSPARK_E_UPSTREAM_TIMEOUT:
		return "Spark's own limit was reached; split the work.";
	case CSPARK_E_SPARK_REJECTED:
		return status == 404 ? "Check the folder, the service and the version." :
				       "Spark's own words are attached.";
	default:
		return "Spark's own words are attached.";
	}
}

void
cspark_judge_detail(const struct cspark_judge_facts *facts, const struct cspark_verdict *verdict,
	const char *origin, char *ret_text, size_t size)
{
	const struct cspark_exchange *exchange = facts->exchange;
	enum cspark_exchange_end end = exchange->end;

	if (verdict->code == CSPARK_OK)
		ret_text[0] = '\0';
	else if (end == CSPARK_END_ANSWERED || exchange->head.status >= 300)
		snprintf(ret_text, size, "%.120s answered with status %d. %s", origin, exchange->head.status,
			advice_of(facts, verdict));
	else
		snprintf(ret_text, size, "%.80s %s%s%.70s%s. %s", origin, ENDS[end].words,
			exchange->reason[0] ? " (" : "", exchange->reason, exchange->reason[0] ? ")" : "",
			ENDS[end].advice);
}
