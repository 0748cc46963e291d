/* Operations of the table: parameters, body and answer of each. */
#include "daemon/openapi_own.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/jot.h"
#include "daemon/recipe.h"
#include "lib/cspark_operations.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- parameters ---- */

static void
put_choices(struct buf *out, const struct cspark_parameter *parameter)
{
	struct str rest = str_of(parameter->choices);

	jot_open(out, "enum", '[');
	while (rest.at)
		jot_text(out, NULL, str_cut(rest, ' ', &rest));
	if (!parameter->fallback || !parameter->fallback[0])
		jot_text(out, NULL, STR(""));
	jot_close(out, ']');
}

/* "@now", "@end" and "{service}" are told in words. */
static bool
is_plain(const char *fallback)
{
	return fallback && fallback[0] && fallback[0] != '@' && fallback[0] != '{';
}

static void
put_fallback(struct buf *out, const struct cspark_parameter *parameter)
{
	const char *text = parameter->fallback;

	if (!is_plain(text) || parameter->kind == CSPARK_LIST)
		return;
	if (parameter->kind == CSPARK_INTEGER)
		jot_number(out, "default", strtol(text, NULL, 10));
	else if (parameter->kind == CSPARK_FLAG)
		jot_flag(out, "default", strcmp(text, "true") == 0);
	else
		jot_text(out, "default", str_of(text));
}

static void
put_schema(struct buf *out, const struct cspark_parameter *parameter)
{
	jot_open(out, "schema", '{');
	switch (parameter->kind) {
	case CSPARK_INTEGER:
		jot_json(out, "type", "'integer'");
		jot_json(out, "format", "'int32'");
		break;
	case CSPARK_FLAG:
		jot_json(out, "type", "'boolean'");
		break;
	case CSPARK_LIST:
		jot_json(out, "type", "'array'");
		jot_json(out, "items", "{'type':'string'}");
		break;
	case CSPARK_TEXT:
	case CSPARK_DATE:
	case CSPARK_MAPPING:
	case CSPARK_JSON:
		jot_json(out, "type", "'string'");
		break;
	}
	if (parameter->choices)
		put_choices(out, parameter);
	put_fallback(out, parameter);
	jot_close(out, '}');
}

static void
put_help(struct buf *out, const struct cspark_parameter *parameter)
{
	static const struct {
		const char *fallback, *words;
	} SPECIAL[] = { { "@now", "; now if not said" }, { "@end", "; ten years on if not said" },
		{ "{service}", "; that of the service if not said" } };
	struct buf text;

	buf_init(&text, 1024);
	buf_put_str(&text, str_of(parameter->help));
	for (size_t i = 0; parameter->fallback && i < COUNT(SPECIAL); i++) {
		if (strcmp(parameter->fallback, SPECIAL[i].fallback) == 0)
			buf_put_str(&text, str_of(SPECIAL[i].words));
	}
	if (parameter->kind == CSPARK_LIST && is_plain(parameter->fallback))
		buf_printf(&text, "; %s if not said", parameter->fallback);
	jot_text(out, "description", buf_text(&text));
	buf_fini(&text);
}

/* "*": any other name is a parameter, too. */
static void
put_any(struct buf *out, const struct cspark_parameter *parameter)
{
	jot_open(out, NULL, '{');
	jot_json(out, "name", "'filters'");
	jot_json(out, "in", "'query'");
	jot_text(out, "description", str_of(parameter->help));
	jot_json(out, "style", "'form'");
	jot_flag(out, "explode", true);
	jot_json(out, "schema", "{'type':'object','additionalProperties':{'type':'string'}}");
	jot_close(out, '}');
}

static void
put_parameter(struct buf *out, const struct cspark_parameter *parameter, bool has_body)
{
	jot_open(out, NULL, '{');
	jot_text(out, "name", str_of(parameter->name));
	jot_json(out, "in", "'query'");
	put_help(out, parameter);
	if (parameter->required && !(has_body && parameter->place == CSPARK_IN_BODY))
		jot_flag(out, "required", true);
	if (parameter->kind == CSPARK_LIST) {
		jot_json(out, "style", "'form'");
		jot_flag(out, "explode", false);
	}
	put_schema(out, parameter);
	jot_close(out, '}');
}

static bool
takes_pages(const struct cspark_operation_info *info)
{
	for (const struct cspark_parameter *p = info->parameters; p->wire; p++) {
		if (p->name && strcmp(p->name, "_page") == 0)
			return true;
	}
	return false;
}

/* ---- jobs ---- */

/* NULL: a single call. */
static const struct recipe *
recipe_of(const struct openapi_entry *entry)
{
	static const struct arguments NONE;

	return recipe_find((enum cspark_operation)entry->operation, &NONE);
}

/* A caller may go away and ask later. */
static bool
may_be_later(const struct openapi_entry *entry)
{
	const struct recipe *recipe = recipe_of(entry);

	return recipe && recipe->later;
}

/* The caller's body is that of a job's first step. */
static enum cspark_body_kind
body_of(const struct openapi_entry *entry, const struct cspark_operation_info *info)
{
	const struct recipe *recipe = recipe_of(entry);

	return recipe ? cspark_operation_info(recipe->steps[0].operation)->body : info->body;
}

static bool
has_object(const struct openapi_entry *entry, const struct cspark_operation_info *info)
{
	enum cspark_body_kind body = body_of(entry, info);

	return strcmp(info->local_method, "GET") != 0 &&
		(body == CSPARK_BODY_FIELDS || body == CSPARK_BODY_DATA || body == CSPARK_BODY_FORM);
}

/* ---- parameters of all operations ---- */

static void
put_parameters(struct buf *out, const struct openapi_entry *entry, const struct cspark_operation_info *info)
{
	jot_open(out, "parameters", '[');
	openapi_path_parameters(out, entry);
	for (const struct cspark_parameter *p = info->parameters; p->wire; p++) {
		if (p->name && strcmp(p->name, "*") == 0)
			put_any(out, p);
		else if (p->name)
			put_parameter(out, p, has_object(entry, info));
	}
	openapi_reference(out, NULL, "parameters", "tenant");
	openapi_reference(out, NULL, "parameters", "timeout");
	if (strstr(info->path, "{public}"))
		openapi_reference(out, NULL, "parameters", "public");
	if (info->payload != CSPARK_PAYLOAD_FILE)
		openapi_reference(out, NULL, "parameters", "shape");
	if (may_be_later(entry))
		openapi_reference(out, NULL, "parameters", "prefer");
	jot_close(out, ']');
}

/* ---- the body ---- */

/* Of members only the names are told: they go to Spark as they are, and Spark judges them. */
static void
put_object(struct buf *out, const struct cspark_operation_info *info)
{
	jot_open(out, "schema", '{');
	jot_json(out, "type", "'object'");
	jot_open(out, "properties", '{');
	for (const struct cspark_parameter *p = info->parameters; p->wire; p++) {
		if (!p->name || p->place != CSPARK_IN_BODY || strchr(p->wire, '.'))
			continue;
		jot_open(out, p->wire, '{');
		jot_text(out, "description", str_of(p->help));
		jot_close(out, '}');
	}
	jot_close(out, '}');
	jot_close(out, '}');
}

static bool
is_document(const struct cspark_operation_info *info)
{
	return info->parameters->wire && info->parameters->place == CSPARK_IS_BODY;
}

static void
put_json_body(struct buf *out, const struct cspark_operation_info *info, bool is_own)
{
	jot_open(out, "requestBody", '{');
	if (is_own) {
		jot_flag(out, "required", info->payload != CSPARK_PAYLOAD_FILE);
		jot_text(out, "description", STR("Goes to Spark as it is."));
	} else {
		jot_text(out, "description",
			STR("Fields as Spark spells them, also such as have no parameter; they win over "
			    "parameters."));
	}
	jot_open(out, "content", '{');
	jot_open(out, "application/json", '{');
	if (is_own)
		jot_json(out, "schema", "{'type':'object'}");
	else
		put_object(out, info);
	jot_close(out, '}');
	jot_close(out, '}');
	jot_close(out, '}');
}

static void
put_body(struct buf *out, const struct openapi_entry *entry, const struct cspark_operation_info *info)
{
	enum cspark_body_kind body = body_of(entry, info);

	if (body == CSPARK_BODY_PARTS)
		jot_json(out, "requestBody",
			"{'required':true,'description':'The file itself; its Content-Type is passed on.',"
			"'content':{'application/octet-stream':{}}}");
	else if (body == CSPARK_BODY_JSON || is_document(info))
		put_json_body(out, info, true);
	else if (has_object(entry, info))
		put_json_body(out, info, false);
}

/* ---- answers ---- */

/* {"upload":..,"compilation":..} */
static void
put_composed_schema(struct buf *out, const struct recipe *recipe)
{
	jot_open(out, "schema", '{');
	jot_json(out, "type", "'object'");
	jot_open(out, "required", '[');
	for (unsigned i = 0; i < recipe->step_count; i++)
		jot_text(out, NULL, str_of(recipe->steps[i].name));
	jot_close(out, ']');
	jot_open(out, "properties", '{');
	for (unsigned i = 0; i < recipe->step_count; i++)
		openapi_reference(out, recipe->steps[i].name, "schemas", "Anything");
	jot_close(out, '}');
	jot_close(out, '}');
}

static void
put_content(struct buf *out, const struct openapi_entry *entry, const struct cspark_operation_info *info)
{
	bool file = info->payload == CSPARK_PAYLOAD_FILE;
	bool categories = info->payload == CSPARK_PAYLOAD_CATEGORIES;
	const struct recipe *recipe = recipe_of(entry);

	jot_open(out, "content", '{');
	jot_open(out, file ? "*/*" : "application/json", '{');
	if (recipe && recipe->composed)
		put_composed_schema(out, recipe);
	else if (!file)
		openapi_reference(out, "schema", "schemas", categories ? "Categories" : "Anything");
	jot_close(out, '}');
	jot_close(out, '}');
}

static void
put_answer(struct buf *out, const struct openapi_entry *entry, const struct cspark_operation_info *info)
{
	bool file = info->payload == CSPARK_PAYLOAD_FILE;

	jot_open(out, "200", '{');
	jot_text(out, "description", file ? STR("The file.") : STR("What Spark says."));
	openapi_headers(out, file ? "Content-Disposition" : takes_pages(info) ? "X-Total-Count" : "");
	put_content(out, entry, info);
	jot_close(out, '}');
	if (may_be_later(entry))
		openapi_reference(out, "202", "responses", "Accepted");
}

static void
put_operation(struct buf *out, const struct openapi_entry *entry)
{
	const struct cspark_operation_info *info = cspark_operation_info(
		(enum cspark_operation)entry->operation);

	put_parameters(out, entry, info);
	put_body(out, entry, info);
	jot_open(out, "responses", '{');
	put_answer(out, entry, info);
	openapi_errors(out, OPENAPI_OPERATIONS);
	jot_close(out, '}');
}

void
openapi_add_operations(struct openapi_entries *entries)
{
	static const struct openapi_locator LOCATORS[] = { { "services/{folder}/{service}", "" },
		{ "service/{service_id}", "_by_service_id" }, { "version/{version_id}", "_by_version_id" },
		{ NULL, NULL } };

	for (int i = 0; i < CSPARK_OPERATIONS; i++) {
		const struct cspark_operation_info *info = cspark_operation_info((enum cspark_operation)i);
		struct openapi_entry entry = { .method = info->local_method,
			.name = info->name,
			.summary = info->summary,
			.operation = i,
			.put = put_operation };

		if (info->local_path[0])
			openapi_add(entries, entry, info->local_path, LOCATORS);
	}
}
