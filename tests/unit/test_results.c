#include <criterion/criterion.h>

#include "tools/results.h"

#define OWN   "[{\"code\":\"spark_rejected\",\"detail\":\"d\",\"outcome\":\"not_sent\",\"spark_status\":422}]"
#define GONE  "[{\"code\":\"upstream_unreachable\",\"detail\":\"d\",\"outcome\":\"maybe_executed\"}]"
#define NEVER "[{\"code\":\"credentials_refused\",\"detail\":\"d\",\"outcome\":\"not_sent\"}]"
#define LINE(errors) "{\"outputs\":{},\"warnings\":null,\"errors\":" errors ",\"process_time\":1}\n"

static struct results results;

static void
setup(void)
{
	results_init(&results);
}

static void
teardown(void)
{
	results_fini(&results);
}

TestSuite(results, .init = setup, .fini = teardown);

static void
check_rows(const char *wanted)
{
	cr_assert(str_eq(buf_text(&results.rows), str_of(wanted)), "%.*s", STR_ARG(buf_text(&results.rows)));
}

Test(results, gives_each_row_of_csv_its_error)
{
	cr_assert(results_take(&results, CUT_CSV, ',', STR("a,b\r\n1,2\r\n"), 0));
	cr_assert(str_eq(buf_text(&results.names), STR("a,b")));
	check_rows("1,2,\r\n");
	cr_assert(results_take(&results, CUT_CSV, ',',
		STR("a,b,_error\r\n1,2,\r\n,,\"[{\"\"x\"\":1}]\"\r\n"), 0));
	cr_assert(str_eq(buf_text(&results.names), STR("a,b")));
	check_rows("1,2,\r\n,,\"[{\"\"x\"\":1}]\"\r\n");
	cr_assert(results.records == 2 && results.failed == 1 && results.verdict == RESULTS_DONE);
}

Test(results, begins_rows_of_json_with_a_comma_but_the_first)
{
	cr_assert(results_take(&results, CUT_JSON, ',', STR("{}\n{}\n"), 0));
	check_rows("{}\n,{}\n");
	cr_assert(results_take(&results, CUT_JSON, ',', STR("{}\n"), 2));
	check_rows(",{}\n");
}

Test(results, judges_errors)
{
	cr_assert(results_take(&results, CUT_NDJSON, ',', STR(LINE("[]") LINE("null") LINE(OWN)), 0));
	cr_assert(results.failed == 1 && results.verdict == RESULTS_DONE);
	cr_assert(results_take(&results, CUT_NDJSON, ',', STR(LINE(GONE) LINE(OWN)), 0));
	cr_assert(results.failed == 2 && results.verdict == RESULTS_AGAIN);
	cr_assert(results_take(&results, CUT_NDJSON, ',', STR(LINE(NEVER) LINE(GONE)), 0));
	cr_assert(results.verdict == RESULTS_STOP);
	cr_assert(results_take(
		&results, CUT_NDJSON, ',', STR(LINE("[{\"code\":\"overloaded\"}]")), 0));
	cr_assert(results.failed == 1 && results.verdict == RESULTS_DONE,
		"Spark's own errors are the record's");
}

Test(results, judges_errors_in_cells)
{
	cr_assert(results_take(&results, CUT_CSV, ',',
		STR("a,_error\r\n"
		    ",\"[{\"\"code\"\":\"\"draining\"\",\"\"outcome\"\":\"\"not_sent\"\"}]\"\r\n"),
		0));
	cr_assert(results.verdict == RESULTS_AGAIN);
}

Test(results, judges_problems)
{
	const struct str refused = STR("{\"code\":\"spark_rejected\",\"spark\":{\"status\":422}}");
	const struct str absent = STR("{\"code\":\"spark_rejected\",\"spark\":{\"status\":404}}");
	const struct str broken = STR("{\"code\":\"spark_error\",\"spark\":{\"status\":500}}");

	cr_assert_eq(results_judge_problem(refused, 5), RESULTS_DONE);
	cr_assert_eq(results_judge_problem(absent, 5), RESULTS_STOP);
	cr_assert_eq(results_judge_problem(broken, 1), RESULTS_DONE);
	cr_assert_eq(results_judge_problem(broken, 2), RESULTS_AGAIN);
	cr_assert_eq(results_judge_problem(STR("{\"code\":\"draining\"}"), 1), RESULTS_AGAIN);
	cr_assert_eq(results_judge_problem(STR("no JSON"), 1), RESULTS_STOP);
}

Test(results, gives_each_record_the_error_of_all)
{
	const struct str problem = STR("{\"code\":\"spark_rejected\",\"detail\":\"d\","
				       "\"outcome\":\"not_sent\",\"spark\":{\"status\":422}}");

	results_refuse(&results, CUT_CSV, ';', problem, 7, 1, 2);
	check_rows(";;\"[{\"\"code\"\":\"\"spark_rejected\"\",\"\"detail\"\":\"\"d\"\",\"\"outcome\"\":"
		"\"\"not_sent\"\",\"\"spark_status\"\":422}]\"\r\n");
	cr_assert(results_row_failed(CUT_CSV, ';', STR(";;\"x\"")));
	results_refuse(&results, CUT_JSON, ',', problem, 7, 1, 0);
	check_rows(",{\"outputs\":null,\"warnings\":null,\"errors\":" OWN ",\"process_time\":null}\n");
	cr_assert(results_row_failed(CUT_JSON, ',', buf_text(&results.rows)));
	cr_assert_eq(results.failed, 1);
}

Test(results, refuses_what_is_no_row)
{
	cr_assert(!results_take(&results, CUT_NDJSON, ',', STR("{}\nno\n"), 0));
}
