/*
 * Answers are not parsed into trees: a member is a slice of Spark's own bytes, and a new shape is
 * these slices between new names. So 113.097 stays 113.097.
 */
#include "base/buf.h"
#include "base/json_text.h"
#include "lib/bytes.h"
#include "lib/cspark.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A member by the name Spark gives it, and where struct cspark_answer keeps it. */
struct member {
	struct str name;
	size_t at;
};
#define MEMBER(field)                                                                 \
	{                                                                             \
		{ #field, sizeof(#field) - 1 }, offsetof(struct cspark_answer, field) \
	}

static struct cspark_bytes *
slot(struct cspark_answer *answer, const struct member *member)
{
	return (struct cspark_bytes *)((char *)answer + member->at);
}

static struct str
value_of(const struct cspark_answer *answer, const struct member *member)
{
	return str_of_bytes(*(const struct cspark_bytes *)((const char *)answer + member->at));
}

/* ---- reading ----------------------------------------------------------------------------- */

static const struct member V3_DATA[] = {
	MEMBER(outputs),
	MEMBER(warnings),
	MEMBER(errors),
	MEMBER(service_chain),
	MEMBER(inputs),
};

static const struct member V3_META[] = {
	MEMBER(service_id),
	MEMBER(version_id),
	MEMBER(version),
	MEMBER(process_time),
	MEMBER(call_id),
	MEMBER(compiler_version),
	MEMBER(correlation_id),
	MEMBER(request_timestamp),
};

static const struct member V4[] = {
	MEMBER(outputs),
	MEMBER(process_time),
	MEMBER(warnings),
	MEMBER(errors),
	MEMBER(service_chain),
	MEMBER(service_id),
	MEMBER(version_id),
	MEMBER(version),
	MEMBER(call_id),
	MEMBER(compiler_version),
	MEMBER(correlation_id),
	MEMBER(request_timestamp),
};

static void
read_members(struct str object, const struct member *members, size_t count, struct cspark_answer *ret)
{
	struct json_walk walk;
	struct str key, value;
	size_t next = 0;

	if (!object.at || json_kind_of(object) != JSON_OBJECT)
		return;
	json_walk_init(&walk, object);
	while (json_walk_next(&walk, &key, &value)) {
		/* Spark keeps to an order, so the search begins behind the member before. */
		for (size_t tried = 0; tried < count; tried++) {
			const struct member *member = &members[(next + tried) % count];

			if (json_string_is(key, member->name)) {
				*slot(ret, member) = bytes_of_str(value);
				next += tried + 1;
				break;
			}
		}
	}
}

/* The four parts of a v3 answer. */
struct envelope {
	struct str status;
	struct str error;
	struct str data;
	struct str meta;
};

static void
read_envelope(struct str body, struct envelope *ret)
{
	struct json_walk walk;
	struct str key, value;

	json_walk_init(&walk, body);
	while (json_walk_next(&walk, &key, &value)) {
		if (json_string_is(key, STR("response_data")))
			ret->data = value;
		else if (json_string_is(key, STR("response_meta")))
			ret->meta = value;
		else if (json_string_is(key, STR("status")))
			ret->status = value;
		else if (json_string_is(key, STR("error")))
			ret->error = value;
	}
}

static bool
read_v3(struct str body, struct cspark_answer *ret)
{
	struct envelope envelope = { .data = { 0 } };

	read_envelope(body, &envelope);
	ret->failed = envelope.status.at && json_string_is(envelope.status, STR("Error"));
	ret->error = bytes_of_str(envelope.error);
	read_members(envelope.data, V3_DATA, COUNT(V3_DATA), ret);
	read_members(envelope.meta, V3_META, COUNT(V3_META), ret);
	return ret->failed || (envelope.data.at && json_kind_of(envelope.data) == JSON_OBJECT);
}

bool
cspark_answer_read(enum cspark_api api, struct cspark_bytes body, struct cspark_answer *ret)
{
	struct str text = str_of_bytes(body);

	*ret = (struct cspark_answer){ .api = api };
	if (json_kind_of(text) != JSON_OBJECT)
		return false;
	if (api == CSPARK_V3)
		return read_v3(text, ret);
	read_members(text, V4, COUNT(V4), ret);
	return ret->outputs.at && json_kind_of(str_of_bytes(ret->outputs)) == JSON_ARRAY;
}

/* ---- writing ----------------------------------------------------------------------------- */

static const struct member SIMPLE[] = {
	MEMBER(outputs),
	MEMBER(warnings),
	MEMBER(errors),
	MEMBER(service_chain),
	MEMBER(process_time),
	MEMBER(call_id),
	MEMBER(service_id),
	MEMBER(version_id),
	MEMBER(version),
	MEMBER(compiler_version),
	MEMBER(correlation_id),
	MEMBER(request_timestamp),
};

/* v4's order; the members that belong to a record become arrays of one. */
static const struct {
	struct member member;
	bool of_record;
} ALIKE[] = {
	{ MEMBER(outputs), true },
	{ MEMBER(process_time), true },
	{ MEMBER(warnings), true },
	{ MEMBER(errors), true },
	{ MEMBER(service_chain), true },
	{ MEMBER(service_id), false },
	{ MEMBER(version_id), false },
	{ MEMBER(version), false },
	{ MEMBER(call_id), false },
	{ MEMBER(compiler_version), false },
	{ MEMBER(correlation_id), false },
	{ MEMBER(request_timestamp), false },
};

static void
put_member(struct buf *out, struct str name, struct str value, bool as_array)
{
	buf_put_char(out, out->len ? ',' : '{');
	buf_put_char(out, '"');
	buf_put_str(out, name);
	buf_put_str(out, as_array ? STR("\":[") : STR("\":"));
	buf_put_str(out, value.at ? value : STR("null"));
	if (as_array)
		buf_put_char(out, ']');
}

/* Echoed inputs are there only for who asked for them, so they have no place in the fixed list. */
static void
put_simple(const struct cspark_answer *answer, struct buf *out)
{
	for (size_t i = 0; i < COUNT(SIMPLE); i++)
		put_member(out, SIMPLE[i].name, value_of(answer, &SIMPLE[i]), false);
	if (answer->inputs.at)
		put_member(out, STR("inputs"), str_of_bytes(answer->inputs), false);
	buf_put_char(out, '}');
}

/* The Python SDK looks for the service chain in response_meta, where it never is: always [null]. */
static void
put_alike(const struct cspark_answer *answer, struct buf *out)
{
	for (size_t i = 0; i < COUNT(ALIKE); i++) {
		const struct member *member = &ALIKE[i].member;
		bool is_lost = member->at == offsetof(struct cspark_answer, service_chain);

		put_member(out, member->name, is_lost ? (struct str){ 0 } : value_of(answer, member),
			ALIKE[i].of_record);
	}
	buf_put_char(out, '}');
}

char *
cspark_answer_text(const struct cspark_answer *answer, struct cspark_bytes body, enum cspark_shape shape,
	size_t *ret_len)
{
	const size_t names_len = 512;
	struct buf out;

	buf_init(&out, body.len + names_len);
	(void)buf_reserve(&out, body.len + names_len);
	if (answer->api == CSPARK_V4 || shape == CSPARK_ORIGINAL)
		buf_put(&out, body.at, body.len);
	else if (shape == CSPARK_ALIKE)
		put_alike(answer, &out);
	else
		put_simple(answer, &out);
	return buf_take(&out, ret_len);
}
