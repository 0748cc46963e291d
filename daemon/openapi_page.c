/* What is answered without Spark: the pages, and the placeholder token. */
#include "daemon/openapi_own.h"

#include "daemon/jot.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define JSON(schema) "{'application/json':{'schema':" schema "}}"

static const struct page {
	const char *method, *path, *name, *summary;
	const char *content; /* of the answer, JSON */
	const char *body;    /* "requestBody", JSON; NULL: none */
	unsigned audience;
} PAGES[] = {
	{ "GET", "/healthz", "gateway.healthz", "Say that the process serves",
		JSON("{'$ref':'#/components/schemas/State'}"), NULL, OPENAPI_HEALTHZ },
	{ "GET", "/readyz", "gateway.readyz",
		"Say whether a credential can be used and the gateway is not draining",
		JSON("{'$ref':'#/components/schemas/State'}"), NULL, OPENAPI_READYZ },
	{ "GET", "/status", "gateway.status", "Tell version, uptime, tenants, tokens and counters",
		JSON("{'$ref':'#/components/schemas/Status'}"), NULL, OPENAPI_PAGES },
	{ "GET", "/metrics", "gateway.metrics", "Tell all counters to Prometheus",
		"{'text/plain':{'schema':{'type':'string'}}}", NULL, OPENAPI_PAGES },
	{ "GET", "/openapi.json", "gateway.openapi", "Give this document", JSON("{'type':'object'}"), NULL,
		OPENAPI_PAGES },
	{ "POST", "/-/drain", "gateway.drain",
		"Refuse new work from now on, finish what is open, and stay until the shutdown",
		JSON("{'$ref':'#/components/schemas/State'}"), NULL, OPENAPI_PAGES },
	{ "POST", "/-/shutdown", "gateway.shutdown", "Finish what is open and exit, as after SIGTERM",
		JSON("{'$ref':'#/components/schemas/State'}"), NULL, OPENAPI_PAGES },
	{ "POST", "/auth/realms/{tenant}/protocol/openid-connect/token", "gateway.token",
		"Give a placeholder token to an official SDK", JSON("{'$ref':'#/components/schemas/Token'}"),
		"{'description':'Not looked at.','content':{'application/x-www-form-urlencoded':{'schema':"
		"{'type':'object'}}}}",
		OPENAPI_TOKEN },
};

static bool
is_order(const struct page *page)
{
	return strncmp(page->path, "/-/", 3) == 0;
}

static void
put_page(struct buf *out, const struct openapi_entry *entry)
{
	const struct page *page = entry->what;

	jot_open(out, "parameters", '[');
	openapi_path_parameters(out, entry);
	jot_close(out, ']');
	if (page->body)
		jot_json(out, "requestBody", page->body);
	jot_open(out, "responses", '{');
	jot_open(out, is_order(page) ? "202" : "200", '{');
	jot_text(out, "description", is_order(page) ? STR("It has begun.") : STR("The page."));
	openapi_headers(out, "");
	jot_json(out, "content", page->content);
	jot_close(out, '}');
	openapi_errors(out, page->audience);
	jot_close(out, '}');
}

/* HEAD is the same without a body. */
static void
put_head(struct buf *out, const struct openapi_entry *entry)
{
	const struct page *page = entry->what;

	jot_open(out, "responses", '{');
	jot_open(out, "200", '{');
	jot_text(out, "description", STR("The page is there."));
	openapi_headers(out, "");
	jot_close(out, '}');
	openapi_errors(out, page->audience);
	jot_close(out, '}');
}

void
openapi_add_pages(struct openapi_entries *entries)
{
	static const struct openapi_locator NONE = { NULL, NULL };

	for (size_t i = 0; i < COUNT(PAGES); i++) {
		struct openapi_entry entry = { .method = PAGES[i].method,
			.name = PAGES[i].name,
			.summary = PAGES[i].summary,
			.operation = -1,
			.put = put_page,
			.what = &PAGES[i] };

		openapi_add(entries, entry, PAGES[i].path, &NONE);
		if (strcmp(PAGES[i].method, "GET") != 0)
			continue;
		entry.method = "HEAD";
		entry.put = put_head;
		openapi_add(entries, entry, PAGES[i].path, &NONE);
	}
}
