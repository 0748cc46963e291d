/* The bodies of operations: parameters, defaults and the caller's own members as JSON or as a form. */
#include "base/json_text.h"
#include "lib/ask.h"
#include "lib/bytes.h"

/* ---- fields ---- */

static void
put_list(struct str text, struct buf *out)
{
	buf_put_char(out, '[');
	for (bool first = true; text.at && text.len > 0; first = false) {
		if (!first)
			buf_put_char(out, ',');
		json_quote(str_trim(str_cut(text, ',', &text)), out);
	}
	buf_put_char(out, ']');
}

static void
put_mapping(struct str text, struct buf *out)
{
	buf_put_char(out, '[');
	for (bool first = true; text.at && text.len > 0; first = false) {
		struct str to, from = str_cut(str_trim(str_cut(text, ',', &text)), ':', &to);

		buf_put_str(out, first ? STR("{\"service_uri_source\":") : STR(",{\"service_uri_source\":"));
		json_quote(from, out);
		buf_put_str(out, STR(",\"service_uri_destination\":"));
		json_quote(to.at ? to : from, out);
		buf_put_str(out, STR(",\"update_version_type\":\"minor\"}"));
	}
	buf_put_char(out, ']');
}

static void
put_value(const struct cspark_parameter *parameter, struct str value, struct buf *out)
{
	switch (parameter->kind) {
	case CSPARK_INTEGER:
	case CSPARK_FLAG:
	case CSPARK_JSON:
		buf_put_str(out, value);
		break;
	case CSPARK_LIST:
		put_list(value, out);
		break;
	case CSPARK_MAPPING:
		put_mapping(value, out);
		break;
	case CSPARK_TEXT:
	case CSPARK_DATE:
		json_quote(value, out);
		break;
	}
}

/* A comma unless something was opened just now. */
static void
separate(struct buf *out)
{
	char last = out->len > 0 ? out->data[out->len - 1] : '{'; /* empty: the buffer has failed */

	if (last != '{' && last != '[')
		buf_put_char(out, ',');
}

static void
put_filter(const struct cspark_parameter *parameter, struct str field, struct str value, struct buf *out)
{
	struct str key, name = str_cut(field, '#', &key);

	separate(out);
	buf_put_str(out, STR("{\"field\":"));
	json_quote(name, out);
	buf_put_str(out, key.at ? STR(",\"id\":") : STR(",\"value\":"));
	put_value(parameter, value, out);
	buf_put_char(out, '}');
}

static bool
is_path_part(const struct cspark_operation_info *info, struct str name)
{
	const char *at = info->local_path;

	while ((at = strchr(at, '{')) != NULL) {
		at++;
		if (strncmp(at, name.at, name.len) == 0 && at[name.len] == '}')
			return true;
	}
	return false;
}

/* Every argument that is no other parameter is a filter. */
static void
put_other_filters(struct making *making, const struct cspark_parameter *any, struct buf *out)
{
	const struct cspark_ask *ask = making->ask;

	for (size_t i = 0; i < ask->argument_count; i++) {
		const struct cspark_argument *given = &ask->arguments[i];

		if (cspark_parameter_find(ask->operation, given->name) == any &&
			!is_path_part(making->info, str_of_bytes(given->name)))
			put_filter(any, str_of_bytes(given->name), str_of_bytes(given->value), out);
	}
}

static void
put_filters(struct making *making, struct buf *out)
{
	bool found = false;

	if (json_member(str_of_bytes(making->ask->body), STR("search")).at)
		return;
	for (const struct cspark_parameter *p = making->info->parameters; p->wire; p++) {
		struct str value;

		if (p->place != CSPARK_IN_SEARCH)
			continue;
		if (!found) {
			separate(out);
			buf_put_str(out, STR("\"search\":["));
		}
		found = true;
		if (p->name[0] == '*') {
			put_other_filters(making, p, out);
			continue;
		}
		value = ask_value(making, p);
		if (value.len > 0)
			put_filter(p, str_of(p->wire), value, out);
	}
	if (found)
		buf_put_char(out, ']');
}

/* One member; those of one inner object ("inputs.folders") follow each other in the list. <open>: the inner
 * object that is being written. */
static void
put_member(struct making *making, const struct cspark_parameter *p, struct str *open, struct buf *out)
{
	struct str inner, outer = str_cut(str_of(p->wire), '.', &inner);
	struct str value = ask_value(making, p);

	if (open->at && (!inner.at || !str_eq(*open, outer))) {
		buf_put_char(out, '}');
		*open = (struct str){ 0 };
	}
	if (json_member(str_of_bytes(making->ask->body), outer).at)
		return;
	if (inner.at && !open->at) {
		separate(out);
		json_quote(outer, out);
		buf_put_str(out, STR(":{"));
		*open = outer;
	}
	if (!value.at)
		return;
	separate(out);
	json_quote(inner.at ? inner : outer, out);
	buf_put_char(out, ':');
	put_value(p, value, out);
}

/* What the caller wrote itself wins over parameters and defaults, and is not looked into. */
static void
put_own_members(struct str body, struct buf *out)
{
	struct json_walk walk;
	struct str key, value;

	json_walk_init(&walk, body);
	while (json_walk_next(&walk, &key, &value)) {
		separate(out);
		buf_put_str(out, key);
		buf_put_char(out, ':');
		buf_put_str(out, value);
	}
}

static void
put_fields(struct making *making, enum cspark_parameter_place place, struct buf *out)
{
	struct str open = { 0 };

	buf_put_char(out, '{');
	for (const struct cspark_parameter *p = making->info->parameters; p->wire; p++) {
		if (p->place == place)
			put_member(making, p, &open, out);
	}
	if (open.at)
		buf_put_char(out, '}');
	if (place == CSPARK_IN_BODY) {
		put_filters(making, out);
		put_own_members(str_of_bytes(making->ask->body), out);
	}
	buf_put_char(out, '}');
}

static bool
has_place(const struct making *making, enum cspark_parameter_place place)
{
	for (const struct cspark_parameter *p = making->info->parameters; p->wire; p++) {
		if (p->place == place)
			return true;
	}
	return false;
}

static void
put_data(struct making *making, struct buf *out)
{
	buf_put_str(out, STR("{\"request_data\":"));
	put_fields(making, CSPARK_IN_BODY, out);
	if (has_place(making, CSPARK_IN_META)) {
		buf_put_str(out, STR(",\"request_meta\":"));
		put_fields(making, CSPARK_IN_META, out);
	}
	buf_put_char(out, '}');
}

/* ---- bodies ---- */

/* {"transform_content":"<the caller's document>"}, unless the caller wrote that itself. */
static void
put_document(struct making *making, const struct cspark_parameter *parameter, struct buf *out)
{
	struct str body = str_of_bytes(making->ask->body);

	if (json_member(body, str_of(parameter->wire)).at) {
		buf_put_str(out, body);
		return;
	}
	buf_put_str(out, STR("{\""));
	buf_put_str(out, str_of(parameter->wire));
	buf_put_str(out, STR("\":"));
	json_quote(body, out);
	buf_put_char(out, '}');
}

static void
put_field(const char *name, struct str value, char separator, struct buf *out)
{
	if (separator)
		buf_put_char(out, separator);
	buf_put_str(out, str_of(name));
	buf_put_char(out, '=');
	str_percent_encode(value, out);
}

/* What the caller's own object says, by Spark's name or ours; null says nothing. */
static struct str
own_member(struct str body, const struct cspark_parameter *p)
{
	struct str own = json_member(body, str_of(p->wire));

	if (!own.at && p->name)
		own = json_member(body, str_of(p->name));
	return json_is_null(own) ? (struct str){ 0 } : own;
}

static void
put_form(struct making *making, struct buf *out)
{
	char separator = 0;

	for (const struct cspark_parameter *p = making->info->parameters; p->wire; p++) {
		struct str value = p->place == CSPARK_IN_BODY ? ask_value(making, p) : (struct str){ 0 };
		struct str own = own_member(str_of_bytes(making->ask->body), p);
		struct buf text;

		buf_init(&text, own.len + 1);
		if (own.at)
			value = !json_unquote(own, &text) ? own : text.len ? buf_text(&text) : STR("");
		if (value.at) {
			put_field(p->wire, value, separator, out);
			separator = '&';
		}
		buf_fini(&text);
	}
}

void
ask_put_body(struct making *making, struct buf *out)
{
	const struct cspark_parameter *first = making->info->parameters;
	struct str body = str_of_bytes(making->ask->body);

	switch (making->info->body) {
	case CSPARK_BODY_FIELDS:
		if (first->place == CSPARK_IS_BODY)
			put_document(making, first, out);
		else
			put_fields(making, CSPARK_IN_BODY, out);
		break;
	case CSPARK_BODY_DATA:
		if (json_member(body, STR("request_data")).at)
			buf_put_str(out, body);
		else
			put_data(making, out);
		break;
	case CSPARK_BODY_JSON:
		buf_put_str(out, body.at ? body : STR("{}"));
		break;
	case CSPARK_BODY_FORM:
		put_form(making, out);
		break;
	case CSPARK_BODY_NONE:
	case CSPARK_BODY_PARTS:
		break;
	}
}

void
ask_put_fields(struct making *making, bool wrapped, struct buf *out)
{
	if (wrapped)
		put_data(making, out);
	else
		put_fields(making, CSPARK_IN_BODY, out);
}
