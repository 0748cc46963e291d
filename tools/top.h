/*
 * What "csparkctl top" shows: readings of the daemon, and what two of them say together.
 */
#pragma once

#include "base/buf.h"
#include "tools/metrics.h"

#include <stdint.h>

struct top_reading {
	struct metrics metrics;
	struct buf status; /* valid JSON; empty: it is not for us */
	int64_t at_ms;     /* 0: there is none */
};

/* Two readings. <before> is empty: since the daemon's start. */
struct top_view {
	const char *url;
	const struct top_reading *now;
	const struct top_reading *before;
	double seconds; /* between them */
};

/* Lines of text. */
void top_put_text(const struct top_view *view, struct buf *out);
/* One JSON object, without a newline. */
void top_put_json(const struct top_view *view, struct buf *out);

/* What happened a second, of a counter; never less than nothing, whatever the daemon was before. */
double top_rate(const struct top_view *view, const char *name, const char *label, struct str value);
double top_total(const struct top_view *view, const char *name, const char *label, struct str value);
enum { TOP_CLASSES = 4 };
extern const char *const TOP_CLASS_NAMES[TOP_CLASSES];
/* The same of requests, those to the daemon's own pages left out. <class>: of the status; NULL: all. */
double top_requests(const struct top_view *view, const char *class, bool is_rate);
