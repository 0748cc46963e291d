#include "sim/batch.h"

#include "base/json_text.h"
#include "sim/limits.h"
#include "sim/member.h"

#include <stdio.h>
#include <stdlib.h>

#define BATCHES_MAX     1000
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
batches_init(struct batches *batches, const struct limits *limits, struct flaws *flaws)
{
	*batches = (struct batches){ .limits = limits, .flaws = flaws };
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

static size_t
at_most(const struct limits *limits, enum limit limit, size_t bytes)
{
	double most = limit_get(limits, limit);

	return most > 0 && (double)bytes > most ? (size_t)most : bytes;
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
	batch->input_max = at_most(
		batch->owner->limits, LIMIT_input_bytes, buffer_bytes(wish, inputs, USUAL_INPUT_MB));
	batch->output_max = at_most(
		batch->owner->limits, LIMIT_output_bytes, buffer_bytes(wish, outputs, USUAL_OUTPUT_MB));
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
	batch->created_ms = batch->touched_ms = stamp_ms();
	batch->owner = batches;
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

/* The worker that is free first takes it, and is busy for as long as it takes. */
static long
employ(struct batch *batch, unsigned records)
{
	const struct limits *limits = batch->owner->limits;
	double wished = limit_get(limits, LIMIT_workers);
	long workers = wished >= 1 ? (long)wished : batch->initial_workers;
	long now_us = stamp_us(), *first = batch->workers, i;

	for (i = 1; i < workers && i < WORKERS_MAX; i++)
		if (batch->workers[i] < *first)
			first = &batch->workers[i];
	*first = (*first > now_us ? *first : now_us) + (long)(limits_call_ms(limits, records) * 1000);
	return *first;
}

void
batch_push(struct batch *batch, const char *id, struct str data)
{
	struct chunk *chunk = chunk_new(id, data);

	chunk->due_us = employ(batch, chunk->records);
	list_append(&batch->queue, &chunk->node);
	buf_printf(&batch->ids, "%s%s\n", batch->ids.len ? "" : "\n", id);
	batch->input_used += data.len;
	batch->input_bytes += data.len;
	batch->chunks_submitted++;
	batch->records_submitted += chunk->records;
	batch->status = BATCH_IN_PROGRESS;
	batch->asked = 0;
	batch->since_ms = batch->touched_ms = stamp_ms();
}

/* No longer there for whoever pulls. */
static void
note_gone(struct batch *batch, const struct chunk *chunk)
{
	batch->output_used -= chunk->text.len;
	batch->chunks_ready--;
	batch->records_ready -= chunk->records;
}

struct chunk *
batch_pull(struct batch *batch)
{
	struct list *node = batch->plan.reverse ? batch->ready.prev : batch->ready.next;
	struct chunk *chunk = LIST_ITEM(node, struct chunk, node);

	if (node == &batch->ready)
		return NULL;
	list_remove(node);
	note_gone(batch, chunk);
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

/* -- working -------------------------------------------------------------- */

static void
note_result(struct batch *batch, const struct chunk *chunk, size_t pushed_bytes)
{
	batch->input_used -= pushed_bytes;
	batch->output_used += chunk->text.len;
	batch->output_bytes += chunk->text.len;
	batch->chunks_completed++;
	batch->chunks_failed += chunk->refused;
	batch->chunks_ready++;
	batch->records_failed += chunk->failed;
	batch->records_completed += chunk->records;
	batch->records_ready += chunk->records;
	batch->compute_ms += chunk->records;
}

static void
calculate(struct batch *batch, struct chunk *chunk)
{
	size_t pushed_bytes = chunk->text.len;
	long lose = batch->plan.lose;

	chunk_calculate(chunk, &batch->callee, batch->output, batch->owner->flaws);
	note_result(batch, chunk, pushed_bytes);
	if (lose && batch->chunks_completed % (unsigned long)lose == 0) {
		note_gone(batch, chunk);
		chunk_free(chunk);
	} else {
		list_append(&batch->ready, &chunk->node);
	}
	stamp_now(batch->updated);
}

/* The oldest chunk that a worker is done with. */
static struct chunk *
take_due(struct batch *batch)
{
	long now_us = stamp_us();
	struct list *at;

	for (at = batch->queue.next; at != &batch->queue; at = at->next) {
		struct chunk *chunk = LIST_ITEM(at, struct chunk, node);

		if (chunk->due_us <= now_us) {
			list_remove(at);
			return chunk;
		}
	}
	return NULL;
}

/* Whether it has come to the point from which on it does not go as usual. */
static bool
turns(const struct batch *batch, enum job_outcome outcome)
{
	return batch->plan.outcome == outcome && batch->chunks_completed >= (unsigned long)batch->plan.after;
}

static bool
may_work(struct batch *batch)
{
	return !turns(batch, JOB_NEVER_ENDS) && batch->asked >= batch->plan.polls &&
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

static bool
is_idle(const struct batch *batch)
{
	double most_ms = limit_get(batch->owner->limits, LIMIT_idle_ms);

	return most_ms > 0 && batch_is_open(batch) &&
		(double)(stamp_ms() - batch->touched_ms) >= most_ms;
}

void
batch_work(struct batch *batch)
{
	struct chunk *chunk;

	while (!batch_is_over(batch) && may_work(batch) && (chunk = take_due(batch))) {
		calculate(batch, chunk);
		if (batch->plan.after && turns(batch, JOB_FAILS))
			finish(batch);
	}
	batch->asked++;
	if (is_idle(batch))
		batch->status = BATCH_CLOSED_BY_TIMEOUT;
	if (!batch_is_open(batch) && !batch_is_over(batch) && list_empty(&batch->queue))
		finish(batch);
}
