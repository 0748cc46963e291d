/*
 * Counters, gauges and histograms in Prometheus' text format; one struct metrics a shard (and one for main),
 * written by its own thread only, read by any thread with relaxed loads and summed.
 *
 * Facts (name, kind, label values, unit, help) are in metrics.def.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "lib/cspark.h"

/* metrics.def: X(ID, kind, "cspark_name", "label" or NULL, "help"); kinds COUNTER, GAUGE, HISTOGRAM. */
enum metric {
#define X(ID, kind, name, label, help) METRIC_##ID,
#include "daemon/metrics.def"
#undef X
	METRICS
};

struct metrics;

struct metrics *metrics_new(void);
void metrics_free(struct metrics *metrics);

/* <label>: index into the label's values, 0 if the metric has none. */
void metrics_add(struct metrics *metrics, enum metric metric, unsigned label, uint64_t value);
void metrics_set(struct metrics *metrics, enum metric metric, unsigned label, int64_t value);
void metrics_observe_us(struct metrics *metrics, enum metric metric, unsigned label, uint64_t microseconds);

/* One request at its end: counts by operation and status class, and its durations. <operation>: an index given by the route table. */
struct metrics_request {
	unsigned operation; /* label value of METRIC_REQUESTS */
	int status;
	int64_t total_us, queue_us, token_us, spark_us; /* -1: did not happen */
	uint64_t bytes_in, bytes_out;
};
void metrics_request(struct metrics *metrics, const struct metrics_request *request);

uint64_t metrics_sum(struct metrics *const *all, size_t count, enum metric metric);
/* Appends the exposition of all shards' sums. */
void metrics_text(struct metrics *const *all, size_t count, struct buf *out);
