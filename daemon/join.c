/* The way back of a plan: the answers of its parts become one. */
#include "daemon/plan.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/json_text.h"
#include "daemon/bytes.h"
#include "daemon/refuse.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* clang-format off */
/* The members of a v4 answer, in the order of the wire. */
static const struct member {
	const char *name;
	size_t at;      /* in struct cspark_answer */
	bool of_record; /* an element a record, else the same for all */
} members[] = {
#define RECORD(field) { #field, offsetof(struct cspark_answer, field), true }
#define SHARED(field) { #field, offsetof(struct cspark_answer, field), false }
	RECORD(outputs),
	RECORD(process_time),
	RECORD(warnings),
	RECORD(errors),
	RECORD(service_chain),
	SHARED(service_id),
	SHARED(version_id),
	SHARED(version),
	SHARED(call_id),
	SHARED(compiler_version),
	SHARED(correlation_id),
	SHARED(request_timestamp),
#undef RECORD
#undef SHARED
};
/* clang-format on */

static struct str
value_of(const struct cspark_answer *answer, const struct member *member)
{
	return str_of_bytes(*(const struct cspark_bytes *)((const char *)answer + member->at));
}

/* -- reading one part ---------------------------------------------------------- */

/* Every list in a v4 answer has an element for each record, but may be missing as a whole; the outputs may
 * not. */
static bool
check_lists(const struct cspark_answer *answer, size_t records, struct cspark_error *ret_error)
{
	for (size_t i = 0; i < COUNT(members); i++) {
		struct str value = value_of(answer, &members[i]);
		size_t count;

		if (!members[i].of_record || json_is_null(value))
			continue;
		count = json_count(value);
		if (json_kind_of(value) != JSON_ARRAY)
			return refuse(ret_error, CSPARK_E_UPSTREAM_GARBLED,
				"Spark's answer has %s that are no list.", members[i].name);
		if (count != records)
			return refuse(ret_error, CSPARK_E_UPSTREAM_GARBLED,
				"Spark's answer has %zu %s for %zu records.", count, members[i].name,
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
read_part(const struct plan *plan, size_t i, struct str body, struct cspark_answer *ret,
	struct cspark_error *ret_error)
{
	if (plan->api == CSPARK_V4)
		return plan_read(body, plan->parts[i].records, ret, ret_error);
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

/* -- several parts ------------------------------------------------------------------ */

/* The elements of one list, without the brackets; nulls where there is no list. */
static void
put_elements(struct str list, size_t records, struct buf *out)
{
	bool first = out->data[out->len - 1] == '[';

	for (size_t i = 0; json_is_null(list) && i < records; i++, first = false)
		buf_put_str(out, first ? STR("null") : STR(",null"));
	if (json_is_null(list) || records == 0)
		return;
	if (!first)
		buf_put_char(out, ',');
	buf_put(out, list.at + 1, list.len - 2);
}

static void
put_list(const struct plan *plan, const struct cspark_answer *answers, const struct member *member,
	struct buf *out)
{
	buf_put_char(out, '[');
	for (size_t i = 0; i < plan->part_count && !buf_failed(out); i++)
		put_elements(value_of(&answers[i], member), plan->parts[i].records, out);
	buf_put_char(out, ']');
}

/* One v4 object; what is not a list is as the first part says (without parts: an empty answer does). */
static bool
put_joined(const struct plan *plan, const struct cspark_answer *answers, struct buf *out)
{
	for (size_t i = 0; i < COUNT(members); i++) {
		struct str value = value_of(&answers[0], &members[i]);

		buf_put_str(out, i == 0 ? STR("{\"") : STR(",\""));
		buf_put_str(out, str_of(members[i].name));
		buf_put_str(out, STR("\":"));
		if (members[i].of_record)
			put_list(plan, answers, &members[i], out);
		else
			buf_put_str(out, value.at ? value : STR("null"));
	}
	return buf_put_char(out, '}');
}

static bool
join_parts(
	const struct plan *plan, const struct str *bodies, struct joined *ret, struct cspark_error *ret_error)
{
	struct cspark_answer *answers = calloc(plan->part_count + 1, sizeof(*answers));
	bool ok = answers ||
		refuse(ret_error, CSPARK_E_OVERLOADED, "There is not enough memory for the answer.");

	for (size_t i = 0; ok && i < plan->part_count; i++)
		ok = read_part(plan, i, bodies[i], &answers[i], ret_error);
	if (ok && !put_joined(plan, answers, &ret->text))
		ok = refuse(ret_error, CSPARK_E_OVERLOADED, "There is not enough memory for the answer.");
	free(answers);
	if (!ok)
		return false;
	ret->body = buf_text(&ret->text);
	return cspark_answer_read(CSPARK_V4, bytes_of_str(ret->body), &ret->answer) ||
		refuse(ret_error, CSPARK_E_INTERNAL, "The joined answer is not one.");
}

/* -- both ------------------------------------------------------------------------------ */

bool
plan_join(
	const struct plan *plan, const struct str *bodies, struct joined *ret, struct cspark_error *ret_error)
{
	bool ok;

	*ret = (struct joined){ .body = { 0 } };
	/* What is written here is a part of the bodies, which were limited, and names. */
	buf_init(&ret->text, SIZE_MAX);
	if (plan->part_count == 1) {
		ret->body = bodies[0];
		ok = read_part(plan, 0, bodies[0], &ret->answer, ret_error) && adopt_error(ret, ret_error);
	} else {
		ok = join_parts(plan, bodies, ret, ret_error);
	}
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
