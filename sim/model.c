#include "sim/model.h"

#include "base/buf.h"
#include "base/json_text.h"
#include "sim/coerce.h"
#include "sim/number.h"

#include <math.h>

#define WARNINGS_MAX  ((size_t)64 << 20)
#define KEY_MAX_BYTES 32

struct parameter {
	const char *name; /* lower case, as in messages */
	double value; /* at first the default */
	bool given;
	bool good;
};

static bool
key_is(struct str key, const char *name)
{
	struct buf plain;
	bool same;

	if (key.len > KEY_MAX_BYTES)
		return false;
	if (!memchr(key.at, '\\', key.len))
		return str_eq_nocase(str_range(key.at + 1, key.len - 2), str_of(name));
	buf_init(&plain, KEY_MAX_BYTES);
	same = json_unquote(key, &plain) && str_eq_nocase(buf_text(&plain), str_of(name));
	buf_fini(&plain);
	return same;
}

/* Text is a value of its own, however empty; people who mean a blank are told. */
static void
put_empty(struct buf *warnings, const struct parameter *param)
{
	buf_printf(warnings,
		"%s{\"source_path\":\"inputs.%s\",\"message\":\"Input values submitted with \\\"\\\" will be "
		"processed as \\\"\\\". Use null to submit blank values for inputs\"}",
		warnings->len ? "," : "", param->name);
}

static void
read_input(struct str key, struct str value, struct parameter *param, struct buf *warnings)
{
	if (!key_is(key, param->name))
		return;
	param->given = true;
	param->good = coerce_value(value, &param->value);
	if (str_eq(value, STR("\"\"")))
		put_empty(warnings, param);
}

static void
put_missing(struct buf *warnings, const struct parameter *param)
{
	if (param->given)
		return;
	buf_printf(warnings,
		"%s{\"source_path\":\"Default Values\",\"message\":\"Input parameter missing for '%s'. "
		"API request processed using the default values saved into the file.\"}",
		warnings->len ? "," : "", param->name);
}

static void
put_excel_error(struct buf *warnings)
{
	buf_printf(warnings,
		"%s{\"message\":\"Output results include Excel errors in the following outputs: volume\"}",
		warnings->len ? "," : "");
}

static void
put_list(struct buf *out, const struct buf *items)
{
	if (items->len == 0) {
		buf_put_str(out, STR("null"));
		return;
	}
	buf_put_char(out, '[');
	buf_put_str(out, buf_text(items));
	buf_put_char(out, ']');
}

void
model_cylinder(struct str inputs, const struct findings *ret)
{
	struct parameter radius = { .name = "radius", .value = 7, .good = true };
	struct parameter height = { .name = "height", .value = 4, .good = true };
	struct json_walk walk;
	struct buf warnings;
	struct str key, value;

	buf_init(&warnings, WARNINGS_MAX);
	json_walk_init(&walk, inputs);
	while (json_walk_next(&walk, &key, &value)) {
		read_input(key, value, &radius, &warnings);
		read_input(key, value, &height, &warnings);
	}
	put_missing(&warnings, &height);
	put_missing(&warnings, &radius);
	buf_put_str(ret->outputs, STR("{\"volume\":"));
	if (radius.good && height.good) {
		number_put(number_round3(M_PI * radius.value * radius.value * height.value), ret->outputs);
	} else {
		buf_put_str(ret->outputs, STR("\"#VALUE!\""));
		put_excel_error(&warnings);
	}
	buf_put_str(ret->outputs, STR("}"));
	put_list(ret->warnings, &warnings);
	buf_put_str(ret->errors, STR("null"));
	buf_fini(&warnings);
}

void
model_echo(struct str inputs, const struct findings *ret)
{
	buf_put_str(ret->outputs, inputs);
	buf_put_str(ret->warnings, STR("null"));
	buf_put_str(ret->errors, STR("null"));
}

void
model_sum(struct str inputs, const struct findings *ret)
{
	struct json_walk walk;
	struct str value;
	double sum = 0;

	json_walk_init(&walk, inputs);
	while (json_walk_next(&walk, NULL, &value)) {
		double number;

		if (coerce_value(value, &number))
			sum += number;
	}
	buf_put_str(ret->outputs, STR("{\"sum\":"));
	number_put(sum, ret->outputs);
	buf_put_str(ret->outputs, STR("}"));
	buf_put_str(ret->warnings, STR("null"));
	buf_put_str(ret->errors, STR("null"));
}

void
model_picky(struct str inputs, const struct findings *ret)
{
	struct str fail = json_member(inputs, STR("fail"));

	if (!fail.at || json_kind_of(fail) != JSON_TRUE) {
		model_echo(inputs, ret);
		return;
	}
	buf_put_str(ret->outputs, STR("null"));
	buf_put_str(ret->warnings, STR("null"));
	buf_put_str(ret->errors,
		STR("[{\"error_category\":\"runtime\",\"error_type\":\"excel_error\","
		    "\"additional_details\":null,\"source_path\":\"fail\",\"message\":\"#DIV/0!\"}]"));
}
