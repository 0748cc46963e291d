/*
 * What the daemon's /metrics says: samples by name and labels, and what changed between two readings.
 */
#pragma once

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

struct metric {
	struct str name;
	struct str labels; /* as written, without braces */
	double value;
};

struct metrics {
	char *text; /* what the others point into */
	struct metric *list;
	size_t count;
};

/* <text> is copied; lines that are no samples are left out. False: no memory. */
bool metrics_read(struct metrics *metrics, struct str text) __attribute__((warn_unused_result));
void metrics_fini(struct metrics *metrics);

/* The value of a label, as written; at == NULL: it has none of that name. */
struct str metric_label(const struct metric *metric, const char *name);
/* The sum over all samples of that name; with <label>: of those where it has this value. */
double metrics_sum(const struct metrics *metrics, const char *name, const char *label, struct str value);
bool metrics_has(const struct metrics *metrics, const char *name);

/* The value below which <part> (0 to 1) of what a histogram counted between two readings was, the
 * operation "local" left out; NAN: it counted nothing. <before> may be empty. */
double
metrics_quantile(const struct metrics *now, const struct metrics *before, const char *name, double part);
