#include "tools/metrics.h"

#include <criterion/criterion.h>
#include <math.h>

static struct metrics
read_text(const char *text)
{
	struct metrics metrics;

	cr_assert(metrics_read(&metrics, str_of(text)));
	return metrics;
}

Test(ctl_metrics, reads_samples_and_labels)
{
	struct metrics metrics = read_text(
		"# HELP a b\na 3\nb{x=\"1\",y=\"q } \\\" ,\"} 4.5\nb{x=\"2\"} 1\nbad\n\nb{x=\"2\"} word\n");

	cr_assert_eq(metrics.count, 3);
	cr_assert_float_eq(metrics_sum(&metrics, "a", NULL, STR("")), 3, 1e-9);
	cr_assert_float_eq(metrics_sum(&metrics, "b", NULL, STR("")), 5.5, 1e-9);
	cr_assert_float_eq(metrics_sum(&metrics, "b", "x", STR("2")), 1, 1e-9);
	cr_assert(str_eq(metric_label(&metrics.list[1], "y"), STR("q } \\\" ,")));
	cr_assert_null(metric_label(&metrics.list[1], "z").at);
	cr_assert(metrics_has(&metrics, "a") && !metrics_has(&metrics, "c"));
	metrics_fini(&metrics);
}

Test(ctl_metrics, survives_what_is_no_metrics)
{
	static const char *const TEXTS[] = { "", "{", "a{ 1", "a{x 1", "a{x=\"} 1", "a{x=\"\\ 1",
		"a{x=\"\\\"} 1", "a{=\"\"} 1", " 1", "{} 1", "a{x=\"1\"y=\"2\"} 1" };

	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
		struct metrics metrics = read_text(TEXTS[i]);

		metrics_sum(&metrics, "a", "y", STR("2"));
		metrics_fini(&metrics);
	}
}

#define BUCKETS(a, b, inf)                                       \
	"h_bucket{operation=\"execute\",le=\"0.1\"} " #a "\n"    \
	"h_bucket{operation=\"execute\",le=\"0.2\"} " #b "\n"    \
	"h_bucket{operation=\"execute\",le=\"+Inf\"} " #inf "\n" \
	"h_bucket{operation=\"local\",le=\"0.1\"} 1000\n"        \
	"h_bucket{operation=\"local\",le=\"0.2\"} 1000\n"        \
	"h_bucket{operation=\"local\",le=\"+Inf\"} 1000\n"

Test(ctl_metrics, finds_quantiles_of_what_came_in_between)
{
	struct metrics none = read_text(""), before = read_text(BUCKETS(100, 100, 100));
	struct metrics now = read_text(BUCKETS(110, 120, 120)), late = read_text(BUCKETS(110, 120, 130));

	cr_assert(isnan(metrics_quantile(&now, &now, "h", 0.5)));
	cr_assert(isnan(metrics_quantile(&none, &none, "h", 0.5)));
	cr_assert_float_eq(metrics_quantile(&now, &before, "h", 0.5), 0.1, 1e-9);
	cr_assert_float_eq(metrics_quantile(&now, &before, "h", 0.25), 0.05, 1e-9);
	cr_assert_float_eq(metrics_quantile(&now, &before, "h", 0.75), 0.15, 1e-9);
	cr_assert_float_eq(metrics_quantile(&before, &none, "h", 1), 0.1, 1e-9);
	/* beyond the last bound nothing more is known */
	cr_assert_float_eq(metrics_quantile(&late, &now, "h", 0.5), 0.2, 1e-9);
	metrics_fini(&none);
	metrics_fini(&before);
	metrics_fini(&now);
	metrics_fini(&late);
}
