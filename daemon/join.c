/* The way back of a plan: what Spark answered. */
#include "daemon/plan.h"

#include <stdint.h>

#include "base/json_text.h"
#include "daemon/bytes.h"
#include "daemon/refuse.h"

const struct plan_member plan_lists[PLAN_LISTS] = {
#define MEMBER(field)                                         \
	{                                                     \
#field, offsetof(struct cspark_answer, field) \
	}
	MEMBER(outputs),
	MEMBER(process_time),
	MEMBER(warnings),
	MEMBER(errors),
	MEMBER(service_chain),
#undef MEMBER
};

struct str
plan_value(const struct cspark_answer *answer, const struct plan_member *member)
{
	return str_of_bytes(*(const struct cspark_bytes *)((const char *)answer + member->at));
}

/* Every list in a v4 answer has an element for each record, but may be missing as a whole; the outputs may
 * not. */
static bool
check_lists(const struct cspark_answer *answer, size_t records, struct cspark_error *ret_error)
{
	for (size_t i = 0; i < PLAN_LISTS; i++) {
		struct str value = plan_value(answer, &plan_lists[i]);
		size_t count;

		if (json_is_null(value))
			continue;
		count = json_count(value);
		if (json_kind_of(value) != JSON_ARRAY)
			return refuse(ret_error, CSPARK_E_UPSTREAM_GARBLED,
				"Spark's answer has %s that are no list.", plan_lists[i].name);
		if (count != records)
			return refuse(ret_error, CSPARK_E_UPSTREAM_GARBLED,
				"Spark's answer has %zu %s for %zu records.", count, plan_lists[i].name,
				records);
	}
	return true;
}

bool
plan_read(struct str body, size_t records, struct cspark_answer *ret, struct cspark_error *ret_error)
{
	if (!cspark_answer_read(CSPARK_V4, bytes_of_str(body), ret))
		return refuse(
			ret_error, CSPARK_E_UPSTREAM_GARBLED, "Spark's answer is not that of an execution.");
	return check_lists(ret, records, ret_error);
}

static bool
read_answer(
	const struct plan *plan, struct str body, struct cspark_answer *ret, struct cspark_error *ret_error)
{
	if (plan->api == CSPARK_V4)
		return plan_read(body, plan->records, ret, ret_error);
	return cspark_answer_read(CSPARK_V3, bytes_of_str(body), ret) ||
		refuse(ret_error, CSPARK_E_UPSTREAM_GARBLED, "Spark's answer is not that of an execution.");
}

/* A v3 answer that says Error with HTTP 200 tells why in a member of its own; here it is an error among
 * errors. */
static bool
adopt_error(struct joined *joined, struct cspark_error *ret_error)
{
	struct str error = str_of_bytes(joined->answer.error);

	if (!joined->answer.failed || json_count(str_of_bytes(joined->answer.errors)) > 0)
		return true;
	buf_put_char(&joined->text, '[');
	buf_put_str(
		&joined->text, json_is_null(error) ? STR("{\"message\":\"Spark gave no reason\"}") : error);
	if (!buf_put_char(&joined->text, ']'))
		return refuse(ret_error, CSPARK_E_OVERLOADED, "There is not enough memory for the answer.");
	joined->answer.errors = bytes_of_str(buf_text(&joined->text));
	return true;
}

bool
plan_join(const struct plan *plan, struct str body, struct joined *ret, struct cspark_error *ret_error)
{
	static const char nothing[] =
		"{\"outputs\":[],\"process_time\":[],\"warnings\":[],\"errors\":[],\"service_chain\":[],"
		"\"service_id\":null,\"version_id\":null,\"version\":null,\"call_id\":null,"
		"\"compiler_version\":null,\"correlation_id\":null,\"request_timestamp\":null}";
	bool ok;

	*ret = (struct joined){ .body = body.at ? body : str_of(nothing) };
	/* What is written here is a part of the body, which was limited, and names. */
	buf_init(&ret->text, SIZE_MAX);
	ok = read_answer(plan, ret->body, &ret->answer, ret_error) && adopt_error(ret, ret_error);
	if (!ok)
		joined_fini(ret);
	return ok;
}

void
joined_fini(struct joined *joined)
{
	buf_fini(&joined->text);
	*joined = (struct joined){ .body = { 0 } };
}
