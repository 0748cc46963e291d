/*
 * Counters, gauges and histograms in Prometheus' text format; one struct metrics a shard (and one for main),
 * written by its own thread only, read by any thread with relaxed loads and summed.
 *
 * Facts (name, kind, label, help) are in metrics.def.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "lib/cspark.h"

enum metric {
#define X(ID, kind, name, label, help) METRIC_##ID,
#include "daemon/metrics.def"
#undef X
	METRICS
};

/* What a metric is told apart by, and so what the <label> of the functions below is. */
enum metrics_label {
	METRICS_NONE,             /* 0 */
	METRICS_OPERATION,        /* index into the names given to metrics_new() */
	METRICS_OPERATION_STATUS, /* by metrics_request() only */
	METRICS_CAUSE,            /* enum cspark_cause */
	METRICS_CODE,             /* enum cspark_code */
	METRICS_REASON,           /* metrics_reason() */
	METRICS_TENANT,           /* index into the names given to metrics_new() */
	METRICS_RESULT,           /* enum metrics_result */
	METRICS_LABELS
};

enum metrics_result { METRICS_GOOD, METRICS_FAILED, METRICS_RESULTS };

struct metrics;

/* The names behind labels that only the host knows. Copied shallowly: names are borrowed until
 * metrics_free(). A tenant without a name (NULL) is not shown; names may come and go, with atomic stores. */
struct metrics_names {
	const char *const *operations;
	unsigned operation_count;
	const char *const *tenants;
	unsigned tenant_count;
};
/* Given; NULL: no memory. All that are summed must have been made with the same names. */
struct metrics *metrics_new(const struct metrics_names *names);
void metrics_free(struct metrics *metrics); /* accepts NULL */

/* A gauge may be made less by adding UINT64_MAX, which is -1. */
void metrics_add(struct metrics *metrics, enum metric metric, unsigned label, uint64_t value);
/* For gauges; also for counters that are kept elsewhere and only grow. */
void metrics_set(struct metrics *metrics, enum metric metric, unsigned label, int64_t value);
void metrics_observe_us(struct metrics *metrics, enum metric metric, unsigned label, uint64_t microseconds);
/* The label of a failed token fetch (cspark_token_news.reason); unknown ones and NULL are "other". */
unsigned metrics_reason(const char *reason);

/* One request at its end: counts by operation and status class, and its durations. */
struct metrics_request {
	unsigned operation; /* index into the names */
	int status;
	int64_t total_us, queue_us, token_us, spark_us; /* -1: did not happen */
	uint64_t bytes_in, bytes_out;
};
void metrics_request(struct metrics *metrics, const struct metrics_request *request);

/* Over all label values; of a histogram the number of observations. Any thread. */
uint64_t metrics_sum(struct metrics *const *all, size_t count, enum metric metric);
/* Appends the exposition of all sums, and what is known of the process. Any thread; count > 0. */
void metrics_text(struct metrics *const *all, size_t count, struct buf *out);
