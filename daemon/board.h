/*
 * A board: what a shard tells of the lists that it works on, for whoever answers /status.
 *
 * One a shard. A row is taken, told and left by the shard's own thread; any thread reads it. Nobody waits:
 * what is told is written beside what was told before, and then takes its place, so that a reader finds a
 * whole row even if the writer was stopped half-way.
 *
 * There are more lists than rows only where hundreds run; what is not shown is still counted in the metrics.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/request_id.h"
#include "lib/cspark.h"

enum { BOARD_ROWS = 32, BOARD_TENANT_MAX = 64, BOARD_SERVICE_MAX = 2 * CSPARK_NAME_MAX + 72 };

/* A list under way. Plain data: it is copied whole. */
struct board_list {
	char request_id[REQUEST_ID_MAX + 1];
	char tenant[BOARD_TENANT_MAX + 1];
	char service[BOARD_SERVICE_MAX + 1]; /* folder/service[version] */
	char engine[8];                      /* how what is still to come goes: "calls", "batch" */
	int64_t begun_ms;                    /* loop clock; the request's begin */
	uint64_t records_in;                 /* that have arrived */
	uint64_t records_done;               /* that have a result */
	uint64_t records_failed;             /* of them: that have errors */
	uint64_t records_batched;            /* of them: that came by a batch */
	uint64_t records_waiting;            /* not with Spark yet, and in no chunk */
	uint64_t bytes_waiting;              /* the same */
	uint64_t chunk_records;              /* what the next call may hold */
	uint32_t calls;                      /* under way */
	uint32_t concurrency;                /* calls that may be under way */
	bool is_whole;                       /* the body is there */
	bool is_held;                        /* the caller has to wait */
	bool is_there;                       /* the board's own */
};

enum { BOARD_WORDS = sizeof(struct board_list) / sizeof(uint64_t) };

struct board_row {
	struct board_list list; /* the writer's, to be told */
	_Atomic unsigned told;  /* so many times; the last bit says which is valid */
	_Atomic uint64_t versions[2][BOARD_WORDS];
};

/* From zero. */
struct board {
	struct board_row rows[BOARD_ROWS];
	unsigned taken; /* the writer's */
};

/* ---- the shard ---- */

/* A row, zeroed and not shown yet; NULL: all are taken. Its texts are put with board_text(). */
struct board_row *board_take(struct board *board);
/* What is in row->list is shown from now on. */
void board_tell(struct board_row *row);
void board_leave(struct board *board, struct board_row *row); /* accepts NULL */
/* Cut to fit, where a character begins. */
void board_text(char *ret, size_t size, const char *text);

/* ---- any thread ---- */

/* False: nothing is shown there. */
bool board_read(const struct board_row *row, struct board_list *ret);
