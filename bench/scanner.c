/*
 * How fast the JSON scanner and the walker are on one core, beside json-c's parser.
 *
 *     bench/scanner [MEGABYTES]
 *
 * Texts are made in memory and fed in pieces of 16 KiB, as a socket would give them.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/json_text.h"

#define PIECE_BYTES 16384
#define ROUNDS      3

static uint32_t
next_random(void)
{
	static uint64_t state = 42;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33);
}

/* -- texts: each function writes one element of a long array --------------------------- */

static void
write_record(struct buf *out)
{
	buf_printf(out,
		"{\"policy_id\":\"P-%08u\",\"age\":%u,\"sum_insured\":%u.%02u,\"smoker\":%s,"
		"\"region\":\"north-west\",\"riders\":[1,2,%u],\"note\":null}",
		next_random() % 100000000, 18 + next_random() % 70, next_random() % 1000000,
		next_random() % 100, next_random() % 2 ? "true" : "false", next_random() % 50);
}

static void
write_indented_record(struct buf *out)
{
	buf_printf(out,
		"\n  {\n    \"policy_id\": \"P-%08u\",\n    \"age\": %u,\n    \"sum_insured\": %u.%02u,\n"
		"    \"address\": {\n      \"city\": \"Springfield\",\n      \"zip\": \"%05u\"\n    }\n  }",
		next_random() % 100000000, 18 + next_random() % 70, next_random() % 1000000,
		next_random() % 100, next_random() % 100000);
}

static void
write_strings(struct buf *out)
{
	static const char *const words[] = { "premium ", "benefit ", "exclusion ", "of ", "the ",
		"said \\\"yes\\\" ", "r\xc3\xa9sum\xc3\xa9 ", "line\\n", "whereas ", "insured ", "party ",
		"shall ", "not ", "be ", "liable ", "for " };

	buf_put_str(out, STR("{\"text\":\""));
	for (unsigned i = 20 + next_random() % 60; i > 0; i--)
		buf_put_str(out, str_of(words[next_random() % (sizeof words / sizeof words[0])]));
	buf_put_str(out, STR("\"}"));
}

static void
write_numbers(struct buf *out)
{
	buf_printf(out, "[%u,%u.%u,-%u.%04u,%.17g,%u]", next_random() % 1000, next_random() % 100000,
		next_random() % 1000, next_random() % 100, next_random() % 10000, next_random() / 7e-5,
		next_random() % 2);
}

static const struct {
	const char *name;
	void (*write)(struct buf *out);
} texts[] = {
	{ "records", write_record },
	{ "indented", write_indented_record },
	{ "strings", write_strings },
	{ "numbers", write_numbers },
};

static void
make_text(struct buf *out, size_t bytes, void (*write)(struct buf *out))
{
	buf_clear(out);
	buf_put_char(out, '[');
	while (out->len < bytes) {
		write(out);
		buf_put_char(out, ',');
	}
	write(out);
	buf_put_char(out, ']');
	if (buf_failed(out)) {
		fputs("scanner: out of memory\n", stderr);
		exit(1);
	}
}

/* -- what is measured: true if the text was understood ----------------------------------- */

static bool
count_mark(void *arg, const struct json_mark *mark)
{
	size_t *marks = arg;

	*marks += mark->event == JSON_END;
	return true;
}

/* As for a request with many records: every element of the array is found. */
static bool
run_scan(struct str text)
{
	struct json_scan scan;
	size_t marks = 0;

	json_scan_init(&scan, 1, count_mark, &marks);
	for (size_t at = 0; at < text.len; at += PIECE_BYTES)
		json_scan_feed(
			&scan, text.at + at, text.len - at < PIECE_BYTES ? text.len - at : PIECE_BYTES);
	return json_scan_end(&scan) == JSON_DONE && marks > 1;
}

static bool
run_walk(struct str text)
{
	return json_count(text) > 1;
}

static bool
run_json_c(struct str text)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *tree;
	bool ok;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	tree = json_tokener_parse_ex(tokener, text.at, (int)text.len);
	ok = tree != NULL;
	json_object_put(tree);
	json_tokener_free(tokener);
	return ok;
}

static double
now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Best of several rounds, in MB/s. */
static double
measure(struct str text, bool (*run)(struct str text))
{
	double best_s = 1e9;

	for (int round = 0; round < ROUNDS; round++) {
		double begin_s = now_s();
		double took_s;

		if (!run(text)) {
			fputs("scanner: a text was not understood\n", stderr);
			exit(1);
		}
		took_s = now_s() - begin_s;
		if (took_s < best_s)
			best_s = took_s;
	}
	return (double)text.len / 1e6 / best_s;
}

int
main(int argc, char **argv)
{
	uint64_t megabytes = 64;
	struct buf text;

	if (argc > 2 || (argc == 2 && !str_to_u64(str_of(argv[1]), 1024, &megabytes))) {
		fputs("usage: scanner [MEGABYTES]\n", stderr);
		return 2;
	}
	buf_init(&text, (size_t)(megabytes + 1) * 1000 * 1000);
	printf("%-10s %12s %12s %12s   MB/s, best of %d, %u MB\n", "text", "scan", "walk", "json-c", ROUNDS,
		(unsigned)megabytes);
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		make_text(&text, (size_t)megabytes * 1000 * 1000, texts[i].write);
		printf("%-10s %12.0f", texts[i].name, measure(buf_text(&text), run_scan));
		printf(" %12.0f", measure(buf_text(&text), run_walk));
		printf(" %12.0f\n", measure(buf_text(&text), run_json_c));
		fflush(stdout);
	}
	buf_fini(&text);
	return 0;
}
