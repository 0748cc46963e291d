#include "sim/batch.h"

#include "base/json_text.h"
#include "sim/calculation.h"
#include "sim/compose.h"
#include "sim/member.h"

#include <stdio.h>
#include <stdlib.h>

#define BATCHES_MAX     1000
#define CHUNK_MAX_BYTES ((size_t)512 << 20)
#define WISH_MAX_BYTES  65536
#define USUAL_INPUT_MB  70
#define USUAL_OUTPUT_MB 80

static const char *const names[BATCH_STATUSES] = { "created", "in_progress", "closed", "closed_by_timeout",
	"completed", "completed_by_timeout", "failed", "cancelled" };

const char *
batch_status_name(enum batch_status status)
{
	return names[status];
}

bool
batch_status_read(struct str name, enum batch_status *ret)
{
	int i;

	for (i = 0; i < BATCH_STATUSES; i++) {
		if (str_eq(name, str_of(names[i]))) {
			*ret = (enum batch_status)i;
			return true;
		}
	}
	return false;
}

bool
batch_is_open(const struct batch *batch)
{
	return batch->status == BATCH_CREATED || batch->status == BATCH_IN_PROGRESS;
}

bool
batch_is_over(const struct batch *batch)
{
	return batch->status >= BATCH_COMPLETED;
}

/* -- life ----------------------------------------------------------------- */

static void *
allocate(size_t bytes)
{
	void *memory = calloc(1, bytes);

	if (!memory)
		abort();
	return memory;
}

void
chunk_free(struct chunk *chunk)
{
	buf_fini(&chunk->text);
	free(chunk);
}

static void
drop_chunks(struct list *head)
{
	struct list *node;

	while ((node = list_pop(head)))
		chunk_free(LIST_ITEM(node, struct chunk, node));
}

static void
drop(struct batches *batches, struct batch *batch)
{
	list_remove(&batch->node);
	batches->count--;
	drop_chunks(&batch->queue);
	drop_chunks(&batch->ready);
	buf_fini(&batch->wish);
	buf_fini(&batch->ids);
	free(batch);
}

void
batches_init(struct batches *batches)
{
	*batches = (struct batches){ .count = 0 };
	list_init(&batches->list);
}

void
batches_clear(struct batches *batches)
{
	while (!list_empty(&batches->list))
		drop(batches, LIST_ITEM(batches->list.next, struct batch, node));
}

/* The buffers' sizes go by three names. */
static size_t
buffer_bytes(struct str wish, const char *const *spellings, long usual_mb)
{
	char text[40] = "";
	double mb;
	int i;

	for (i = 0; i < 3 && !text[0]; i++)
		if (!member_text(wish, spellings[i], text, sizeof(text)))
			text[0] = 0;
	mb = text[0] ? strtod(text, NULL) : (double)usual_mb;
	return mb > 0 && mb < 1e4 ? (size_t)(mb * 1e6) : (size_t)usual_mb * 1000000;
}

static void
read_wish(struct batch *batch, struct str wish)
{
	static const char *const inputs[] = { "max_input_in_mb", "max_input_size_in_mb", "max_input_size" };
	static const char *const outputs[] = { "max_output_in_mb", "max_output_size_in_mb",
		"max_output_size" };

	batch->initial_workers = 10;
	batch->max_workers = 100;
	batch->chunks_per_request = 2;
	batch->threads = 2;
	member_long(wish, "initial_workers", &batch->initial_workers);
	member_long(wish, "max_workers", &batch->max_workers);
	member_long(wish, "chunks_per_request", &batch->chunks_per_request);
	member_long(wish, "runner_thread_count", &batch->threads);
	member_long(wish, "acceptable_error_percentage", &batch->acceptable_errors);
	batch->input_max = buffer_bytes(wish, inputs, USUAL_INPUT_MB);
	batch->output_max = buffer_bytes(wish, outputs, USUAL_OUTPUT_MB);
	batch->output = json_member(wish, STR("output"));
	member_text(wish, "call_purpose", batch->purpose, sizeof(batch->purpose));
	member_text(wish, "source_system", batch->source, sizeof(batch->source));
	member_text(wish, "correlation_id", batch->correlation, sizeof(batch->correlation));
	member_text(wish, "unique_record_key", batch->key, sizeof(batch->key));
}

struct batch *
batch_new(struct batches *batches, const struct callee *callee, struct str wish)
{
	struct batch *batch = allocate(sizeof(*batch));

	if (batches->count == BATCHES_MAX)
		drop(batches, LIST_ITEM(batches->list.next, struct batch, node));
	stamp_uuid(batch->id);
	stamp_now(batch->created);
	stamp_now(batch->updated);
	batch->created_ms = stamp_ms();
	batch->callee = *callee;
	snprintf(batch->uri, sizeof(batch->uri), "%s/%s[%s]", callee->folder, callee->name, callee->version);
	list_init(&batch->queue);
	list_init(&batch->ready);
	buf_init(&batch->ids, (size_t)64 << 20);
	buf_init(&batch->wish, WISH_MAX_BYTES);
	buf_put_str(&batch->wish, wish);
	read_wish(batch, buf_text(&batch->wish));
	list_append(&batches->list, &batch->node);
	batches->count++;
	return batch;
}

struct batch *
batch_find(const struct batches *batches, struct str id)
{
	struct list *at;

	for (at = batches->list.next; at != &batches->list; at = at->next)
		if (str_eq_nocase(id, str_of(LIST_ITEM(at, struct batch, node)->id)))
			return LIST_ITEM(at, struct batch, node);
	return NULL;
}

/* -- pushing and pulling -------------------------------------------------- */

bool
batch_knows(const struct batch *batch, const char *id)
{
	char line[NAME_BYTES + 2];

	snprintf(line, sizeof(line), "\n%s\n", id);
	return batch->ids.len && memmem(batch->ids.data, batch->ids.len, line, strlen(line));
}

void
batch_push(struct batch *batch, const char *id, struct str data)
{
	struct chunk *chunk = allocate(sizeof(*chunk));

	snprintf(chunk->id, sizeof(chunk->id), "%s", id);
	chunk->records = (unsigned)calculation_count(json_member(data, STR("inputs")));
	buf_init(&chunk->text, CHUNK_MAX_BYTES);
	buf_put_str(&chunk->text, data);
	list_append(&batch->queue, &chunk->node);
	buf_printf(&batch->ids, "%s%s\n", batch->ids.len ? "" : "\n", id);
	batch->input_used += data.len;
	batch->input_bytes += data.len;
	batch->chunks_submitted++;
	batch->records_submitted += chunk->records;
	batch->status = BATCH_IN_PROGRESS;
	batch->asked = 0;
	batch->since_ms = stamp_ms();
}

struct chunk *
batch_pull(struct batch *batch)
{
	struct list *node = list_pop(&batch->ready);
	struct chunk *chunk;

	if (!node)
		return NULL;
	chunk = LIST_ITEM(node, struct chunk, node);
	batch->output_used -= chunk->text.len;
	batch->chunks_ready--;
	batch->records_ready -= chunk->records;
	return chunk;
}

void
batch_cancel(struct batch *batch)
{
	batch->status = BATCH_CANCELLED;
	drop_chunks(&batch->queue);
	drop_chunks(&batch->ready);
	batch->input_used = 0;
	batch->output_used = 0;
	batch->chunks_ready = 0;
	batch->records_ready = 0;
}

/* -- calculating ---------------------------------------------------------- */

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

static void
count_failed(struct batch *batch, const struct buf *errors)
{
	struct json_walk walk;
	struct str error;

	json_walk_init(&walk, buf_text(errors));
	while (json_walk_next(&walk, NULL, &error))
		if (!json_is_null(error))
			batch->records_failed++;
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
put_result(struct batch *batch, struct chunk *chunk, struct calculation *calc, struct str summary)
{
	struct buf *out = &chunk->text, outputs, errors;
	unsigned i;

	enlist(&outputs, &calc->outputs);
	enlist(&errors, &calc->errors);
	count_failed(batch, &errors);
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

/* The chunk's text is replaced by what came of it. */
static void
calculate(struct batch *batch, struct chunk *chunk)
{
	struct buf pushed = chunk->text;
	struct str data = buf_text(&pushed);
	struct calculation calc;

	buf_init(&chunk->text, CHUNK_MAX_BYTES);
	calculation_init(&calc, &batch->callee);
	calc.parameters = json_member(data, STR("parameters"));
	if (!selection_init(&calc.selection, batch->output, (struct str){ NULL, 0 }) ||
		!calculation_add_all(&calc, json_member(data, STR("inputs"))))
		batch->chunks_failed++;
	put_result(batch, chunk, &calc, json_member(data, STR("summary")));
	batch->input_used -= pushed.len;
	batch->output_used += chunk->text.len;
	batch->output_bytes += chunk->text.len;
	batch->chunks_completed++;
	batch->chunks_ready++;
	batch->records_completed += chunk->records;
	batch->records_ready += chunk->records;
	batch->compute_ms += chunk->records;
	calculation_fini(&calc);
	buf_fini(&pushed);
}

static bool
may_work(struct batch *batch)
{
	return batch->plan.outcome != JOB_NEVER_ENDS && batch->asked >= batch->plan.polls &&
		stamp_ms() - batch->since_ms >= batch->plan.wait_ms && batch->output_used < batch->output_max;
}

/* Once all is done, the errors tell how it ended. */
static void
finish(struct batch *batch)
{
	bool failed = batch->plan.outcome == JOB_FAILS ||
		(long)batch->records_failed * 100 > batch->acceptable_errors *
				(long)(batch->records_completed ? batch->records_completed : 1);

	if (failed)
		batch->status = BATCH_FAILED;
	else if (batch->status == BATCH_CLOSED_BY_TIMEOUT)
		batch->status = BATCH_COMPLETED_BY_TIMEOUT;
	else
		batch->status = BATCH_COMPLETED;
	stamp_now(batch->updated);
}

void
batch_work(struct batch *batch)
{
	struct list *node;

	while (!batch_is_over(batch) && may_work(batch) && (node = list_pop(&batch->queue))) {
		struct chunk *chunk = LIST_ITEM(node, struct chunk, node);

		calculate(batch, chunk);
		list_append(&batch->ready, &chunk->node);
		stamp_now(batch->updated);
	}
	batch->asked++;
	if (!batch_is_open(batch) && !batch_is_over(batch) && list_empty(&batch->queue))
		finish(batch);
}
