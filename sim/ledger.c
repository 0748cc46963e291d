#include "sim/ledger.h"

#include "base/buf.h"
#include "base/json_text.h"
#include "sim/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct ledger_entry {
	char *request;    /* members of the JSON object, known from the head */
	char *body;       /* further members */
	char *request_id; /* as it came, may be NULL */
	bool over;
	double ended_ms;
	int status;
	const char *mood;
	char service[160];
	unsigned records;
	bool client_left;
};

static double
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

void
ledger_init(struct ledger *ledger, bool off)
{
	*ledger = (struct ledger){ .off = off };
	pthread_mutex_init(&ledger->lock, NULL);
	if (!off)
		ledger->entries = calloc(LEDGER_MAX_ENTRIES, sizeof(*ledger->entries));
	if (!ledger->entries)
		ledger->off = true;
}

static struct ledger_entry *
entry_of(struct ledger *ledger, uint64_t seq)
{
	if (seq < ledger->first || seq >= ledger->next)
		return NULL;
	return &ledger->entries[seq % LEDGER_MAX_ENTRIES];
}

static size_t
text_bytes(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static void
drop_oldest(struct ledger *ledger)
{
	struct ledger_entry *entry = &ledger->entries[ledger->first++ % LEDGER_MAX_ENTRIES];

	ledger->bytes -= text_bytes(entry->request) + text_bytes(entry->body);
	free(entry->request);
	free(entry->body);
	free(entry->request_id);
	*entry = (struct ledger_entry){ .request = NULL };
}

void
ledger_reset(struct ledger *ledger)
{
	pthread_mutex_lock(&ledger->lock);
	while (!ledger->off && ledger->first < ledger->next)
		drop_oldest(ledger);
	pthread_mutex_unlock(&ledger->lock);
}

void
ledger_fini(struct ledger *ledger)
{
	ledger_reset(ledger);
	free(ledger->entries);
	pthread_mutex_destroy(&ledger->lock);
}

/* Tells credentials apart without giving them away. */
static unsigned
short_hash(struct str text)
{
	uint64_t hash = 14695981039346656037ULL;
	size_t i;

	for (i = 0; i < text.len; i++)
		hash = (hash ^ (unsigned char)text.at[i]) * 1099511628211ULL;
	return (unsigned)(hash ^ hash >> 32);
}

static void
put_credential(struct buf *out, const struct request *request)
{
	struct str bearer = request_header(request, STR("authorization"));
	struct str key = request_header(request, STR("x-synthetic-key"));
	const char *kind = bearer.at && key.at ? "both" : key.at ? "api-key" : "none";

	if (bearer.at && !key.at)
		kind = str_starts(bearer, STR("Bearer ")) ? "bearer" : "other";
	buf_printf(out, ",\"credential\":\"%s\",\"credential_hash\":", kind);
	if (bearer.at || key.at)
		buf_printf(out, "\"%08x\"", short_hash(bearer.at ? bearer : key));
	else
		buf_put_str(out, STR("null"));
}

static void
put_headers(struct buf *out, const struct request *request)
{
	static const struct str shown[] = { STR("host"), STR("content-type"), STR("content-length"),
		STR("content-encoding"), STR("transfer-encoding"), STR("user-agent"), STR("x-spark-ua"),
		STR("x-meta"), STR("x-request-meta"), STR("x-tenant-name"), STR("accept"),
		STR("accept-encoding"), STR("connection"), STR("expect"), STR("x-request-id"),
		STR("traceparent"), STR("tracestate"), STR("cookie"), STR("origin"), STR("referer") };
	const char *comma = "";
	size_t i;

	buf_put_str(out, STR(",\"headers\":{"));
	for (i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		struct str value = request_header(request, shown[i]);

		if (!value.at)
			continue;
		buf_printf(out, "%s\"%.*s\":", comma, STR_ARG(shown[i]));
		json_quote(value, out);
		comma = ",";
	}
	buf_put_str(out, STR("},\"header_names\":["));
	for (i = 0; i < request->header_count; i++) {
		buf_put_str(out, i ? STR(",") : STR(""));
		json_quote(request->headers[i].name, out);
	}
	buf_put_str(out, STR("]"));
}

static void
put_member(struct buf *out, const char *name, struct str value)
{
	buf_printf(out, ",\"%s\":", name);
	if (value.at)
		json_quote(value, out);
	else
		buf_put_str(out, STR("null"));
}

/* ,"body": the first bytes as text. A secret in a form is replaced by its hash. */
static void
put_body(struct buf *out, struct str body)
{
	static const char field[] = "client_secret=";
	struct str rest, secret, before = body;
	const char *at = body.at ? memmem(body.at, body.len, field, sizeof(field) - 1) : NULL;
	struct buf text;

	if (!at) {
		put_member(out, "body", body.at ? body : str_of(""));
		return;
	}
	before.len = (size_t)(at - body.at) + sizeof(field) - 1;
	secret = str_cut(str_range(body.at + before.len, body.len - before.len), '&', &rest);
	buf_init(&text, 2 * LEDGER_BODY_BYTES);
	buf_put_str(&text, before);
	buf_printf(&text, "#%08x%s", short_hash(secret), rest.at ? "&" : "");
	buf_put_str(&text, rest);
	put_member(out, "body", buf_text(&text));
	buf_fini(&text);
}

uint64_t
ledger_begin(struct ledger *ledger, uint64_t connection, const struct request *request)
{
	struct str id = request_header(request, STR("x-request-id"));
	struct ledger_entry *entry;
	struct buf text;
	uint64_t seq;

	if (ledger->off)
		return 0;
	buf_init(&text, 1 << 20);
	buf_printf(&text, "\"connection\":%llu,\"time_ms\":%.3f", (unsigned long long)connection, now_ms());
	put_member(&text, "method", request->method);
	put_member(&text, "path", request->path);
	put_member(&text, "query", request->query);
	put_member(&text, "request_id", id);
	put_credential(&text, request);
	put_headers(&text, request);
	pthread_mutex_lock(&ledger->lock);
	while (ledger->next - ledger->first >= LEDGER_MAX_ENTRIES ||
		(ledger->bytes > LEDGER_MAX_BYTES && ledger->first < ledger->next))
		drop_oldest(ledger);
	seq = ledger->next++;
	entry = entry_of(ledger, seq);
	entry->request = buf_take(&text, NULL);
	entry->request_id = id.at ? strndup(id.at, id.len) : NULL;
	ledger->bytes += text_bytes(entry->request);
	pthread_mutex_unlock(&ledger->lock);
	return seq;
}

void
ledger_body(struct ledger *ledger, uint64_t seq, const struct request *request)
{
	struct str body = request_body(request);
	struct ledger_entry *entry;
	struct buf text;

	if (ledger->off)
		return;
	buf_init(&text, 64 << 10);
	buf_printf(&text, ",\"body_bytes\":%zu", body.len);
	if (body.len > LEDGER_BODY_BYTES)
		body.len = LEDGER_BODY_BYTES;
	put_body(&text, body);
	pthread_mutex_lock(&ledger->lock);
	entry = entry_of(ledger, seq);
	if (entry && !entry->body) {
		entry->body = buf_take(&text, NULL);
		ledger->bytes += text_bytes(entry->body);
	}
	pthread_mutex_unlock(&ledger->lock);
	buf_fini(&text);
}

void
ledger_end(struct ledger *ledger, uint64_t seq, const struct ledger_end *end)
{
	struct ledger_entry *entry;

	if (ledger->off)
		return;
	pthread_mutex_lock(&ledger->lock);
	entry = entry_of(ledger, seq);
	if (entry) {
		entry->over = true;
		entry->ended_ms = now_ms();
		entry->status = end->status;
		entry->mood = end->mood;
		entry->records = end->records;
		entry->client_left = end->client_left;
		snprintf(entry->service, sizeof(entry->service), "%s", end->service);
	}
	pthread_mutex_unlock(&ledger->lock);
}

static void
put_entry(struct buf *out, uint64_t seq, const struct ledger_entry *entry)
{
	buf_printf(out, "{\"seq\":%llu,%s", (unsigned long long)seq,
		entry->request ? entry->request : "\"lost\":true");
	buf_printf(out, "%s,\"over\":%s", entry->body ? entry->body : ",\"body_bytes\":0,\"body\":null",
		entry->over ? "true" : "false");
	if (entry->over) {
		buf_printf(out, ",\"ended_ms\":%.3f,\"status\":%d,\"records\":%u,\"client_left\":%s",
			entry->ended_ms, entry->status, entry->records,
			entry->client_left ? "true" : "false");
		put_member(out, "mood", str_of(entry->mood));
		put_member(out, "service", str_of(entry->service));
	}
	buf_put_str(out, STR("}"));
}

void
ledger_put_json(struct ledger *ledger, struct str request_id, struct buf *out)
{
	const char *comma = "";
	uint64_t seq;

	buf_put_str(out, STR("["));
	pthread_mutex_lock(&ledger->lock);
	for (seq = ledger->first; seq < ledger->next; seq++) {
		const struct ledger_entry *entry = entry_of(ledger, seq);

		if (request_id.at && !str_eq(request_id, str_of(entry->request_id)))
			continue;
		buf_printf(out, "%s\n", comma);
		put_entry(out, seq, entry);
		comma = ",";
	}
	pthread_mutex_unlock(&ledger->lock);
	buf_put_str(out, STR("]\n"));
}
