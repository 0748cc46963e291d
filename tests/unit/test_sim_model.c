#include "sim/model.h"

#include "base/buf.h"
#include "base/json_text.h"
#include "sim/number.h"
#include "sim/selection.h"

#include <criterion/criterion.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct result {
	struct buf outputs, warnings, errors;
};

static void
evaluate(model_fn *model, struct str inputs, struct result *ret)
{
	struct findings findings = { &ret->outputs, &ret->warnings, &ret->errors };

	buf_init(&ret->outputs, 1 << 20);
	buf_init(&ret->warnings, 1 << 20);
	buf_init(&ret->errors, 1 << 20);
	model(inputs, &findings);
}

static void
forget(struct result *result)
{
	buf_fini(&result->outputs);
	buf_fini(&result->warnings);
	buf_fini(&result->errors);
}

static void
expect_text(const struct buf *got, struct str expected)
{
	cr_expect(str_eq(buf_text(got), expected), "%.*s, expected %.*s", STR_ARG(buf_text(got)),
		STR_ARG(expected));
}

static void
expect_outputs(model_fn *model, const char *inputs, const char *outputs)
{
	struct result result;

	evaluate(model, str_of(inputs), &result);
	expect_text(&result.outputs, str_of(outputs));
	forget(&result);
}

static void
replay(const char *line)
{
	struct str inputs = json_member(str_of(line), STR("inputs"));
	struct str outputs = json_path(str_of(line), "response.response_data.outputs");
	struct str warnings = json_path(str_of(line), "response.response_data.warnings");
	struct result result;

	evaluate(model_cylinder, inputs, &result);
	expect_text(&result.outputs, outputs);
	expect_text(&result.warnings, warnings.at ? warnings : STR("null"));
	expect_text(&result.errors, STR("null"));
	forget(&result);
}

static FILE *
open_golden(void)
{
	const char *shared = getenv("CSPARKD_SHARED"), *srcdir = getenv("srcdir");
	char path[4096];

	if (shared)
		snprintf(path, sizeof(path), "%s/golden/volume-cylinder.ndjson", shared);
	else
		snprintf(path, sizeof(path), "%s/../shared/golden/volume-cylinder.ndjson",
			srcdir ? srcdir : ".");
	return fopen(path, "r");
}

Test(sim_model, agrees_with_every_golden_line)
{
	FILE *file = open_golden();
	char *line = NULL;
	size_t room = 0;
	int lines = 0;

	if (!file)
		cr_skip_test("no golden answers: set CSPARKD_SHARED");
	while (getline(&line, &room, file) > 0) {
		replay(line);
		lines++;
	}
	free(line);
	fclose(file);
	cr_expect_geq(lines, 20);
}

Test(sim_model, cylinder_reads_inputs_as_excel_does)
{
	expect_outputs(model_cylinder, "{\"RADIUS\":3,\"Height\":4}", "{\"volume\":113.097}");
	expect_outputs(model_cylinder, "{\"radius\":null,\"height\":4}", "{\"volume\":0}");
	expect_outputs(model_cylinder, "{\"radius\":\"\",\"height\":4}", "{\"volume\":\"#VALUE!\"}");
	expect_outputs(model_cylinder, "{\"radius\":1e200,\"height\":1e200}", "{\"volume\":null}");
	expect_outputs(model_cylinder, "{\"radius\":1,\"radius\":3,\"height\":4}", "{\"volume\":113.097}");
	expect_outputs(model_cylinder, "{\"radius\":1,\"height\":-0.00001}", "{\"volume\":0}");
}

Test(sim_model, cylinder_warns_in_the_order_of_the_engine)
{
	struct result result;

	evaluate(model_cylinder, STR("{\"height\":\"\"}"), &result);
	expect_text(&result.warnings,
		STR("[{\"source_path\":\"inputs.height\",\"message\":\"Input values submitted with \\\"\\\" "
		    "will be processed as \\\"\\\". Use null to submit blank values for inputs\"},"
		    "{\"source_path\":\"Default Values\",\"message\":\"Input parameter missing for 'radius'. "
		    "API request processed using the default values saved into the file.\"},"
		    "{\"message\":\"Output results include Excel errors in the following outputs: "
		    "volume\"}]"));
	forget(&result);
}

Test(sim_model, the_others_do_what_they_are_called)
{
	expect_outputs(model_echo, "{ \"a\" : 1.0 }", "{ \"a\" : 1.0 }");
	expect_outputs(model_sum, "{\"a\":1.5,\"b\":\"2\",\"c\":[]}", "{\"sum\":3.5}");
	expect_outputs(model_picky, "{\"fail\":true}", "null");
	expect_outputs(model_picky, "{\"fail\":false}", "{\"fail\":false}");
}

static void
prints(double value, const char *expected)
{
	struct buf out;

	buf_init(&out, 100);
	number_put(value, &out);
	expect_text(&out, str_of(expected));
	buf_fini(&out);
}

Test(sim_model, prints_numbers_as_javascript_does)
{
	prints(0, "0");
	prints(-0.0, "0");
	prints(-1.5, "-1.5");
	prints(100, "100");
	prints(0.1 + 0.2, "0.30000000000000004");
	prints(1e21, "1e+21");
	prints(123456789012345680000.0, "123456789012345680000");
	prints(1e-6, "0.000001");
	prints(1.5e-7, "1.5e-7");
	prints(5e-324, "5e-324");
	prints(1.7976931348623157e308, "1.7976931348623157e+308");
	prints(INFINITY, "null");
	prints(NAN, "null");
}

static void
selects(const char *names, const char *regex, const char *expected)
{
	struct selection selection;
	struct buf out;

	cr_assert(selection_init(&selection, str_of(names), str_of(regex)));
	buf_init(&out, 1000);
	selection_put(&selection, STR("{\"a\": 1,\"bc\":{\"a\":2},\"d\":\"x\"}"), &out);
	expect_text(&out, str_of(expected));
	buf_fini(&out);
	selection_fini(&selection);
}

Test(sim_model, selects_outputs_by_name_and_by_expression)
{
	struct selection selection;

	selects(NULL, NULL, "{\"a\": 1,\"bc\":{\"a\":2},\"d\":\"x\"}");
	selects("\"a, d\"", NULL, "{\"a\":1,\"d\":\"x\"}");
	selects("[\"bc\"]", NULL, "{\"bc\":{\"a\":2}}");
	selects("\"zz\"", NULL, "{}");
	selects(NULL, "\"^b|d$\"", "{\"bc\":{\"a\":2},\"d\":\"x\"}");
	cr_expect_not(selection_init(&selection, STR("1"), STR("null")));
	cr_expect_not(selection_init(&selection, STR("null"), STR("\"(\"")));
}
