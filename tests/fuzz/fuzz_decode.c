/*
 * Bodies of every form and coding: what is accepted is valid JSON with as many records as were counted,
 * and makes a valid request;
 * how the body was cut does not matter. The first byte selects form and coding, the second where to cut.
 */
#include <string.h>

#include "base/json.h"
#include "base/json_text.h"
#include "daemon/decode.h"
#include "daemon/plan.h"
#include "tests/fuzz/fuzz.h"

static const struct decode_limits limits = { .max_body = 1 << 20, .max_records = 1000 };

struct outcome {
	struct decode *decode;
	bool ok;
	struct ask ask;
	struct cspark_error error;
};

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
run(uint8_t selector, const uint8_t *data, size_t size, size_t first, size_t step, struct outcome *ret)
{
	static const enum decode_coding codings[] = { DECODE_IDENTITY, DECODE_GZIP, DECODE_DEFLATE,
		DECODE_IDENTITY };
	size_t at = 0;

	*ret = (struct outcome){ .decode = decode_new(selector % 4, codings[selector / 4 % 4], &limits),
		.ok = true };
	FUZZ_REQUIRE(ret->decode, "out of memory");
	for (size_t piece = first; ret->ok && at < size; at += piece, piece = step) {
		piece = piece < size - at ? piece : size - at;
		ret->ok = feed(ret, data + at, piece);
	}
	ret->ok = ret->ok && decode_end(ret->decode, &ret->ask, &ret->error);
}

static void
require_json(struct str text, enum json_kind kind)
{
	struct json_error error;

	FUZZ_REQUIRE(json_valid(text.at, text.len, &error), "%s at %u: %.*s", error.reason,
		(unsigned)error.offset, STR_ARG(text));
	FUZZ_REQUIRE(json_kind_of(text) == kind, "another kind: %.*s", STR_ARG(text));
}

static void
check_ask(const struct ask *ask)
{
	struct json_walk walk;
	struct str first;
	size_t names;

	if (ask->inputs.at)
		require_json(ask->inputs, ask->kind == ASK_MANY ? JSON_ARRAY : JSON_OBJECT);
	if (ask->kind == ASK_ENVELOPE)
		require_json(ask->request_data, JSON_OBJECT);
	if (ask->request_meta.at)
		require_json(ask->request_meta, JSON_OBJECT);
	if (ask->kind != ASK_MANY)
		return;
	json_walk_init(&walk, ask->inputs);
	names = json_walk_next(&walk, NULL, &first) && json_kind_of(first) == JSON_ARRAY;
	FUZZ_REQUIRE(json_count(ask->inputs) == ask->records + names, "%zu records: %.*s", ask->records,
		STR_ARG(ask->inputs));
}

/* An envelope may be refused for its metadata; nothing else may. */
static void
check_request(const struct ask *ask)
{
	static const struct cspark_locator locator = {
		.kind = CSPARK_FOLDER_SERVICE, .folder = "f", .service = "s"
	};
	static const struct control control;
	struct cspark_error error;
	struct plan plan;

	if (!plan_make("t", &locator, &control, ask, &plan, &error)) {
		FUZZ_REQUIRE(ask->kind == ASK_ENVELOPE, "%s", error.detail);
		return;
	}
	if (plan.request)
		require_json(
			str_range(plan.request->body, plan.request->body_len), JSON_OBJECT);
	plan_fini(&plan);
}

static void
require_same(const struct outcome *a, const struct outcome *b)
{
	FUZZ_REQUIRE(a->ok == b->ok, "another verdict: %s", a->ok ? b->error.detail : a->error.detail);
	FUZZ_REQUIRE(
		strcmp(a->error.detail, b->error.detail) == 0, "%s\n%s", a->error.detail, b->error.detail);
	FUZZ_REQUIRE(a->ask.kind == b->ask.kind && a->ask.records == b->ask.records, "another ask");
	FUZZ_REQUIRE(str_eq(a->ask.inputs, b->ask.inputs), "%.*s\n%.*s", STR_ARG(a->ask.inputs),
		STR_ARG(b->ask.inputs));
	FUZZ_REQUIRE(str_eq(a->ask.request_data, b->ask.request_data), "other request_data");
	FUZZ_REQUIRE(str_eq(a->ask.request_meta, b->ask.request_meta), "other request_meta");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole, cut, bytes;

	if (size < 2)
		return 0;
	run(data[0], data + 2, size - 2, size, size, &whole);
	run(data[0], data + 2, size - 2, data[1] + 1u, size, &cut);
	run(data[0], data + 2, size - 2, 1, 1, &bytes);
	require_same(&whole, &cut);
	require_same(&whole, &bytes);
	if (whole.ok) {
		check_ask(&whole.ask);
		check_request(&whole.ask);
	}
	decode_free(whole.decode);
	decode_free(cut.decode);
	decode_free(bytes.decode);
	return 0;
}
