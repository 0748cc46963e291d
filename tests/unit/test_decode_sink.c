/* The records of a list one by one: the same as in the list that is kept whole, however the body is cut. */
#include "base/json_text.h"
#include "daemon/decode_form.h"
#include "tests/unit/bodies.h"
#include "tests/unit/suite.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What the sink was given, as a list. */
struct seen {
	struct buf list;
	size_t elements;
	size_t records;
	size_t names;
	size_t stop_at; /* refuses the record after so many */
};

static bool
put_element(struct seen *seen, struct str text)
{
	cr_assert(json_valid(text.at, text.len, NULL), "%.*s", STR_ARG(text));
	cr_assert(text.at[0] == '[' || text.at[0] == '{', "%.*s", STR_ARG(text));
	cr_assert(text.at[text.len - 1] == ']' || text.at[text.len - 1] == '}', "%.*s", STR_ARG(text));
	buf_put_char(&seen->list, seen->elements++ == 0 ? '[' : ',');
	return buf_put_str(&seen->list, text);
}

static bool
see_names(void *arg, struct str row, struct cspark_error *ret_error)
{
	struct seen *seen = arg;

	cr_assert(seen->elements == 0, "names behind records");
	seen->names = json_count(row);
	return put_element(seen, row);
}

static bool
see_record(void *arg, struct str record, struct cspark_error *ret_error)
{
	struct seen *seen = arg;

	if (seen->names > 0)
		cr_expect_eq(json_count(record), seen->names, "%.*s", STR_ARG(record));
	if (seen->records == seen->stop_at) {
		ret_error->code = CSPARK_E_CANCELLED;
		return false;
	}
	seen->records++;
	return put_element(seen, record);
}

static struct decoded
decoded_seen(enum decode_form form, struct str text, size_t step, const struct decode_limits *limits,
	struct seen *seen)
{
	struct decode_sink sink = { see_names, see_record, seen };
	struct decoded decoded;

	decoded_init(&decoded, form, DECODE_IDENTITY, limits);
	decode_set_sink(decoded.decode, &sink);
	decoded.ok = true;
	for (size_t at = 0; decoded.ok && at < text.len; at += step)
		decoded.ok = decoded_feed(
			&decoded, str_range(text.at + at, step < text.len - at ? step : text.len - at));
	decoded.ok = decoded.ok && decode_end(decoded.decode, &decoded.ask, &decoded.error);
	return decoded;
}

static void
seen_init(struct seen *ret)
{
	*ret = (struct seen){ .stop_at = SIZE_MAX };
	buf_init(&ret->list, 1 << 26);
}

/* Element by element, since the list that is kept has the blanks between them. */
static void
expect_elements(struct str list, const struct seen *seen)
{
	struct json_walk kept, given;
	struct str a, b;

	json_walk_init(&kept, list);
	json_walk_init(&given, buf_text(&seen->list));
	for (size_t i = 0; i < seen->elements; i++) {
		cr_assert(json_walk_next(&kept, NULL, &a) && json_walk_next(&given, NULL, &b));
		cr_expect(str_eq(a, b), "%.*s, but %.*s", STR_ARG(b), STR_ARG(a));
	}
	cr_expect_not(json_walk_next(&kept, NULL, &a), "%.*s was not given", STR_ARG(a));
}

static void
expect_same_outcome(const struct decoded *whole, const struct decoded *other, const struct seen *seen)
{
	cr_assert_eq(whole->ok, other->ok, "%s%s", whole->error.detail, other->error.detail);
	cr_expect_str_eq(whole->error.detail, other->error.detail);
	if (!whole->ok)
		return;
	cr_expect_eq(whole->ask.kind, other->ask.kind);
	cr_expect_eq(whole->ask.records, other->ask.records);
	if (whole->ask.kind == ASK_MANY) {
		cr_expect_null(other->ask.inputs.at);
		cr_expect_eq(seen->records, whole->ask.records);
		expect_elements(whole->ask.inputs, seen);
	} else {
		cr_expect_eq(seen->elements, 0);
		cr_expect(str_eq(whole->ask.inputs, other->ask.inputs));
		cr_expect(str_eq(whole->ask.request_data, other->ask.request_data));
	}
}

static void
expect_same(enum decode_form form, struct str text)
{
	const size_t steps[] = { 1, 2, 7, text.len + 1 };
	struct decoded whole = decoded_whole(form, text);

	for (size_t i = 0; i < COUNT(steps); i++) {
		struct seen seen;
		struct decoded other;

		seen_init(&seen);
		other = decoded_seen(form, text, steps[i], NULL, &seen);
		expect_same_outcome(&whole, &other, &seen);
		decoded_fini(&other);
		buf_fini(&seen.list);
	}
	decoded_fini(&whole);
}

/* -- the same records ------------------------------------------------------------- */

Test(decode_sink, gives_the_elements_of_a_list)
{
	expect_same(DECODE_JSON, STR("[]"));
	expect_same(DECODE_JSON, STR(" \r\n [ ] "));
	expect_same(DECODE_JSON, STR("[{\"a\":1}]"));
	expect_same(DECODE_JSON, STR("\n[ {\"a\":[1, {}]} ,\n\n {} , {\"b\":\"\\u00e9]}\"} ]\n"));
	expect_same(DECODE_FORM, STR(" \n[{\"a\":1},{\"a\":2}]"));
}

Test(decode_sink, gives_the_rows_of_a_columnar_list)
{
	expect_same(DECODE_JSON, STR("[[\"a\",\"b\"]]"));
	expect_same(DECODE_JSON, STR("[ [ \"a\" , \"b\" ] , [1,[2,3]],[ {} , null ] ]"));
}

Test(decode_sink, gives_the_lines_of_ndjson)
{
	expect_same(DECODE_NDJSON, STR(""));
	expect_same(DECODE_NDJSON, STR("\n \r\n"));
	expect_same(DECODE_NDJSON, STR("{\"a\":1}\r\n\n  {\"b\" : 2} \t\n{}"));
}

Test(decode_sink, gives_the_rows_of_csv)
{
	expect_same(DECODE_CSV, STR(""));
	expect_same(DECODE_CSV, STR("a,b"));
	expect_same(DECODE_CSV,
		STR("\xef\xbb\xbf"
		    "a,\"b\"\"c\"\r\n1,\"x\r\ny\"\r\n\r\n,\"\"\"3\"\"\"\r\n"));
	expect_same(DECODE_CSV, STR("a\n\"\"\n1\n\n"));
}

Test(decode_sink, leaves_what_is_no_list_alone)
{
	expect_same(DECODE_JSON, STR(""));
	expect_same(DECODE_JSON, STR(" {\"a\":[{},{}]}"));
	expect_same(DECODE_JSON, STR("{\"request_data\":{\"inputs\":[{}]}}"));
	expect_same(DECODE_FORM, STR("a=1&b=[2]"));
	expect_same(DECODE_FORM, STR("{\"a\":1}"));
}

Test(decode_sink, refuses_the_same_in_the_same_words)
{
	static const struct {
		enum decode_form form;
		const char *text;
	} bodies[] = {
		{ DECODE_JSON, "[1]" },
		{ DECODE_JSON, "[{},[]]" },
		{ DECODE_JSON, "[{},\n{\"a\":tru}]" },
		{ DECODE_JSON, "[[\"a\",\"b\"],[1,2],[1]]" },
		{ DECODE_JSON, "[[1]]" },
		{ DECODE_JSON, "[{}" },
		{ DECODE_JSON, "[{}] ]" },
		{ DECODE_JSON, "[{},]" },
		{ DECODE_JSON, "17" },
		{ DECODE_JSON, "{\"a\":1" },
		{ DECODE_NDJSON, "{}\n[1]" },
		{ DECODE_NDJSON, "{}\n{\"a\":1,\n}" },
		{ DECODE_NDJSON, "{}\n  {\"a\":x}\n" },
		{ DECODE_NDJSON, "{}{}\n" },
		{ DECODE_CSV, "a,b\n1,2\n3\n" },
		{ DECODE_CSV, "a,b\n1,2,3\n" },
		{ DECODE_CSV, "a,a\n" },
		{ DECODE_CSV, "a,\n1,2\n" },
		{ DECODE_CSV, "a,b\n1,x\"\n" },
		{ DECODE_CSV, "a,b\n1,\"x\"y\n" },
		{ DECODE_CSV, "a,b\n1,\"2\n" },
		{ DECODE_CSV, "a\n1\n\n2\n" },
		{ DECODE_CSV, "a\nM\xfcller\n" },
	};

	for (size_t i = 0; i < COUNT(bodies); i++)
		expect_same(bodies[i].form, str_of(bodies[i].text));
}

static void
expect_same_everywhere(const char *name, struct str text)
{
	expect_same(DECODE_JSON, text);
	expect_same(DECODE_NDJSON, text);
	expect_same(DECODE_CSV, text);
	expect_same(DECODE_FORM, text);
}

Test(decode_sink, gives_what_it_should_of_the_public_suite)
{
	suite_each(expect_same_everywhere);
}

/* -- refusals ------------------------------------------------------------------------ */

Test(decode_sink, stops_where_the_sink_says_so)
{
	static const struct {
		enum decode_form form;
		const char *text;
	} bodies[] = {
		{ DECODE_JSON, "[{},{},{},{}]" },
		{ DECODE_NDJSON, "{}\n{}\n{}\n{}\n" },
		{ DECODE_CSV, "a\n1\n2\n3\n4\n" },
	};

	for (size_t i = 0; i < COUNT(bodies); i++) {
		struct seen seen;
		struct decoded decoded;

		seen_init(&seen);
		seen.stop_at = 2;
		decoded = decoded_seen(bodies[i].form, str_of(bodies[i].text), 3, NULL, &seen);
		cr_expect(!decoded.ok && decoded.error.code == CSPARK_E_CANCELLED);
		cr_expect_eq(seen.records, 2);
		decoded_fini(&decoded);
		buf_fini(&seen.list);
	}
}

static void
expect_with_limits(
	enum decode_form form, const char *text, const struct decode_limits *limits, const char *words)
{
	for (size_t step = 1; step <= strlen(text); step++) {
		struct seen seen;
		struct decoded decoded;

		seen_init(&seen);
		decoded = decoded_seen(form, str_of(text), step, limits, &seen);
		cr_expect_eq(decoded.ok, !words, "%s by %zu: %s", text, step, decoded.error.detail);
		if (words) {
			cr_expect_eq(decoded.error.code, CSPARK_E_BODY_TOO_LARGE, "%s", decoded.error.detail);
			cr_expect_not_null(strstr(decoded.error.detail, words), "%s", decoded.error.detail);
		}
		decoded_fini(&decoded);
		buf_fini(&seen.list);
	}
}

Test(decode_sink, limits_each_record)
{
	static const struct decode_limits ten = { .max_body = 99, .max_records = 9, .max_record = 10 };

	expect_with_limits(DECODE_JSON, "[{\"a\":1234},{\"a\":1234}]", &ten, NULL);
	expect_with_limits(DECODE_JSON, "[{\"a\":1234},{\"a\":12345}]", &ten, "element 1: a record");
	expect_with_limits(DECODE_JSON, "[{\"a\":1234567890123456x", &ten, "element 0: a record");
	expect_with_limits(DECODE_JSON, "{\"a\":1234567890}", &ten, NULL);
	expect_with_limits(DECODE_NDJSON, "     {\"a\":1234}\n{\"a\":1234}", &ten, NULL);
	expect_with_limits(DECODE_NDJSON, "{\"a\":1234}\n\n{\"a\":12345}", &ten, "line 3: a record");
	expect_with_limits(DECODE_NDJSON, "{\"a\":1234567890x", &ten, "line 1: a record");
	expect_with_limits(DECODE_CSV, "a,b\n1,23456\n1,23456", &ten, NULL);
	expect_with_limits(DECODE_CSV, "a,b\n1,234\n1,2345678\n", &ten, "line 3: a record");
	expect_with_limits(DECODE_CSV, "a\n1\n12345678901x\"", &ten, "line 3: a cell");
	expect_with_limits(DECODE_CSV, "name,other", &ten, "line 1: a record");
}

Test(decode_sink, limits_a_list_apart_from_other_bodies)
{
	static const struct decode_limits wide = { .max_body = 8, .max_records = 9, .max_list = 20 };

	expect_with_limits(DECODE_JSON, " [{},{},{}, {},{}]", &wide, NULL);
	expect_with_limits(DECODE_JSON, " [{},{},{}, {},{},{}]", &wide, "larger than 20 bytes");
	expect_with_limits(DECODE_JSON, " {     } ", &wide, "larger than 8 bytes");
	expect_with_limits(DECODE_JSON, "      [{},{},{}]", &wide, NULL);
	expect_with_limits(DECODE_NDJSON, "{}\n{}\n{}\n{}\n{}\n", &wide, NULL);
	expect_with_limits(DECODE_CSV, "a\n1\n2\n3\n4\n5\n", &wide, NULL);
	expect_with_limits(DECODE_CSV, "a\n1\n2\n3\n4\n5\n6\n7\n8\n9\n", &wide, NULL);
}

/* -- megabytes -------------------------------------------------------------------------- */

static size_t
write_body(enum decode_form form, size_t records, const char *last, struct buf *out)
{
	static const struct {
		const char *head, *record, *between;
	} texts[] = {
		[DECODE_JSON] = { "[", "{\"name\":\"value\",\"number\":17}", ",\n" },
		[DECODE_NDJSON] = { "", "{\"name\":\"value\",\"number\":17}", "\n" },
		[DECODE_CSV] = { "name,number\n", "value,17", "\n" },
	};

	buf_init(out, 1 << 26);
	buf_put_str(out, str_of(texts[form].head));
	for (size_t i = 0; i < records; i++) {
		buf_put_str(out, str_of(texts[form].record));
		buf_put_str(out, str_of(texts[form].between));
	}
	buf_put_str(out, str_of(last));
	return out->len;
}

static void
expect_long(enum decode_form form, const char *last, const char *words)
{
	struct seen seen;
	struct decoded decoded;
	struct buf body;

	write_body(form, 100000, last, &body);
	seen_init(&seen);
	decoded = decoded_seen(form, buf_text(&body), 16383, NULL, &seen);
	cr_expect_eq(decoded.ok, words == NULL);
	cr_expect(decoded.ok || strstr(decoded.error.detail, words), "%s", decoded.error.detail);
	cr_expect_geq(seen.records, 100000);
	cr_expect_leq(decoded.decode->text.cap, 256, "%zu bytes are kept", decoded.decode->text.cap);
	decoded_fini(&decoded);
	buf_fini(&seen.list);
	buf_fini(&body);
}

Test(decode_sink, keeps_no_more_than_a_record)
{
	expect_long(DECODE_JSON, "{}]", NULL);
	expect_long(DECODE_NDJSON, "", NULL);
	expect_long(DECODE_CSV, "", NULL);
}

Test(decode_sink, knows_its_place_behind_megabytes)
{
	expect_long(
		DECODE_JSON, "  {\"a\":x}]", "line 100001, column 8: expected a value (in element 100000)");
	expect_long(DECODE_NDJSON, "  {\"a\":x}", "line 100001, column 8");
	expect_long(DECODE_CSV, "a,b,c\n", "line 100002: more cells");
}

Test(decode_sink, gives_a_cell_of_a_megabyte)
{
	static const size_t cell = 1 << 20;
	struct decoded decoded;
	struct seen seen;
	struct buf body;

	buf_init(&body, 2 * cell);
	buf_put_str(&body, STR("a,b\n1,\""));
	memset(buf_reserve(&body, cell), 'x', cell);
	body.len += cell;
	buf_put_str(&body, STR("\"\n2,\n"));
	seen_init(&seen);
	decoded = decoded_seen(DECODE_CSV, buf_text(&body), 4096, NULL, &seen);
	cr_expect(decoded.ok, "%s", decoded.error.detail);
	cr_expect_eq(seen.records, 2);
	cr_expect_eq(seen.list.len, cell + strlen("[[\"a\",\"b\"],[1,\"\"],[2,null]"));
	decoded_fini(&decoded);
	buf_fini(&seen.list);
	buf_fini(&body);
}
