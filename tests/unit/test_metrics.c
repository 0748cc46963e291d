#include "daemon/metrics.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/version.h"

static const char *const operations[] = { "execute", "a\"b\\c\nd" };
static const char *tenants[2] = { "default" };
static const struct metrics_names names = { operations, 2, tenants, 2 };

static struct metrics *all[2];
static char *text;

static void
set_up(void)
{
	for (int i = 0; i < 2; i++) {
		all[i] = metrics_new(&names);
		cr_assert(all[i]);
	}
}

static void
tear_down(void)
{
	for (int i = 0; i < 2; i++)
		metrics_free(all[i]);
	free(text);
}

TestSuite(metrics, .init = set_up, .fini = tear_down);

static void
expose(void)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	metrics_text(all, 2, &out);
	free(text);
	text = buf_take(&out, NULL);
	cr_assert(text);
}

static void
expect_line(const char *line)
{
	const char *found = strstr(text, line);

	cr_expect(found && (found == text || found[-1] == '\n') && found[strlen(line)] == '\n',
		"no line <%s> in\n%s", line, text);
}

/* ---- a strict reader of the format ---- */

struct family {
	char name[128];
	char kind[16];
	double last_bucket;
	double infinite; /* value of the bucket "+Inf" */
	unsigned samples;
};

static const char *
take_name(const char *at, char *ret, size_t size)
{
	size_t len = 0;

	cr_assert(isalpha((unsigned char)*at) || *at == '_' || *at == ':', "no name at <%.30s>", at);
	while (isalnum((unsigned char)at[len]) || at[len] == '_' || at[len] == ':')
		len++;
	cr_assert_lt(len, size);
	snprintf(ret, size, "%.*s", (int)len, at);
	return at + len;
}

/* {name="value",...}; gives the value of "le", if there is one. */
static const char *
take_labels(const char *at, char *ret_le, size_t size)
{
	char name[128];

	ret_le[0] = '\0';
	while (*at != '}') {
		size_t len = 0;

		at = take_name(at + 1, name, sizeof(name)); /* behind "{" or "," */
		cr_assert(at[0] == '=' && at[1] == '"', "%.30s", at);
		for (at += 2; at[len] != '"'; len++) {
			cr_assert(at[len] && at[len] != '\n', "an open label value");
			if (at[len] == '\\')
				cr_assert(strchr("\\\"n", at[++len]), "an unknown escape");
		}
		if (strcmp(name, "le") == 0)
			snprintf(ret_le, size, "%.*s", (int)len, at);
		at += len + 1;
		cr_assert(*at == ',' || *at == '}', "%.30s", at);
	}
	return at + 1;
}

static void
check_histogram(struct family *family, const char *suffix, const char *le, double value)
{
	if (strcmp(suffix, "_bucket") == 0) {
		cr_assert(*le, "a bucket without le");
		cr_expect_geq(value, family->last_bucket, "%s: buckets must grow", family->name);
		family->last_bucket = value;
		if (strcmp(le, "+Inf") == 0) {
			family->infinite = value;
			family->last_bucket = 0;
		}
	} else if (strcmp(suffix, "_count") == 0) {
		cr_expect_eq(value, family->infinite);
	} else {
		cr_expect_str_eq(suffix, "_sum");
	}
}

static void
check_sample(struct family *family, const char *line)
{
	char name[128], le[32] = "";
	const char *at = take_name(line, name, sizeof(name));
	char *end;
	double value;

	cr_assert(strncmp(name, family->name, strlen(family->name)) == 0, "%s outside its family %s", name,
		family->name);
	if (*at == '{')
		at = take_labels(at, le, sizeof(le));
	cr_assert_eq(*at, ' ');
	value = strtod(at + 1, &end);
	cr_assert(end > at + 1 && *end == '\0', "%s", line);
	if (strcmp(family->kind, "histogram") == 0)
		check_histogram(family, name + strlen(family->name), le, value);
	else
		cr_expect_str_eq(name, family->name);
	if (strcmp(family->kind, "counter") == 0) {
		cr_expect_geq(value, 0);
		cr_expect(strlen(name) > 6 && strcmp(name + strlen(name) - 6, "_total") == 0, "%s", name);
	}
	family->samples++;
}

static void
check_exposition(void)
{
	struct family family = { .name = "" };
	char help_name[128] = "";
	char *copy = strdup(text);

	cr_assert_eq(text[strlen(text) - 1], '\n');
	for (char *line = strtok(copy, "\n"); line; line = strtok(NULL, "\n")) {
		if (strncmp(line, "# HELP ", 7) == 0) {
			const char *help = take_name(line + 7, help_name, sizeof(help_name));

			cr_assert(help[0] == ' ' && help[1]);
		} else if (strncmp(line, "# TYPE ", 7) == 0) {
			const char *kind = take_name(line + 7, family.name, sizeof(family.name));
			char head[160];

			cr_expect_str_eq(family.name, help_name, "HELP and TYPE belong together");
			snprintf(head, sizeof(head), "# TYPE %s ", family.name);
			cr_expect_null(strstr(strstr(text, head) + 1, head), "%s comes twice", family.name);
			snprintf(family.kind, sizeof(family.kind), "%s", kind + 1);
			family.last_bucket = 0;
		} else {
			check_sample(&family, line);
		}
	}
	free(copy);
}

/* ---- tests ---- */

Test(metrics, is_valid_with_nothing_counted)
{
	expose();
	check_exposition();
	expect_line("cspark_in_flight 0");
	expect_line("cspark_retries_total{cause=\"denied\"} 0");
	expect_line("cspark_build_info{version=\"" PACKAGE_VERSION "\"} 1");
	cr_expect(strstr(text, "\nprocess_cpu_seconds_total "));
	cr_expect(strstr(text, "\nprocess_resident_memory_bytes "));
	cr_expect(strstr(text, "\nprocess_open_fds "));
	cr_expect(strstr(text, "\ncspark_start_time_seconds 1"));
}

Test(metrics, counts_a_request)
{
	struct metrics_request request = { .operation = 0,
		.status = 200,
		.total_us = 700,
		.queue_us = -1,
		.token_us = 0,
		.spark_us = 70000000,
		.bytes_in = 10,
		.bytes_out = 20 };

	metrics_request(all[0], &request);
	request.status = 503;
	metrics_request(all[1], &request);
	expose();
	check_exposition();
	expect_line("cspark_requests_total{operation=\"execute\",status_class=\"2xx\"} 1");
	expect_line("cspark_requests_total{operation=\"execute\",status_class=\"5xx\"} 1");
	expect_line("cspark_request_duration_seconds_bucket{operation=\"execute\",le=\"0.0005\"} 0");
	expect_line("cspark_request_duration_seconds_bucket{operation=\"execute\",le=\"0.001\"} 2");
	expect_line("cspark_request_duration_seconds_sum{operation=\"execute\"} 0.001400");
	expect_line("cspark_queue_duration_seconds_count 0");
	expect_line("cspark_spark_duration_seconds_bucket{le=\"60\"} 0");
	expect_line("cspark_spark_duration_seconds_bucket{le=\"+Inf\"} 2");
	expect_line("cspark_bytes_in_total 20");
	cr_expect_eq(metrics_sum(all, 2, METRIC_REQUESTS), 2);
	cr_expect_eq(metrics_sum(all, 2, METRIC_REQUEST_DURATION), 2);
}

Test(metrics, escapes_label_values)
{
	struct metrics_request request = { .operation = 1, .status = 99, .total_us = 1 };

	metrics_request(all[0], &request);
	expose();
	check_exposition();
	expect_line("cspark_requests_total{operation=\"a\\\"b\\\\c\\nd\",status_class=\"5xx\"} 1");
}

Test(metrics, sums_gauges_that_go_up_and_down)
{
	metrics_set(all[0], METRIC_IN_FLIGHT, 0, 5);
	metrics_set(all[1], METRIC_IN_FLIGHT, 0, 2);
	metrics_set(all[0], METRIC_IN_FLIGHT, 0, 1);
	metrics_set(all[0], METRIC_TOKEN_AGE, 0, -1);
	expose();
	check_exposition();
	expect_line("cspark_in_flight 3");
	expect_line("cspark_token_age_seconds{tenant=\"default\"} -1");
}

Test(metrics, knows_codes_causes_and_reasons)
{
	metrics_add(all[0], METRIC_ERRORS, CSPARK_E_OVERLOADED, 3);
	metrics_add(all[0], METRIC_RETRIES, CSPARK_CAUSE_THROTTLED, 2);
	metrics_add(all[0], METRIC_TOKEN_FETCH_FAILURES, metrics_reason("timeout"), 1);
	metrics_add(all[0], METRIC_TOKEN_FETCH_FAILURES, metrics_reason("never heard of"), 1);
	metrics_add(all[0], METRIC_TOKEN_FETCH_FAILURES, metrics_reason(NULL), 1);
	expose();
	check_exposition();
	expect_line("cspark_errors_total{code=\"overloaded\"} 3");
	expect_line("cspark_retries_total{cause=\"throttled\"} 2");
	expect_line("cspark_token_fetch_failures_total{reason=\"timeout\"} 1");
	expect_line("cspark_token_fetch_failures_total{reason=\"other\"} 2");
	cr_expect_eq(metrics_sum(all, 2, METRIC_TOKEN_FETCH_FAILURES), 3);
}

static void *
count_many(void *arg)
{
	for (int i = 0; i < 100000; i++)
		metrics_add(arg, METRIC_RECORDS, 0, 1);
	return NULL;
}

Test(metrics, is_read_while_it_is_written)
{
	pthread_t threads[2];
	uint64_t seen = 0;

	for (int i = 0; i < 2; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, count_many, all[i]), 0);
	for (int i = 0; i < 100; i++) {
		uint64_t sum = metrics_sum(all, 2, METRIC_RECORDS);

		cr_expect_geq(sum, seen);
		seen = sum;
	}
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	cr_expect_eq(metrics_sum(all, 2, METRIC_RECORDS), 200000);
}

Test(metrics, shows_tenants_that_have_a_name)
{
	metrics_add(all[0], METRIC_TOKEN_FETCHES, 0, 3);
	metrics_add(all[0], METRIC_TOKEN_FETCHES, 1, 4);
	expose();
	cr_assert(strstr(text, "cspark_token_fetches_total{tenant=\"default\"} 3\n"));
	cr_assert_not(strstr(text, "cspark_token_fetches_total{tenant=\"\"}"));
	tenants[0] = NULL;
	tenants[1] = "late";
	expose();
	cr_assert_not(strstr(text, "default"));
	cr_assert(strstr(text, "cspark_token_fetches_total{tenant=\"late\"} 4\n"));
}

Test(metrics, counts_reloads_by_their_result)
{
	metrics_add(all[1], METRIC_RELOADS, METRICS_FAILED, 1);
	expose();
	cr_assert(strstr(text, "cspark_reloads_total{result=\"good\"} 0\n"));
	cr_assert(strstr(text, "cspark_reloads_total{result=\"failed\"} 1\n"));
}
