/*
 * A file on its way to a caller, which may still grow meanwhile. Knows offsets and states alone; who is told
 * to wait and to go on is the front's business. Private to the front.
 *
 * One thread; embedded in its owner.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/front.h"

struct feed {
	bool is_on;    /* the answer is a file */
	int fd;        /* borrowed */
	int64_t total; /* -1: not known */
	uint64_t len;  /* there so far */
	uint64_t sent; /* read to be sent */
	bool finished; /* there will be no more */
	bool torn;     /* it will never be whole */
};

enum feed_state {
	FEED_MORE, /* here are some bytes */
	FEED_DRY,  /* none now */
	FEED_END,  /* that was all */
	FEED_TORN,
};

void feed_start(struct feed *feed, const struct front_source *source);
void feed_grow(struct feed *feed, uint64_t len);
void feed_finish(struct feed *feed, bool whole);
/*
 * At most <len> bytes from offset <at>; <ret_got> is set with FEED_MORE. Of a known total the last byte is
 * kept back until feed_finish(): who promised a length and fails in the end cannot be taken for whole.
 */
enum feed_state feed_read(struct feed *feed, uint64_t at, char *room, size_t len, size_t *ret_got);
