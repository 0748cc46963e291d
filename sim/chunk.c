#include "sim/chunk.h"

#include "base/json_text.h"
#include "sim/calculation.h"
#include "sim/compose.h"
#include "sim/member.h"

#include <stdio.h>
#include <stdlib.h>

#define CHUNK_MAX_BYTES ((size_t)512 << 20)

struct chunk *
chunk_new(const char *id, struct str data)
{
	struct chunk *chunk = calloc(1, sizeof(*chunk));

	if (!chunk)
		abort();
	snprintf(chunk->id, sizeof(chunk->id), "%s", id);
	chunk->records = (unsigned)calculation_count(json_member(data, STR("inputs")));
	buf_init(&chunk->text, CHUNK_MAX_BYTES);
	buf_put_str(&chunk->text, data);
	return chunk;
}

void
chunk_free(struct chunk *chunk)
{
	buf_fini(&chunk->text);
	free(chunk);
}

static double
add_up(const struct buf *outputs, const char *name)
{
	struct json_walk walk;
	struct str record;
	char text[64];
	double sum = 0;

	json_walk_init(&walk, buf_text(outputs));
	while (json_walk_next(&walk, NULL, &record))
		if (member_text(record, name, text, sizeof(text)))
			sum += strtod(text, NULL);
	return sum;
}

/* A row of names and a row of sums, as the summary wishes; sums are the one operator there is. */
static void
put_summary(struct buf *out, struct str summary, const struct buf *outputs)
{
	struct str entry, aggregation = json_member(summary, STR("aggregation"));
	struct json_walk walk;
	struct buf sums;
	char name[NAME_BYTES];

	if (json_count(aggregation) == 0) {
		buf_put_str(out, STR("[[]]"));
		return;
	}
	buf_init(&sums, 65536);
	buf_put_str(out, STR("[["));
	json_walk_init(&walk, aggregation);
	while (json_walk_next(&walk, NULL, &entry)) {
		if (!member_text(entry, "output_name", name, sizeof(name)))
			continue;
		compose(out, "%s%q", sums.len ? "," : "", name);
		buf_printf(&sums, "%s%.15g", sums.len ? "," : "", add_up(outputs, name));
	}
	buf_put_str(out, STR("],["));
	buf_put_str(out, buf_text(&sums));
	buf_put_str(out, STR("]]"));
	buf_fini(&sums);
}

static unsigned
count_failed(const struct buf *errors)
{
	struct json_walk walk;
	struct str error;
	unsigned count = 0;

	json_walk_init(&walk, buf_text(errors));
	while (json_walk_next(&walk, NULL, &error))
		count += !json_is_null(error);
	return count;
}

static void
enlist(struct buf *list, const struct buf *values)
{
	buf_init(list, CHUNK_MAX_BYTES);
	buf_put_char(list, '[');
	buf_put_str(list, buf_text(values));
	buf_put_char(list, ']');
}

static void
put_result(struct chunk *chunk, struct calculation *calc, struct str summary)
{
	struct buf *out = &chunk->text, outputs, errors;
	unsigned i;

	enlist(&outputs, &calc->outputs);
	enlist(&errors, &calc->errors);
	chunk->failed = count_failed(&errors);
	compose(out, "{'id':%q,'summary_output':", chunk->id);
	put_summary(out, summary, &outputs);
	compose(out, ",'outputs':%j,'warnings':[", buf_text(&outputs));
	buf_put_str(out, buf_text(&calc->warnings));
	compose(out, "],'errors':%j,'process_time':[", buf_text(&errors));
	for (i = 0; i < calc->count; i++)
		buf_put_str(out, i ? STR(",1") : STR("1"));
	buf_put_str(out, STR("]}"));
	buf_fini(&outputs);
	buf_fini(&errors);
}

void
chunk_calculate(struct chunk *chunk, const struct callee *callee, struct str output, struct flaws *flaws)
{
	struct buf pushed = chunk->text;
	struct str data = buf_text(&pushed);
	struct calculation calc;

	buf_init(&chunk->text, CHUNK_MAX_BYTES);
	calculation_init(&calc, callee);
	calc.parameters = json_member(data, STR("parameters"));
	calc.flaws = flaws_any(flaws) ? flaws : NULL;
	chunk->refused = !selection_init(&calc.selection, output, (struct str){ NULL, 0 }) ||
		!calculation_add_all(&calc, json_member(data, STR("inputs")));
	if (calc.refused) {
		chunk->refused = true;
		calculation_condemn(&calc);
	}
	put_result(chunk, &calc, json_member(data, STR("summary")));
	calculation_fini(&calc);
	buf_fini(&pushed);
}
