/* The inside of weave: what the formats have to say. Only for weave*.c. */
#pragma once

#include "daemon/weave.h"

struct weave_ops {
	/* An answer as a whole; NULL: nothing is to be done then. */
	bool (*answer)(struct weave *weave, const struct cspark_answer *answer, size_t records,
		struct cspark_error *ret_error);
	/* Those that are left of <records>: a bounded number; NULL: none are wanted. */
	bool (*rows)(
		struct weave *weave, struct encode_records *records, struct cspark_error *ret_error);
	/* <records>: a bounded number. */
	bool (*failure)(
		struct weave *weave, struct str errors, size_t records, struct cspark_error *ret_error);
	enum weave_state (*end)(
		struct weave *weave, struct cspark_error *ret_error); /* NULL: nothing to do */
};
extern const struct weave_ops weave_json_ops;
extern const struct weave_ops weave_csv_ops;
extern const struct weave_ops weave_ndjson_ops;
extern const struct weave_ops weave_text_ops;

enum {
	WEAVE_PIECE = 256 * 1024, /* bytes copied in one go */
	WEAVE_ROWS  = 64 * 1024,  /* bytes of outputs that become rows in one go, about */
};

/* Appends <scratch> to a spool and clears it. */
bool weave_flush(struct weave *weave, size_t spool, struct cspark_error *ret_error);
/* The next bytes of a spool from <at>, into <piece>; empty at its end. */
bool weave_read(struct weave *weave, size_t spool, uint64_t at, struct cspark_error *ret_error);
