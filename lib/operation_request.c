/*
 * From a row of the operations table and the caller's arguments to a request. The request is one allocation: the
 * struct, the texts that it and its parts point to, the parts.
 */
#include "base/buf.h"
#include "base/json.h"
#include "base/json_text.h"
#include "base/str.h"
#include "lib/bytes.h"
#include "lib/cspark.h"
#include "lib/error.h"
#include "lib/operations.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

enum {
	FIELDS_MAX = 256 * 1024, /* of what a request consists of besides the caller's body */
	PARTS_MAX = 12,
	TEN_YEARS = 10,
};

struct making {
	const struct cspark_ask *ask;
	const struct cspark_operation_info *info;
	struct cspark_error *error;
	struct buf scratch; /* the value of a parameter, where it is not the caller's own text */
};

/* ---- the values ---- */

static struct str
argument(const struct cspark_ask *ask, struct str name)
{
	for (size_t i = 0; i < ask->argument_count; i++) {
		struct str given = str_of_bytes(ask->arguments[i].name);

		if (given.len > 0 && given.at[0] == '_')
			given = str_range(given.at + 1, given.len - 1);
		if (name.len > 0 && name.at[0] == '_')
			name = str_range(name.at + 1, name.len - 1);
		if (str_eq(given, name))
			return str_of_bytes(ask->arguments[i].value);
	}
	return (struct str){ 0 };
}

static void
put_date(time_t at, struct buf *out)
{
	struct tm utc;
	char text[40];

	gmtime_r(&at, &utc);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S.000Z", &utc);
	buf_put_str(out, str_of(text));
}

static time_t
years_after(time_t at, int years)
{
	struct tm utc;

	gmtime_r(&at, &utc);
	utc.tm_year += years;
	return timegm(&utc);
}

/* A key that nobody else has: a version 4 UUID. */
static void
put_fresh_key(struct buf *out)
{
	unsigned char bytes[16] = { 0 };
	char text[40];

	(void)!getrandom(bytes, sizeof(bytes), 0);
	bytes[6] = 0x40 | (bytes[6] & 0x0f);
	bytes[8] = 0x80 | (bytes[8] & 0x3f);
	for (unsigned i = 0, at = 0; i < 16; i++)
		at += (unsigned)sprintf(
			text + at, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", bytes[i]);
	buf_put_str(out, str_of(text));
}

/* A template: "{service}.xlsx" with the arguments put in. */
static void
put_template(const struct cspark_ask *ask, const char *template, struct buf *out)
{
	struct str rest = str_of(template);

	while (rest.at) {
		buf_put_str(out, str_cut(rest, '{', &rest));
		if (rest.at)
			buf_put_str(out, argument(ask, str_cut(rest, '}', &rest)));
	}
}

/* What is to be sent for the parameter; at == NULL: nothing. Valid until the next call. */
static struct str
value_of(struct making *making, const struct cspark_parameter *parameter)
{
	const struct cspark_ask *ask = making->ask;
	struct str given = parameter->name ? argument(ask, str_of(parameter->name)) : (struct str){ 0 };
	const char *fallback = parameter->fallback;

	if (given.at || fallback == NULL)
		return given;
	buf_clear(&making->scratch);
	if (strcmp(fallback, "@now") == 0)
		put_date(ask->now_s, &making->scratch);
	else if (strcmp(fallback, "@end") == 0)
		put_date(years_after(ask->now_s, TEN_YEARS), &making->scratch);
	else if (strcmp(fallback, "@uuid") == 0)
		put_fresh_key(&making->scratch);
	else if (strchr(fallback, '{'))
		put_template(ask, fallback, &making->scratch);
	else
		return str_of(fallback);
	return making->scratch.len ? buf_text(&making->scratch) : STR("");
}

static bool
refuse_value(struct making *making, const struct cspark_parameter *parameter, const char *wanted)
{
	return cspark_refuse(making->error, CSPARK_E_BAD_PARAMETER, "%s takes %s.", parameter->name, wanted);
}

static bool
is_integer(struct str text)
{
	uint64_t number;

	if (text.len > 1 && text.at[0] == '-')
		text = str_range(text.at + 1, text.len - 1);
	return str_to_u64(text, INT32_MAX, &number);
}

static bool
is_choice(const char *choices, struct str value)
{
	struct str one, rest = str_of(choices);

	while (rest.at) {
		one = str_cut(rest, ' ', &rest);
		if (str_eq(one, value))
			return true;
	}
	return false;
}

static bool
check(struct making *making, const struct cspark_parameter *parameter, struct str value)
{
	char wanted[160];

	if (!str_is_utf8(value) || str_has_control(value))
		return refuse_value(making, parameter, "UTF-8 text without control characters");
	if (parameter->kind == CSPARK_INTEGER && !is_integer(value))
		return refuse_value(making, parameter, "a whole number");
	if (parameter->kind == CSPARK_FLAG && !is_choice("true false", value))
		return refuse_value(making, parameter, "true or false");
	if (parameter->kind == CSPARK_JSON && !json_valid(value.at, value.len, NULL))
		return refuse_value(making, parameter, "a JSON text");
	if (parameter->choices && value.len > 0 && !is_choice(parameter->choices, value)) {
		snprintf(wanted, sizeof(wanted), "one of: %s", parameter->choices);
		return refuse_value(making, parameter, wanted);
	}
	return true;
}

/* Every argument is a parameter that exists, with a value that it takes; what is needed is there. */
static bool
check_arguments(struct making *making)
{
	const struct cspark_ask *ask = making->ask;
	const struct cspark_parameter *parameter = making->info->parameters;

	for (size_t i = 0; i < ask->argument_count; i++) {
		const struct cspark_parameter *found =
			cspark_parameter_find(ask->operation, ask->arguments[i].name);

		if (found && !check(making, found, str_of_bytes(ask->arguments[i].value)))
			return false;
	}
	for (; parameter->wire; parameter++) {
		struct str body = str_of_bytes(ask->body);

		if (parameter->required && !argument(ask, str_of(parameter->name)).at &&
			!json_member(body, str_of(parameter->wire)).at &&
			!json_member(body, str_of(parameter->name)).at && !json_path(body, "request_data").at)
			return cspark_refuse(making->error, CSPARK_E_BAD_PARAMETER,
				"%s is missing: %s.", parameter->name, parameter->help);
	}
	return true;
}

/* ---- the path ---- */

static const struct cspark_parameter *
path_parameter(const struct making *making, struct str name)
{
	const struct cspark_parameter *parameter = making->info->parameters;

	for (; parameter->wire; parameter++) {
		if (parameter->place == CSPARK_IN_PATH && str_eq(str_of(parameter->wire), name))
			return parameter;
	}
	return NULL;
}

static void
put_locator(const struct cspark_ask *ask, struct buf *out)
{
	struct str version = argument(ask, STR("version_id")), service = argument(ask, STR("service_id"));

	if (version.at || service.at) {
		buf_put_str(out, version.at ? STR("version/") : STR("service/"));
		str_percent_encode(version.at ? version : service, out);
		return;
	}
	buf_put_str(out, STR("folders/"));
	str_percent_encode(argument(ask, STR("folder")), out);
	buf_put_str(out, STR("/services/"));
	str_percent_encode(argument(ask, STR("service")), out);
}

static void
put_placeholder(struct making *making, struct str name, struct buf *out)
{
	const struct cspark_parameter *parameter;

	if (name.len > 0 && name.at[name.len - 1] == '?')
		name.len--;
	parameter = path_parameter(making, name);
	if (str_eq(name, STR("locator")))
		put_locator(making->ask, out);
	else if (str_eq(name, STR("public")))
		buf_put_str(out, making->ask->is_public ? STR("public/") : STR(""));
	else
		str_percent_encode(parameter ? value_of(making, parameter) : argument(making->ask, name), out);
}

/* "transforms?" is one spelling of two. */
static void
put_literal(struct str text, struct buf *out)
{
	while (text.at) {
		bool more;
		struct str piece = str_cut(text, '?', &text);

		more = text.at != NULL;
		buf_put_str(out, piece);
		if (!more)
			break;
	}
}

static void
put_query(struct making *making, struct buf *out)
{
	char separator = '?';

	for (const struct cspark_parameter *p = making->info->parameters; p->wire; p++) {
		struct str value = p->place == CSPARK_IN_QUERY ? value_of(making, p) : (struct str){ 0 };

		if (!value.at)
			continue;
		buf_put_char(out, separator);
		buf_put_str(out, str_of(p->wire));
		buf_put_char(out, '=');
		str_percent_encode(value, out);
		separator = '&';
	}
}

static void
put_path(struct making *making, const char *tenant, struct buf *out)
{
	struct str rest = str_of(making->info->path);

	buf_put_char(out, '/');
	if (making->info->base == CSPARK_BASE_TENANT) {
		str_percent_encode(str_of(tenant), out);
		buf_put_char(out, '/');
	}
	while (rest.at) {
		put_literal(str_cut(rest, '{', &rest), out);
		if (rest.at)
			put_placeholder(making, str_cut(rest, '}', &rest), out);
	}
	put_query(making, out);
	buf_put_char(out, '\0');
}

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
	char last = out->data[out->len - 1];

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
		value = value_of(making, p);
		if (value.len > 0)
			put_filter(p, str_of(p->wire), value, out);
	}
	if (found)
		buf_put_char(out, ']');
}

/* One member; those of one inner object ("inputs.folders") follow each other in the list. <open>: the inner object
 * that is being written. */
static void
put_member(struct making *making, const struct cspark_parameter *p, struct str *open, struct buf *out)
{
	struct str inner, outer = str_cut(str_of(p->wire), '.', &inner);
	struct str value = value_of(making, p);

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
put_form(struct making *making, struct buf *out)
{
	struct str body = str_of_bytes(making->ask->body);
	bool first = true;

	for (const struct cspark_parameter *p = making->info->parameters; p->wire; p++) {
		struct str value = p->place == CSPARK_IN_BODY ? value_of(making, p) : (struct str){ 0 };
		struct str own = json_member(body, str_of(p->wire));
		struct buf text;

		buf_init(&text, FIELDS_MAX);
		if (!own.at && p->name)
			own = json_member(body, str_of(p->name));
		if (own.at && json_unquote(own, &text))
			value = text.len ? buf_text(&text) : STR("");
		if (value.at) {
			if (!first)
				buf_put_char(out, '&');
			buf_put_str(out, str_of(p->wire));
			buf_put_char(out, '=');
			str_percent_encode(value, out);
			first = false;
		}
		buf_fini(&text);
	}
}

static void
put_body(struct making *making, struct buf *out)
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

static bool
check_body(struct making *making)
{
	struct str body = str_of_bytes(making->ask->body);
	struct json_error at;

	if (!body.at)
		return true;
	if (!json_valid(body.at, body.len, &at))
		return cspark_refuse(making->error, CSPARK_E_BAD_JSON, "The body is no JSON: %s at line %llu, column %llu.",
			at.reason, (unsigned long long)at.line, (unsigned long long)at.column);
	if (json_kind_of(body) != JSON_OBJECT)
		return cspark_refuse(making->error, CSPARK_E_BAD_REQUEST,
			"The body of this operation is a JSON object.");
	return true;
}

/* ---- parts ---- */

/* Offsets into the texts, until they have stopped moving; 0: none. */
struct part_at {
	size_t name, text, text_len, file_name, type;
	bool is_file;
};

static size_t
put_text(struct buf *out, struct str text)
{
	size_t at = out->len;

	buf_put_str(out, text);
	buf_put_char(out, '\0');
	return at;
}

static size_t
put_field_parts(struct making *making, struct part_at *parts, struct buf *out)
{
	size_t count = 0;

	for (const struct cspark_parameter *p = making->info->parameters; p->wire; p++) {
		struct str value = p->place == CSPARK_IN_BODY ? value_of(making, p) : (struct str){ 0 };

		if (!value.at || count == PARTS_MAX - 1)
			continue;
		parts[count].name = put_text(out, str_of(p->wire));
		parts[count].text = put_text(out, value);
		parts[count++].text_len = value.len;
	}
	return count;
}

static size_t
put_parts(struct making *making, struct part_at *parts, struct buf *out)
{
	const struct cspark_multipart *form = cspark_operation_multipart(making->ask->operation);
	struct str given = argument(making->ask, STR("filename"));
	size_t count = 0;

	if (form->entity) {
		parts[0].name = put_text(out, str_of(form->entity));
		parts[0].text = out->len;
		if (form->wrapped)
			put_data(making, out);
		else
			put_fields(making, CSPARK_IN_BODY, out);
		parts[0].text_len = out->len - parts[0].text;
		buf_put_char(out, '\0');
		count = 1;
	} else {
		count = put_field_parts(making, parts, out);
	}
	parts[count].is_file = true;
	parts[count].name = put_text(out, str_of(form->file));
	parts[count].file_name = out->len;
	if (given.len > 0)
		buf_put_str(out, given);
	else
		put_template(making->ask, form->file_name, out);
	buf_put_char(out, '\0');
	parts[count++].type = put_text(
		out, str_of(making->ask->source_type ? making->ask->source_type : form->file_type));
	return count;
}

static void
finish_parts(const struct cspark_ask *ask, char *text, const struct part_at *from, size_t count,
	struct cspark_part *ret)
{
	for (size_t i = 0; i < count; i++) {
		ret[i] = (struct cspark_part){ .name = text + from[i].name };
		if (from[i].is_file) {
			ret[i].file_name = text + from[i].file_name;
			ret[i].content_type = text + from[i].type;
			ret[i].source = ask->source;
		} else {
			ret[i].text = (struct cspark_bytes){ text + from[i].text, from[i].text_len };
		}
	}
}

/* ---- all together ---- */

/* The struct and the parts come first, so that they are aligned. */
#define HEAD (sizeof(struct cspark_request) + PARTS_MAX * sizeof(struct cspark_part))

static struct cspark_request *
make(struct making *making, const char *tenant)
{
	static const char EMPTY[HEAD];
	struct part_at parts[PARTS_MAX] = { 0 };
	const struct cspark_operation_info *info = making->info;
	struct cspark_request *request;
	size_t body_at, len, count = 0;
	struct buf buf;

	buf_init(&buf, HEAD + FIELDS_MAX + 6 * making->ask->body.len);
	buf_put(&buf, EMPTY, HEAD);
	put_path(making, tenant, &buf);
	body_at = buf.len;
	put_body(making, &buf);
	len = buf.len - body_at;
	buf_put_char(&buf, '\0');
	if (info->body == CSPARK_BODY_PARTS)
		count = put_parts(making, parts, &buf);
	request = (struct cspark_request *)buf_take(&buf, NULL);
	buf_fini(&buf);
	if (!request)
		return NULL;
	*request = (struct cspark_request){
		.operation = making->ask->operation,
		.is_public = making->ask->is_public,
		.expects_json = info->payload != CSPARK_PAYLOAD_FILE,
		.method = info->method,
		.path = (char *)request + HEAD,
		.body = len ? (char *)request + body_at : NULL,
		.body_len = len,
		.content_type = info->body == CSPARK_BODY_FORM ? "application/x-www-form-urlencoded" :
								 "application/json",
		.parts = count ? (struct cspark_part *)(request + 1) : NULL,
		.part_count = count,
	};
	finish_parts(making->ask, (char *)request, parts, count, (struct cspark_part *)(request + 1));
	return request;
}

struct cspark_request *
cspark_operation_request(const char *tenant, const struct cspark_ask *ask, struct cspark_error *ret_error)
{
	struct making making = { .ask = ask, .info = cspark_operation_info(ask->operation), .error = ret_error };
	struct cspark_request *request = NULL;

	buf_init(&making.scratch, FIELDS_MAX);
	if (check_body(&making) && check_arguments(&making)) {
		request = make(&making, tenant);
		if (!request)
			cspark_refuse(ret_error, CSPARK_E_OVERLOADED, "The request is too large, or memory is short.");
	}
	buf_fini(&making.scratch);
	return request;
}
