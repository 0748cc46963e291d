#include "daemon/control.h"

#include <criterion/criterion.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct arena arena;
static struct control control;
static struct cspark_error error;

static bool
read_control(const char *query, const char *accept, bool inputs_allowed)
{
	arena_fini(&arena); /* of the reading before; a static arena is an empty one */
	arena_init(&arena, 1 << 16);
	return control_read(str_of(query), str_of(accept), inputs_allowed, false, &arena, &control, &error);
}

static void
expect_good(const char *query)
{
	cr_assert(read_control(query, NULL, true), "%s: %s", query, error.detail);
}

static void
expect_bad(const char *query, bool inputs_allowed, const char *words)
{
	cr_assert_not(read_control(query, NULL, inputs_allowed), "%s", query);
	cr_expect_eq(error.code, CSPARK_E_BAD_PARAMETER, "%s", query);
	cr_expect_not_null(strstr(error.detail, words), "%s: %s", query, error.detail);
}

static void
expect_text(struct str got, const char *wanted)
{
	cr_expect(str_eq(got, str_of(wanted)), "got %.*s, wanted %s", STR_ARG(got), wanted);
}

static void
expect_meta(enum cspark_meta_field field, const char *wanted)
{
	struct cspark_bytes value = control.meta.value[field];

	expect_text(str_range(value.at, value.len), wanted);
}

Test(control, has_defaults)
{
	expect_good("");
	cr_expect_eq(control.format, FORMAT_JSON);
	cr_expect_eq(control.shape, CSPARK_SIMPLE);
	cr_expect_not(control.strict || control.is_public || control.shape_given);
	cr_expect_eq(control.timeout_ms, 0);
	cr_expect_null(control.tenant.at);
	cr_expect_null(control.inputs.at);
}

static void
expect_dialect(const char *query, char separator, char decimal)
{
	expect_good(query);
	cr_expect_eq(control.dialect.separator, separator, "%s", query);
	cr_expect_eq(control.dialect.decimal, decimal, "%s", query);
	cr_expect_eq(control.dialect_given, *query != '\0');
}

Test(control, knows_how_csv_is_written)
{
	expect_dialect("", ',', '.');
	expect_dialect("_separator=,", ',', '.');
	expect_dialect("_separator=;&_decimal=,", ';', ',');
	expect_dialect("_separator=%3b&_decimal=%2C", ';', ',');
	expect_dialect("_separator=tab&_decimal=.", '\t', '.');
	expect_dialect("_separator=%09", '\t', '.');
	expect_dialect("_separator=%7C", '|', '.');
	expect_bad("_separator", true, "_separator takes a comma, a semicolon, | or tab");
	expect_bad("_separator=:", true, "_separator takes");
	expect_bad("_separator=;;", true, "_separator takes");
	expect_bad("_decimal=", true, "_decimal takes a point or a comma");
	expect_bad("_decimal=comma", false, "_decimal takes");
}

Test(control, refuses_a_dialect_where_nothing_is_csv)
{
	expect_good("_separator=;");
	cr_expect(control_check_dialect(&control, true, &error));
	cr_expect_not(control_check_dialect(&control, false, &error));
	cr_expect_eq(error.code, CSPARK_E_BAD_PARAMETER);
	expect_good("_decimal=.&_format=csv");
	cr_expect(control_check_dialect(&control, false, &error));
	expect_good("_format=ndjson");
	cr_expect(control_check_dialect(&control, false, &error));
}

Test(control, takes_every_parameter_of_the_contract)
{
	expect_good(
		"_version=1.2.3&_date=2025-01-01&_purpose=p+q&_source=s&_correlation=c&_outputs=a,"
		"b&_filter=%5Ea&"
		"_subservices=x,"
		"y&_compiler=Type3&_tables=*&_echo=1&_debug=false&_excel&_meta=%7B%22k%22:1.0%7D&"
		"_tenant=t&_timeout=500&_format=json&_shape=alike&_public=true&_strict=0");
	expect_meta(CSPARK_META_VERSION, "1.2.3");
	expect_meta(CSPARK_META_DATE, "2025-01-01");
	expect_meta(CSPARK_META_PURPOSE, "p q");
	expect_meta(CSPARK_META_OUTPUTS, "a,b");
	expect_meta(CSPARK_META_FILTER, "^a");
	expect_meta(CSPARK_META_COMPILER, "Type3");
	expect_meta(CSPARK_META_ECHO, "true");
	expect_meta(CSPARK_META_DEBUG, "false");
	expect_meta(CSPARK_META_EXCEL, "true");
	expect_text(str_range(control.meta.more.at, control.meta.more.len), "{\"k\":1.0}");
	expect_text(control.tenant, "t");
	cr_expect_eq(control.timeout_ms, 500);
	cr_expect_eq(control.shape, CSPARK_ALIKE);
	cr_expect(control.is_public);
	cr_expect_not(control.strict);
	cr_expect_null(control.inputs.at);
}

Test(control, makes_inputs_of_the_rest)
{
	expect_good("radius=3&height=-1.5e3&on=true&none=null&s=%223%22&t=x+y%26&e=&_unknown=07&radius=4");
	expect_text(control.inputs,
		"{\"radius\":3,\"height\":-1.5e3,\"on\":true,\"none\":null,\"s\":\"3\",\"t\":\"x y&\","
		"\"e\":\"\",\"_unknown\":\"07\",\"radius\":4}");
	expect_good("&&a%22b=%0A&&");
	expect_text(control.inputs, "{\"a\\\"b\":\"\\n\"}");
	expect_good("x=%5B1%5D&y=NaN&z=%207");
	expect_text(control.inputs, "{\"x\":\"[1]\",\"y\":\"NaN\",\"z\":\" 7\"}");
}

Test(control, refuses_what_would_be_lost_beside_a_body)
{
	expect_bad("radius=3", false, "radius is no control parameter");
	expect_bad("_frmat=csv", false, "_frmat is no control parameter");
	cr_expect(read_control("_format=csv", NULL, false));
	cr_expect_eq(control.format, FORMAT_CSV);
}

Test(control, refuses_bad_values)
{
	static const struct {
		const char *query;
		const char *words;
	} bad[] = {
		{ "_timeout=0", "_timeout takes milliseconds" },
		{ "_timeout=3600001", "1 to 3600000" },
		{ "_timeout=-1", "_timeout" },
		{ "_timeout=1e3", "_timeout" },
		{ "_timeout=", "_timeout" },
		{ "_format=xml", "_format takes" },
		{ "_shape=round", "_shape takes" },
		{ "_shape=alike&_format=csv", "JSON only" },
		{ "_strict=maybe", "_strict takes true or false" },
		{ "_echo=2", "_echo" },
		{ "_compiler=gcc", "_compiler" },
		{ "_meta=", "_meta" },
		{ "_meta=%5B%5D", "_meta takes a JSON object" },
		{ "_meta=%7B", "column 2" },
		{ "_meta=%7B%7D%7B%7D", "column 3" },
		{ "_tenant=", "_tenant" },
		{ "_correlation=a%0D%0Ab", "_correlation" },
		{ "_format=csv&_format=csv", "_format is there twice" },
		{ "_date=a&x=1&_date=a", "_date is there twice" },
		{ "a=%", "percent sign" },
		{ "a=%FF", "value of a is not valid UTF-8" },
		{ "%C3=1", "name of an input" },
		{ "=1", "has no name" },
	};

	for (size_t i = 0; i < COUNT(bad); i++)
		expect_bad(bad[i].query, true, bad[i].words);
}

static void
expect_format(const char *accept, enum control_format wanted)
{
	cr_assert(read_control("", accept, false), "%s: %s", accept, error.detail);
	cr_expect_eq(control.format, wanted, "%s gives %s", accept, control_format_type(control.format));
}

Test(control, reads_accept)
{
	expect_format(NULL, FORMAT_JSON);
	expect_format("", FORMAT_JSON);
	expect_format("*/*", FORMAT_JSON);
	expect_format("application/*", FORMAT_JSON);
	expect_format("application/json", FORMAT_JSON);
	expect_format("APPLICATION/X-NDJSON", FORMAT_NDJSON);
	expect_format("application/jsonl", FORMAT_NDJSON);
	expect_format("text/csv", FORMAT_CSV);
	expect_format("text/plain", FORMAT_TEXT);
	expect_format("text/*", FORMAT_CSV);
	expect_format("application/problem+json, text/csv", FORMAT_CSV);
	expect_format("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", FORMAT_JSON);
	expect_format("application/json;q=0.5, text/csv;q=0.8", FORMAT_CSV);
	expect_format("text/csv, */*", FORMAT_CSV);
	expect_format("text/csv, application/json", FORMAT_CSV);
	expect_format("application/json, text/csv", FORMAT_JSON);
	expect_format("*/*, application/json;q=0", FORMAT_NDJSON);
	expect_format("text/csv; header=present ; q=1.000", FORMAT_CSV);
}

Test(control, refuses_an_accept_that_allows_nothing)
{
	static const char *const accepts[] = { "image/png", "application/json;q=0",
		"application/problem+json", "text", "*/json", "*/*;q=0.000" };

	for (size_t i = 0; i < COUNT(accepts); i++) {
		cr_expect_not(read_control("", accepts[i], false), "%s", accepts[i]);
		cr_expect_eq(error.code, CSPARK_E_NOT_ACCEPTABLE);
	}
	cr_expect(read_control("_format=text", "image/png", false), "_format wins");
	cr_expect_eq(control.format, FORMAT_TEXT);
}

Test(control, refuses_a_shape_for_other_formats)
{
	cr_expect_not(read_control("_shape=simple", "text/csv", false));
	cr_expect_eq(error.code, CSPARK_E_BAD_PARAMETER);
}
