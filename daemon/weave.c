#include "daemon/weave.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/json_text.h"
#include "daemon/bytes.h"
#include "daemon/encode_form.h"
#include "daemon/refuse.h"
#include "daemon/weave_own.h"

#define NAMES_MAX (4 * 1024 * 1024) /* of all columns together */

static const struct weave_ops *const formats[] = {
	[FORMAT_JSON] = &weave_json_ops,
	[FORMAT_NDJSON] = &weave_ndjson_ops,
	[FORMAT_CSV] = &weave_csv_ops,
	[FORMAT_TEXT] = &weave_text_ops,
};

void
weave_init(struct weave *weave, const struct control *control, struct spools *spools, uint64_t max)
{
	*weave = (struct weave){
		.ops = formats[control->format], .strict = control->strict, .room = WEAVE_PIECE
	};
	for (size_t i = 0; i < PLAN_LISTS; i++)
		spool_init(&weave->spools[i], spools, max);
	/* What they hold comes from one answer at a time, which is limited, or is a piece. */
	buf_init(&weave->scratch, SIZE_MAX);
	buf_init(&weave->piece, SIZE_MAX);
	buf_init(&weave->call_id, SIZE_MAX);
	buf_init(&weave->version, SIZE_MAX);
	buf_init(&weave->shared, SIZE_MAX);
	buf_init(&weave->stretches, SIZE_MAX);
	encode_table_init(&weave->table, control->dialect);
	arena_init(&weave->names, NAMES_MAX);
}

void
weave_fini(struct weave *weave)
{
	for (size_t i = 0; i < PLAN_LISTS; i++)
		spool_fini(&weave->spools[i]);
	buf_fini(&weave->scratch);
	buf_fini(&weave->piece);
	buf_fini(&weave->call_id);
	buf_fini(&weave->version);
	buf_fini(&weave->shared);
	buf_fini(&weave->stretches);
	encode_table_fini(&weave->table);
	arena_fini(&weave->names);
}

bool
weave_flush(struct weave *weave, size_t spool, struct cspark_error *ret_error)
{
	struct buf *scratch = &weave->scratch;
	bool ok = !buf_failed(scratch) || encode_no_memory(ret_error);

	if (ok && scratch->len > 0)
		ok = spool_put(&weave->spools[spool], scratch->data, scratch->len, ret_error);
	buf_clear(scratch);
	return ok;
}

static bool
refuse_read(struct cspark_error *ret_error)
{
	return refuse(ret_error, CSPARK_E_INTERNAL, "A file in state_dir cannot be read again: %s.",
		strerror(errno));
}

static bool
read_file(struct weave *weave, size_t spool, uint64_t at, size_t len, struct cspark_error *ret_error)
{
	char *room = buf_reserve(&weave->piece, len);
	ssize_t got;

	if (!room)
		return encode_no_memory(ret_error);
	got = pread(spool_fd(&weave->spools[spool]), room, len, (off_t)at);
	if (got <= 0)
		return refuse_read(ret_error);
	weave->piece.len = (size_t)got;
	return true;
}

bool
weave_read(struct weave *weave, size_t spool, uint64_t at, struct cspark_error *ret_error)
{
	uint64_t left = spool_len(&weave->spools[spool]) - at;
	size_t len = left < weave->room ? (size_t)left : weave->room;
	struct str text = spool_text(&weave->spools[spool]);

	buf_clear(&weave->piece);
	if (len == 0)
		return true;
	if (!text.at)
		return read_file(weave, spool, at, len, ret_error);
	return buf_put(&weave->piece, text.at + at, len) || encode_no_memory(ret_error);
}

/* ---- results ---- */

static void
keep(struct buf *copy, struct str text, struct str *ret)
{
	if (text.at && buf_put_str(copy, text))
		*ret = buf_text(copy);
}

static void
take_facts(struct weave *weave, const struct cspark_answer *answer)
{
	struct encoded facts = { .status = 0 };

	encode_facts(answer, &facts);
	weave->warnings += facts.warnings;
	weave->errors += facts.errors;
	weave->failed += facts.failed;
	if (weave->call_id.len == 0)
		keep(&weave->call_id, facts.call_id, &weave->facts.call_id);
	if (weave->version.len == 0)
		keep(&weave->version, facts.version, &weave->facts.version);
}

bool
weave_answer(struct weave *weave, const struct cspark_answer *answer, size_t records,
	struct cspark_error *ret_error)
{
	if (weave->strict && !encode_check_strict(answer, true, weave->records, ret_error))
		return false;
	weave->answer = *answer;
	weave->answered = records;
	encode_records_init(&weave->rows, answer, true);
	return !weave->ops->answer || weave->ops->answer(weave, answer, records, ret_error);
}

/* As many as make about so many bytes. */
static size_t
rows_at_once(const struct weave *weave)
{
	return 1 + weave->answered * WEAVE_ROWS / (weave->answer.outputs.len + 1);
}

enum weave_state
weave_rows(struct weave *weave, struct cspark_error *ret_error)
{
	if (weave->ops->rows) {
		weave->rows.left = rows_at_once(weave);
		if (!weave->ops->rows(weave, &weave->rows, ret_error))
			return WEAVE_FAILED;
		if (weave->rows.left == 0)
			return WEAVE_MORE;
	}
	take_facts(weave, &weave->answer);
	weave->records += weave->answered;
	return WEAVE_DONE;
}

bool
weave_failure(struct weave *weave, struct str errors, size_t records, struct cspark_error *ret_error)
{
	if (weave->strict)
		return refuse(ret_error, CSPARK_E_SPARK_REJECTED, "_strict: record %llu has no result: %.*s",
			(unsigned long long)weave->records, (int)(errors.len < 150 ? errors.len : 150),
			errors.at);
	if (!weave->ops->failure(weave, errors, records, ret_error))
		return false;
	weave->records += records;
	weave->failed += records;
	weave->errors += records;
	return true;
}

enum weave_state
weave_end(struct weave *weave, struct cspark_error *ret_error)
{
	return weave->ops->end ? weave->ops->end(weave, ret_error) : WEAVE_DONE;
}
