/*
 * The records of a list one by one: what the sink is given is what the list holds that is kept without one,
 * or both refuse the body in the same words; the halves of that list hold its records. With a limit on
 * records, which only a sink has, it does not matter how the body is cut. The first byte selects form,
 * dialect and limit, the second where to cut.
 */
#include <string.h>

#include "base/json.h"
#include "base/json_text.h"
#include "daemon/chunk.h"
#include "daemon/decode.h"
#include "tests/fuzz/fuzz.h"

#define MAX_BYTES  (1 << 20)
#define IS_LIMITED 0x20 /* of the selector: records are */

struct outcome {
	struct decode *decode;
	bool ok;
	struct ask ask;
	struct cspark_error error;
	struct buf list; /* what the sink was given, without its end */
	size_t elements;
	size_t records;
};

static bool
put_element(struct outcome *outcome, struct str text)
{
	FUZZ_REQUIRE(json_valid(text.at, text.len, NULL), "no JSON: %.*s", STR_ARG(text));
	buf_put_char(&outcome->list, outcome->elements++ == 0 ? '[' : ',');
	return buf_put_str(&outcome->list, text);
}

static bool
on_names(void *arg, struct str row, struct cspark_error *ret_error)
{
	struct outcome *outcome = arg;

	FUZZ_REQUIRE(outcome->elements == 0, "names behind records");
	return put_element(outcome, row);
}

static bool
on_record(void *arg, struct str record, struct cspark_error *ret_error)
{
	struct outcome *outcome = arg;

	FUZZ_REQUIRE(strchr("[{", *record.at) && strchr("]}", record.at[record.len - 1]), "blanks: %.*s",
		STR_ARG(record));
	outcome->records++;
	return put_element(outcome, record);
}

/* From a block of its own, so that a sanitizer sees the edges of the piece. */
static bool
feed(struct outcome *outcome, const uint8_t *data, size_t len)
{
	char *copy = malloc(len ? len : 1);
	bool ok;

	FUZZ_REQUIRE(copy, "out of memory");
	if (len > 0)
		memcpy(copy, data, len);
	ok = decode_feed(outcome->decode, copy, len, &outcome->error);
	free(copy);
	return ok;
}

static void
run(uint8_t selector, bool with_sink, const uint8_t *data, size_t size, size_t step, struct outcome *ret)
{
	struct decode_sink sink = { on_names, on_record, ret };
	struct decode_limits limits = {
		.max_body = MAX_BYTES,
		.max_records = 1000,
		.max_record = selector & IS_LIMITED ? 40 : 0,
	};
	struct csv_dialect dialect = { ",;\t|"[selector >> 2 & 3], selector & 0x10 ? ',' : '.',
		selector & 0x40 };

	*ret = (struct outcome){ .decode = decode_new(selector & 3, DECODE_IDENTITY, &limits), .ok = true };
	FUZZ_REQUIRE(ret->decode, "out of memory");
	buf_init(&ret->list, 16 * MAX_BYTES);
	decode_set_dialect(ret->decode, dialect);
	if (with_sink)
		decode_set_sink(ret->decode, &sink);
	for (size_t at = 0; ret->ok && at < size; at += step)
		ret->ok = feed(ret, data + at, step < size - at ? step : size - at);
	ret->ok = ret->ok && decode_end(ret->decode, &ret->ask, &ret->error);
}

static void
fini(struct outcome *outcome)
{
	decode_free(outcome->decode);
	buf_fini(&outcome->list);
}

static void
require_same_elements(struct str a, struct str b)
{
	struct json_walk in_a, in_b;
	struct str one, other;

	json_walk_init(&in_a, a);
	json_walk_init(&in_b, b);
	while (json_walk_next(&in_a, NULL, &one)) {
		FUZZ_REQUIRE(json_walk_next(&in_b, NULL, &other), "%.*s is lost", STR_ARG(one));
		FUZZ_REQUIRE(str_eq(one, other), "%.*s became %.*s", STR_ARG(one), STR_ARG(other));
	}
	FUZZ_REQUIRE(!json_walk_next(&in_b, NULL, &other), "%.*s is new", STR_ARG(other));
}

static void
require_same_verdict(const struct outcome *a, const struct outcome *b)
{
	FUZZ_REQUIRE(a->ok == b->ok && strcmp(a->error.detail, b->error.detail) == 0, "%s\n%s",
		a->error.detail, b->error.detail);
	FUZZ_REQUIRE(a->ask.kind == b->ask.kind && a->ask.records == b->ask.records, "another ask");
}

static void
require_same_cut(const struct outcome *whole, const struct outcome *cut)
{
	require_same_verdict(whole, cut);
	FUZZ_REQUIRE(str_eq(buf_text(&whole->list), buf_text(&cut->list)), "%.*s\n%.*s",
		STR_ARG(buf_text(&whole->list)), STR_ARG(buf_text(&cut->list)));
}

static void
require_same(const struct outcome *kept, const struct outcome *given)
{
	require_same_verdict(kept, given);
	if (!kept->ok)
		return;
	if (kept->ask.kind != ASK_MANY) {
		FUZZ_REQUIRE(given->elements == 0, "records of what is no list");
		FUZZ_REQUIRE(str_eq(kept->ask.inputs, given->ask.inputs), "other inputs");
		return;
	}
	FUZZ_REQUIRE(
		given->records == kept->ask.records && !given->ask.inputs.at, "%zu records", given->records);
	require_same_elements(kept->ask.inputs, buf_text(&given->list));
}

static void
check_halves(const struct outcome *kept, const struct outcome *given, size_t cut)
{
	bool has_names = given->elements > given->records;
	size_t records = given->records;
	struct str list = kept->ask.inputs;
	struct buf a, b;

	if (records < 2)
		return;
	cut = cut % (records - 1) + 1;
	buf_init(&a, 16 * MAX_BYTES);
	buf_init(&b, 16 * MAX_BYTES);
	FUZZ_REQUIRE(chunk_halves(list, has_names, records, cut, &a, &b), "no room");
	FUZZ_REQUIRE(json_valid(a.data, a.len, NULL) && json_valid(b.data, b.len, NULL), "no JSON");
	FUZZ_REQUIRE(json_count(buf_text(&a)) == cut + has_names, "%zu first", cut);
	FUZZ_REQUIRE(json_count(buf_text(&b)) == records - cut + has_names, "%zu first", cut);
	buf_fini(&a);
	buf_fini(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome kept, whole, cut, bytes;

	if (size < 2)
		return 0;
	run(data[0], false, data + 2, size - 2, size, &kept);
	run(data[0], true, data + 2, size - 2, size, &whole);
	run(data[0], true, data + 2, size - 2, data[1] + 1u, &cut);
	run(data[0], true, data + 2, size - 2, 1, &bytes);
	require_same_cut(&whole, &cut);
	require_same_cut(&whole, &bytes);
	if (!(data[0] & IS_LIMITED))
		require_same(&kept, &whole);
	if (kept.ok && whole.ok && kept.ask.kind == ASK_MANY)
		check_halves(&kept, &whole, data[1]);
	fini(&kept);
	fini(&whole);
	fini(&cut);
	fini(&bytes);
	return 0;
}
