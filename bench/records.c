/*
 * What a record of a list costs on its way through the decoder: nanoseconds of one core, pieces of 16 KiB.
 *
 *     bench/records [RECORDS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "daemon/decode.h"

#define PIECE_BYTES 16384
#define ROUNDS      5

static const struct text {
	const char *name;
	enum decode_form form;
	const char *head, *record, *between, *tail;
	struct csv_dialect dialect;
} TEXTS[] = {
	{ "CSV", DECODE_CSV, "id,age,sum,region\n", "%u,%u,%u.25,north-west-%u", "\n", "\n",
		{ ',', '.', true } },
	{ "CSV in quotes", DECODE_CSV, "id,age,sum,region\n", "\"%u\",\"%u\",\"%u.25\",\"north-west-%u\"",
		"\r\n", "\r\n", { ',', '.', true } },
	{ "CSV, decimal comma", DECODE_CSV, "id;age;sum;region\n", "%u;%u;%u,25;north-west-%u", "\n", "\n",
		{ ';', ',', true } },
	{ "NDJSON", DECODE_NDJSON, "", "{\"id\":%u,\"age\":%u,\"sum\":%u.25,\"region\":\"north-west-%u\"}",
		"\n", "\n", { ',', '.', true } },
	{ "list of objects", DECODE_JSON, "[",
		"{\"id\":%u,\"age\":%u,\"sum\":%u.25,\"region\":\"north-west-%u\"}", ",\n", "]",
		{ ',', '.', true } },
	{ "list of rows", DECODE_JSON, "[[\"id\",\"age\",\"sum\",\"region\"],",
		"[%u,%u,%u.25,\"north-west-%u\"]", ",", "]", { ',', '.', true } },
};

static bool
take_text(void *arg, struct str text, struct cspark_error *ret_error)
{
	*(uint64_t *)arg += text.len;
	return true;
}

static void
write_text(const struct text *text, unsigned records, struct buf *out)
{
	buf_init(out, SIZE_MAX);
	buf_put_str(out, str_of(text->head));
	for (unsigned i = 0; i < records; i++) {
		buf_printf(out, text->record, 1000000 + i, 18 + i % 70, i * 7919 % 1000000, i % 10);
		buf_put_str(out, str_of(i + 1 < records ? text->between : text->tail));
	}
}

static double
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double
run(const struct text *text, struct str body, uint64_t *ret_bytes)
{
	struct decode_limits limits = { .max_body = UINT64_MAX, .max_records = UINT64_MAX };
	struct decode_sink sink = { take_text, take_text, ret_bytes };
	struct decode *decode = decode_new(text->form, DECODE_IDENTITY, &limits);
	double begin = now_ns();
	struct cspark_error error;
	struct ask ask;
	bool ok = decode != NULL;

	*ret_bytes = 0;
	decode_set_dialect(decode, text->dialect);
	decode_set_sink(decode, &sink);
	for (size_t at = 0; ok && at < body.len; at += PIECE_BYTES)
		ok = decode_feed(decode, body.at + at,
			body.len - at < PIECE_BYTES ? body.len - at : PIECE_BYTES, &error);
	if (!ok || !decode_end(decode, &ask, &error)) {
		fprintf(stderr, "%s: %s\n", text->name, error.detail);
		exit(1);
	}
	decode_free(decode);
	return now_ns() - begin;
}

int
main(int argc, char **argv)
{
	unsigned records = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 200000;

	printf("%-20s %8s %10s\n", "", "bytes", "ns/record");
	for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
		double best = 1e18;
		uint64_t bytes;
		struct buf body;

		write_text(&TEXTS[i], records, &body);
		for (int round = 0; round < ROUNDS; round++) {
			double ns = run(&TEXTS[i], buf_text(&body), &bytes);

			best = ns < best ? ns : best;
		}
		printf("%-20s %8.1f %10.1f\n", TEXTS[i].name, (double)body.len / records, best / records);
		buf_fini(&body);
	}
	return 0;
}
