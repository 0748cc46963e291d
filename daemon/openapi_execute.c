/* Executions: inputs in any form, with control parameters; outputs in any format. */
#include "daemon/openapi_own.h"

#include <string.h>

#include "daemon/jot.h"
#include "lib/cspark_operations.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- parameters ---- */

#define SCHEMA_OF_TEXT     "{'type':'string'}"
#define SCHEMA_OF_LIST     "{'type':'string'}"
#define SCHEMA_OF_FLAG     "{'enum':[true,false,1,0,'']}" /* nothing is true */
#define SCHEMA_OF_COMPILER "{'type':'string','enum':['neuron','type1','type2','type3','xconnector']}"

static const struct {
	const char *name, *schema, *help;
} PARAMETERS[] = {
/* of lib/metadata.def; then the daemon's own */
#define X(NAME, parameter, kind, v3, v4, default3, default4, help) { parameter, SCHEMA_OF_##kind, help },
#include "lib/metadata.def"
#undef X
	{ "_public", SCHEMA_OF_FLAG, "whether to use the public endpoint, without credentials" },
	{ "_meta", "{'type':'string','contentMediaType':'application/json'}",
		"a JSON object of further metadata fields" },
	{ "_format", "{'type':'string','enum':['json','ndjson','csv','text']}",
		"form of the answer; wins over Accept" },
	{ "_shape", "{'type':'string','enum':['simple','alike','original'],'default':'simple'}",
		"shape of a JSON answer: simple, alike as the official SDKs give it, or Spark's own bytes" },
	{ "_separator", "{'type':'string','enum':[',',';','|','tab','\\t'],'default':','}",
		"what separates the cells of CSV, in the body and in the answer" },
	{ "_decimal", "{'type':'string','enum':['.',','],'default':'.'}",
		"the decimal mark of numbers in CSV, in the body and in the answer" },
	{ "_engine", "{'type':'string','enum':['auto','sync','batch'],'default':'auto'}",
		"how a list goes to Spark: by calls (sync), by a batch, or as its length suggests" },
	{ "_strict", "{'enum':[true,false,1,0,''],'default':false}",
		"whether errors, and Excel errors among the outputs, make the answer a 422" },
};

struct own {
	const char *method, *path, *name, *summary;
	enum cspark_operation operation;
	const char *more; /* further parameters, JSON; NULL: none */
};

static void
put_parameter(struct buf *out, const char *name, const char *help, const char *schema)
{
	jot_open(out, NULL, '{');
	jot_text(out, "name", str_of(name));
	jot_json(out, "in", "'query'");
	jot_text(out, "description", str_of(help));
	jot_json(out, "schema", schema);
	jot_close(out, '}');
}

static void
put_inputs_parameter(struct buf *out)
{
	jot_open(out, NULL, '{');
	jot_json(out, "name", "'inputs'");
	jot_json(out, "in", "'query'");
	jot_text(out, "description",
		STR("Every parameter that is no control parameter is an input; a value that is a complete "
		    "JSON literal is that literal, any other text is a string."));
	jot_json(out, "style", "'form'");
	jot_flag(out, "explode", true);
	jot_json(out, "schema",
		"{'type':'object','additionalProperties':{'type':['string','number','boolean']}}");
	jot_close(out, '}');
}

static void
put_parameters(struct buf *out, const struct openapi_entry *entry, const struct own *own)
{
	jot_open(out, "parameters", '[');
	openapi_path_parameters(out, entry);
	if (strcmp(entry->method, "GET") == 0)
		put_inputs_parameter(out);
	if (own->more)
		jot_json(out, NULL, own->more);
	for (size_t i = 0; i < COUNT(PARAMETERS); i++)
		put_parameter(out, PARAMETERS[i].name, PARAMETERS[i].help, PARAMETERS[i].schema);
	openapi_reference(out, NULL, "parameters", "tenant");
	openapi_reference(out, NULL, "parameters", "timeout");
	jot_close(out, ']');
}

/* ---- body and answer ---- */

static const char BODY[] =
	"{'description':'One record or many; without a body one record without inputs.','content':{"
	"'application/json':{'schema':{'$ref':'#/components/schemas/Inputs'}},"
	"'application/x-ndjson':{'schema':{'type':'string','description':'an object a line'}},"
	"'application/jsonl':{'schema':{'type':'string','description':'an object a line'}},"
	"'text/csv':{'schema':{'type':'string','description':'a row of names, then a row for each record'}},"
	"'application/x-www-form-urlencoded':{'schema':{'type':'object',"
	"'additionalProperties':{'type':['string','number','boolean']}}}}}";
static const char CONTENT[] =
	"{'application/json':{'schema':{'$ref':'#/components/schemas/Execution'}},"
	"'application/x-ndjson':{'schema':{'type':'string','description':'a line for each record'}},"
	"'text/csv':{'schema':{'type':'string','description':'a row of output names, then a row for each "
	"record'}},"
	"'text/plain':{'schema':{'type':'string','description':'the bare value of the only output'}}}";

static void
put_execution(struct buf *out, const struct openapi_entry *entry)
{
	const struct own *own = entry->what;

	put_parameters(out, entry, own);
	if (strcmp(entry->method, "POST") == 0)
		jot_json(out, "requestBody", BODY);
	jot_open(out, "responses", '{');
	jot_open(out, "200", '{');
	jot_text(out, "description", STR("Spark has calculated."));
	openapi_headers(out,
		"X-Spark-Call-Id X-Spark-Version X-Spark-Warnings X-Spark-Errors X-Spark-Failed-Records");
	jot_json(out, "content", CONTENT);
	jot_close(out, '}');
	openapi_errors(out, OPENAPI_EXECUTIONS);
	jot_close(out, '}');
}

/* ---- what there is ---- */

#define TYPE                                                                             \
	"{'name':'_type','in':'query','description':'kind of the validation','schema':{" \
	"'type':'string','enum':['static','dynamic'],'default':'static'}}"
static const struct own OURS[] = {
	{ "GET", "/execute/{locator}", "execute_get", "Execute a service with one record",
		CSPARK_OP_EXECUTE_V3, NULL },
	{ "POST", "/execute/{locator}", "execute", "Execute a service with one record or many",
		CSPARK_OP_EXECUTE_V3, NULL },
	{ "GET", "/execute/proxy/{endpoint}", "execute_get_proxy", "Execute a custom endpoint",
		CSPARK_OP_EXECUTE_V3, NULL },
	{ "POST", "/execute/proxy/{endpoint}", "execute_proxy", "Execute a custom endpoint",
		CSPARK_OP_EXECUTE_V3, NULL },
	{ "POST", "/validate/{locator}", "validate", NULL, CSPARK_OP_VALIDATE, TYPE },
};

void
openapi_add_executions(struct openapi_entries *entries)
{
	static const struct openapi_locator LOCATORS[] = { { "{folder}/{service}", "" },
		{ "service/{service_id}", "_by_service_id" }, { "version/{version_id}", "_by_version_id" },
		{ NULL, NULL } };

	for (size_t i = 0; i < COUNT(OURS); i++) {
		const char *summary = OURS[i].summary;
		struct openapi_entry entry = { .method = OURS[i].method,
			.name = OURS[i].name,
			.summary = summary ? summary : cspark_operation_info(OURS[i].operation)->summary,
			.operation = (int)OURS[i].operation,
			.put = put_execution,
			.what = &OURS[i] };

		openapi_add(entries, entry, OURS[i].path, LOCATORS);
	}
}
