/* docs/operations.md: the operations table for people. */
#include "docs/generate.h"

#include <string.h>

#include "daemon/openapi.h"
#include "daemon/recipe.h"
#include "lib/cspark_operations.h"

static const char INTRODUCTION[] =
	"# Operations\n"
	"\n"
	"Everything that csparkd can ask Spark to do. It is made from the tables of the source code "
	"(`lib/operations.def`, `lib/parameters.c`)\n"
	"by `make generate`; `/openapi.json` says the same to programs.\n"
	"\n"
	"Each operation can be called in three ways:\n"
	"\n"
	"- by its **local route**: simple parameters, an answer without envelopes, failures as HTTP statuses "
	"with a problem document;\n"
	"- by **Spark's own call** at the same path below csparkd: request and answer unchanged, as the official "
	"SDKs want it;\n"
	"- by **csparkctl**, with the parameters as `name=value`.\n"
	"\n"
	"`{locator}` is `services/{folder}/{service}`, `service/{id}` or `version/{id}` in local routes, "
	"where Spark has `folders/{folder}/services/{service}`; but `/execute` and `/validate` take "
	"`{folder}/{service}`. `{public}` is `public/` or nothing. `transforms?` stands for both spellings.\n"
	"\n"
	"**Group**: what a listener's setting `allow` must name (default: `execute`, `read`, `ops`). "
	"**Class**: what may be repeated after a failure; see *Retries* in `csparkd-api(7)`: `read` whatever "
	"happened, `execute` where it does no harm, `change` and `take` only what Spark has not begun.\n"
	"\n"
	"Parameters go into the query. Their leading underscore may be left out. All operations also take "
	"`_tenant` (which configured tenant), `_timeout` (milliseconds) and, where the answer is JSON, "
	"`_shape` (`simple`: the payload alone; `original`: Spark's own bytes). A body, where there is one, is "
	"a JSON object of Spark's own fields, which win over parameters; or a file, where the table says so. "
	"The parameters of executions are in `csparkd-api(7)`.\n"
	"A job is waited for, and answers with its result; with `Prefer: respond-async` it answers 202 at once "
	"and says in `Location` where its status is told. "
	"Its further steps are then the caller's: a service that was uploaded so is published by `POST /services/{folder}/{service}/publish`.\n";

/* What has no local route of its own in the table. */
static const struct {
	enum cspark_operation operation;
	const char *local;
} EXECUTIONS[] = {
	{ CSPARK_OP_EXECUTE_V3, "`GET`, `POST /execute/{locator}` with one record" },
	{ CSPARK_OP_EXECUTE_V4, "`POST /execute/{locator}` with many records" },
	{ CSPARK_OP_VALIDATE, "`POST /validate/{locator}`" },
};

static struct str
section_of(const char *name)
{
	return str_range(name, strcspn(name, "._"));
}

static void
put_command(struct buf *out, const struct cspark_operation_info *info)
{
	for (const char *at = info->name; *at; at++)
		buf_put_char(out, *at == '.' ? ' ' : *at);
}

static bool
is_job(enum cspark_operation operation)
{
	static const struct arguments NONE;
	const struct recipe *recipe = recipe_find(operation, &NONE);

	return recipe && recipe->later;
}

static void
put_local(struct buf *out, enum cspark_operation operation, const struct cspark_operation_info *info)
{
	if (info->local_path[0]) {
		buf_printf(out, "`%s %s`%s%s", info->local_method, info->local_path,
			info->body == CSPARK_BODY_PARTS ? " file" : "", is_job(operation) ? " job" : "");
		return;
	}
	for (size_t i = 0; i < sizeof(EXECUTIONS) / sizeof(EXECUTIONS[0]); i++) {
		if (EXECUTIONS[i].operation == operation)
			buf_put_str(out, str_of(EXECUTIONS[i].local));
	}
}

static void
put_call(struct buf *out, enum cspark_operation operation, const struct cspark_operation_info *info)
{
	bool is_path = info->base != CSPARK_BASE_JOB && info->base != CSPARK_BASE_FILE;

	if (is_path)
		buf_put_char(out, '`');
	openapi_spark_call(operation, out);
	if (is_path)
		buf_put_char(out, '`');
}

static void
put_operation(struct buf *out, enum cspark_operation operation)
{
	const struct cspark_operation_info *info = cspark_operation_info(operation);

	buf_printf(out, "| %s | ", info->summary);
	put_local(out, operation, info);
	buf_put_str(out, STR(" | "));
	if (info->local_path[0] || operation == CSPARK_OP_EXECUTE_V3) {
		buf_put_char(out, '`');
		put_command(out, info);
		buf_put_char(out, '`');
	}
	buf_put_str(out, STR(" | "));
	put_call(out, operation, info);
	buf_printf(out, info->sdk[0] ? " | `%s` | " : " | %s | ", info->sdk);
	buf_printf(out, "%s | %s |\n", openapi_group_name(operation), openapi_class_name(operation));
}

static void
put_choices(struct buf *out, const char *choices)
{
	struct str rest = str_of(choices);
	const char *before = "";

	while (rest.at) {
		struct str choice = str_cut(rest, ' ', &rest);

		buf_printf(out, "%s`%.*s`", before, STR_ARG(choice));
		before = ", ";
	}
}

static void
put_type(struct buf *out, const struct cspark_parameter *parameter)
{
	static const char *const TYPES[] = { [CSPARK_TEXT] = "text",
		[CSPARK_INTEGER] = "number",
		[CSPARK_FLAG] = "true, false",
		[CSPARK_DATE] = "date",
		[CSPARK_LIST] = "list",
		[CSPARK_MAPPING] = "list",
		[CSPARK_JSON] = "JSON" };

	if (parameter->choices)
		put_choices(out, parameter->choices);
	else
		buf_put_str(out, str_of(TYPES[parameter->kind]));
}

static void
put_fallback(struct buf *out, const struct cspark_parameter *parameter)
{
	const char *text = parameter->fallback;

	if (parameter->required)
		buf_put_str(out, STR("needed"));
	else if (!text || !text[0])
		return;
	else if (strcmp(text, "@now") == 0)
		buf_put_str(out, STR("now"));
	else if (strcmp(text, "@end") == 0)
		buf_put_str(out, STR("in ten years"));
	else if (strcmp(text, "@uuid") == 0)
		buf_put_str(out, STR("a fresh one"));
	else
		buf_printf(out, "`%s`", text);
}

static void
put_parameter(struct buf *out, const struct cspark_operation_info *info,
	const struct cspark_parameter *parameter, bool is_first)
{
	buf_put_str(out, STR("| "));
	if (is_first) {
		buf_put_char(out, '`');
		put_command(out, info);
		buf_put_char(out, '`');
	}
	buf_printf(out, " | `%s` | ", strcmp(parameter->name, "*") == 0 ? "any other" : parameter->name);
	put_type(out, parameter);
	buf_put_str(out, STR(" | "));
	put_fallback(out, parameter);
	buf_printf(out, " | %s |\n", parameter->help);
}

/* Whether something was written. */
static bool
put_parameters(struct buf *out, const struct cspark_operation_info *info, bool is_first)
{
	bool is_new = true;

	for (const struct cspark_parameter *p = info->parameters; p->wire; p++) {
		if (!p->name || !info->local_path[0])
			continue;
		if (is_first)
			buf_put_str(out,
				STR("\n| operation | parameter | value | default | what it is |\n"
				    "|---|---|---|---|---|\n"));
		put_parameter(out, info, p, is_new);
		is_first = is_new = false;
	}
	return !is_new;
}

static void
put_section(struct buf *out, enum cspark_operation first)
{
	struct str section = section_of(cspark_operation_name(first));
	bool has_parameters = false;

	buf_printf(out,
		"\n## %.*s\n\n"
		"| what it does | local route | csparkctl | Spark's call | Python SDK | group | class |\n"
		"|---|---|---|---|---|---|---|\n",
		STR_ARG(section));
	for (enum cspark_operation i = first; i < CSPARK_OPERATIONS; i++) {
		if (str_eq(section_of(cspark_operation_name(i)), section))
			put_operation(out, i);
	}
	for (enum cspark_operation i = first; i < CSPARK_OPERATIONS; i++) {
		if (str_eq(section_of(cspark_operation_name(i)), section))
			has_parameters |= put_parameters(out, cspark_operation_info(i), !has_parameters);
	}
}

static bool
is_new_section(enum cspark_operation operation)
{
	for (enum cspark_operation i = 0; i < operation; i++) {
		if (str_eq(section_of(cspark_operation_name(i)),
			    section_of(cspark_operation_name(operation))))
			return false;
	}
	return true;
}

void
generate_operations(struct buf *out)
{
	buf_put_str(out, str_of(INTRODUCTION));
	for (enum cspark_operation i = 0; i < CSPARK_OPERATIONS; i++) {
		if (is_new_section(i))
			put_section(out, i);
	}
}
