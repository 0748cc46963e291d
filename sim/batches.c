/* Batches: /api/v4/batch. */
#include "base/json_text.h"
#include "sim/batch.h"
#include "sim/catalog.h"
#include "sim/compose.h"
#include "sim/exchange.h"
#include "sim/execute.h"
#include "sim/listing.h"
#include "sim/member.h"
#include "sim/operations.h"
#include "sim/refuse.h"
#include "sim/reply.h"

#include <stdio.h>

#define PULL_USUAL 50
#define PULL_MAX   100
#define RECENT_MS  3600000

static struct batch *
find(struct exchange *ex)
{
	struct batch *batch = batch_find(&ex->world->batches, match_arg(&ex->match, "batch"));

	if (batch)
		batch_work(batch);
	else
		refuse(ex, FAMILY_V4, 500, "INVALID_BATCH_ID", "no such batch");
	return batch;
}

static const char *
pipeline_status(const struct batch *batch)
{
	return batch_is_open(batch) ? "idle" : "closed";
}

/* -- making and describing ------------------------------------------------ */

/* {"object":"batch", "id":..., "data":{... and no closing braces. */
static void
put_batch(struct buf *out, const struct batch *batch)
{
	char now[STAMP_BYTES];

	stamp_now(now);
	compose(out,
		"{'object':'batch','id':'%s','data':{'service_id':'%s','version_id':'%s',"
		"'compiler_version':'Neuron_v1.22.3','correlation_id':%q,'source_system':%q,"
		"'unique_record_key':%q,'response_timestamp':'%s','batch_status':'%s','created_by':'%s',"
		"'created_timestamp':'%s','updated_timestamp':'%s','service_uri':%q",
		batch->id, batch->callee.service_id, batch->callee.version_id,
		batch->correlation[0] ? batch->correlation : NULL, batch->source,
		batch->key[0] ? batch->key : NULL, now, batch_status_name(batch->status), USER,
		batch->created, batch->updated, batch->uri);
}

/* Whether the tenant may have another one. */
static bool
has_room(struct batches *batches)
{
	double most = limit_get(batches->limits, LIMIT_batches);
	unsigned count = 0;
	struct list *at;

	for (at = batches->list.next; at != &batches->list; at = at->next) {
		struct batch *batch = LIST_ITEM(at, struct batch, node);

		batch_work(batch);
		count += !batch_is_over(batch);
	}
	return most <= 0 || count < most;
}

void
serve_batch_create(struct exchange *ex)
{
	struct str body = request_body(&ex->request);
	struct located located;
	struct batch *batch;
	bool version;

	if (!refuse_bad_body(ex, FAMILY_V4))
		return;
	version = locate_v4(ex, body, &located);
	execute_settle(ex, &located);
	if (!located.found) {
		refuse(ex, FAMILY_V4, 404, "SERVICE_NOT_FOUND", "no such service");
	} else if (!version) {
		refuse(ex, FAMILY_V4, 404, "VERSION_NOT_FOUND", "no such version");
	} else if (!has_room(&ex->world->batches)) {
		refuse(ex, FAMILY_V4, (int)limit_get(&ex->world->limits, LIMIT_batches_status),
			"TOO_MANY_BATCHES", "the tenant has too many batches");
	} else {
		batch = batch_new(&ex->world->batches, &located.callee, body);
		batch->plan = job_take_plan(&ex->world->jobs, JOB_BATCH);
		reply_v4(ex, "");
		put_batch(&ex->answer.body, batch);
		buf_put_str(&ex->answer.body, STR("}}"));
	}
}

static void
put_short_summary(struct buf *out, const struct batch *batch)
{
	compose(out,
		"'records_submitted':%u,'records_failed':%u,'records_completed':%u,'compute_time_ms':%l,"
		"'batch_time_ms':%l",
		batch->records_submitted, batch->records_failed, batch->records_completed, batch->compute_ms,
		stamp_ms() - batch->created_ms);
}

void
serve_batch_info(struct exchange *ex)
{
	struct batch *batch = find(ex);
	struct buf *out = &ex->answer.body;
	unsigned records;

	if (!batch)
		return;
	records = batch->records_completed;
	reply_v4(ex, "");
	put_batch(out, batch);
	compose(out,
		",'summary':{'chunks_submitted':%u,'chunks_retried':0,'chunks_completed':%u,"
		"'chunks_failed':%u,"
		"'records_retried':0,'input_size_bytes':%z,'output_size_bytes':%z,'avg_compute_time_ms':%l,",
		batch->chunks_submitted, batch->chunks_completed, batch->chunks_failed, batch->input_bytes,
		batch->output_bytes, records ? batch->compute_ms / (long)records : 0L);
	put_short_summary(out, batch);
	compose(out,
		"},'configuration':{'initial_workers':%l,'chunks_per_request':%l,'runner_thread_count':%l,"
		"'acceptable_error_percentage':%l,'input_buffer_allocated_bytes':%z,"
		"'output_buffer_allocated_bytes':%z,'max_workers':%l}}}",
		batch->initial_workers, batch->chunks_per_request, batch->threads, batch->acceptable_errors,
		batch->input_max, batch->output_max, batch->max_workers);
}

static void
put_listed(struct buf *out, const struct list *head, bool over)
{
	const struct list *at;
	size_t begin;

	buf_put_char(out, '[');
	begin = out->len;
	for (at = head->prev; at != head; at = at->prev) {
		const struct batch *batch = LIST_ITEM(at, struct batch, node);

		if (batch_is_over(batch) != over || (over && stamp_ms() - batch->created_ms > RECENT_MS))
			continue;
		compose(out, "%s{'object':'batch','id':'%s','data':{'pipeline_status':'%s','summary':{",
			out->len > begin ? "," : "", batch->id, pipeline_status(batch));
		put_short_summary(out, batch);
		compose(out,
			"},'response_timestamp':'%s','batch_status':'%s','created_by':'%s',"
			"'created_timestamp':'%s','updated_timestamp':'%s','service_uri':%q}}",
			batch->updated, batch_status_name(batch->status), USER, batch->created,
			batch->updated, batch->uri);
	}
	buf_put_char(out, ']');
}

void
serve_batch_describe(struct exchange *ex)
{
	const struct list *head = &ex->world->batches.list;
	size_t input_max = 0, output_max = 0, input_used = 0, output_used = 0;
	struct buf *out = &ex->answer.body;
	struct list *at;

	for (at = head->next; at != head; at = at->next) {
		struct batch *batch = LIST_ITEM(at, struct batch, node);

		batch_work(batch);
		input_max += batch_is_over(batch) ? 0 : batch->input_max;
		output_max += batch_is_over(batch) ? 0 : batch->output_max;
		input_used += batch->input_used;
		output_used += batch->output_used;
	}
	reply_v4(ex, "{'in_progress_batches':");
	put_listed(out, head, false);
	compose(out, ",'recent_batches':");
	put_listed(out, head, true);
	compose(out,
		",'tenant':{'configuration':{'input_buffer_allocated_bytes':%z,"
		"'output_buffer_allocated_bytes':%z,'max_workers':100},'status':{"
		"'input_buffer_used_bytes':%z,'input_buffer_remaining_bytes':%z,"
		"'output_buffer_used_bytes':%z,'output_buffer_remaining_bytes':%z,'workers_in_use':0}},"
		"'environment':{'update':0}}",
		input_max, output_max, input_used,
		input_max - (input_used < input_max ? input_used : input_max), output_used,
		output_max - (output_used < output_max ? output_used : output_max));
}

/* -- status --------------------------------------------------------------- */

static size_t
remaining(size_t max, size_t used)
{
	return used < max ? max - used : 0;
}

static void
put_status(struct buf *out, const struct batch *batch)
{
	char now[STAMP_BYTES];

	stamp_now(now);
	compose(out,
		"{'request_timestamp':'%s','response_timestamp':'%s','batch_status':'%s',"
		"'pipeline_status':'%s',"
		"'chunks_available':%u,'chunks_submitted':%u,'chunks_completed':%u,'record_submitted':%u,"
		"'records_completed':%u,'records_available':%u,'compute_time_ms':%l,"
		"'input_buffer_used_bytes':%z,'input_buffer_remaining_bytes':%z,"
		"'output_buffer_used_bytes':%z,'output_buffer_remaining_bytes':%z,'workers_in_use':%d}",
		now, now, batch_status_name(batch->status), pipeline_status(batch), batch->chunks_ready,
		batch->chunks_submitted, batch->chunks_completed, batch->records_submitted,
		batch->records_completed, batch->records_ready, batch->compute_ms, batch->input_used,
		remaining(batch->input_max, batch->input_used), batch->output_used,
		remaining(batch->output_max, batch->output_used), list_empty(&batch->queue) ? 0 : 1);
}

void
serve_batch_status(struct exchange *ex)
{
	struct batch *batch = find(ex);

	if (!batch)
		return;
	reply_v4(ex, "");
	put_status(&ex->answer.body, batch);
}

/* -- pushing -------------------------------------------------------------- */

/* All of a push is taken or nothing: what is wrong with it, NULL if it is sound. */
static const char *
judge_chunks(const struct batch *batch, struct str chunks, size_t *ret_bytes)
{
	char id[NAME_BYTES];
	struct json_walk walk;
	struct str chunk;

	*ret_bytes = 0;
	if (json_kind_of(chunks) != JSON_ARRAY || json_count(chunks) == 0)
		return "INVALID_CHUNKS";
	json_walk_init(&walk, chunks);
	while (json_walk_next(&walk, NULL, &chunk)) {
		struct str data = json_member(chunk, STR("data"));
		struct str inputs = json_member(data, STR("inputs"));
		struct str parameters = json_member(data, STR("parameters"));

		if (!member_text(chunk, "id", id, sizeof(id)) || !id[0] ||
			json_kind_of(data) != JSON_OBJECT || !inputs.at ||
			json_kind_of(inputs) != JSON_ARRAY ||
			(!json_is_null(parameters) && json_kind_of(parameters) != JSON_OBJECT))
			return "INVALID_CHUNKS";
		if (batch_knows(batch, id))
			return "DUPLICATE_CHUNK_ID";
		*ret_bytes += data.len;
	}
	return NULL;
}

static void
push(struct batch *batch, struct str chunks)
{
	char id[NAME_BYTES];
	struct json_walk walk;
	struct str chunk;

	json_walk_init(&walk, chunks);
	while (json_walk_next(&walk, NULL, &chunk))
		if (member_text(chunk, "id", id, sizeof(id)) && !batch_knows(batch, id))
			batch_push(batch, id, json_member(chunk, STR("data")));
}

void
serve_batch_push(struct exchange *ex)
{
	struct str chunks = json_member(request_body(&ex->request), STR("chunks"));
	struct batch *batch = find(ex);
	const char *wrong;
	size_t bytes;

	if (!batch || !refuse_bad_body(ex, FAMILY_V4))
		return;
	if (!batch_is_open(batch)) {
		refuse(ex, FAMILY_V4, 500, "INVALID_BATCH_STATUS", "the batch takes no input any more");
		return;
	}
	wrong = judge_chunks(batch, chunks, &bytes);
	if (wrong) {
		refuse(ex, FAMILY_V4, 500, wrong, "the chunks are not understood, or an id is not new");
	} else if (bytes > remaining(batch->input_max, batch->input_used)) {
		refuse(ex, FAMILY_V4, (int)limit_get(&ex->world->limits, LIMIT_full_status),
			"INPUT_BUFFER_FULL", "the input buffer is full");
	} else {
		push(batch, chunks);
		batch_work(batch);
		reply_v4(ex, "");
		put_status(&ex->answer.body, batch);
	}
}

/* -- pulling and changing ------------------------------------------------- */

void
serve_batch_pull(struct exchange *ex)
{
	struct str query = request_query(&ex->request, STR("max"));
	struct batch *batch = find(ex);
	struct buf *out = &ex->answer.body;
	uint64_t max = PULL_USUAL, i;
	struct chunk *chunk;

	if (!batch)
		return;
	if (query.len && (!str_to_u64(query, PULL_MAX, &max) || max == 0)) {
		refuse(ex, FAMILY_V4, 500, "INVALID_REQUEST", "max is from 1 to 100");
		return;
	}
	if (batch->status == BATCH_CANCELLED) {
		refuse(ex, FAMILY_V4, 500, "INVALID_BATCH_STATUS", "the batch has been cancelled");
		return;
	}
	batch->touched_ms = stamp_ms();
	if (batch->plan.withhold > 0) {
		batch->plan.withhold--;
		max = 0;
	}
	reply_v4(ex, "{'data':[");
	for (i = 0; i < max && (chunk = batch_pull(batch)); i++) {
		compose(out, "%s%j", i ? "," : "", buf_text(&chunk->text));
		chunk_free(chunk);
	}
	batch_work(batch); /* there may be room for more now */
	compose(out, "],'status':");
	put_status(out, batch);
	buf_put_char(out, '}');
}

void
serve_batch_change(struct exchange *ex)
{
	struct batch *batch = find(ex);
	char status[40];

	if (!batch || !refuse_bad_body(ex, FAMILY_V4))
		return;
	if (!member_text(request_body(&ex->request), "batch_status", status, sizeof(status)) ||
		(strcmp(status, "closed") != 0 && strcmp(status, "cancelled") != 0)) {
		refuse(ex, FAMILY_V4, 500, "INVALID_REQUEST", "batch_status is closed or cancelled");
		return;
	}
	if (batch_is_over(batch) || (!batch_is_open(batch) && strcmp(status, "closed") == 0)) {
		refuse(ex, FAMILY_V4, 500, "INVALID_BATCH_STATUS", "the batch is over");
		return;
	}
	if (strcmp(status, "cancelled") == 0)
		batch_cancel(batch);
	else
		batch->status = BATCH_CLOSED;
	stamp_now(batch->updated);
	reply_v4(ex, "");
	put_batch(&ex->answer.body, batch);
	buf_put_str(&ex->answer.body, STR("}}"));
}
