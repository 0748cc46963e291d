#include "sim/model.h"

#include "base/buf.h"
#include "base/json_text.h"
#include "sim/coerce.h"
#include "sim/number.h"

#include <math.h>

struct parameter {
	const char *name; /* lower case, as in messages */
	double fallback;
	double value;
	bool given;
	bool good;
};

static bool
key_is(struct str key, const char *name)
{
	char text[32];
	struct buf plain;
	bool same;

	if (key.len > sizeof(text))
		return false;
	buf_init(&plain, sizeof(text));
	same = json_unquote(key, &plain) && str_eq_nocase(buf_text(&plain), str_of(name));
	buf_fini(&plain);
	return same;
}

static void
read_parameter(struct str inputs, struct parameter *param)
{
	struct json_walk walk;
	struct str key, value;

	param->value = param->fallback;
	param->given = false;
	param->good = true;
	json_walk_init(&walk, inputs);
	while (json_walk_next(&walk, &key, &value)) {
		if (!key_is(key, param->name))
			continue;
		param->given = true;
		param->good = coerce_value(value, &param->value);
	}
}

static void
put_missing(struct buf *out, const struct parameter *param, const char **comma)
{
	if (param->given)
		return;
	buf_printf(out,
		"%s{\"source_path\":\"Default Values\",\"message\":\"Input parameter missing for '%s'. "
		"API request processed using the default values saved into the file.\"}",
		*comma, param->name);
	*comma = ",";
}

static void
put_warnings(struct buf *out, const struct parameter *radius, const struct parameter *height)
{
	bool good = radius->good && height->good;
	const char *comma = "";

	if (radius->given && height->given && good) {
		buf_put_str(out, STR("null"));
		return;
	}
	buf_put_str(out, STR("["));
	put_missing(out, height, &comma);
	put_missing(out, radius, &comma);
	if (!good)
		buf_printf(out,
			"%s{\"message\":\"Output results include Excel errors in the following outputs: "
			"volume\"}",
			comma);
	buf_put_str(out, STR("]"));
}

void
model_cylinder(struct str inputs, const struct findings *ret)
{
	struct parameter radius = { .name = "radius", .fallback = 7 };
	struct parameter height = { .name = "height", .fallback = 4 };

	read_parameter(inputs, &radius);
	read_parameter(inputs, &height);
	buf_put_str(ret->outputs, STR("{\"volume\":"));
	if (radius.good && height.good)
		number_put(number_round3(M_PI * radius.value * radius.value * height.value), ret->outputs);
	else
		buf_put_str(ret->outputs, STR("\"#VALUE!\""));
	buf_put_str(ret->outputs, STR("}"));
	put_warnings(ret->warnings, &radius, &height);
	buf_put_str(ret->errors, STR("null"));
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
