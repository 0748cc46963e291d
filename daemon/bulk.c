/*
 * The list as a whole: its records come in, its timers, its end. Between are bulk_send.c and bulk_answer.c.
 */
#include "daemon/bulk.h"

#include <stdio.h>
#include <stdlib.h>

#include "daemon/bulk_own.h"
#include "daemon/bytes.h"
#include "daemon/refuse.h"

/* clang-format off */
#define LINGER_MS   5 /* for more records, before the first ones are sent */
#define BACKLOG_MAX (4 * 1024 * 1024)
#define BACKLOG_LOW (BACKLOG_MAX / 2)
/* clang-format on */

/* ---- chunks ---- */

struct chunk *
bulk_chunk_new(struct bulk *bulk, struct list *before)
{
	struct chunk *chunk = calloc(1, sizeof(*chunk));

	if (!chunk)
		return NULL;
	chunk->bulk = bulk;
	admit_ticket_init(&chunk->ticket);
	/* A record is limited where it arrives, and a chunk where it is taken. */
	buf_init(&chunk->list, SIZE_MAX);
	list_append(before, &chunk->node); /* behind the last one before it */
	bulk->chunk_count++;
	return chunk;
}

void
bulk_chunk_free(struct chunk *chunk)
{
	bulk_chunk_cancel(chunk);
	bulk_batch_drop(chunk);
	if (chunk->state == CHUNK_DONE)
		chunk->bulk->held -= chunk->body_len;
	if (chunk->bulk->rest == chunk)
		chunk->bulk->rest = NULL;
	chunk->bulk->chunk_count--;
	list_remove(&chunk->node);
	buf_fini(&chunk->list);
	free(chunk->body);
	free(chunk);
}

/* ---- the service's tempo ---- */

struct tempo *
bulk_tempo(struct bulk *bulk)
{
	struct tempo *tempo = tempos_find(&bulk->call->desk->tempos, bulk->key);

	return tempo ? tempo : &bulk->spare;
}

struct tempo_limits
bulk_tempo_limits(const struct bulk *bulk)
{
	const struct config *config = bulk->call->config;

	return (struct tempo_limits){ config->bulk.chunk_records, config->bulk.target_ms,
		config->bulk.max_concurrency };
}

static struct str
key_of(struct call *call)
{
	const struct cspark_locator *place = &call->locator;
	struct str version = str_of_bytes(call->control.meta.value[CSPARK_META_VERSION]);
	char *key = arena_printf(&call->arena, "%s %d %s/%s[%s%.*s]", call->tenant->name, place->kind,
		place->folder, place->service, place->version, STR_ARG(version));

	return key ? str_of(key) : STR("");
}

/* ---- records come in ---- */

static void on_timer(void *arg);

static struct bulk *
bulk_new(struct call *call)
{
	struct bulk *bulk = calloc(1, sizeof(*bulk));

	if (!bulk)
		return NULL;
	bulk->call = call;
	list_init(&bulk->node);
	list_init(&bulk->chunks);
	backlog_init(&bulk->backlog);
	tempo_init(&bulk->spare);
	loop_timer_init(&bulk->timer, on_timer, bulk);
	loop_timer_init(&bulk->weaver, bulk_weave, bulk);
	weave_init(&bulk->weave, &call->control, &call->desk->spools, call->config->limits.max_spool);
	bulk->key = key_of(call);
	return bulk;
}

static struct bulk *
bulk_of(struct call *call, struct cspark_error *ret_error)
{
	if (!call->bulk)
		call->bulk = bulk_new(call);
	if (!call->bulk)
		refuse(ret_error, CSPARK_E_OVERLOADED, "There is not enough memory for the list.");
	return call->bulk;
}

static bool
on_names(void *arg, struct str row, struct cspark_error *ret_error)
{
	struct bulk *bulk = bulk_of(arg, ret_error);

	return bulk &&
		(backlog_put_names(&bulk->backlog, row) ||
			refuse(ret_error, CSPARK_E_OVERLOADED, "There is not enough memory."));
}

/* What comes when nothing can be done any more. */
static bool
count_lost(struct bulk *bulk, struct cspark_error *ret_error)
{
	struct chunk *chunk = bulk->rest;

	if (!chunk)
		chunk = bulk->rest = bulk_chunk_new(bulk, &bulk->chunks);
	if (!chunk)
		return refuse(ret_error, CSPARK_E_OVERLOADED, "There is not enough memory.");
	if (chunk->state != CHUNK_FAILED)
		bulk_chunk_fail(chunk, &bulk->fatal, CSPARK_NOT_SENT);
	chunk->records++;
	return true;
}

static bool
on_record(void *arg, struct str record, struct cspark_error *ret_error)
{
	struct call *call = arg;
	struct bulk *bulk = bulk_of(call, ret_error);

	if (!bulk)
		return false;
	bulk->records++;
	if (bulk->over)
		return count_lost(bulk, ret_error);
	if (backlog_records(&bulk->backlog) == 0)
		bulk->linger_ms = loop_now_ms(call->desk->loop) + LINGER_MS;
	return backlog_put(&bulk->backlog, record) ||
		refuse(ret_error, CSPARK_E_OVERLOADED, "There is not enough memory.");
}

void
bulk_prepare(struct call *call)
{
	struct decode_sink sink = { on_names, on_record, call };

	if (!call->control.validates && call->locator.kind != CSPARK_PROXY)
		decode_set_sink(call->decode, &sink);
}

/* ---- beginning ---- */

/* What is sent as one call, if it is the whole list. */
static bool
is_single(struct bulk *bulk)
{
	struct tempo_limits limits = bulk_tempo_limits(bulk);
	size_t records = backlog_records(&bulk->backlog);

	if (bulk->call->control.engine == CONTROL_BATCH && records > 0)
		return false;
	if (records > bulk->call->config->bulk.single_records ||
		backlog_bytes(&bulk->backlog) > bulk->call->config->bulk.chunk_bytes)
		return false;
	return tempo_is_one_call(bulk_tempo(bulk), &limits, records);
}

void
bulk_begin(struct bulk *bulk)
{
	struct call *call = bulk->call;
	int64_t now_ms = loop_now_ms(call->desk->loop);
	int64_t since_ms = call->ready_us > 0 ? call->ready_us / 1000 : now_ms;
	uint64_t timeout_ms = call->config->bulk.timeout_ms;

	if (call->control.timeout_ms > 0 && call->control.timeout_ms < timeout_ms)
		timeout_ms = call->control.timeout_ms;
	bulk->begun = true;
	bulk->deadline_ms = since_ms + (int64_t)timeout_ms;
	bulk->progress_ms = now_ms;
	call->operation = CSPARK_OP_EXECUTE_V4;
	list_append(&call->desk->bulks, &bulk->node);
	metrics_add(call->desk->metrics, METRIC_BULKS, 0, 1);
}

static void
show_held(struct bulk *bulk, bool is_held)
{
	if (bulk->is_held != is_held)
		metrics_add(bulk->call->desk->metrics, METRIC_BULKS_HELD, 0, is_held ? 1 : UINT64_MAX);
	bulk->is_held = is_held;
}

static void
hold_caller(struct bulk *bulk)
{
	size_t bytes = backlog_bytes(&bulk->backlog);

	if (bytes >= BACKLOG_MAX) {
		front_hold(bulk->call->request);
		show_held(bulk, true);
	} else if (bytes < BACKLOG_LOW) {
		front_release(bulk->call->request);
		show_held(bulk, false);
	}
}

void
bulk_fed(struct call *call)
{
	struct bulk *bulk = call->bulk;

	if (!bulk)
		return;
	if (!bulk->begun && !is_single(bulk))
		bulk_begin(bulk);
	if (bulk->begun)
		bulk_go_on(bulk);
}

enum call_step
bulk_whole(struct call *call)
{
	struct bulk *bulk = call->bulk;
	struct buf list;

	bulk->whole = true;
	show_held(bulk, false);
	if (bulk->begun || !is_single(bulk)) {
		if (!bulk->begun)
			bulk_begin(bulk);
		loop_timer_set(call->desk->loop, &bulk->weaver, loop_now_ms(call->desk->loop));
		bulk_go_on(bulk);
		return CALL_PARKED;
	}
	buf_init(&list, SIZE_MAX);
	backlog_take(&bulk->backlog, SIZE_MAX, SIZE_MAX, &list);
	call->raw = list; /* freed with the call */
	call->ask.inputs = buf_text(&call->raw);
	return buf_failed(&call->raw) ? call_no_memory(call) : STEP_ADMIT;
}

/* ---- going on ---- */

static bool
is_with_spark(const struct chunk *chunk)
{
	return chunk->state == CHUNK_SENT || chunk->state == CHUNK_PUSHED || chunk->in_push;
}

/* All that has no result yet, in its place. */
static void
fail_chunks(struct bulk *bulk)
{
	for (struct list *node = bulk->chunks.next; node != &bulk->chunks; node = node->next) {
		struct chunk *chunk = LIST_ITEM(node, struct chunk, node);

		if (chunk->state < CHUNK_DONE)
			bulk_chunk_fail(chunk, &bulk->fatal,
				is_with_spark(chunk) ? CSPARK_MAYBE_EXECUTED : CSPARK_NOT_SENT);
	}
}

void
bulk_abort(struct bulk *bulk, const struct cspark_error *error)
{
	size_t left = backlog_records(&bulk->backlog);

	if (bulk->over)
		return;
	bulk->over = true;
	bulk->fatal = *error;
	fail_chunks(bulk);
	bulk_batch_end(bulk);
	backlog_fini(&bulk->backlog);
	backlog_init(&bulk->backlog);
	if (left > 0)
		bulk->rest = bulk_chunk_new(bulk, &bulk->chunks);
	if (bulk->rest) {
		bulk->rest->records = left;
		bulk_chunk_fail(bulk->rest, error, CSPARK_NOT_SENT);
	} else if (left > 0) {
		refuse(&bulk->refusal, CSPARK_E_OVERLOADED, "There is not enough memory for the list.");
	}
	desk_pump(bulk->call->desk); /* places have become free */
}

void
bulk_expire(struct bulk *bulk)
{
	struct cspark_error error = { .code = CSPARK_E_UPSTREAM_TIMEOUT };

	snprintf(error.detail, sizeof(error.detail),
		"The list was not done in time; bulk.timeout_ms (%u) and _timeout set this.",
		bulk->call->config->bulk.timeout_ms);
	bulk_abort(bulk, &error);
}

static int64_t
sooner(int64_t a_ms, int64_t b_ms)
{
	return b_ms < a_ms ? b_ms : a_ms;
}

/* When it must be looked at again, whatever happens until then. */
static int64_t
next_ms(const struct bulk *bulk, int64_t now_ms)
{
	int64_t at_ms = bulk->deadline_ms;

	if (bulk->hold_ms > now_ms)
		at_ms = sooner(at_ms, bulk->hold_ms);
	if (bulk->linger_ms > now_ms && backlog_records(&bulk->backlog) > 0)
		at_ms = sooner(at_ms, bulk->linger_ms);
	return at_ms;
}

void
bulk_go_on(struct bulk *bulk)
{
	struct loop *loop = bulk->call->desk->loop;
	const struct chunk *first;

	if (!bulk->over)
		bulk_batch_go_on(bulk);
	if (!bulk->over)
		bulk_send(bulk);
	first = bulk_first_chunk(bulk);
	/* One that is set again and again would never be due. */
	if (bulk->weaver.at_ms < 0 && (bulk_is_woven(bulk) || (first && first->state >= CHUNK_DONE)))
		loop_timer_set(loop, &bulk->weaver, loop_now_ms(loop));
	if (!bulk->over)
		loop_timer_set(loop, &bulk->timer, next_ms(bulk, loop_now_ms(loop)));
	if (!bulk->whole)
		hold_caller(bulk);
	bulk_show(bulk);
}

static void
on_timer(void *arg)
{
	struct bulk *bulk = arg;

	if (loop_now_ms(bulk->call->desk->loop) >= bulk->deadline_ms)
		bulk_expire(bulk);
	bulk_go_on(bulk);
}

void
bulks_pump(struct desk *desk)
{
	struct list *first = desk->bulks.next;

	if (list_empty(&desk->bulks))
		return;
	/* The one that was first is last next time. */
	list_remove(first);
	list_append(&desk->bulks, first);
	for (struct list *node = desk->bulks.next; node != &desk->bulks; node = node->next) {
		struct bulk *bulk = LIST_ITEM(node, struct bulk, node);

		if (!bulk->over)
			bulk_go_on(bulk);
	}
}

/* ---- the end ---- */

void
bulk_close(struct bulk *bulk)
{
	struct desk *desk = bulk->call->desk;

	bulk->over = true;
	bulk_batch_end(bulk);
	if (!list_empty(&bulk->node))
		metrics_add(desk->metrics, METRIC_BULKS, 0, UINT64_MAX);
	list_remove(&bulk->node);
	bulk_hide(bulk);
	show_held(bulk, false);
	loop_timer_set(desk->loop, &bulk->timer, -1);
	loop_timer_set(desk->loop, &bulk->weaver, -1);
}

void
bulk_cancel(struct call *call)
{
	struct bulk *bulk = call->bulk;
	bool has_places;

	if (!bulk)
		return;
	has_places = bulk->sent > 0 || bulk->batch;
	bulk_close(bulk);
	while (!list_empty(&bulk->chunks))
		bulk_chunk_free(bulk_first_chunk(bulk));
	if (has_places)
		desk_pump(call->desk);
}

void
bulk_fini(struct call *call)
{
	struct bulk *bulk = call->bulk;

	if (!bulk)
		return;
	bulk_cancel(call);
	backlog_fini(&bulk->backlog);
	weave_fini(&bulk->weave);
	bulk_batch_free(bulk);
	free(bulk->error_body);
	free(bulk);
	call->bulk = NULL;
}

bool
bulk_summary(const struct call *call, struct bulk_summary *ret)
{
	const struct bulk *bulk = call->bulk;

	if (!bulk || !bulk->begun)
		return false;
	*ret = (struct bulk_summary){ .records = bulk->records,
		.failed = bulk->weave.failed,
		.calls = bulk->made,
		.batched = bulk_batch_records(bulk),
		.source = bulk->source.len > 0 ? &bulk->source : NULL };
	return true;
}
