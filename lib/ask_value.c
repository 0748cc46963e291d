/* What an ask says: arguments, defaults, and whether they are as they should be. */
#include "base/json.h"
#include "base/json_text.h"
#include "lib/ask.h"
#include "lib/bytes.h"
#include "lib/error.h"

#include <stdio.h>
#include <sys/random.h>
#include <time.h>

enum { TEN_YEARS = 10 };

/* ---- the values ---- */

struct str
ask_argument(const struct cspark_ask *ask, struct str name)
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
		at += (unsigned)snprintf(text + at, sizeof(text) - at,
			i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", bytes[i]);
	buf_put_str(out, str_of(text));
}

void
ask_put_template(const struct cspark_ask *ask, const char *template, struct buf *out)
{
	struct str rest = str_of(template);

	while (rest.at) {
		buf_put_str(out, str_cut(rest, '{', &rest));
		if (rest.at)
			buf_put_str(out, ask_argument(ask, str_cut(rest, '}', &rest)));
	}
}

struct str
ask_value(struct making *making, const struct cspark_parameter *parameter)
{
	const struct cspark_ask *ask = making->ask;
	struct str given = parameter->name ? ask_argument(ask, str_of(parameter->name)) : (struct str){ 0 };
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
		ask_put_template(ask, fallback, &making->scratch);
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
		const struct cspark_parameter *found = cspark_parameter_find(
			ask->operation, ask->arguments[i].name);

		if (found && !check(making, found, str_of_bytes(ask->arguments[i].value)))
			return false;
	}
	for (; parameter->wire; parameter++) {
		struct str body = str_of_bytes(ask->body);

		if (parameter->required && !ask_argument(ask, str_of(parameter->name)).at &&
			!json_member(body, str_of(parameter->wire)).at &&
			!json_member(body, str_of(parameter->name)).at && !json_path(body, "request_data").at)
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
		return true;
	if (!json_valid(body.at, body.len, &at))
		return cspark_refuse(making->error, CSPARK_E_BAD_JSON,
			"The body is no JSON: %s at line %llu, column %llu.", at.reason,
			(unsigned long long)at.line, (unsigned long long)at.column);
	if (json_kind_of(body) != JSON_OBJECT)
		return cspark_refuse(
			making->error, CSPARK_E_BAD_REQUEST, "The body of this operation is a JSON object.");
	return true;
}

bool
ask_check(struct making *making)
{
	return check_body(making) && check_arguments(making);
}

bool
cspark_ask_check(const struct cspark_ask *ask, struct cspark_error *ret_error)
{
	struct making making = {
		.ask = ask, .info = cspark_operation_info(ask->operation), .error = ret_error
	};

	return ask_check(&making);
}
