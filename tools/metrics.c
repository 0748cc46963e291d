#include "tools/metrics.h"

#include "base/buf.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { BUCKETS_MAX = 64, NAME_MAX_BYTES = 128 };

/* ---- reading ----------------------------------------------------------------------------- */

/* NAME VALUE or NAME{LABELS} VALUE; braces may stand in a label's text, blanks too. */
static bool
read_line(struct str line, struct metric *ret)
{
	const char *space = line.len ? memrchr(line.at, ' ', line.len) : NULL;
	struct str name;
	char number[64], *end;
	int len;

	if (!space || line.at[0] == '#')
		return false;
	len = snprintf(number, sizeof(number), "%.*s", (int)(line.at + line.len - space - 1), space + 1);
	ret->value = strtod(number, &end);
	name = str_range(line.at, (size_t)(space - line.at));
	ret->name = str_cut(name, '{', &ret->labels);
	if (ret->labels.len && ret->labels.at[ret->labels.len - 1] == '}')
		ret->labels.len--;
	return len > 0 && len < (int)sizeof(number) && *end == '\0' && ret->name.len > 0;
}

static size_t
count_lines(struct str text)
{
	size_t count = 1;

	for (size_t i = 0; i < text.len; i++)
		count += text.at[i] == '\n';
	return count;
}

bool
metrics_read(struct metrics *metrics, struct str text)
{
	*metrics = (struct metrics){ .text = strndup(text.at ? text.at : "", text.len) };
	metrics->list = calloc(count_lines(text), sizeof(*metrics->list));
	if (!metrics->text || !metrics->list) {
		metrics_fini(metrics);
		return false;
	}
	text = str_of(metrics->text);
	while (text.len) {
		struct str line = str_cut(text, '\n', &text);

		if (read_line(line, &metrics->list[metrics->count]))
			metrics->count++;
	}
	return true;
}

void
metrics_fini(struct metrics *metrics)
{
	free(metrics->text);
	free(metrics->list);
	*metrics = (struct metrics){ 0 };
}

/* ---- values ------------------------------------------------------------------------------ */

struct str
metric_label(const struct metric *metric, const char *name)
{
	struct str rest = metric->labels, wanted = str_of(name);

	while (rest.len) {
		struct str key = str_cut(rest, '=', &rest);
		size_t end = 1;

		if (rest.len == 0 || rest.at[0] != '"')
			break;
		while (end < rest.len && rest.at[end] != '"')
			end += rest.at[end] == '\\' ? 2 : 1;
		if (end >= rest.len)
			break;
		if (str_eq(key, wanted))
			return str_range(rest.at + 1, end - 1);
		rest = str_range(rest.at + end + 1, rest.len - end - 1);
		if (rest.len && rest.at[0] == ',')
			rest = str_range(rest.at + 1, rest.len - 1);
	}
	return (struct str){ 0 };
}

double
metrics_sum(const struct metrics *metrics, const char *name, const char *label, struct str value)
{
	struct str wanted = str_of(name);
	double sum = 0;

	for (size_t i = 0; i < metrics->count; i++) {
		const struct metric *one = &metrics->list[i];

		if (str_eq(one->name, wanted) && (!label || str_eq(metric_label(one, label), value)))
			sum += one->value;
	}
	return sum;
}

bool
metrics_has(const struct metrics *metrics, const char *name)
{
	for (size_t i = 0; i < metrics->count; i++) {
		if (str_eq(metrics->list[i].name, str_of(name)))
			return true;
	}
	return false;
}

/* ---- histograms -------------------------------------------------------------------------- */

struct bucket {
	double bound;
	double count; /* of observations up to the bound */
};

struct histogram {
	struct bucket buckets[BUCKETS_MAX]; /* by bound */
	size_t count;
};

static void
add_bucket(struct histogram *histogram, double bound, double count)
{
	size_t at = 0;

	while (at < histogram->count && histogram->buckets[at].bound < bound)
		at++;
	if (at < histogram->count && histogram->buckets[at].bound == bound) {
		histogram->buckets[at].count += count;
		return;
	}
	if (histogram->count == BUCKETS_MAX)
		return;
	memmove(&histogram->buckets[at + 1], &histogram->buckets[at],
		(histogram->count - at) * sizeof(struct bucket));
	histogram->buckets[at] = (struct bucket){ bound, count };
	histogram->count++;
}

static void
add_reading(struct histogram *histogram, const struct metrics *metrics, const char *name, double sign)
{
	char full_name[NAME_MAX_BYTES], bound[32];

	snprintf(full_name, sizeof(full_name), "%s_bucket", name);
	for (size_t i = 0; i < metrics->count; i++) {
		const struct metric *one = &metrics->list[i];

		if (!str_eq(one->name, str_of(full_name)) ||
			str_eq(metric_label(one, "operation"), STR("local")))
			continue;
		snprintf(bound, sizeof(bound), "%.*s", STR_ARG(metric_label(one, "le")));
		add_bucket(histogram, strtod(bound, NULL), sign * one->value);
	}
}

double
metrics_quantile(const struct metrics *now, const struct metrics *before, const char *name, double part)
{
	struct histogram histogram = { .count = 0 };
	double wanted, bound = 0, below = 0;

	add_reading(&histogram, now, name, 1);
	add_reading(&histogram, before, name, -1);
	if (histogram.count == 0 || histogram.buckets[histogram.count - 1].count <= 0)
		return NAN;
	wanted = part * histogram.buckets[histogram.count - 1].count;
	for (size_t i = 0; i < histogram.count; i++) {
		const struct bucket *bucket = &histogram.buckets[i];

		if (bucket->count >= wanted && isinf(bucket->bound))
			return bound; /* at least */
		if (bucket->count >= wanted && bucket->count > below)
			return bound + (bucket->bound - bound) * (wanted - below) / (bucket->count - below);
		bound = bucket->bound;
		below = bucket->count;
	}
	return bound;
}
