/* The table of retries, row by row, for each class of operation, through the whole machine of a job. */
#include "tests/flow/fake_transport.h"

#include <criterion/criterion.h>
#include <string.h>

enum { CLASSES = CSPARK_CLASS_TAKE + 1 };

static struct world world;
static struct told told;

static void
set_up(void)
{
	world_init(&world, NULL);
	told = (struct told){ .world = &world };
}

static void
tear_down(void)
{
	told_fini(&told);
	world_fini(&world);
}

TestSuite(classes, .init = set_up, .fini = tear_down);

struct row {
	const char *what;
	struct reply reply;
	enum cspark_code code;
	enum cspark_outcome outcome;
	bool retryable;            /* of what may be done twice; else only if it was not sent */
	unsigned attempts[CLASSES]; /* read, execute, change, take */
};

/* One cause a row: the retries that are left are all used up. */
#define ALWAYS { 3, 3, 3, 3 }
#define UNCLEAR { 3, 3, 1, 1 }
#define MAYBE { 3, 2, 1, 1 }
#define SLOW { 2, 1, 1, 1 }
#define NEVER { 1, 1, 1, 1 }

static const struct row ROWS[] = {
	{ "dns", { .end = CSPARK_END_DNS, .unsent = true }, CSPARK_E_UPSTREAM_DNS, CSPARK_NOT_SENT, true,
		ALWAYS },
	{ "connect", { .end = CSPARK_END_CONNECT, .unsent = true }, CSPARK_E_UPSTREAM_UNREACHABLE,
		CSPARK_NOT_SENT, true, ALWAYS },
	{ "handshake", { .end = CSPARK_END_TLS, .unsent = true }, CSPARK_E_UPSTREAM_UNREACHABLE,
		CSPARK_NOT_SENT, true, ALWAYS },
	{ "refused stream", { .end = CSPARK_END_REFUSED, .unsent = true }, CSPARK_E_UPSTREAM_UNREACHABLE,
		CSPARK_NOT_SENT, true, ALWAYS },
	{ "429", { .status = 429 }, CSPARK_E_SPARK_RATE_LIMITED, CSPARK_NOT_SENT, true, ALWAYS },
	{ "429 with Retry-After", { .status = 429, .retry_after = "1" }, CSPARK_E_SPARK_RATE_LIMITED,
		CSPARK_NOT_SENT, true, ALWAYS },
	{ "503 with Retry-After", { .status = 503, .retry_after = "1" }, CSPARK_E_SPARK_UNAVAILABLE,
		CSPARK_NOT_SENT, true, ALWAYS },
	{ "503", { .status = 503 }, CSPARK_E_SPARK_UNAVAILABLE, CSPARK_MAYBE_EXECUTED, true, UNCLEAR },
	{ "502", { .status = 502 }, CSPARK_E_SPARK_UNAVAILABLE, CSPARK_MAYBE_EXECUTED, true, UNCLEAR },
	{ "408", { .status = 408 }, CSPARK_E_SPARK_UNAVAILABLE, CSPARK_MAYBE_EXECUTED, true, UNCLEAR },
	{ "reset", { .end = CSPARK_END_RESET }, CSPARK_E_UPSTREAM_UNREACHABLE, CSPARK_MAYBE_EXECUTED, true,
		MAYBE },
	{ "truncated", { .end = CSPARK_END_TRUNCATED }, CSPARK_E_UPSTREAM_GARBLED, CSPARK_EXECUTED, true,
		MAYBE },
	{ "no JSON", { .body = "<html>" }, CSPARK_E_UPSTREAM_GARBLED, CSPARK_EXECUTED, true, MAYBE },
	{ "empty", { .body = "" }, CSPARK_E_UPSTREAM_GARBLED, CSPARK_EXECUTED, true, MAYBE },
	{ "504", { .status = 504 }, CSPARK_E_UPSTREAM_TIMEOUT, CSPARK_MAYBE_EXECUTED, true, SLOW },
	{ "our time-out", { .after_ms = 99999 }, CSPARK_E_UPSTREAM_TIMEOUT, CSPARK_MAYBE_EXECUTED, true,
		NEVER }, /* it is the deadline of all attempts */
	{ "certificate", { .end = CSPARK_END_CERTIFICATE, .unsent = true }, CSPARK_E_UPSTREAM_TLS,
		CSPARK_NOT_SENT, false, NEVER },
	{ "500", { .status = 500 }, CSPARK_E_SPARK_ERROR, CSPARK_MAYBE_EXECUTED, false, NEVER },
	{ "501", { .status = 501 }, CSPARK_E_SPARK_ERROR, CSPARK_MAYBE_EXECUTED, false, NEVER },
	{ "400", { .status = 400 }, CSPARK_E_SPARK_REJECTED, CSPARK_NOT_SENT, false, NEVER },
	{ "403", { .status = 403 }, CSPARK_E_SPARK_REJECTED, CSPARK_NOT_SENT, false, NEVER },
	{ "404", { .status = 404 }, CSPARK_E_SPARK_REJECTED, CSPARK_NOT_SENT, false, NEVER },
	{ "405", { .status = 405 }, CSPARK_E_SPARK_REJECTED, CSPARK_NOT_SENT, false, NEVER },
	{ "409", { .status = 409 }, CSPARK_E_SPARK_REJECTED, CSPARK_NOT_SENT, false, NEVER },
	{ "422", { .status = 422 }, CSPARK_E_SPARK_REJECTED, CSPARK_NOT_SENT, false, NEVER },
	{ "redirect", { .status = 302 }, CSPARK_E_SPARK_ERROR, CSPARK_NOT_SENT, false, NEVER },
	{ "protocol", { .end = CSPARK_END_PROTOCOL }, CSPARK_E_UPSTREAM_GARBLED, CSPARK_MAYBE_EXECUTED, true,
		NEVER },
	{ "too large", { .end = CSPARK_END_TOO_LARGE }, CSPARK_E_UPSTREAM_GARBLED, CSPARK_EXECUTED, true,
		NEVER },
	{ "address", { .end = CSPARK_END_ADDRESS, .unsent = true }, CSPARK_E_UPSTREAM_UNREACHABLE,
		CSPARK_NOT_SENT, true, NEVER },
	{ "source", { .end = CSPARK_END_SOURCE }, CSPARK_E_INTERNAL, CSPARK_MAYBE_EXECUTED, false, NEVER },
	{ "sink", { .end = CSPARK_END_SINK }, CSPARK_E_INTERNAL, CSPARK_EXECUTED, false, NEVER },
	{ "fault", { .end = CSPARK_END_FAULT, .unsent = true }, CSPARK_E_INTERNAL, CSPARK_NOT_SENT, false,
		NEVER },
};
enum { ROW_COUNT = sizeof(ROWS) / sizeof(ROWS[0]) };

/* A world with a full budget, and in it a request of that class. */
static void
begin(enum cspark_class class, struct cspark_request *ret)
{
	int operation = 0;

	tear_down();
	set_up();

	while (operation < CSPARK_OPERATIONS && cspark_operation_class(operation) != class)
		operation++;
	cr_assert_lt(operation, CSPARK_OPERATIONS);
	*ret = (struct cspark_request){ .operation = operation,
		.expects_json = true,
		.method = "POST",
		.path = "/t/x" };
	world.request = ret;
}

/* Runs one call to its end. */
static void
run(const char *what)
{
	told_fini(&told);
	cr_assert(world_send(&world, &told, 58000));
	world_run(&world, world.now_ms + 58001);
	cr_assert_eq(told.times, 1, "%s", what);
}

static void
expect_row(const struct row *row, enum cspark_class class)
{
	bool repeats = class == CSPARK_CLASS_READ || class == CSPARK_CLASS_EXECUTE;
	const struct cspark_result *result = &told.result;

	world.api = (struct script){ .replies = &row->reply, .count = 1 };
	run(row->what);
	cr_assert_eq(result->code, row->code, "%s: %s", row->what, result->detail);
	cr_assert_eq(result->outcome, row->outcome, "%s", row->what);
	cr_assert_eq(result->attempts, row->attempts[class], "%d %s: %u", class, row->what, result->attempts);
	cr_assert_eq(world.api.seen, row->attempts[class], "%s", row->what);
	cr_assert_eq(result->retryable, row->retryable && (repeats || row->outcome == CSPARK_NOT_SENT),
		"%d %s", class, row->what);
	cr_assert(result->detail[0] && result->detail[strlen(result->detail) - 1] == '.', "%s: %s", row->what,
		result->detail);
	cr_assert_null(strstr(result->detail, "secret"), "%s", row->what);
}

Test(classes, follow_the_table_of_retries)
{
	for (int class = 0; class < CLASSES; class++) {
		struct cspark_request request;

		for (size_t i = 0; i < ROW_COUNT; i++) {
			begin(class, &request);
			expect_row(&ROWS[i], class);
		}
	}
}

Test(classes, succeed_after_each_failure_that_passes)
{
	for (int class = 0; class < CLASSES; class++) {
		struct cspark_request request;

		for (size_t i = 0; i < ROW_COUNT; i++) {
			struct reply replies[2] = { ROWS[i].reply };

			begin(class, &request);
			if (ROWS[i].attempts[class] == 1)
				continue;
			world.api = (struct script){ .replies = replies, .count = 2 };
			run(ROWS[i].what);
			cr_assert_eq(told.result.code, CSPARK_OK, "%d %s", class, ROWS[i].what);
			cr_assert_eq(told.result.attempts, 2, "%d %s", class, ROWS[i].what);
			cr_assert_eq(told.result.detail[0], '\0');
		}
	}
}

/* With a token that is renewed; an execution may run twice, a change may not. */
Test(classes, repeat_once_what_was_answered_401)
{
	for (int class = 0; class < CLASSES; class++) {
		struct cspark_request request;

		begin(class, &request);
		world.revoked = 1;
		run("401");
		cr_assert_eq(told.result.code, CSPARK_OK, "%d %s", class, told.result.detail);
		cr_assert_eq(told.result.attempts, 2);
		world.revoked = 1000;
		run("401 again");
		cr_assert_eq(told.result.code, CSPARK_E_CREDENTIALS_REFUSED);
		cr_assert_eq(told.result.outcome, CSPARK_NOT_SENT);
	}
}
