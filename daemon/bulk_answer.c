/*
 * Results of chunks become the answer, in input order; in the end one of three things is told: the
 * document, the first failure if nothing succeeded, or why there cannot be a document.
 */
#include "base/json_text.h"
#include "daemon/bulk_own.h"

#define FAILURES_ONCE 500 /* records without a result that get their errors in one go */

/* ---- a chunk ---- */

/* The error of a record, as one among those that Spark would tell. */
static void
put_error(const struct chunk *chunk, struct buf *out)
{
	buf_put_str(out, STR("[{\"code\":"));
	json_quote(str_of(cspark_code_name(chunk->error.code)), out);
	buf_put_str(out, STR(",\"detail\":"));
	json_quote(str_of(chunk->error.detail), out);
	buf_printf(out, ",\"outcome\":\"%s\"", cspark_outcome_name(chunk->outcome));
	if (chunk->status > 0)
		buf_printf(out, ",\"spark_status\":%d", chunk->status);
	buf_put_str(out, STR("}]"));
}

/* Some of its records; they are no longer the chunk's then. */
static enum weave_state
weave_failed_chunk(struct bulk *bulk, struct chunk *chunk, struct cspark_error *ret_error)
{
	size_t some = chunk->records < FAILURES_ONCE ? (size_t)chunk->records : FAILURES_ONCE;
	struct buf errors;
	bool ok;

	buf_init(&errors, SIZE_MAX);
	put_error(chunk, &errors);
	if (buf_failed(&errors))
		ok = encode_no_memory(ret_error);
	else
		ok = weave_failure(&bulk->weave, buf_text(&errors), some, ret_error);
	buf_fini(&errors);
	chunk->records -= some;
	if (!ok)
		return WEAVE_FAILED;
	return chunk->records > 0 ? WEAVE_MORE : WEAVE_DONE;
}

/* An answer that is none is a failure of its records. */
static enum weave_state
begin_chunk(struct bulk *bulk, struct chunk *chunk, struct cspark_error *ret_error)
{
	struct cspark_answer answer;
	struct cspark_error error;
	struct str body = { chunk->body, chunk->body_len };

	if (chunk->state == CHUNK_DONE && !plan_read(body, (size_t)chunk->records, &answer, &error))
		bulk_chunk_fail(chunk, &error, CSPARK_EXECUTED);
	if (chunk->state == CHUNK_FAILED)
		return weave_failed_chunk(bulk, chunk, ret_error);
	bulk->succeeded += chunk->records;
	chunk->is_begun = weave_answer(&bulk->weave, &answer, (size_t)chunk->records, ret_error);
	return chunk->is_begun ? WEAVE_MORE : WEAVE_FAILED;
}

/* A piece of it. Once there will be no answer, what comes is only dropped. */
static enum weave_state
weave_chunk(struct bulk *bulk, struct chunk *chunk)
{
	if (bulk->refusal.code != CSPARK_OK)
		return WEAVE_DONE;
	if (!chunk->is_begun)
		return begin_chunk(bulk, chunk, &bulk->refusal);
	return weave_rows(&bulk->weave, &bulk->refusal);
}

/* ---- the end ---- */

bool
bulk_is_woven(const struct bulk *bulk)
{
	return bulk->whole && list_empty(&bulk->chunks) && backlog_records(&bulk->backlog) == 0;
}

static void
end_with(struct bulk *bulk, enum call_step step)
{
	struct call *call = bulk->call;

	bulk_close(bulk);
	call->answered_us = loop_clock_us();
	call_run(call, step);
}

/* The answer cannot be given, whatever the calls say. */
static void
end_badly(struct bulk *bulk)
{
	struct call *call = bulk->call;

	call->error = bulk->refusal;
	if (call->control.strict && call->error.code == CSPARK_E_SPARK_REJECTED)
		call->error_status = ENCODE_STATUS_STRICT;
	call->outcome = CSPARK_EXECUTED;
	end_with(bulk, call_failed(call));
}

/* Nothing at all succeeded: the first failure is the answer. */
static void
end_in_failure(struct bulk *bulk)
{
	struct call *call = bulk->call;

	call->error = bulk->error;
	call->spark_status = bulk->error_status;
	call->spark_body = (struct str){ bulk->error_body, bulk->error_body_len };
	call_failed(call);
	call->retryable = bulk->error_retryable;
	end_with(bulk, STEP_REFUSE);
}

static void
end_well(struct bulk *bulk)
{
	struct call *call = bulk->call;
	struct spool *document = &bulk->weave.spools[0];

	call->encoded = bulk->weave.facts;
	call->encoded.warnings = (unsigned)bulk->weave.warnings;
	call->encoded.errors = (unsigned)bulk->weave.errors;
	call->encoded.failed = (unsigned)bulk->weave.failed;
	call->status = 200;
	call->content_type = control_format_type(call->control.format);
	if (spool_fd(document) < 0) {
		call->body = spool_text(document);
	} else {
		bulk->source = (struct front_source){ spool_fd(document), (int64_t)spool_len(document),
			spool_len(document) };
	}
	end_with(bulk, STEP_REPLY);
}

static void
end(struct bulk *bulk)
{
	if (bulk->refusal.code != CSPARK_OK) {
		end_badly(bulk);
		return;
	}
	if (bulk->succeeded == 0 && bulk->error.code != CSPARK_OK) {
		end_in_failure(bulk);
		return;
	}
	switch (weave_end(&bulk->weave, &bulk->refusal)) {
	case WEAVE_MORE:
		bulk_go_on(bulk);
		break;
	case WEAVE_DONE:
		end_well(bulk);
		break;
	case WEAVE_FAILED:
		end_badly(bulk);
		break;
	}
}

/* There will be no answer, so there is nothing to be done. */
static void
give_up(struct bulk *bulk)
{
	struct cspark_error reason = bulk->refusal;

	bulk_abort(bulk, &reason);
	while (!list_empty(&bulk->chunks))
		bulk_chunk_free(bulk_first_chunk(bulk));
}

/* A piece of a chunk, or of the end, in each turn of the loop: others are served between. */
void
bulk_weave(void *arg)
{
	struct bulk *bulk = arg;
	struct chunk *chunk = bulk_first_chunk(bulk);
	enum weave_state state = WEAVE_MORE;

	if (chunk && chunk->state >= CHUNK_DONE)
		state = weave_chunk(bulk, chunk);
	if (state != WEAVE_MORE)
		bulk_chunk_free(chunk);
	if (state == WEAVE_FAILED)
		give_up(bulk);
	if (bulk_is_woven(bulk))
		end(bulk);
	else
		bulk_go_on(bulk);
}
