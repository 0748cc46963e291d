/*
 * What the transport wants of the host, descriptors and timer, told sparingly.
 *
 * libcurl takes its interest in a socket back after each request and declares it again with the next. A
 * connection that is kept stays watched for reading in between, so that the host's poller need not be told
 * twice per request.
 */
#pragma once

#include "lib/cspark.h"

struct cspark_watch {
	uint8_t want;    /* what the transport asked for */
	uint8_t told;    /* what the host knows */
	/* closed through us, once it is connected; else its end is when interest ends */
	bool connection;
	bool dirty;
};

struct cspark_watches {
	const struct cspark_host *host;
	struct cspark_watch *at; /* by descriptor */
	size_t count;
	int *dirty;
	size_t dirty_count;
	int64_t timer_ms; /* the wish that the host knows */
};

void cspark_watches_init(struct cspark_watches *watches, const struct cspark_host *host); /* borrowed */
void cspark_watches_fini(struct cspark_watches *watches);
/* A connection begins. False: no memory. */
bool cspark_watches_open(struct cspark_watches *watches, int fd);
/* A connection is about to be closed. */
void cspark_watches_close(struct cspark_watches *watches, int fd);
/* Interest changes; the host hears of it with the next tell. False: no memory. */
bool cspark_watches_want(struct cspark_watches *watches, int fd, int events);
/* Tells the host what has changed since the last time. */
void cspark_watches_tell(struct cspark_watches *watches);
/* <fd> is ready: whether anybody cares. If not, it is a kept connection that was closed, and is watched no
 * more. */
bool cspark_watches_ready(struct cspark_watches *watches, int fd);
/* Tells the host when to call, if that has changed; -1: not. */
void cspark_watches_timer(struct cspark_watches *watches, int64_t at_ms);
/* The host has called: its timer is spent. */
void cspark_watches_timer_due(struct cspark_watches *watches);
