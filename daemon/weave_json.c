/*
 * One v4 object. Its lists stand one behind the other, but grow together: each has a spool of its own, and
 * in the end the others are put behind the first one.
 */
#include "base/json_text.h"
#include "daemon/bytes.h"
#include "daemon/encode_form.h"
#include "daemon/weave_own.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The other members, in the order of the wire. */
static const struct plan_member shared[] = {
#define MEMBER(field) { #field, offsetof(struct cspark_answer, field) }
	MEMBER(service_id),
	MEMBER(version_id),
	MEMBER(version),
	MEMBER(call_id),
	MEMBER(compiler_version),
	MEMBER(correlation_id),
	MEMBER(request_timestamp),
#undef MEMBER
};
enum { ERRORS = 3 }; /* in <plan_lists> */

/* What stands before the next element of a list: at first the end of the list before. */
static void
put_begin(struct weave *weave, size_t list)
{
	if (spool_len(&weave->spools[list]) > 0) {
		buf_put_char(&weave->scratch, ',');
		return;
	}
	buf_put_str(&weave->scratch, list == 0 ? STR("{\"") : STR("],\""));
	buf_put_str(&weave->scratch, str_of(plan_lists[list].name));
	buf_put_str(&weave->scratch, STR("\":["));
}

static void
put_same(struct buf *out, struct str value, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_put_char(out, ',');
		buf_put_str(out, value);
	}
}

/* Those of the first answer go for all: which service, which version. */
static void
keep_shared(struct weave *weave, const struct cspark_answer *answer)
{
	buf_put_char(&weave->shared, ']');
	for (size_t i = 0; i < COUNT(shared); i++) {
		struct str value = answer ? plan_value(answer, &shared[i]) : STR("null");

		buf_put_str(&weave->shared, STR(",\""));
		buf_put_str(&weave->shared, str_of(shared[i].name));
		buf_put_str(&weave->shared, STR("\":"));
		buf_put_str(&weave->shared, value.at ? value : STR("null"));
	}
	buf_put_char(&weave->shared, '}');
}

static bool
answer(struct weave *weave, const struct cspark_answer *answer, size_t records,
	struct cspark_error *ret_error)
{
	if (weave->shared.len == 0)
		keep_shared(weave, answer);
	for (size_t i = 0; i < PLAN_LISTS; i++) {
		struct str value = plan_value(answer, &plan_lists[i]);

		put_begin(weave, i);
		if (json_is_null(value))
			put_same(&weave->scratch, STR("null"), records);
		else
			buf_put_str(&weave->scratch, str_trim(str_range(value.at + 1, value.len - 2)));
		if (!weave_flush(weave, i, ret_error))
			return false;
	}
	return true;
}

static bool
failure(struct weave *weave, struct str errors, size_t records, struct cspark_error *ret_error)
{
	for (size_t i = 0; i < PLAN_LISTS; i++) {
		put_begin(weave, i);
		put_same(&weave->scratch, i == ERRORS ? errors : STR("null"), records);
		if (!weave_flush(weave, i, ret_error))
			return false;
	}
	return true;
}

/* A piece of the list that is at its turn goes behind the first one. */
static enum weave_state
copy_piece(struct weave *weave, struct cspark_error *ret_error)
{
	if (!weave_read(weave, weave->ending, weave->copied, ret_error))
		return WEAVE_FAILED;
	if (weave->piece.len == 0) {
		spool_fini(&weave->spools[weave->ending]);
		weave->ending++;
		weave->copied = 0;
		return WEAVE_MORE;
	}
	weave->copied += weave->piece.len;
	return spool_put(&weave->spools[0], weave->piece.data, weave->piece.len, ret_error) ? WEAVE_MORE :
											      WEAVE_FAILED;
}

static enum weave_state
end(struct weave *weave, struct cspark_error *ret_error)
{
	if (weave->ending == 0) {
		for (size_t i = 0; weave->records == 0 && i < PLAN_LISTS; i++) {
			put_begin(weave, i);
			if (!weave_flush(weave, i, ret_error))
				return WEAVE_FAILED;
		}
		weave->ending = 1;
	}
	if (weave->ending < PLAN_LISTS)
		return copy_piece(weave, ret_error);
	if (weave->shared.len == 0)
		keep_shared(weave, NULL);
	if (buf_failed(&weave->shared))
		return encode_no_memory(ret_error) ? WEAVE_DONE : WEAVE_FAILED;
	if (!spool_put(&weave->spools[0], weave->shared.data, weave->shared.len, ret_error))
		return WEAVE_FAILED;
	return WEAVE_DONE;
}

const struct weave_ops weave_json_ops = { .answer = answer, .failure = failure, .end = end };
