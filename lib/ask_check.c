/* Whether an ask is as it should be: all that can be known to be wrong before Spark is asked. */
#include "base/json.h"
#include "base/json_text.h"
#include "lib/ask.h"
#include "lib/bytes.h"
#include "lib/error.h"

#include <stdio.h>

/* ---- arguments and body ---- */

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
	if (text.len > 1 && text.at[0] == '0')
		return false; /* JSON has no such number */
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
check_value(struct making *making, const struct cspark_parameter *parameter, struct str value)
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
	if (value.len == 0 && (!parameter->fallback || !parameter->fallback[0]))
		return true;
	if (parameter->choices && !is_choice(parameter->choices, value)) {
		snprintf(wanted, sizeof(wanted), "one of: %s", parameter->choices);
		return refuse_value(making, parameter, wanted);
	}
	return true;
}

/* What stands in the body need not be said elsewhere. */
static bool
is_in_body(const struct making *making, const struct cspark_parameter *parameter)
{
	enum cspark_body_kind kind = making->info->body;
	struct str body = str_of_bytes(making->ask->body);

	if (parameter->place != CSPARK_IN_BODY)
		return false;
	if (kind == CSPARK_BODY_DATA && json_member(body, STR("request_data")).at)
		return true;
	return !json_is_null(json_member(body, str_of(parameter->wire))) ||
		(kind != CSPARK_BODY_FIELDS && kind != CSPARK_BODY_DATA &&
			!json_is_null(json_member(body, str_of(parameter->name))));
}

/* Every value is one that its parameter takes; what is needed is there. */
static bool
check_arguments(struct making *making)
{
	const struct cspark_ask *ask = making->ask;
	const struct cspark_parameter *parameter = making->info->parameters;

	for (size_t i = 0; i < ask->argument_count; i++) {
		const struct cspark_parameter *found = cspark_parameter_find(
			ask->operation, ask->arguments[i].name);

		if (found && !check_value(making, found, str_of_bytes(ask->arguments[i].value)))
			return false;
	}
	for (; parameter->wire; parameter++) {
		if (parameter->required && !ask_argument(ask, str_of(parameter->name)).at &&
			!is_in_body(making, parameter))
			return cspark_refuse(making->error, CSPARK_E_BAD_PARAMETER, "%s is missing: %s.",
				parameter->name, parameter->help);
	}
	return true;
}

static bool
check_body(struct making *making)
{
	struct str body = str_of_bytes(making->ask->body);
	struct json_error at;

	if (!body.at)
		return making->info->parameters->place != CSPARK_IS_BODY ||
			cspark_refuse(making->error, CSPARK_E_BAD_REQUEST,
				"The body of this operation is the document.");
	if (!json_valid(body.at, body.len, &at))
		return cspark_refuse(making->error, CSPARK_E_BAD_JSON,
			"The body is no JSON: %s at line %llu, column %llu.", at.reason,
			(unsigned long long)at.line, (unsigned long long)at.column);
	if (making->info->body != CSPARK_BODY_JSON && json_kind_of(body) != JSON_OBJECT)
		return cspark_refuse(
			making->error, CSPARK_E_BAD_REQUEST, "The body of this operation is a JSON object.");
	return true;
}

/* Without credentials only where Spark has a place for that. */
static bool
check_public(struct making *making)
{
	return !making->ask->is_public || strstr(making->info->path, "{public}") ||
		cspark_refuse(making->error, CSPARK_E_BAD_PARAMETER,
			"_public is for operations that Spark has in public, too; %s is none.",
			making->info->name);
}

bool
ask_check(struct making *making)
{
	return check_public(making) && check_body(making) && check_arguments(making);
}

/* ---- the path ---- */

/* URL libraries on the way would resolve such segments away, and Spark may read an encoded slash as one. */
static bool
has_odd_segment(struct str name)
{
	while (name.at) {
		struct str segment = str_cut(name, '/', &name);

		if (segment.len == 0 || str_eq(segment, STR(".")) || str_eq(segment, STR("..")))
			return true;
	}
	return false;
}

bool
ask_check_name(struct str what, struct str name, struct cspark_error *ret_error)
{
	const char *wrong = NULL;

	if (name.len == 0)
		wrong = "is missing";
	else if (!str_is_utf8(name) || str_has_control(name))
		wrong = "takes UTF-8 text without control characters";
	else if (has_odd_segment(name))
		wrong = "has a segment that is empty, \".\" or \"..\"";
	return !wrong ||
		cspark_refuse(ret_error, CSPARK_E_BAD_PARAMETER, "%.*s %s: it is a part of the path.",
			STR_ARG(what), wrong);
}

static bool
check_name(struct making *making, struct str name, struct str value)
{
	const struct cspark_parameter *p = cspark_parameter_find(making->ask->operation, bytes_of_str(name));

	if (!value.at && p && p->place == CSPARK_IN_PATH && p->fallback)
		return true;
	return ask_check_name(name, value, making->error);
}

static bool
check_locator(struct making *making)
{
	static const char *const IDS[] = { "version_id", "service_id" };

	for (size_t i = 0; i < sizeof(IDS) / sizeof(IDS[0]); i++) {
		struct str id = ask_argument(making->ask, str_of(IDS[i]));

		if (id.at)
			return check_name(making, str_of(IDS[i]), id);
	}
	return check_name(making, STR("folder"), ask_argument(making->ask, STR("folder"))) &&
		check_name(making, STR("service"), ask_argument(making->ask, STR("service")));
}

bool
ask_check_path(struct making *making)
{
	struct str rest = str_of(making->info->path), name;
	bool ok = true;

	for (;;) {
		(void)str_cut(rest, '{', &rest);
		if (!rest.at || !ok)
			return ok;
		name = str_cut(rest, '}', &rest);
		if (str_eq(name, STR("locator"))) {
			ok = check_locator(making);
		} else if (!str_eq(name, STR("public"))) {
			bool optional = str_ends(name, STR("?"));
			struct str value;

			name.len -= optional;
			value = ask_argument(making->ask, name);
			ok = (optional && value.len == 0) || check_name(making, name, value);
		}
	}
}

bool
cspark_ask_check(const struct cspark_ask *ask, struct cspark_error *ret_error)
{
	struct making making = {
		.ask = ask, .info = cspark_operation_info(ask->operation), .error = ret_error
	};

	return ask_check(&making);
}
