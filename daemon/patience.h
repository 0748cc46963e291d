/*
 * How long the front waits for a caller at each point of an exchange, and what becomes of one who takes
 * longer. All times are totals: a caller that sends a byte now and then gains nothing.
 *
 * One thread; embedded in its owner.
 */
#pragma once

#include <stdint.h>

#include "daemon/deadline.h"
#include "daemon/front.h"
#include "daemon/loop.h"

/* Ends the connection, not inside this call. */
typedef void patience_cut_fn(struct front_request *request);

struct patience {
	struct loop *loop;
	const struct front_ops *ops;
	patience_cut_fn *cut;
	struct deadlines deadlines;
	unsigned body_ms, write_ms;
};

void patience_init(struct patience *patience, struct loop *loop, const struct front_options *options,
	const struct front_ops *ops, patience_cut_fn *cut);
void patience_fini(struct patience *patience);

/* New times, for who enters a phase from now on; a shorter one waits behind those who entered before. */
void patience_adopt(struct patience *patience, const struct front_options *options);
/* <request> is at <phase> from now on. */
void patience_enter(struct patience *patience, struct front_request *request, enum deadline_phase phase);
/* The answer is on its way: if it is a file, <request> earns time with what the caller takes of it. */
void patience_write(struct patience *patience, struct front_request *request);
/* The caller waits for us, and goes on with its body or with the file: that time is not its own. */
void patience_pause(struct patience *patience, struct front_request *request);
void patience_go_on(struct patience *patience, struct front_request *request);
void patience_resume(struct patience *patience, struct front_request *request);
/* Nothing is expected of the caller. */
void patience_rest(struct front_request *request);
/* Between two requests there is little time from now on; a phase that was entered keeps the time it got. */
void patience_shorten(struct patience *patience);
