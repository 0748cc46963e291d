/*
 * What /status is told of a list, each time that something has changed.
 */
#include "daemon/board.h"
#include "daemon/bulk_own.h"
#include "daemon/bytes.h"

static struct board *
board_of(const struct bulk *bulk)
{
	const struct desk *desk = bulk->call->desk;

	return &desk->admin->boards[desk->shard];
}

static const char *
service_of(struct call *call)
{
	const struct cspark_locator *place = &call->locator;
	struct str version = str_of_bytes(call->control.meta.value[CSPARK_META_VERSION]);
	const char *text;

	if (version.len == 0)
		version = str_of(place->version);
	text = arena_printf(&call->arena, "%s%s%s%s%.*s%s", place->folder, place->folder[0] ? "/" : "",
		place->service, version.len > 0 ? "[" : "", STR_ARG(version), version.len > 0 ? "]" : "");
	return text ? text : place->service;
}

/* A list that found no row has one as soon as there is one. */
static bool
has_row(struct bulk *bulk)
{
	struct call *call = bulk->call;
	struct board_list *list;

	if (!bulk->row)
		bulk->row = board_take(board_of(bulk));
	if (!bulk->row)
		return false;
	list = &bulk->row->list;
	if (list->begun_ms > 0)
		return true;
	board_text(list->request_id, sizeof(list->request_id), call->id);
	board_text(list->tenant, sizeof(list->tenant), call->tenant->name);
	board_text(list->service, sizeof(list->service), service_of(call));
	list->begun_ms = call->started_us / 1000;
	return true;
}

/* Those that wait for an older one have their results as well. */
static void
count_results(const struct bulk *bulk, struct board_list *list)
{
	list->records_done = bulk->weave.records;
	list->records_failed = bulk->weave.failed;
	for (const struct list *node = bulk->chunks.next; node != &bulk->chunks; node = node->next) {
		const struct chunk *chunk = LIST_ITEM(node, struct chunk, node);

		if (chunk->state >= CHUNK_DONE)
			list->records_done += chunk->records;
		if (chunk->state == CHUNK_FAILED)
			list->records_failed += chunk->records;
	}
}

void
bulk_show(struct bulk *bulk)
{
	struct board_list *list;

	if (list_empty(&bulk->node) || !has_row(bulk))
		return;
	list = &bulk->row->list;
	count_results(bulk, list);
	board_text(list->engine, sizeof(list->engine), bulk_batch_is_open(bulk) ? "batch" : "calls");
	list->records_in = bulk->records;
	list->records_batched = bulk_batch_records(bulk);
	list->records_waiting = backlog_records(&bulk->backlog);
	list->bytes_waiting = list->records_waiting > 0 ? backlog_bytes(&bulk->backlog) : 0;
	list->calls = bulk->sent;
	list->concurrency = bulk_concurrency(bulk);
	list->chunk_records = bulk_next_records(bulk, list->concurrency);
	list->is_whole = bulk->whole;
	list->is_held = bulk->is_held;
	board_tell(bulk->row);
}

void
bulk_hide(struct bulk *bulk)
{
	board_leave(board_of(bulk), bulk->row);
	bulk->row = NULL;
}
