#include "daemon/feed.h"

#include <assert.h>
#include <unistd.h>

void
feed_start(struct feed *feed, const struct front_source *source)
{
	*feed = (struct feed){
		.is_on = true,
		.fd = source->fd,
		.total = source->total,
		.len = source->len,
		.finished = source->total >= 0 && source->len == (uint64_t)source->total,
	};
	assert(source->total < 0 || source->len <= (uint64_t)source->total);
}

void
feed_grow(struct feed *feed, uint64_t len)
{
	assert(feed->is_on && !feed->finished && len >= feed->len);
	assert(feed->total < 0 || len <= (uint64_t)feed->total);
	feed->len = len;
}

void
feed_finish(struct feed *feed, bool whole)
{
	assert(feed->is_on && !feed->finished);
	feed->finished = true;
	if (!whole || (feed->total >= 0 && feed->len != (uint64_t)feed->total))
		feed->torn = true;
}

/* Where reading stops for now. */
static uint64_t
limit_of(const struct feed *feed)
{
	bool complete = feed->total > 0 && feed->len == (uint64_t)feed->total;

	return complete && !feed->finished ? feed->len - 1 : feed->len;
}

enum feed_state
feed_read(struct feed *feed, uint64_t at, char *room, size_t len, size_t *ret_got)
{
	uint64_t limit = limit_of(feed);
	ssize_t got;

	if (feed->torn)
		return FEED_TORN;
	if (at >= limit)
		return feed->finished ? FEED_END : FEED_DRY;
	got = pread(feed->fd, room, len < limit - at ? len : limit - at, (off_t)at);
	if (got <= 0) {
		feed->torn = true; /* the disk, or somebody cut the file */
		return FEED_TORN;
	}
	feed->sent = at + (uint64_t)got;
	*ret_got = (size_t)got;
	return FEED_MORE;
}
