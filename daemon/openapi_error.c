/* How a request can fail: a response for each status, made of the table of errors. */
#include "daemon/openapi_own.h"

#include <stdio.h>
#include <string.h>

#include "daemon/jot.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define SPARKS  (OPENAPI_EXECUTIONS | OPENAPI_OPERATIONS)
#define GUARDED (OPENAPI_PAGES | OPENAPI_TOKEN | SPARKS)
#define ALL     (OPENAPI_HEALTHZ | OPENAPI_READYZ | GUARDED)

/* Who can meet a status, and whether Spark's own is passed on. */
static const struct {
	int status;
	unsigned audience;
	bool passed;
} STATUSES[] = {
	{ 400, ALL, true },
	{ 401, GUARDED, true },
	{ 403, ALL, true },
	{ 404, SPARKS | OPENAPI_TOKEN, true },
	{ 406, OPENAPI_EXECUTIONS, false },
	{ 408, ALL, false },
	{ 409, SPARKS, true },
	{ 413, ALL, true },
	{ 414, ALL, false },
	{ 415, SPARKS, true },
	{ 422, SPARKS, true },
	{ 429, SPARKS, false },
	{ 431, ALL, false },
	{ 500, ALL, false },
	{ 502, SPARKS, false },
	{ 503, ALL, false },
	{ 504, SPARKS, false },
};

static const struct {
	const char *name, *title;
	int status;
	bool retryable;
} CODES[] = {
#define X(NAME, name, status, retryable, title) { name, title, status, retryable },
#include "lib/error.def"
#undef X
};

void
openapi_errors(struct buf *out, unsigned audience)
{
	char status[8], name[16];

	for (size_t i = 0; i < COUNT(STATUSES); i++) {
		if (!(STATUSES[i].audience & audience))
			continue;
		snprintf(status, sizeof(status), "%d", STATUSES[i].status);
		snprintf(name, sizeof(name), "Error%d", STATUSES[i].status);
		if (audience == OPENAPI_READYZ && STATUSES[i].status == 503)
			openapi_reference(out, status, "responses", "NotReady");
		else
			openapi_reference(out, status, "responses", name);
	}
}

/* A status of 0 in the table: Spark's own is passed on. */
static bool
may_have(size_t code, size_t status)
{
	return CODES[code].status ? CODES[code].status == STATUSES[status].status : STATUSES[status].passed;
}

static void
put_error_words(struct buf *out, size_t status)
{
	struct buf text;

	buf_init(&text, 4096);
	for (size_t i = 0; i < COUNT(CODES); i++) {
		if (may_have(i, status))
			buf_printf(&text, "%s`%s`: %s.", text.len ? " " : "", CODES[i].name, CODES[i].title);
	}
	jot_text(out, "description", buf_text(&text));
	buf_fini(&text);
}

static void
put_error_schema(struct buf *out, size_t status)
{
	jot_open(out, "schema", '{');
	jot_open(out, "allOf", '[');
	openapi_reference(out, NULL, "schemas", "Problem");
	jot_open(out, NULL, '{');
	jot_open(out, "properties", '{');
	jot_open(out, "status", '{');
	jot_number(out, "const", STATUSES[status].status);
	jot_close(out, '}');
	jot_open(out, "code", '{');
	jot_open(out, "enum", '[');
	for (size_t i = 0; i < COUNT(CODES); i++) {
		if (may_have(i, status))
			jot_text(out, NULL, str_of(CODES[i].name));
	}
	jot_close(out, ']');
	jot_close(out, '}');
	jot_close(out, '}');
	jot_close(out, '}');
	jot_close(out, ']');
	jot_close(out, '}');
}

static const char *
headers_of(int status)
{
	if (status == 401)
		return "X-Cspark-Reason WWW-Authenticate";
	return status == 429 || status == 503 ? "X-Cspark-Reason Retry-After" : "X-Cspark-Reason";
}

static void
put_error(struct buf *out, const char *name, size_t status)
{
	jot_open(out, name, '{');
	put_error_words(out, status);
	openapi_headers(out, headers_of(STATUSES[status].status));
	jot_open(out, "content", '{');
	if (strcmp(name, "NotReady") == 0)
		jot_json(out, "application/json", "{'schema':{'$ref':'#/components/schemas/State'}}");
	jot_open(out, "application/problem+json", '{');
	put_error_schema(out, status);
	jot_close(out, '}');
	jot_close(out, '}');
	jot_close(out, '}');
}

void
openapi_responses(struct buf *out)
{
	char name[16];

	jot_open(out, "responses", '{');
	for (size_t i = 0; i < COUNT(STATUSES); i++) {
		snprintf(name, sizeof(name), "Error%d", STATUSES[i].status);
		put_error(out, name, i);
		if (STATUSES[i].status == 503)
			put_error(out, "NotReady", i);
	}
	jot_open(out, "Accepted", '{');
	jot_text(out, "description",
		STR("The job runs; its first answer. Location says where its status is told."));
	openapi_headers(out, "Location");
	jot_json(out, "content", "{'application/json':{'schema':{'$ref':'#/components/schemas/Anything'}}}");
	jot_close(out, '}');
	jot_close(out, '}');
}

void
openapi_problem(struct buf *out)
{
	jot_open(out, "Problem", '{');
	jot_json(out, "description", "'RFC 9457'");
	jot_json(out, "type", "'object'");
	jot_json(out, "required",
		"['type','title','status','code','detail','request_id','attempts','outcome','retryable']");
	jot_open(out, "properties", '{');
	jot_json(out, "type", "{'type':'string','pattern':'^urn:csparkd:error:[a-z_]+$'}");
	jot_json(out, "title", "{'type':'string'}");
	jot_json(out, "status", "{'type':'integer','minimum':400,'maximum':599}");
	jot_open(out, "code", '{');
	jot_open(out, "enum", '[');
	for (size_t i = 0; i < COUNT(CODES); i++)
		jot_text(out, NULL, str_of(CODES[i].name));
	jot_close(out, ']');
	jot_close(out, '}');
	jot_json(out, "detail", "{'type':['string','null'],'description':'what happened, in a sentence'}");
	jot_json(out, "request_id", "{'type':'string'}");
	jot_json(out, "attempts", "{'type':'integer','minimum':0,'description':'requests sent to Spark'}");
	jot_json(out, "outcome",
		"{'enum':['not_sent','maybe_executed','executed'],"
		"'description':'whether Spark may have run it'}");
	jot_json(out, "retryable", "{'type':'boolean','description':'whether asking again can help'}");
	jot_json(out, "spark",
		"{'type':'object','description':'what Spark answered','required':['status','body'],"
		"'properties':{'status':{'type':'integer'},'body':{}}}");
	jot_close(out, '}');
	jot_close(out, '}');
}
