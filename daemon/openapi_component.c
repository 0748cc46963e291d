/* What can be referred to: headers, schemas, common parameters; and the names in paths. */
#include "daemon/openapi_own.h"

#include <stdio.h>
#include <string.h>

#include "daemon/jot.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

void
openapi_reference(struct buf *out, const char *name, const char *kind, const char *target)
{
	char text[100];
	int len = snprintf(text, sizeof(text), "#/components/%s/%s", kind, target);

	jot_open(out, name, '{');
	jot_text(out, "$ref", str_range(text, (size_t)len));
	jot_close(out, '}');
}

/* ---- headers ---- */

static const struct {
	const char *name, *schema, *help;
} HEADERS[] = {
	{ "X-Request-Id", "{'type':'string'}", "the caller's, if it was sane, else a fresh one" },
	{ "Server-Timing", "{'type':'string'}", "total, queue, token, spark; in milliseconds" },
	{ "X-Cspark-Attempts", "{'type':'integer','minimum':0}", "requests sent to Spark" },
	{ "X-Cspark-Reason", "{'type':'string'}", "why there is an error, in a word" },
	{ "X-Spark-Call-Id", "{'type':'string'}", "Spark's id of the call" },
	{ "X-Spark-Version", "{'type':'string'}", "version of the service that was executed" },
	{ "X-Spark-Warnings", "{'type':'integer'}", "how many warnings the answer has" },
	{ "X-Spark-Errors", "{'type':'integer'}", "how many errors the answer has" },
	{ "X-Spark-Failed-Records", "{'type':'integer'}", "how many records of the list have errors" },
	{ "X-Total-Count", "{'type':'integer'}", "how many there are on all pages" },
	{ "Retry-After", "{'type':'integer'}", "seconds after which asking again makes sense" },
	{ "WWW-Authenticate", "{'type':'string'}", "that the listener wants a token" },
	{ "Location", "{'type':'string'}", "where the status of the job is told" },
	{ "Content-Disposition", "{'type':'string'}", "the name of the file" },
};

void
openapi_headers(struct buf *out, const char *names)
{
	struct str rest = str_of(names);

	jot_open(out, "headers", '{');
	for (size_t i = 0; i < 3; i++)
		openapi_reference(out, HEADERS[i].name, "headers", HEADERS[i].name);
	while (rest.len > 0) {
		struct str word = str_cut(rest, ' ', &rest);
		char name[32];

		snprintf(name, sizeof(name), "%.*s", STR_ARG(word));
		openapi_reference(out, name, "headers", name);
	}
	jot_close(out, '}');
}

static void
put_header_components(struct buf *out)
{
	jot_open(out, "headers", '{');
	for (size_t i = 0; i < COUNT(HEADERS); i++) {
		jot_open(out, HEADERS[i].name, '{');
		jot_text(out, "description", str_of(HEADERS[i].help));
		jot_json(out, "schema", HEADERS[i].schema);
		jot_close(out, '}');
	}
	jot_close(out, '}');
}

/* ---- parameters ---- */

static const struct {
	const char *id, *name, *in, *schema, *help;
} PARAMETERS[] = {
	{ "tenant", "_tenant", "query", "{'type':'string'}", "which configured tenant; else the first" },
	{ "timeout", "_timeout", "query", "{'type':'integer','minimum':1,'maximum':3600000}",
		"milliseconds for the whole call, retries included; can only shorten what is configured" },
	{ "public", "_public", "query", "{'type':'boolean','default':false}",
		"whether to use the public endpoint, without credentials" },
	{ "shape", "_shape", "query", "{'type':'string','enum':['simple','original'],'default':'simple'}",
		"the payload alone, or Spark's own bytes" },
	{ "prefer", "Prefer", "header", "{'type':'string','examples':['respond-async']}",
		"respond-async: do not wait for the result" },
};

static void
put_parameter_components(struct buf *out)
{
	jot_open(out, "parameters", '{');
	for (size_t i = 0; i < COUNT(PARAMETERS); i++) {
		jot_open(out, PARAMETERS[i].id, '{');
		jot_text(out, "name", str_of(PARAMETERS[i].name));
		jot_text(out, "in", str_of(PARAMETERS[i].in));
		jot_text(out, "description", str_of(PARAMETERS[i].help));
		jot_json(out, "schema", PARAMETERS[i].schema);
		jot_close(out, '}');
	}
	jot_close(out, '}');
}

/* Words for the names in paths. */
static const struct {
	const char *name, *help;
} PARTS[] = {
	{ "folder", "name of the folder" },
	{ "service", "name of the service; to execute it, a version may follow as in name[1.2.3]" },
	{ "service_id", "id of the service" },
	{ "version_id", "id of the version" },
	{ "endpoint", "custom endpoint of Spark" },
	{ "name", "name" },
	{ "id", "id, as Spark told it" },
	{ "key", "key of the category" },
	{ "job", "id of the job, as Spark told it" },
	{ "call_id", "id of the call" },
	{ "record", "which record of the call" },
	{ "type", "json or csv" },
	{ "tenant", "name of the tenant, as in its URL" },
};

static const char *
help_of_part(struct str name)
{
	for (size_t i = 0; i < COUNT(PARTS); i++) {
		if (str_eq(name, str_of(PARTS[i].name)))
			return PARTS[i].help;
	}
	return NULL;
}

/* The name is that of the shared path, the words are about the entry's own. */
void
openapi_path_parameters(struct buf *out, const struct openapi_entry *entry)
{
	struct str shared = str_of(entry->shared), own = str_of(entry->path);

	str_cut(shared, '{', &shared);
	str_cut(own, '{', &own);
	while (own.at) {
		struct str name = str_cut(shared, '}', &shared);
		const char *help = help_of_part(str_cut(own, '}', &own));

		jot_open(out, NULL, '{');
		jot_text(out, "name", name);
		jot_json(out, "in", "'path'");
		jot_flag(out, "required", true);
		if (help)
			jot_text(out, "description", str_of(help));
		jot_json(out, "schema", "{'type':'string','minLength':1}");
		jot_close(out, '}');
		str_cut(shared, '{', &shared);
		str_cut(own, '{', &own);
	}
}

/* ---- schemas ---- */

static const struct {
	const char *name, *schema;
} SCHEMAS[] = {
	{ "Anything", "{'description':'as Spark documents it'}" },
	{ "Inputs",
		"{'description':'An object: one record. A list of objects, or of rows under a row of "
		"names: many records. An object with an object request_data: the envelope of Spark.',"
		"'anyOf':[{'type':'object'},{'type':'array','items':{'type':'object'}},"
		"{'type':'array','items':{'type':'array'}}]}" },
	{ "Execution",
		"{'description':'Of one record (outputs is an object) or many (lists), or as _shape says.',"
		"'type':'object','properties':{'outputs':{'type':['object','array']},'warnings':{},"
		"'errors':{},'service_chain':{},'process_time':{},"
		"'call_id':{'type':['string','null']},"
		"'service_id':{'type':['string','null']},'version_id':{'type':['string','null']},"
		"'version':{'type':['string','null']},'compiler_version':{},'correlation_id':{},"
		"'request_timestamp':{}}}" },
	{ "Categories",
		"{'description':'A list, or what Spark says with _shape=original.','anyOf':[{'type':'array',"
		"'items':{'type':'object','required':['key','value'],'properties':{'key':{'type':'string'},"
		"'value':{'type':'string'},'icon':{'type':['string','null']}}}},{'type':'object'}]}" },
	{ "State",
		"{'type':'object','required':['status'],'properties':{'status':{"
		"'enum':['ok','starting','ready','draining','stopping','no_credential']}}}" },
	{ "Status",
		"{'type':'object','required':['version','uptime_seconds','draining','tenants','counters'],"
		"'properties':{'version':{'type':'string'},'uptime_seconds':{'type':'integer'},"
		"'state':{'enum':['starting','ready','draining','drained','leaving','stopping','closing']},"
		"'draining':{'type':'boolean'},'workers':{'type':'integer'},"
		"'reloads':{'type':'object',"
		"'properties':{'good':{'type':'integer'},'failed':{'type':'integer'},"
		"'last_failed':{'type':'boolean'},'seconds_ago':{'type':'integer'}}},"
		"'tenants':{'type':'array','items':{'type':'object'}},'counters':{'type':'object'},"
		"'bulks':{'description':'Lists under way.','type':'array','items':{'type':'object',"
		"'properties':{'request_id':{'type':'string'},'tenant':{'type':'string'},"
		"'service':{'type':'string'},'engine':{'enum':['calls','batch']},"
		"'records_in':{'type':'integer'},'records_done':{'type':'integer'},"
		"'records_failed':{'type':'integer'},'records_batched':{'type':'integer'},"
		"'records_waiting':{'type':'integer'},'bytes_waiting':{'type':'integer'},"
		"'records_per_s':{'type':'number'},'chunk_records':{'type':'integer'},"
		"'calls_under_way':{'type':'integer'},'concurrency':{'type':'integer'},"
		"'whole':{'type':'boolean'},'held':{'type':'boolean'},"
		"'elapsed_ms':{'type':'integer'},'eta_ms':{'type':['integer','null']}}}}}}" },
	{ "Token",
		"{'type':'object','required':['access_token','expires_in','token_type'],'properties':{"
		"'access_token':{'type':'string'},'expires_in':{'type':'integer'},"
		"'token_type':{'const':'Bearer'}}}" },
};

static void
put_schemas(struct buf *out)
{
	jot_open(out, "schemas", '{');
	openapi_problem(out);
	for (size_t i = 0; i < COUNT(SCHEMAS); i++)
		jot_json(out, SCHEMAS[i].name, SCHEMAS[i].schema);
	jot_close(out, '}');
}

/* Where a listener wants a token of its callers. */
static const char SECURITY[] =
	"{'bearer':{'type':'http','scheme':'bearer','description':'if the listener has "
	"caller_token_file'},'token':{'type':'apiKey','in':'header','name':"
	"'X-Cspark-Token','description':'the same'}}";

void
openapi_components(struct buf *out)
{
	jot_open(out, "components", '{');
	jot_json(out, "securitySchemes", SECURITY);
	put_schemas(out);
	put_parameter_components(out);
	put_header_components(out);
	openapi_responses(out);
	jot_close(out, '}');
}
