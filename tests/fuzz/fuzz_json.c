/*
 * The JSON scanner and walker: against json-c, against themselves with the text cut
 * anywhere, and against their own output.
 */
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/json_text.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/json_oracle.h"

#define MAX_SPLITS 64

/* -- against json-c --------------------------------------------------------------- */

static void
compare_with_oracle(struct str input)
{
	static struct oracle_text text;
	struct json_error error = { .reason = "" };
	bool expected;
	bool valid;

	if (memchr(input.at, 0, input.len)) { /* for json-c the text ends there */
		FUZZ_REQUIRE(!json_valid(input.at, input.len, NULL), "a NUL is accepted");
		return;
	}
	expected = oracle_accepts(input.at, input.len);
	memcpy(text.data, input.at, input.len);
	text.len = input.len;
	do
		valid = json_valid(text.data, text.len, &error);
	while (!valid && oracle_repair(&text, error.offset, error.reason));
	FUZZ_REQUIRE(valid == expected, "json-c %s, we say at %u: %s\n%.*s\nrepaired: %.*s",
		expected ? "accepts" : "refuses", (unsigned)error.offset, error.reason, STR_ARG(input),
		(int)text.len, text.data);
}

/* -- against ourselves, cut -------------------------------------------------------- */

struct verdict {
	enum json_status status;
	struct json_error error;
	struct buf marks;
};

static bool
note_mark(void *arg, const struct json_mark *mark)
{
	struct json_mark copy;

	memset(&copy, 0, sizeof copy); /* padding is compared too */
	copy.event = mark->event;
	copy.kind = mark->kind;
	copy.depth = mark->depth;
	copy.begin = mark->begin;
	copy.offset = mark->offset;
	return buf_put(arg, &copy, sizeof copy);
}

/* In pieces of <first>, then of <step> bytes. */
static void
scan_in_pieces(struct str input, size_t first, size_t step, struct verdict *ret)
{
	struct json_scan scan;
	size_t at = 0;
	size_t piece = first;

	buf_clear(&ret->marks);
	json_scan_init(&scan, input.len % 8, note_mark, &ret->marks);
	while (at < input.len) {
		char *copy;

		piece = piece < input.len - at ? piece : input.len - at;
		copy = malloc(piece ? piece : 1); /* so that a sanitizer sees the edges of the piece */
		FUZZ_REQUIRE(copy, "out of memory");
		memcpy(copy, input.at + at, piece);
		json_scan_feed(&scan, copy, piece);
		free(copy);
		at += piece;
		piece = step;
	}
	ret->status = json_scan_end(&scan);
	json_scan_error(&scan, &ret->error);
}

static void
compare_splits(struct str input)
{
	static struct verdict whole = { .marks = { .max_bytes = 1 << 24 } };
	static struct verdict cut = { .marks = { .max_bytes = 1 << 24 } };
	size_t stride = input.len / MAX_SPLITS + 1;

	scan_in_pieces(input, input.len, input.len, &whole);
	for (size_t first = 0; first <= input.len; first += stride) {
		/* The first round goes on byte by byte. */
		scan_in_pieces(input, first, first ? input.len : 1, &cut);
		FUZZ_REQUIRE(cut.status == whole.status, "cut at %zu: another verdict", first);
		FUZZ_REQUIRE(str_eq(buf_text(&cut.marks), buf_text(&whole.marks)), "cut at %zu: other marks",
			first);
		FUZZ_REQUIRE(memcmp(&cut.error, &whole.error, sizeof whole.error) == 0,
			"cut at %zu: %s, not %s", first, cut.error.reason, whole.error.reason);
	}
}

/* -- against our own output ---------------------------------------------------------- */

static void
require_within(struct str part, struct str whole)
{
	FUZZ_REQUIRE(part.at >= whole.at && part.at + part.len <= whole.at + whole.len,
		"a slice is out of bounds");
}

/* What is unquoted, quoted and unquoted again is the same. */
static void
check_string(struct str raw)
{
	struct str literal;
	struct buf meaning;
	struct buf quoted;
	struct buf again;

	buf_init(&meaning, 1 << 20);
	buf_init(&quoted, 1 << 20);
	buf_init(&again, 1 << 20);
	FUZZ_REQUIRE(json_unquote(raw, &meaning), "a string cannot be unquoted");
	FUZZ_REQUIRE(str_is_utf8(buf_text(&meaning)), "a string does not mean UTF-8");
	FUZZ_REQUIRE(json_string_is(raw, buf_text(&meaning)), "a string is not what it means");
	literal = str_range(raw.at + 1, raw.len - 2);
	FUZZ_REQUIRE(json_string_is(raw, literal) == str_eq(literal, buf_text(&meaning)),
		"a string is its escapes");
	json_quote(buf_text(&meaning), &quoted);
	FUZZ_REQUIRE(json_valid(quoted.data, quoted.len, NULL), "what is quoted is no JSON");
	FUZZ_REQUIRE(json_unquote(buf_text(&quoted), &again), "what is quoted cannot be unquoted");
	FUZZ_REQUIRE(str_eq(buf_text(&again), buf_text(&meaning)), "quoting changes the meaning");
	buf_fini(&meaning);
	buf_fini(&quoted);
	buf_fini(&again);
}

/* Writes the text again from what the walker finds, without white space. */
static void
rejoin(struct str text, struct buf *out)
{
	enum json_kind kind = json_kind_of(text);
	bool container = kind == JSON_OBJECT || kind == JSON_ARRAY;
	struct json_walk walk;
	struct str key;
	struct str value;
	size_t count = 0;

	if (kind == JSON_STRING)
		check_string(text);
	if (!container) {
		buf_put_str(out, text);
		return;
	}
	buf_put_char(out, kind == JSON_OBJECT ? '{' : '[');
	json_walk_init(&walk, text);
	while (json_walk_next(&walk, &key, &value)) {
		require_within(value, text);
		if (count++)
			buf_put_char(out, ',');
		if (kind == JSON_OBJECT) {
			require_within(key, text);
			check_string(key);
			buf_put_str(out, key);
			buf_put_char(out, ':');
		}
		rejoin(value, out);
	}
	FUZZ_REQUIRE(kind == JSON_OBJECT || json_count(text) == count, "the count is wrong");
	buf_put_char(out, kind == JSON_OBJECT ? '}' : ']');
}

/* The text without the white space between its parts. */
static void
pack(struct str text, struct buf *out)
{
	bool quoted = false;

	for (size_t i = 0; i < text.len; i++) {
		if (quoted && text.at[i] == '\\')
			buf_put_char(out, text.at[i++]);
		else if (text.at[i] == '"')
			quoted = !quoted;
		if (quoted || !memchr(" \t\r\n", text.at[i], 4))
			buf_put_char(out, text.at[i]);
	}
}

/* A scalar at top level may have white space around it, which the walker never sees. */
static struct str
trim(struct str text)
{
	while (text.len && memchr(" \t\r\n", text.at[0], 4))
		text = str_range(text.at + 1, text.len - 1);
	while (text.len && memchr(" \t\r\n", text.at[text.len - 1], 4))
		text.len--;
	return text;
}

static void
compare_rejoined(struct str text)
{
	struct buf packed;
	struct buf joined;

	buf_init(&packed, 1 << 20);
	buf_init(&joined, 1 << 20);
	pack(text, &packed);
	rejoin(trim(text), &joined);
	FUZZ_REQUIRE(str_eq(buf_text(&packed), buf_text(&joined)), "walked %.*s", STR_ARG(buf_text(&joined)));
	buf_fini(&packed);
	buf_fini(&joined);
}

/* No sense is expected of these on bad text, only that they end and stay in bounds. */
static void
walk_anything(struct str text)
{
	struct json_walk walk;
	struct buf out;
	struct str key;
	struct str value;

	buf_init(&out, 1 << 20);
	json_walk_init(&walk, text);
	while (json_walk_next(&walk, &key, &value)) {
		require_within(value, text);
		json_string_is(key, STR("name"));
		json_unquote(value, &out);
	}
	json_path(text, "a.b");
	json_quote(text, &out);
	buf_fini(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str input = { (const char *)data, size };

	if (size == 0 || size > ORACLE_MAX_BYTES)
		return 0;
	compare_with_oracle(input);
	compare_splits(input);
	if (json_valid(input.at, input.len, NULL))
		compare_rejoined(input);
	walk_anything(input);
	return 0;
}
