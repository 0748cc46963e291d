#include "daemon/plan.h"

#include <criterion/criterion.h>

#include "base/json.h"

static const struct cspark_locator volume = { .kind = CSPARK_FOLDER_SERVICE, .folder = "f", .service = "s" };
static const struct control plain;
static struct cspark_error error;

static struct str
body_of(const struct plan *plan)
{
	return str_range(plan->request->body, plan->request->body_len);
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

	cr_expect_eq(plan.api, CSPARK_V3);
	cr_expect_str_eq(plan.request->path, "/t/api/v3/folders/f/services/s/execute");
	cr_expect(str_starts(body_of(&plan), STR("{\"request_data\":{\"inputs\":{\"r\":3.0}}")));
	plan_fini(&plan);
}

Test(plan, sends_a_list_as_v4)
{
	struct ask ask = { .kind = ASK_MANY, .inputs = STR("[{\"r\":3},{}]"), .records = 2 };
	struct plan plan = make(&volume, &plain, &ask);

	cr_expect_eq(plan.api, CSPARK_V4);
	cr_expect_eq(plan.records, 2);
	cr_expect_str_eq(plan.request->path, "/t/api/v4/execute");
	cr_expect(str_starts(body_of(&plan), STR("{\"inputs\":[{\"r\":3},{}],")));
	plan_fini(&plan);
}

Test(plan, lets_the_envelopes_meta_win)
{
	struct ask ask = { .kind = ASK_ENVELOPE,
		.request_data = STR("{\"inputs\":{}}"),
		.request_meta = STR("{\"call_purpose\":\"mine\"}") };
	struct plan plan = make(&volume, &plain, &ask);
	struct str body = body_of(&plan);

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

	cr_expect(plan.request->is_public);
	cr_expect_not_null(strstr(plan.request->path, "/public/"));
	plan_fini(&plan);
}

Test(plan, does_not_ask_for_an_empty_list)
{
	struct ask ask = { .kind = ASK_MANY, .inputs = STR("[]") };
	struct control control = plain;
	struct plan plan = make(&volume, &plain, &ask);

	cr_expect_null(plan.request);
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

static bool
join_one(enum cspark_api api, size_t records, struct str body, struct joined *ret)
{
	struct plan plan = { .api = api, .records = records };

	return plan_join(&plan, body, ret, &error);
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

Test(join, answers_an_empty_list_with_empty_lists)
{
	struct plan plan = { .api = CSPARK_V4 };
	struct joined joined;

	cr_assert(plan_join(&plan, (struct str){ 0 }, &joined, &error));
	cr_expect(str_starts(joined.body,
		STR("{\"outputs\":[],\"process_time\":[],\"warnings\":[],\"errors\":[],"
			"\"service_chain\":[],")));
	cr_expect(json_valid(joined.body.at, joined.body.len, NULL));
	joined_fini(&joined);
}
