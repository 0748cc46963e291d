/*
 * The weave: results of many calls, in input order, become the one document that the caller asked for. It is
 * kept in spools, so that its size costs no memory, and given when the last record has come: only then it is
 * known which columns it has and whether a record failed.
 *
 * One thread; embedded in its owner. A failure of a spool is final.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "daemon/control.h"
#include "daemon/encode_form.h"
#include "daemon/encode.h"
#include "daemon/plan.h"
#include "daemon/spool.h"
#include "lib/cspark.h"

struct weave_ops;

/* Rows written from here on have so many columns, and one more for errors. */
struct weave_stretch {
	uint64_t begin; /* in the spool */
	size_t columns;
	bool with_errors;
};

struct weave {
	const struct weave_ops *ops;
	struct spool spools[PLAN_LISTS]; /* the first one is the document */
	struct buf scratch, piece;
	uint64_t records, failed, warnings, errors;
	struct encoded facts; /* of the first answer; texts are the weave's own */
	struct buf call_id, version;

	struct cspark_answer answer; /* the one that is being woven, borrowed */
	struct encode_records rows;  /* of it, that are still to be written */
	size_t answered;             /* records in it */

	struct buf shared;         /* JSON: the members that are no lists */
	struct encode_table table; /* CSV */
	struct arena names;        /* CSV: texts of the columns */
	struct buf stretches;      /* CSV: of struct weave_stretch */
	bool strict;
	size_t ending; /* weave_end() has come so far */
	uint64_t copied;
	size_t room; /* bytes of a piece */
};

/* Nothing is borrowed. <max>: bytes of the document. */
void weave_init(struct weave *weave, const struct control *control, struct spools *spools, uint64_t max);
void weave_fini(struct weave *weave);

enum weave_state { WEAVE_MORE, WEAVE_DONE, WEAVE_FAILED };

/* Begins with the results of the next <records>. The answer is v4, with lists as long as that or without; it
 * is borrowed until weave_rows() is DONE. False: _strict forbids it, or there is no room. */
CSPARK_MUST_CHECK bool weave_answer(struct weave *weave, const struct cspark_answer *answer, size_t records,
	struct cspark_error *ret_error);
/* A piece of the answer, bounded; to be called until it is DONE. FAILED: the answer cannot be given in this
 * form (not_acceptable), or there is no room. */
enum weave_state weave_rows(struct weave *weave, struct cspark_error *ret_error);
/* The next <records>, a bounded number, have no result but <errors>, a JSON array. */
CSPARK_MUST_CHECK bool
weave_failure(struct weave *weave, struct str errors, size_t records, struct cspark_error *ret_error);

/* All is there. A piece of the work that is left, bounded; to be called until it is DONE: then the document
 * is in the first spool. */
enum weave_state weave_end(struct weave *weave, struct cspark_error *ret_error);
