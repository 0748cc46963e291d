#include "lib/watches.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_COUNT = 64 };

void
cspark_watches_init(struct cspark_watches *watches, const struct cspark_host *host)
{
	*watches = (struct cspark_watches){ .host = host, .timer_ms = -1 };
}

void
cspark_watches_fini(struct cspark_watches *watches)
{
	free(watches->at);
	free(watches->dirty);
}

static struct cspark_watch *
watch_of(struct cspark_watches *watches, int fd)
{
	size_t count = watches->count ? watches->count : FIRST_COUNT;
	struct cspark_watch *at;
	int *dirty;

	if ((size_t)fd < watches->count)
		return &watches->at[fd];
	while (count <= (size_t)fd)
		count *= 2;
	if ((dirty = reallocarray(watches->dirty, count, sizeof(*dirty))) != NULL)
		watches->dirty = dirty;
	if ((at = reallocarray(watches->at, count, sizeof(*at))) != NULL)
		watches->at = at;
	if (dirty == NULL || at == NULL)
		return NULL;
	memset(at + watches->count, 0, (count - watches->count) * sizeof(*at));
	watches->count = count;
	return &at[fd];
}

static void
forget(struct cspark_watches *watches, int fd, struct cspark_watch *watch)
{
	const struct cspark_host *host = watches->host;

	if (watch->told)
		host->watch(host->arg, fd, 0);
	host->forget(host->arg, fd);
	*watch = (struct cspark_watch){ .dirty = watch->dirty };
}

bool
cspark_watches_open(struct cspark_watches *watches, int fd)
{
	struct cspark_watch *watch = watch_of(watches, fd);

	if (watch == NULL)
		return false;
	if (watch->told) /* of an earlier descriptor, whose end was not told */
		forget(watches, fd, watch);
	watch->connection = true;
	return true;
}

void
cspark_watches_close(struct cspark_watches *watches, int fd)
{
	if ((size_t)fd < watches->count)
		forget(watches, fd, &watches->at[fd]);
}

bool
cspark_watches_want(struct cspark_watches *watches, int fd, int events)
{
	struct cspark_watch *watch = watch_of(watches, fd);
	bool connecting;

	if (watch == NULL)
		return false;
	connecting = watch->connection && watch->want & CSPARK_WRITE;
	watch->want = (uint8_t)events;
	/* A resolver's descriptor is closed right after this, and one that was given up while it connected
	 * has been: nothing else tells of them. */
	if (events == 0 && (!watch->connection || connecting)) {
		forget(watches, fd, watch);
	} else if (!watch->dirty) {
		watch->dirty = true;
		watches->dirty[watches->dirty_count++] = fd;
	}
	return true;
}

void
cspark_watches_tell(struct cspark_watches *watches)
{
	const struct cspark_host *host = watches->host;

	for (size_t i = 0; i < watches->dirty_count; i++) {
		int fd = watches->dirty[i];
		struct cspark_watch *watch = &watches->at[fd];
		uint8_t events = watch->want ? watch->want : watch->told & CSPARK_READ;

		watch->dirty = false;
		if (events == watch->told)
			continue;
		watch->told = events;
		host->watch(host->arg, fd, events);
	}
	watches->dirty_count = 0;
}

bool
cspark_watches_ready(struct cspark_watches *watches, int fd)
{
	const struct cspark_host *host = watches->host;
	struct cspark_watch *watch;

	if ((size_t)fd >= watches->count)
		return false;
	watch = &watches->at[fd];
	if (watch->want)
		return true;
	if (watch->told)
		host->watch(host->arg, fd, 0);
	watch->told = 0;
	return false;
}

void
cspark_watches_timer(struct cspark_watches *watches, int64_t at_ms)
{
	if (at_ms == watches->timer_ms)
		return;
	watches->timer_ms = at_ms;
	watches->host->timer(watches->host->arg, at_ms);
}

void
cspark_watches_timer_due(struct cspark_watches *watches)
{
	watches->timer_ms = -1;
}
