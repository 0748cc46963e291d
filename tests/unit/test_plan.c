#include "daemon/plan.h"

#include <criterion/criterion.h>

#include "base/json.h"

static const struct cspark_locator volume = { .kind = CSPARK_FOLDER_SERVICE, .folder = "f", .service = "s" };
static const struct control plain;
static struct cspark_error error;

static struct str
body_of(const struct plan *plan, size_t i)
{
	return str_range(plan->parts[i].request->body, plan->parts[i].request->body_len);
}

static void
expect_text(struct str got, const char *wanted)
{
	cr_expect(str_eq(got, str_of(wanted)), "got    %.*s\nwanted %s", STR_ARG(got), wanted);
}

static struct plan
make(const struct cspark_locator *locator, const struct control *control, const struct ask *ask)
{
	struct plan plan;

	cr_assert(plan_make("t", locator, control, ask, &plan, &error), "%s", error.detail);
	return plan;
}

/* -- making ------------------------------------------------------------------- */

Test(plan, sends_one_record_as_v3)
{
	struct ask ask = { .kind = ASK_ONE, .inputs = STR("{\"r\":3.0}") };
	struct plan plan = make(&volume, &plain, &ask);

	cr_assert_eq(plan.part_count, 1);
	cr_expect_eq(plan.api, CSPARK_V3);
	cr_expect_eq(plan.parts[0].records, 1);
	cr_expect_str_eq(plan.parts[0].request->path, "/t/api/v3/folders/f/services/s/execute");
	cr_expect(str_starts(body_of(&plan, 0), STR("{\"request_data\":{\"inputs\":{\"r\":3.0}}")));
	plan_fini(&plan);
}

Test(plan, sends_a_list_as_v4)
{
	struct ask ask = { .kind = ASK_MANY, .inputs = STR("[{\"r\":3},{}]"), .records = 2 };
	struct plan plan = make(&volume, &plain, &ask);

	cr_expect_eq(plan.api, CSPARK_V4);
	cr_expect_eq(plan.parts[0].records, 2);
	cr_expect_str_eq(plan.parts[0].request->path, "/t/api/v4/execute");
	cr_expect(str_starts(body_of(&plan, 0), STR("{\"inputs\":[{\"r\":3},{}],")));
	plan_fini(&plan);
}

Test(plan, lets_the_envelopes_meta_win)
{
	struct ask ask = { .kind = ASK_ENVELOPE,
		.request_data = STR("{\"inputs\":{}}"),
		.request_meta = STR("{\"call_purpose\":\"mine\"}") };
	struct plan plan = make(&volume, &plain, &ask);
	struct str body = body_of(&plan, 0);

	cr_expect(str_starts(body, STR("{\"request_data\":{\"inputs\":{}},")));
	cr_expect_not_null(memmem(body.at, body.len, "\"call_purpose\":\"mine\"", 21));
	cr_expect_null(memmem(body.at, body.len, "Single Execution", 16));
	plan_fini(&plan);
}

Test(plan, asks_in_public_if_told_so)
{
	struct control control = { .is_public = true };
	struct ask ask = { .kind = ASK_ONE };
	struct plan plan = make(&volume, &control, &ask);

	cr_expect(plan.parts[0].request->is_public);
	cr_expect_not_null(strstr(plan.parts[0].request->path, "/public/"));
	plan_fini(&plan);
}

Test(plan, does_not_ask_for_an_empty_list)
{
	struct ask ask = { .kind = ASK_MANY, .inputs = STR("[]") };
	struct control control = plain;
	struct plan plan = make(&volume, &plain, &ask);

	cr_expect_eq(plan.part_count, 0);
	plan_fini(&plan);
	cr_assert(
		cspark_meta_set(&control.meta, CSPARK_META_FILTER, (struct cspark_bytes){ "x", 1 }, &error));
	cr_expect_not(plan_make("t", &volume, &control, &ask, &plan, &error),
		"what v4 cannot do is refused all the same");
	cr_expect_eq(error.code, CSPARK_E_BAD_PARAMETER);
	plan_fini(&plan);
}

Test(plan, refuses_a_list_for_a_proxy)
{
	struct cspark_locator proxy = { .kind = CSPARK_PROXY, .service = "p" };
	struct ask ask = { .kind = ASK_MANY, .inputs = STR("[{}]"), .records = 1 };
	struct plan plan;

	cr_expect_not(plan_make("t", &proxy, &plain, &ask, &plan, &error));
	cr_expect_eq(error.code, CSPARK_E_BAD_LOCATOR);
	plan_fini(&plan);
}

/* -- joining -------------------------------------------------------------------- */

/* A plan whose parts have these numbers of records; nothing is asked. */
static struct plan
fake_plan(enum cspark_api api, struct part *parts, size_t count)
{
	return (struct plan){ .api = api, .part_count = count, .parts = parts };
}

static bool
join_one(enum cspark_api api, size_t records, struct str body, struct joined *ret)
{
	struct part part = { .records = records };
	struct plan plan = fake_plan(api, &part, 1);

	return plan_join(&plan, &body, ret, &error);
}

Test(join, hands_on_one_answer_without_a_copy)
{
	struct str body = STR(
		"{\"outputs\":[{\"v\":1.50},null],\"warnings\":null,\"errors\":[null,[]],\"call_id\":\"c\"}");
	struct joined joined;

	cr_assert(join_one(CSPARK_V4, 2, body, &joined));
	cr_expect_eq(joined.body.at, body.at);
	cr_expect_eq(joined.answer.outputs.at, body.at + 11);
	joined_fini(&joined);
}

Test(join, refuses_what_is_no_answer)
{
	struct joined joined;

	cr_expect_not(join_one(CSPARK_V4, 1, STR("{\"outputs\":{}}"), &joined));
	cr_expect_eq(error.code, CSPARK_E_UPSTREAM_GARBLED);
	cr_expect_not(join_one(CSPARK_V4, 1, STR("{}"), &joined));
	cr_expect_not(join_one(CSPARK_V4, 1, STR("[]"), &joined));
	cr_expect_not(join_one(CSPARK_V3, 1, STR("{}"), &joined));
	cr_expect_not(join_one(CSPARK_V3, 1, STR("\"x\""), &joined));
	cr_expect_not(join_one(CSPARK_V4, 2, STR("{\"outputs\":[1]}"), &joined));
	cr_expect_not_null(strstr(error.detail, "1 outputs for 2 records"));
	cr_expect_not(join_one(CSPARK_V4, 1, STR("{\"outputs\":[1],\"errors\":[null,null]}"), &joined));
	cr_expect_not(join_one(CSPARK_V4, 1, STR("{\"outputs\":[1],\"errors\":{}}"), &joined));
}

Test(join, counts_a_failure_that_came_with_200_among_the_errors)
{
	struct joined joined;

	cr_assert(join_one(CSPARK_V3, 1,
		STR("{\"status\":\"Error\",\"response_data\":null,\"error\":{\"message\":\"m\"}}"), &joined));
	expect_text(str_range(joined.answer.errors.at, joined.answer.errors.len), "[{\"message\":\"m\"}]");
	joined_fini(&joined);
	cr_assert(join_one(CSPARK_V3, 1, STR("{\"status\":\"Error\",\"error\":null}"), &joined));
	expect_text(str_range(joined.answer.errors.at, joined.answer.errors.len),
		"[{\"message\":\"Spark gave no reason\"}]");
	joined_fini(&joined);
}

Test(join, makes_one_answer_of_several)
{
	struct part parts[] = { { .first = 0, .records = 2 }, { .first = 2, .records = 1 },
		{ .first = 3, .records = 1 } };
	struct plan plan = fake_plan(CSPARK_V4, parts, 3);
	struct str bodies[] = {
		STR("{\"outputs\":[{\"v\":1.0},{\"v\":2}],\"process_time\":[1,2],\"errors\":null,"
			"\"call_id\":\"a\",\"version\":\"1.0.0\"}"),
		STR("{\"call_id\":\"b\",\"outputs\":[ {\"v\":3} ],\"process_time\":[3],"
			"\"errors\":[[\"e\"]],\"version\":\"1.0.0\"}"),
		STR("{\"outputs\":[null],\"process_time\":[4],\"errors\":[null]}"),
	};
	struct joined joined;

	cr_assert(plan_join(&plan, bodies, &joined, &error), "%s", error.detail);
	expect_text(joined.body,
		"{\"outputs\":[{\"v\":1.0},{\"v\":2}, {\"v\":3} ,null],\"process_time\":[1,2,3,4],"
		"\"warnings\":[null,null,null,null],"
		"\"errors\":[null,null,[\"e\"],null],\"service_chain\":[null,null,null,null],"
		"\"service_id\":null,\"version_id\":null,"
		"\"version\":\"1.0.0\",\"call_id\":\"a\",\"compiler_version\":null,\"correlation_id\":null,"
		"\"request_timestamp\":null}");
	cr_expect(json_valid(joined.body.at, joined.body.len, NULL));
	joined_fini(&joined);
}

Test(join, refuses_several_if_one_is_bad)
{
	struct part parts[] = { { .records = 1 }, { .records = 2 } };
	struct plan plan = fake_plan(CSPARK_V4, parts, 2);
	struct str bodies[] = { STR("{\"outputs\":[1]}"), STR("{\"outputs\":[1]}") };
	struct joined joined;

	cr_expect_not(plan_join(&plan, bodies, &joined, &error));
	cr_expect_eq(error.code, CSPARK_E_UPSTREAM_GARBLED);
}

Test(join, answers_an_empty_list_with_empty_lists)
{
	struct plan plan = fake_plan(CSPARK_V4, NULL, 0);
	struct joined joined;

	cr_assert(plan_join(&plan, NULL, &joined, &error));
	cr_expect(str_starts(joined.body,
		STR("{\"outputs\":[],\"process_time\":[],\"warnings\":[],\"errors\":[],"
			"\"service_chain\":[],")));
	cr_expect(json_valid(joined.body.at, joined.body.len, NULL));
	joined_fini(&joined);
}
