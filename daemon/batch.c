#include "daemon/batch.h"

#include <assert.h>
#include <stdio.h>

#include "base/json_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* clang-format off */
#define LOOK_MS         200  /* before the next look when something got done; doubles while nothing does */
#define LOOK_MAX_MS     2000
#define PAUSE_MS        250  /* doubles */
#define PAUSE_MAX_MS    10000
#define FAILURES_MAX    3    /* in a row, then it is left */
#define BARREN_MAX      2    /* its counts may run ahead of its results for a moment */
#define CHUNK_ENVELOPE  256  /* bytes that a chunk needs besides its records, at most */
/* clang-format on */

/* ---- statuses ---- */

static const struct state {
	const char *name;
	bool takes_input, gives_results, is_final;
} states[] = {
	{ "created", true, true, false },
	{ "in_progress", true, true, false },
	{ "closed", false, true, false },
	{ "closed_by_timeout", false, true, false },
	{ "completed", false, true, true },
	{ "completed_by_timeout", false, true, true },
	{ "failed", false, true, true },
	{ "cancelled", false, false, true },
};
static const struct state unknown_state = { "", true, true, false };

static const struct state *
state_of(struct str name)
{
	for (size_t i = 0; i < COUNT(states); i++) {
		if (json_string_is(name, str_of(states[i].name)))
			return &states[i];
	}
	return &unknown_state;
}

static uint64_t
number(struct str status, const char *name)
{
	uint64_t value;

	return str_to_u64(json_member(status, str_of(name)), UINT64_MAX, &value) ? value : 0;
}

bool
batch_status_read(struct str text, struct batch_status *ret)
{
	struct str name = json_member(text, STR("batch_status"));
	const struct state *state = state_of(name);

	if (!name.at || json_kind_of(name) != JSON_STRING)
		return false;
	*ret = (struct batch_status){
		.takes_input = state->takes_input,
		.gives_results = state->gives_results,
		.is_final = state->is_final,
		.submitted = number(text, "record_submitted"), /* in the singular, says Spark */
		.completed = number(text, "records_completed"),
		.available = number(text, "chunks_available"),
		.input_left = number(text, "input_buffer_remaining_bytes"),
		.input_used = number(text, "input_buffer_used_bytes"),
		.output_used = number(text, "output_buffer_used_bytes"),
	};
	return true;
}

/* ---- what next ---- */

const char *
batch_step_name(enum batch_step step)
{
	static const char *const names[] = { "wait", "create", "push", "look", "pull", "close", "leave" };

	return names[step];
}

void
batch_init(struct batch *batch, int64_t now_ms)
{
	*batch = (struct batch){
		.status = { .takes_input = true, .gives_results = true, .input_left = UINT64_MAX },
		.push_max = BATCH_PUSH_MAX,
		.pull_max = BATCH_PULL_MAX,
		.look_ms = LOOK_MS,
		.progress_ms = now_ms,
	};
}

bool
batch_takes_input(const struct batch *batch)
{
	return !batch->is_left && !batch->is_closed && batch->status.takes_input;
}

static bool
is_empty(const struct batch *batch)
{
	return batch->status.input_used == 0 || batch_missing(batch) == 0;
}

/* A chunk that is too large for what room there is waits until it is alone: then Spark says whether it is too
 * large. */
static bool
has_room_for(const struct batch *batch, size_t bytes)
{
	return is_empty(batch) || bytes + CHUNK_ENVELOPE <= batch->status.input_left;
}

/* All is done, says Spark, but not all results are here and none can be pulled. */
static bool
has_lost_some(const struct batch *batch)
{
	if (batch_missing(batch) == 0 || batch->in_doubt || batch->status.available > 0)
		return false;
	return batch->barren >= BARREN_MAX || batch->status.is_final;
}

static bool
is_waited_for(const struct batch *batch)
{
	return batch_missing(batch) > 0 || batch->pushing > 0 || batch->refusals > 0 || batch->pauses > 0;
}

static bool
is_stuck(const struct batch *batch, int64_t patience_ms, int64_t now_ms)
{
	return batch->failures >= FAILURES_MAX || batch->refused_alone >= FAILURES_MAX ||
		(is_waited_for(batch) && now_ms - batch->progress_ms > patience_ms);
}

enum batch_step
batch_next(const struct batch *batch, const struct batch_supply *supply, int64_t now_ms)
{
	if (batch->is_left)
		return BATCH_WAIT;
	if (is_stuck(batch, supply->patience_ms, now_ms) || has_lost_some(batch))
		return BATCH_LEAVE;
	if (now_ms < batch->ask_ms)
		return BATCH_WAIT;
	if (!batch->id[0])
		return BATCH_CREATE;
	if (batch->in_doubt)
		return BATCH_LOOK;
	if (batch->status.available > 0 && batch->status.gives_results)
		return BATCH_PULL;
	if (supply->bytes > 0 && batch_takes_input(batch) && has_room_for(batch, supply->bytes))
		return BATCH_PUSH;
	if (batch_missing(batch) == 0 && supply->bytes == 0)
		return BATCH_WAIT; /* for its owner, who says farewell to it */
	if (supply->is_all && batch_takes_input(batch))
		return BATCH_CLOSE;
	return now_ms >= batch->look_at_ms ? BATCH_LOOK : BATCH_WAIT;
}

int64_t
batch_next_ms(const struct batch *batch, const struct batch_supply *supply, int64_t now_ms)
{
	if (batch->is_left)
		return -1;
	if (now_ms < batch->ask_ms)
		return batch->ask_ms;
	return batch_missing(batch) > 0 || supply->bytes > 0 ? batch->look_at_ms : -1;
}

size_t
batch_push_room(const struct batch *batch)
{
	uint64_t left = batch->status.input_left;

	return left < batch->push_max ? (size_t)left : batch->push_max;
}

unsigned
batch_pull_max(const struct batch *batch)
{
	const struct batch_status *status = &batch->status;
	uint64_t bytes = status->available > 0 ? status->output_used / status->available : 0;
	uint64_t most = bytes > 0 ? BATCH_PULL_BYTES / bytes : batch->pull_max;

	if (most > batch->pull_max)
		most = batch->pull_max;
	return most > 0 ? (unsigned)most : 1;
}

/* ---- what came of it ---- */

static void
note_progress(struct batch *batch, int64_t now_ms)
{
	batch->progress_ms = now_ms;
	batch->look_ms = LOOK_MS;
}

void
batch_created(struct batch *batch, struct str id, int64_t now_ms)
{
	assert(id.len < sizeof(batch->id));
	snprintf(batch->id, sizeof(batch->id), "%.*s", STR_ARG(id));
	note_progress(batch, now_ms);
}

void
batch_pushes(struct batch *batch, uint64_t records, int64_t now_ms)
{
	if (!is_waited_for(batch))
		note_progress(batch, now_ms); /* it may have had nothing to do for long */
	batch->pushing = records;
}

static enum batch_fate
push_came(struct batch *batch, int64_t now_ms)
{
	batch->pushed += batch->pushing;
	batch->pushing = 0;
	batch->in_doubt = false;
	batch->refusals = batch->refused_alone = 0;
	batch->push_max = batch->push_max * 2 < BATCH_PUSH_MAX ? batch->push_max * 2 : BATCH_PUSH_MAX;
	note_progress(batch, now_ms);
	return BATCH_CAME;
}

static enum batch_fate
push_came_not(struct batch *batch)
{
	batch->pushing = 0;
	batch->in_doubt = false;
	return BATCH_CAME_NOT;
}

/* By the batch's own count. */
static enum batch_fate
settle(struct batch *batch, int64_t now_ms)
{
	if (batch->status.submitted == batch->pushed)
		return push_came_not(batch);
	if (batch->status.submitted == batch->pushed + batch->pushing)
		return push_came(batch, now_ms);
	return BATCH_TORN;
}

static void
plan_look(struct batch *batch, bool is_progress, int64_t now_ms)
{
	if (is_progress)
		note_progress(batch, now_ms);
	batch->look_at_ms = now_ms + batch->look_ms;
	batch->look_ms = batch->look_ms * 2 < LOOK_MAX_MS ? batch->look_ms * 2 : LOOK_MAX_MS;
}

static bool
is_barren(const struct batch *batch)
{
	const struct batch_status *status = &batch->status;

	return batch_missing(batch) > 0 && status->available == 0 && status->submitted >= batch->pushed &&
		status->completed >= status->submitted;
}

enum batch_fate
batch_told(struct batch *batch, enum batch_step step, const struct batch_status *status, int64_t now_ms)
{
	bool is_progress = status->completed > batch->status.completed;
	enum batch_fate fate = BATCH_UNKNOWN;

	batch->status = *status;
	batch->failures = batch->pauses = 0;
	if (step == BATCH_PUSH)
		fate = push_came(batch, now_ms);
	else if (step == BATCH_LOOK && batch->in_doubt)
		fate = settle(batch, now_ms);
	batch->barren = step == BATCH_LOOK && is_barren(batch) ? batch->barren + 1 : 0;
	plan_look(batch, is_progress, now_ms);
	if (step == BATCH_PULL && !batch->has_pulled)
		batch->ask_ms = batch->look_at_ms; /* what is said to be there was not */
	batch->has_pulled = false;
	return fate;
}

void
batch_delivered(struct batch *batch, uint64_t records, int64_t now_ms)
{
	batch->delivered += records;
	batch->has_pulled = true;
	note_progress(batch, now_ms);
}

void
batch_closed(struct batch *batch)
{
	batch->is_closed = true;
	batch->failures = batch->pauses = 0;
}

static int64_t
pause_ms(const struct batch *batch, long retry_after_s)
{
	int64_t wait_ms = (int64_t)PAUSE_MS << (batch->pauses < 6 ? batch->pauses : 6);

	if (wait_ms > PAUSE_MAX_MS)
		wait_ms = PAUSE_MAX_MS;
	return retry_after_s * 1000 > wait_ms ? retry_after_s * 1000 : wait_ms;
}

static enum batch_fate
push_failed(struct batch *batch, enum cspark_outcome outcome)
{
	if (outcome == CSPARK_NOT_SENT)
		return push_came_not(batch);
	batch->in_doubt = true;
	return BATCH_UNKNOWN;
}

enum batch_fate
batch_failed(struct batch *batch, enum batch_step step, bool is_pause, enum cspark_outcome outcome,
	long retry_after_s, int64_t now_ms)
{
	batch->ask_ms = now_ms + pause_ms(batch, retry_after_s);
	batch->look_at_ms = batch->ask_ms;
	if (is_pause)
		batch->pauses++;
	else
		batch->failures++;
	if (step == BATCH_PULL) {
		batch->status.available = 0; /* until it is looked at again */
		batch->pull_max = is_pause || batch->pull_max == 1 ? batch->pull_max : batch->pull_max / 2;
	}
	/* It may be over already; if not, Spark closes it when nothing comes any more. */
	if (step == BATCH_CLOSE && !is_pause)
		batch_closed(batch);
	return step == BATCH_PUSH ? push_failed(batch, outcome) : BATCH_UNKNOWN;
}

bool
batch_push_refused(struct batch *batch, size_t chunks)
{
	batch->push_max = batch->push_max / 2 > CHUNK_ENVELOPE ? batch->push_max / 2 : CHUNK_ENVELOPE;
	batch->refusals++;
	if (chunks > 1 || !is_empty(batch))
		return false;
	batch->refused_alone++;
	return true;
}

void
batch_leave(struct batch *batch)
{
	batch->is_left = true;
	batch->in_doubt = false;
	batch->pushing = 0;
}
