/*
 * Chunks that go by a batch: BOUND as long as the batch has not got them, PUSHED until their results are
 * here. READY again, they go by calls.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json_text.h"
#include "daemon/bulk_batch_own.h"
#include "daemon/chunk.h"

/* clang-format off */
#define WINDOW_BYTES (8 * 1024 * 1024) /* of records in the batch and of results, as far as can be foretold */
#define GATHER_MS    1000 /* for more records, before a chunk that is not full is made */
/* Spark's own ids are UUIDs, so ours look like some. */
#define ID           "00000000-0000-4000-8000-%012" PRIx64
/* clang-format on */

/* ---- making ---- */

static void
bind_chunk(struct bulk_batch *bb, struct chunk *chunk)
{
	chunk->state = CHUNK_BOUND;
	chunk->number = ++bb->numbered;
	bb->bytes += chunk->list.len;
}

void
bulk_batch_drop(struct chunk *chunk)
{
	if (chunk->state != CHUNK_BOUND && chunk->state != CHUNK_PUSHED)
		return;
	chunk->bulk->batch->bytes -= chunk->list.len;
	chunk->in_push = false;
	chunk->state = CHUNK_READY;
}

/* The records behind the first <count> ones as a chunk of their own. NULL: no memory. */
static struct chunk *
split_off(struct chunk *chunk, size_t count)
{
	struct bulk *bulk = chunk->bulk;
	struct chunk *rest = bulk_chunk_new(bulk, &bulk->chunks);
	struct buf first;

	if (!rest)
		return NULL;
	buf_init(&first, SIZE_MAX);
	rest->records = chunk->records - count;
	chunk->records = count;
	/* The first ones are rows already, and not needed as objects any more. */
	if (!chunk_halves(buf_text(&chunk->list), false, count + (size_t)rest->records, count, &first,
		    &rest->list)) {
		chunk->records += rest->records;
		bulk_chunk_free(rest);
		rest = NULL;
	}
	buf_fini(&first);
	return rest;
}

/* The first of its records, as many as can be, as rows: a batch takes nothing else. The others are a chunk
 * behind it, which is returned; NULL: there are none. */
static struct chunk *
bind_rows(struct bulk_batch *bb, struct chunk *chunk)
{
	struct chunk *rest = NULL;
	struct buf rows;
	size_t count;

	buf_init(&rows, SIZE_MAX);
	count = chunk_rows(buf_text(&chunk->list), &rows);
	if (count > 0 && count < chunk->records)
		rest = split_off(chunk, count);
	if (count == 0 || count != chunk->records) {
		buf_fini(&rows);
		return NULL; /* it goes by a call */
	}
	buf_fini(&chunk->list);
	chunk->list = rows;
	chunk->has_names = true;
	bind_chunk(bb, chunk);
	return rest;
}

/* Of what waits. False: no memory. */
static bool
take_chunk(struct bulk_batch *bb)
{
	struct bulk *bulk = bb->bulk;
	const struct config *config = bulk->call->config;
	struct chunk *chunk = bulk_chunk_new(bulk, &bulk->chunks);

	if (!chunk)
		return false;
	chunk->has_names = bulk->backlog.names.len > 0;
	chunk->records = backlog_take(
		&bulk->backlog, config->bulk.batch_records, config->bulk.chunk_bytes, &chunk->list);
	if (chunk->records == 0) {
		bulk_chunk_free(chunk);
		return false;
	}
	if (chunk->has_names)
		bind_chunk(bb, chunk);
	else
		while (chunk)
			chunk = bind_rows(bb, chunk);
	return true;
}

/* More would have to be kept, here and there, until it is woven. */
static bool
is_far_ahead(const struct bulk_batch *bb)
{
	uint64_t each = bb->came_records > 0 ? bb->came_bytes / bb->came_records : 0;

	return bb->bytes + batch_missing(&bb->batch) * each + bb->bulk->held >= WINDOW_BYTES;
}

static bool
is_worth_a_chunk(const struct bulk *bulk)
{
	const struct config *config = bulk->call->config;
	size_t waiting = backlog_records(&bulk->backlog);

	if (waiting == 0)
		return false;
	return bulk->whole || waiting >= config->bulk.batch_records ||
		backlog_bytes(&bulk->backlog) >= config->bulk.chunk_bytes ||
		loop_now_ms(bulk->call->desk->loop) >= bulk->linger_ms + GATHER_MS;
}

static struct chunk *
next_bound(const struct bulk *bulk, const struct chunk *after)
{
	const struct list *node = after ? &after->node : &bulk->chunks;

	for (node = node->next; node != &bulk->chunks; node = node->next) {
		struct chunk *chunk = LIST_ITEM(node, struct chunk, node);

		if (chunk->state == CHUNK_BOUND)
			return chunk;
	}
	return NULL;
}

/* The next chunk to be pushed behind <after>, made if need be. */
static struct chunk *
next_chunk(struct bulk_batch *bb, const struct chunk *after)
{
	struct chunk *chunk = next_bound(bb->bulk, after);

	while (!chunk && batch_takes_input(&bb->batch) && is_worth_a_chunk(bb->bulk) && !is_far_ahead(bb) &&
		take_chunk(bb))
		chunk = next_bound(bb->bulk, after);
	return chunk;
}

struct batch_supply
bulk_batch_supply(struct bulk_batch *bb)
{
	const struct bulk *bulk = bb->bulk;
	const struct chunk *chunk = next_chunk(bb, NULL);

	return (struct batch_supply){
		.bytes = chunk ? chunk->list.len : 0,
		.is_all = !chunk && bulk->whole && backlog_records(&bulk->backlog) == 0,
		.patience_ms = bulk->call->config->bulk.stall_ms,
	};
}

/* ---- pushing ---- */

static void
put_chunk(const struct chunk *chunk, struct buf *out)
{
	buf_printf(out, "{\"id\":\"" ID "\",\"size\":%" PRIu64 ",\"data\":{\"inputs\":", chunk->number,
		chunk->records);
	buf_put_str(out, buf_text(&chunk->list));
	buf_put_str(out, STR(",\"parameters\":{}}}"));
}

uint64_t
bulk_batch_put_push(struct bulk_batch *bb, struct buf *out)
{
	size_t room = batch_push_room(&bb->batch);
	struct chunk *chunk = next_chunk(bb, NULL);
	uint64_t records = 0;

	bb->chunks = 0;
	buf_put_str(out, STR("{\"chunks\":["));
	while (chunk && (bb->chunks == 0 || out->len + chunk->list.len <= room)) {
		if (bb->chunks++ > 0)
			buf_put_char(out, ',');
		put_chunk(chunk, out);
		chunk->in_push = true;
		records += chunk->records;
		chunk = next_chunk(bb, chunk);
	}
	buf_put_str(out, STR("]}"));
	return records;
}

void
bulk_batch_settle(struct bulk_batch *bb, enum batch_fate fate)
{
	bool is_hopeless = fate == BATCH_CAME_NOT && bb->was_refused &&
		batch_push_refused(&bb->batch, bb->chunks);
	struct chunk *chunk = NULL;

	if (fate != BATCH_CAME && fate != BATCH_CAME_NOT)
		return;
	while ((chunk = next_bound(bb->bulk, chunk))) {
		if (!chunk->in_push)
			continue;
		chunk->in_push = false;
		if (fate == BATCH_CAME)
			chunk->state = CHUNK_PUSHED;
		else if (is_hopeless)
			bulk_batch_drop(chunk);
	}
}

/* ---- pulling ---- */

/* The first member of that name; it is at the beginning, and the rest is long. */
static struct str
first_member(struct str object, struct str name)
{
	struct json_walk walk;
	struct str key, value;

	json_walk_init(&walk, object);
	while (json_walk_next(&walk, &key, &value)) {
		if (json_string_is(key, name))
			return value;
	}
	return (struct str){ 0 };
}

/* The chunk that a result belongs to; NULL: none that waits for one. */
static struct chunk *
chunk_of(const struct bulk *bulk, struct str result)
{
	struct str id = first_member(result, STR("id"));

	for (struct list *node = bulk->chunks.next; node != &bulk->chunks; node = node->next) {
		struct chunk *chunk = LIST_ITEM(node, struct chunk, node);
		char wanted[40];

		if (chunk->state != CHUNK_PUSHED)
			continue;
		snprintf(wanted, sizeof(wanted), ID, chunk->number);
		if (json_string_is(id, str_of(wanted)))
			return chunk;
	}
	return NULL;
}

/* The result as a v4 answer of the chunk. False: it is none, or no memory. */
static bool
put_answer(const struct bulk_batch *bb, const struct chunk *chunk, struct str result, struct buf *out)
{
	struct cspark_answer answer;
	struct cspark_error error;

	buf_put_char(out, '{');
	buf_put(out, bb->facts.data, bb->facts.len);
	buf_put(out, result.at + 1, result.len - 1);
	return !buf_failed(out) && plan_read(buf_text(out), (size_t)chunk->records, &answer, &error);
}

static void
take_result(struct bulk_batch *bb, struct str result)
{
	struct chunk *chunk = chunk_of(bb->bulk, result);
	struct buf body;

	if (!chunk)
		return;
	batch_delivered(&bb->batch, chunk->records, bulk_batch_now_ms(bb));
	bulk_batch_drop(chunk);
	chunk->outcome = CSPARK_MAYBE_EXECUTED;
	buf_init(&body, SIZE_MAX);
	if (put_answer(bb, chunk, result, &body)) {
		bb->came_bytes += body.len;
		bb->came_records += chunk->records;
		free(chunk->body); /* what an earlier call left */
		chunk->body = buf_take(&body, &chunk->body_len);
		bulk_chunk_done(chunk);
	}
	buf_fini(&body);
}

static void
take_results(struct bulk_batch *bb, struct str results)
{
	struct json_walk walk;
	struct str result;

	json_walk_init(&walk, results);
	while (json_walk_next(&walk, NULL, &result)) {
		if (json_kind_of(result) == JSON_OBJECT)
			take_result(bb, result);
	}
}

struct str
bulk_batch_take_results(struct bulk_batch *bb, struct str answer)
{
	struct json_walk walk;
	struct str name, value, status = { 0 };

	json_walk_init(&walk, answer);
	while (json_walk_next(&walk, &name, &value)) {
		if (json_string_is(name, STR("data")))
			take_results(bb, value);
		else if (json_string_is(name, STR("status")))
			status = value;
	}
	return status;
}

/* ---- leaving ---- */

void
bulk_batch_drop_bound(struct bulk_batch *bb)
{
	struct chunk *chunk = NULL;

	while ((chunk = next_bound(bb->bulk, chunk))) {
		if (!chunk->in_push)
			bulk_batch_drop(chunk);
	}
}

void
bulk_batch_drop_all(struct bulk_batch *bb)
{
	struct list *chunks = &bb->bulk->chunks;

	for (struct list *node = chunks->next; node != chunks; node = node->next) {
		struct chunk *chunk = LIST_ITEM(node, struct chunk, node);

		if (chunk->state == CHUNK_PUSHED || chunk->in_push)
			chunk->outcome = CSPARK_MAYBE_EXECUTED;
		bulk_batch_drop(chunk);
	}
}
