#include "daemon/metrics.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/version.h"
#include "daemon/metrics_process.h"

enum {
	CLASSES = 5,
	BUCKETS = 16,
	HISTOGRAM_CELLS = BUCKETS + 2, /* the buckets, what is above them, the sum in microseconds */
};

enum metric_kind { COUNTER, GAUGE, HISTOGRAM };

static const struct fact {
	enum metric_kind kind;
	enum metrics_label label;
	const char *name;
	const char *help;
} facts[METRICS] = {
#define X(ID, kind, name, label, help) { kind, METRICS_##label, name, help },
#include "daemon/metrics.def"
#undef X
};

static const char *const kind_names[] = { "counter", "gauge", "histogram" };

static const struct bucket {
	uint64_t max_us;
	const char *text; /* in seconds */
} buckets[BUCKETS] = {
	{ 500, "0.0005" }, { 1000, "0.001" }, { 2500, "0.0025" }, { 5000, "0.005" },
	{ 10000, "0.01" }, { 25000, "0.025" }, { 50000, "0.05" }, { 100000, "0.1" },
	{ 250000, "0.25" }, { 500000, "0.5" }, { 1000000, "1" }, { 2500000, "2.5" },
	{ 5000000, "5" }, { 10000000, "10" }, { 30000000, "30" }, { 60000000, "60" },
};

static const char *const result_names[METRICS_RESULTS] = { "good", "failed" };
static const char *const class_names[CLASSES] = { "1xx", "2xx", "3xx", "4xx", "5xx" };
/* What lib/authority.c and lib/token_answer.c give as reasons. */
static const char *const reason_names[] = {
	"other", "status", "limited", "refused", "redirect", "timeout", "connect", "dns", "tls", "tls_verify",
	"protocol", "reset", "fault", "size", "body", "token_type", "token_syntax", "expires_in",
};
enum { REASONS = sizeof(reason_names) / sizeof(*reason_names) };

struct metrics {
	struct metrics_names names;
	time_t made;           /* wall clock */
	size_t first[METRICS]; /* where a metric's cells begin */
	uint64_t *cells;       /* written by the owner, read by anyone */
};

/* ---- cells ---- */

static unsigned
label_values(const struct metrics_names *names, enum metrics_label label)
{
	switch (label) {
	case METRICS_OPERATION:
		return names->operation_count;
	case METRICS_OPERATION_STATUS:
		return names->operation_count * CLASSES;
	case METRICS_CAUSE:
		return CSPARK_CAUSES;
	case METRICS_CODE:
		return CSPARK_CODES;
	case METRICS_REASON:
		return REASONS;
	case METRICS_TENANT:
		return names->tenant_count;
	case METRICS_RESULT:
		return METRICS_RESULTS;
	default:
		return 1;
	}
}

static size_t
cells_of(enum metric metric)
{
	return facts[metric].kind == HISTOGRAM ? HISTOGRAM_CELLS : 1;
}

struct metrics *
metrics_new(const struct metrics_names *names)
{
	struct metrics *metrics = calloc(1, sizeof(*metrics));
	size_t count = 0;

	if (!metrics)
		return NULL;
	metrics->names = *names;
	metrics->made = time(NULL);
	for (unsigned i = 0; i < METRICS; i++) {
		metrics->first[i] = count;
		count += cells_of(i) * label_values(names, facts[i].label);
	}
	count = (count * sizeof(uint64_t) + 63) / 64 * 64; /* whole cache lines, shared with no other shard */
	metrics->cells = aligned_alloc(64, count);
	if (!metrics->cells) {
		free(metrics);
		return NULL;
	}
	memset(metrics->cells, 0, count);
	return metrics;
}

void
metrics_free(struct metrics *metrics)
{
	if (metrics)
		free(metrics->cells);
	free(metrics);
}

static uint64_t *
cell(const struct metrics *metrics, enum metric metric, unsigned label)
{
	assert(label < label_values(&metrics->names, facts[metric].label));
	return &metrics->cells[metrics->first[metric] + label * cells_of(metric)];
}

/* One writer, so no read-modify-write is needed: a load and a store that readers see whole. */
static void
grow(uint64_t *at, uint64_t value)
{
	__atomic_store_n(at, __atomic_load_n(at, __ATOMIC_RELAXED) + value, __ATOMIC_RELAXED);
}

/* ---- writing ---- */

void
metrics_add(struct metrics *metrics, enum metric metric, unsigned label, uint64_t value)
{
	grow(cell(metrics, metric, label), value);
}

void
metrics_set(struct metrics *metrics, enum metric metric, unsigned label, int64_t value)
{
	__atomic_store_n(cell(metrics, metric, label), (uint64_t)value, __ATOMIC_RELAXED);
}

void
metrics_observe_us(struct metrics *metrics, enum metric metric, unsigned label, uint64_t microseconds)
{
	uint64_t *cells = cell(metrics, metric, label);
	unsigned bucket = 0;

	assert(facts[metric].kind == HISTOGRAM);
	while (bucket < BUCKETS && microseconds > buckets[bucket].max_us)
		bucket++;
	grow(&cells[bucket], 1);
	grow(&cells[BUCKETS + 1], microseconds);
}

unsigned
metrics_reason(const char *reason)
{
	for (unsigned i = 1; reason && i < REASONS; i++)
		if (strcmp(reason, reason_names[i]) == 0)
			return i;
	return 0;
}

static void
observe_if(struct metrics *metrics, enum metric metric, unsigned label, int64_t microseconds)
{
	if (microseconds >= 0)
		metrics_observe_us(metrics, metric, label, (uint64_t)microseconds);
}

void
metrics_request(struct metrics *metrics, const struct metrics_request *request)
{
	bool is_known = request->status >= 100 && request->status <= 599;
	unsigned class = is_known ? (unsigned)request->status / 100 : 5;

	metrics_add(metrics, METRIC_REQUESTS, request->operation * CLASSES + class - 1, 1);
	observe_if(metrics, METRIC_REQUEST_DURATION, request->operation, request->total_us);
	observe_if(metrics, METRIC_QUEUE_DURATION, 0, request->queue_us);
	observe_if(metrics, METRIC_TOKEN_WAIT_DURATION, 0, request->token_us);
	observe_if(metrics, METRIC_SPARK_DURATION, 0, request->spark_us);
	metrics_add(metrics, METRIC_BYTES_IN, 0, request->bytes_in);
	metrics_add(metrics, METRIC_BYTES_OUT, 0, request->bytes_out);
}

/* ---- reading ---- */

static uint64_t
sum_cell(struct metrics *const *all, size_t count, enum metric metric, unsigned label, size_t offset)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += __atomic_load_n(cell(all[i], metric, label) + offset, __ATOMIC_RELAXED);
	return sum;
}

static uint64_t
sum_label(struct metrics *const *all, size_t count, enum metric metric, unsigned label)
{
	uint64_t sum = 0;

	if (facts[metric].kind != HISTOGRAM)
		return sum_cell(all, count, metric, label, 0);
	for (size_t i = 0; i <= BUCKETS; i++)
		sum += sum_cell(all, count, metric, label, i);
	return sum;
}

uint64_t
metrics_sum(struct metrics *const *all, size_t count, enum metric metric)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < label_values(&all[0]->names, facts[metric].label); i++)
		sum += sum_label(all, count, metric, i);
	return sum;
}

/* ---- the text format ---- */

static void
put_pair(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, "%s=\"", name);
	for (const char *c = value; *c; c++) {
		if (*c == '"' || *c == '\\')
			buf_put_char(out, '\\');
		if (*c == '\n')
			buf_put_str(out, STR("\\n"));
		else
			buf_put_char(out, *c);
	}
	buf_put_char(out, '"');
}

static const char *
tenant_name(const struct metrics_names *names, unsigned tenant)
{
	return __atomic_load_n(&names->tenants[tenant], __ATOMIC_ACQUIRE);
}

/* Without braces; false if there is no label. */
static bool
put_label(struct buf *out, const struct metrics_names *names, enum metrics_label kind, unsigned label)
{
	const char *tenant;

	switch (kind) {
	case METRICS_OPERATION:
		put_pair(out, "operation", names->operations[label]);
		return true;
	case METRICS_OPERATION_STATUS:
		put_pair(out, "operation", names->operations[label / CLASSES]);
		buf_put_char(out, ',');
		put_pair(out, "status_class", class_names[label % CLASSES]);
		return true;
	case METRICS_CAUSE:
		put_pair(out, "cause", cspark_cause_name(label));
		return true;
	case METRICS_CODE:
		put_pair(out, "code", cspark_code_name(label));
		return true;
	case METRICS_REASON:
		put_pair(out, "reason", reason_names[label]);
		return true;
	case METRICS_TENANT:
		tenant = tenant_name(names, label);
		put_pair(out, "tenant", tenant ? tenant : ""); /* it may have gone in this moment */
		return true;
	case METRICS_RESULT:
		put_pair(out, "result", result_names[label]);
		return true;
	default:
		return false;
	}
}

static void
put_series(struct buf *out, const struct metrics_names *names, enum metric metric, unsigned label,
	const char *suffix, const char *le)
{
	bool is_labelled = facts[metric].label != METRICS_NONE;

	buf_printf(out, "%s%s", facts[metric].name, suffix);
	if (is_labelled || le)
		buf_put_char(out, '{');
	put_label(out, names, facts[metric].label, label);
	if (is_labelled && le)
		buf_put_char(out, ',');
	if (le)
		put_pair(out, "le", le);
	if (is_labelled || le)
		buf_put_char(out, '}');
	buf_put_char(out, ' ');
}

static void
put_histogram(struct buf *out, struct metrics *const *all, size_t count, enum metric metric, unsigned label)
{
	const struct metrics_names *names = &all[0]->names;
	uint64_t sum_us = sum_cell(all, count, metric, label, BUCKETS + 1);
	uint64_t seen = 0;

	for (unsigned i = 0; i <= BUCKETS; i++) {
		seen += sum_cell(all, count, metric, label, i);
		put_series(out, names, metric, label, "_bucket", i < BUCKETS ? buckets[i].text : "+Inf");
		buf_put_u64(out, seen);
		buf_put_char(out, '\n');
	}
	put_series(out, names, metric, label, "_sum", NULL);
	buf_printf(out, "%llu.%06llu\n", (unsigned long long)(sum_us / 1000000),
		(unsigned long long)(sum_us % 1000000));
	put_series(out, names, metric, label, "_count", NULL);
	buf_put_u64(out, seen);
	buf_put_char(out, '\n');
}

/* A series that is by operation or code appears with its first event: most combinations never happen. */
static bool
is_sparse(enum metrics_label label)
{
	return label == METRICS_OPERATION || label == METRICS_OPERATION_STATUS || label == METRICS_CODE;
}

static bool
is_hidden(const struct metrics_names *names, enum metrics_label kind, unsigned label, uint64_t value)
{
	return kind == METRICS_TENANT ? !tenant_name(names, label) : value == 0 && is_sparse(kind);
}

static void
put_metric(struct buf *out, struct metrics *const *all, size_t count, enum metric metric)
{
	const struct fact *fact = &facts[metric];
	const struct metrics_names *names = &all[0]->names;

	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", fact->name, fact->help, fact->name,
		kind_names[fact->kind]);
	for (unsigned label = 0; label < label_values(names, fact->label); label++) {
		uint64_t value = sum_label(all, count, metric, label);

		if (is_hidden(names, fact->label, label, value))
			continue;
		if (fact->kind == HISTOGRAM) {
			put_histogram(out, all, count, metric, label);
			continue;
		}
		put_series(out, names, metric, label, "", NULL);
		buf_printf(out, fact->kind == GAUGE ? "%lld\n" : "%llu\n", (unsigned long long)value);
	}
}

void
metrics_text(struct metrics *const *all, size_t count, struct buf *out)
{
	for (unsigned i = 0; i < METRICS; i++)
		if (label_values(&all[0]->names, facts[i].label) > 0)
			put_metric(out, all, count, i);
	buf_printf(out, "# HELP cspark_build_info The version that runs.\n# TYPE cspark_build_info gauge\n");
	buf_printf(out, "cspark_build_info{version=\"%s\"} 1\n", CSPARKD_VERSION);
	buf_printf(out,
		"# HELP cspark_start_time_seconds When the process started, in seconds since 1970.\n"
		"# TYPE cspark_start_time_seconds gauge\ncspark_start_time_seconds %lld\n",
		(long long)all[0]->made);
	metrics_process_text(out);
}
