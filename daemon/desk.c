/*
 * The desk: what the calls of a shard share, above all the places with Spark.
 */
#include "daemon/bulk.h"
#include "daemon/edition.h"
#include "daemon/farewell.h"
#include "daemon/operate.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_MAX     (1024 * 1024) /* a request's small things: bounded by the limits on its head */
#define SPARES_MAX    64
#define SPARE_OUT_MAX (64 * 1024) /* a call with a larger buffer is not kept */

/* ---- places ---------------------------------------------------------------------------- */

static void
show_places(struct desk *desk)
{
	int64_t next_ms = admit_next_ms(&desk->admit);

	metrics_set(desk->metrics, METRIC_IN_FLIGHT, 0, desk->admit.in_flight);
	metrics_set(desk->metrics, METRIC_QUEUED, 0, desk->admit.queued);
	if (next_ms != desk->admit_timer.at_ms)
		loop_timer_set(desk->loop, &desk->admit_timer, next_ms);
}

static enum call_step
overloaded(struct call *call)
{
	const struct config *config = call->config;

	call->retry_after_s = 1;
	return call_fail(call, CSPARK_E_OVERLOADED,
		"as many calls as allowed are with Spark, and the queue is full or too slow; "
		"limits.max_in_flight (%u), max_queue (%u) and queue_ms (%u) set this",
		config->limits.max_in_flight, config->limits.max_queue, config->limits.queue_ms);
}

enum call_step
desk_admit(struct call *call)
{
	struct desk *desk = call->desk;
	int64_t until_ms = call->ready_us / 1000 + call->config->limits.queue_ms;
	enum admit_verdict verdict;

	if (until_ms > call_deadline_ms(call))
		until_ms = call_deadline_ms(call);
	verdict = admit_enter(&desk->admit, &call->ticket, until_ms);
	show_places(desk);
	if (verdict == ADMIT_FULL)
		return overloaded(call);
	return verdict == ADMIT_IN ? STEP_PLAN : CALL_PARKED;
}

void
desk_leave(struct call *call)
{
	admit_leave(&call->desk->admit, &call->ticket);
	show_places(call->desk);
}

/* Lets waiting calls in as long as there are places. Not from within itself: a call that fails at once gives
 * its place back. */
void
desk_pump(struct desk *desk)
{
	struct admit_ticket *ticket;

	if (desk->pumping)
		return;
	desk->pumping = true;
	while ((ticket = admit_next(&desk->admit)))
		call_run(LIST_ITEM(ticket, struct call, ticket), STEP_PLAN);
	bulks_pump(desk);
	desk->pumping = false;
	show_places(desk);
}

bool
desk_has_room(const struct desk *desk)
{
	return admit_has_room(&desk->admit);
}

void
desk_take_place(struct desk *desk, struct admit_ticket *ticket)
{
	admit_enter(&desk->admit, ticket, -1);
	show_places(desk);
}

void
desk_give_back(struct desk *desk, struct admit_ticket *ticket)
{
	admit_leave(&desk->admit, ticket);
	show_places(desk);
}

static void
on_admit_due(void *arg)
{
	struct desk *desk = arg;
	struct admit_ticket *ticket;

	while ((ticket = admit_expired(&desk->admit, loop_now_ms(desk->loop)))) {
		struct call *call = LIST_ITEM(ticket, struct call, ticket);

		call_run(call, overloaded(call));
	}
	show_places(desk);
}

/* ---- giving up ----------------------------------------------------------------------------- */

/* A call that waits for its caller's bytes is the front's to end; but Spark need not go on with its list. */
static void
refuse_early(struct call *call, enum cspark_code code, const char *detail)
{
	if (!call->bulk || call->error.code != CSPARK_OK)
		return;
	call_fail(call, code, "%s", detail);
	call_drop_body(call);
}

void
desk_give_up(struct call *call, enum cspark_code code, const char *detail)
{
	struct desk *desk = call->desk;

	if (call->step == CALL_PARKED && call->ready_us == 0)
		refuse_early(call, code, detail);
	if (call->step != CALL_PARKED || call->ready_us == 0)
		return;
	call->gone = true;
	sending_cancel(call);
	if (call->operate)
		operate_cancel(call);
	bulk_cancel(call);
	call->answered_us = loop_clock_us();
	call_run(call, call_fail(call, code, "%s", detail));
	desk_pump(desk);
}

static void
give_all_up(struct desk *desk)
{
	struct list *node, *next;

	/* A reply is sent later, by the front; so no call leaves the list in this walk. */
	for (node = desk->calls.next; node != &desk->calls; node = next) {
		next = node->next;
		desk_give_up(LIST_ITEM(node, struct call, node), CSPARK_E_DRAINING,
			"the gateway is shutting down and could not wait longer");
	}
}

void
desk_enter(struct desk *desk, enum lifecycle_state state)
{
	desk->life = state;
	if (state == LIFE_CLOSING)
		give_all_up(desk);
}

bool
desk_let_in(struct call *call)
{
	if (!lifecycle_facts(call->desk->life)->takes_work)
		return false;
	call->works = true;
	call->desk->working++;
	return true;
}

/* ---- life -------------------------------------------------------------------------------------- */

/* Each shard has its share of the limits, the first ones the remainder too. */
static unsigned
share(unsigned limit, unsigned shard, unsigned shards)
{
	return limit / shards + (shard < limit % shards);
}

bool
desk_init(struct desk *desk, const struct config *config, unsigned shard, unsigned shards)
{
	desk->shard = shard;
	desk->shards = shards;
	admit_init(&desk->admit, 0, 0);
	loop_timer_init(&desk->admit_timer, on_admit_due, desk);
	list_init(&desk->calls);
	list_init(&desk->bulks);
	list_init(&desk->farewells);
	list_init(&desk->spares);
	return spools_init(&desk->spools, spools_dir(config->state_dir), config->limits.max_spool / shards);
}

/* Who waits keeps waiting, and a place that is taken stays taken, also where there are fewer of them now. */
void
desk_adopt(struct desk *desk, struct edition *edition)
{
	unsigned places = share(edition->config->limits.max_in_flight, desk->shard, desk->shards);

	edition_unref(desk->edition);
	desk->edition = edition;
	desk->admit.limit = places ? places : 1;
	desk->admit.queue_limit = share(edition->config->limits.max_queue, desk->shard, desk->shards);
	desk_pump(desk);
}

static void
call_free(struct call *call)
{
	arena_fini(&call->arena);
	buf_fini(&call->out);
	free(call);
}

void
desk_fini(struct desk *desk)
{
	struct list *node;

	assert(desk->open == 0);
	farewells_fini(desk);
	loop_timer_set(desk->loop, &desk->admit_timer, -1);
	while ((node = list_pop(&desk->spares)))
		call_free(LIST_ITEM(node, struct call, node));
	desk->spare_count = 0;
	edition_unref(desk->edition);
	spools_fini(&desk->spools);
	tempos_fini(&desk->tempos);
}

/* A call's memory, used or new; only <arena> and <out> mean anything yet. */
static struct call *
call_memory(struct desk *desk)
{
	struct list *node = list_pop(&desk->spares);
	struct call *call;

	if (node) {
		desk->spare_count--;
		return LIST_ITEM(node, struct call, node);
	}
	call = malloc(sizeof *call);
	if (call) {
		arena_init(&call->arena, ARENA_MAX);
		buf_init(&call->out, 0);
	}
	return call;
}

struct call *
desk_call_new(struct desk *desk)
{
	struct call *call = call_memory(desk);
	struct arena arena;
	struct buf out;

	if (!call)
		return NULL;
	arena = call->arena;
	out = call->out;
	*call = (struct call){
		.arena = arena, .out = out, .desk = desk, .operation = ROUTE_OP_NONE, .retry_after_s = -1
	};
	call->edition = edition_ref(desk->edition);
	call->config = call->edition->config;
	call->out.max_bytes = call->config->limits.max_answer + ARENA_MAX;
	buf_init(&call->raw, call->config->limits.max_body);
	admit_ticket_init(&call->ticket);
	list_append(&desk->calls, &call->node);
	desk->open++;
	return call;
}

void
desk_call_done(struct call *call)
{
	struct desk *desk = call->desk;
	bool worked = call->works;

	list_remove(&call->node);
	edition_unref(call->edition);
	arena_clear(&call->arena);
	if (desk->spare_count >= SPARES_MAX || call->out.cap > SPARE_OUT_MAX) {
		call_free(call);
	} else {
		buf_clear(&call->out);
		list_append(&desk->spares, &call->node);
		desk->spare_count++;
	}
	desk->working -= worked;
	desk->open--;
	if (worked && desk->working == 0)
		desk->on_idle(desk->arg);
	else
		desk_tell_if_idle(desk);
}

bool
desk_is_idle(const struct desk *desk)
{
	return desk->open == 0 && list_empty(&desk->farewells);
}

void
desk_tell_if_idle(struct desk *desk)
{
	if (desk_is_idle(desk))
		desk->on_idle(desk->arg);
}
