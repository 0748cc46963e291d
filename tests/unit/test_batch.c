#include "daemon/batch.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/unit/suite.h"

static struct batch batch;
static struct batch_supply supply;

static void
set_up(void)
{
	batch_init(&batch, 1000);
	supply = (struct batch_supply){ .bytes = 100, .patience_ms = 5000 };
}

TestSuite(batch, .init = set_up);

static struct batch_status
running(uint64_t submitted, uint64_t completed, uint64_t available)
{
	return (struct batch_status){ .takes_input = true,
		.gives_results = true,
		.submitted = submitted,
		.completed = completed,
		.available = available,
		.input_left = 1 << 20,
		.input_used = submitted - completed,
		.output_used = available * 1000 };
}

static void
open_batch(void)
{
	batch_created(&batch, STR("b-1"), 1000);
}

static void
push(uint64_t records, struct batch_status status)
{
	batch_pushes(&batch, records, 1000);
	cr_assert_eq(batch_told(&batch, BATCH_PUSH, &status, 1000), BATCH_CAME);
}

static enum batch_step
next(int64_t now_ms)
{
	return batch_next(&batch, &supply, now_ms);
}

Test(batch, reads_a_status)
{
	struct batch_status status;

	cr_assert(batch_status_read(
		STR("{\"batch_status\":\"closed\",\"record_submitted\":200,\"records_completed\":40,"
		    "\"chunks_available\":2,\"input_buffer_used_bytes\":7,\"input_buffer_remaining_bytes\":8,"
		    "\"output_buffer_used_bytes\":9}"),
		&status));
	cr_assert_eq(status.submitted, 200);
	cr_assert_eq(status.completed, 40);
	cr_assert_eq(status.available, 2);
	cr_assert_eq(status.input_used, 7);
	cr_assert_eq(status.input_left, 8);
	cr_assert_eq(status.output_used, 9);
	cr_assert(!status.takes_input && status.gives_results && !status.is_final);
}

Test(batch, knows_what_each_state_allows)
{
	static const struct {
		const char *text;
		bool takes_input, gives_results, is_final;
	} rows[] = {
		{ "{\"batch_status\":\"created\"}", true, true, false },
		{ "{\"batch_status\":\"in_progress\"}", true, true, false },
		{ "{\"batch_status\":\"closed\"}", false, true, false },
		{ "{\"batch_status\":\"closed_by_timeout\"}", false, true, false },
		{ "{\"batch_status\":\"completed\"}", false, true, true },
		{ "{\"batch_status\":\"completed_by_timeout\"}", false, true, true },
		{ "{\"batch_status\":\"failed\"}", false, true, true },
		{ "{\"batch_status\":\"cancelled\"}", false, false, true },
		{ "{\"batch_status\":\"taking a nap\"}", true, true, false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct batch_status status;

		cr_assert(batch_status_read(str_of(rows[i].text), &status));
		cr_assert_eq(status.takes_input, rows[i].takes_input, "%s", rows[i].text);
		cr_assert_eq(status.gives_results, rows[i].gives_results, "%s", rows[i].text);
		cr_assert_eq(status.is_final, rows[i].is_final, "%s", rows[i].text);
	}
}

Test(batch, is_not_told_by_anything_else)
{
	static const char *const texts[] = { "{}", "[]", "7", "\"closed\"", "{\"batch_status\":null}",
		"{\"batch_status\":7}" };
	struct batch_status status;

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		cr_assert_not(batch_status_read(str_of(texts[i]), &status), "%s", texts[i]);
	cr_assert(batch_status_read(
		STR("{\"batch_status\":\"created\",\"record_submitted\":-1,\"chunks_available\":\"3\"}"),
		&status));
	cr_assert(status.submitted == 0 && status.available == 0);
}

Test(batch, is_created_first)
{
	cr_assert_eq(next(1000), BATCH_CREATE);
	open_batch();
	cr_assert_eq(next(1000), BATCH_PUSH);
	supply.bytes = 0;
	cr_assert_eq(next(1000), BATCH_WAIT);
	cr_assert_eq(batch_next_ms(&batch, &supply, 1000), -1);
}

Test(batch, is_pulled_before_it_is_pushed)
{
	open_batch();
	push(10, running(10, 10, 1));
	cr_assert_eq(next(1000), BATCH_PULL);
	batch_delivered(&batch, 10, 1000);
	batch_told(&batch, BATCH_PULL, &(struct batch_status){ .takes_input = true }, 1000);
	cr_assert_eq(next(1000), BATCH_PUSH);
}

Test(batch, is_looked_at_more_and_more_rarely)
{
	int64_t now_ms = 1000, before_ms, waits[6];
	struct batch_status status = running(10, 0, 0);

	open_batch();
	push(10, status);
	supply = (struct batch_supply){ .patience_ms = 60000 };
	for (int i = 0; i < 6; i++) {
		before_ms = now_ms;
		cr_assert_eq(next(now_ms), BATCH_WAIT);
		now_ms = batch_next_ms(&batch, &supply, now_ms);
		waits[i] = now_ms - before_ms;
		cr_assert_eq(next(now_ms), BATCH_LOOK);
		batch_told(&batch, BATCH_LOOK, &status, now_ms);
	}
	cr_assert_eq(waits[0], 200);
	cr_assert_eq(waits[1], 400);
	cr_assert_eq(waits[5], 2000);
	status.completed = 5;
	batch_told(&batch, BATCH_LOOK, &status, now_ms);
	cr_assert_eq(batch_next_ms(&batch, &supply, now_ms), now_ms + 200, "something got done");
}

Test(batch, is_closed_when_all_was_pushed)
{
	open_batch();
	push(10, running(10, 0, 0));
	supply = (struct batch_supply){ .is_all = true, .patience_ms = 5000 };
	cr_assert_eq(next(1000), BATCH_CLOSE);
	batch_closed(&batch);
	cr_assert_not(batch_takes_input(&batch));
	cr_assert_eq(next(1000), BATCH_WAIT);
}

Test(batch, is_not_asked_while_spark_is_to_be_left_alone)
{
	open_batch();
	batch_pushes(&batch, 10, 1000);
	cr_assert_eq(batch_failed(&batch, BATCH_PUSH, true, CSPARK_NOT_SENT, 3, 1000), BATCH_CAME_NOT);
	cr_assert_eq(next(3999), BATCH_WAIT);
	cr_assert_eq(batch_next_ms(&batch, &supply, 1000), 4000);
	cr_assert_eq(next(4000), BATCH_PUSH);
}

Test(batch, pauses_longer_each_time_but_not_for_ever)
{
	int64_t now_ms = 1000, wait_ms = 0;

	open_batch();
	supply.patience_ms = 3600000;
	for (int i = 0; i < 20; i++) {
		batch_failed(&batch, BATCH_LOOK, true, CSPARK_NOT_SENT, -1, now_ms);
		cr_assert_geq(batch.ask_ms - now_ms, wait_ms);
		wait_ms = batch.ask_ms - now_ms;
		now_ms = batch.ask_ms;
	}
	cr_assert_eq(wait_ms, 10000);
	cr_assert_neq(next(now_ms), BATCH_LEAVE);
}

Test(batch, is_left_when_it_refuses_to_answer)
{
	open_batch();
	for (int i = 0; i < 3; i++) {
		cr_assert_neq(next(1000 + i * 1000), BATCH_LEAVE);
		batch_failed(&batch, BATCH_LOOK, false, CSPARK_MAYBE_EXECUTED, -1, 1000 + i * 1000);
	}
	cr_assert_eq(next(9000), BATCH_LEAVE);
	batch_leave(&batch);
	cr_assert_eq(next(9000), BATCH_WAIT);
	cr_assert_eq(batch_next_ms(&batch, &supply, 9000), -1);
}

Test(batch, has_patience_only_while_something_is_missing)
{
	open_batch();
	cr_assert_eq(next(900000), BATCH_PUSH, "nothing was asked of it for long");
	batch_pushes(&batch, 10, 900000);
	cr_assert_eq(batch_told(&batch, BATCH_PUSH, &(struct batch_status){ .submitted = 10 }, 900000),
		BATCH_CAME);
	supply.bytes = 0;
	cr_assert_eq(next(905000), BATCH_LOOK);
	cr_assert_eq(next(905001), BATCH_LEAVE);
}

Test(batch, finds_out_whether_a_push_came)
{
	static const struct {
		uint64_t submitted;
		enum batch_fate fate;
	} rows[] = { { 10, BATCH_CAME_NOT }, { 15, BATCH_CAME }, { 12, BATCH_TORN } };

	for (size_t i = 0; i < 3; i++) {
		struct batch_status status = running(rows[i].submitted, 0, 1);

		set_up();
		open_batch();
		push(10, running(10, 0, 0));
		batch_pushes(&batch, 5, 1000);
		cr_assert_eq(batch_failed(&batch, BATCH_PUSH, false, CSPARK_MAYBE_EXECUTED, -1, 1000),
			BATCH_UNKNOWN);
		cr_assert_eq(next(2000), BATCH_LOOK);
		cr_assert_eq(batch_told(&batch, BATCH_LOOK, &status, 2000), rows[i].fate);
		cr_assert_eq(batch.pushed, rows[i].fate == BATCH_CAME ? 15 : 10);
	}
}

Test(batch, waits_until_a_large_chunk_is_alone)
{
	struct batch_status status = running(10, 5, 0);

	status.input_left = 50;
	open_batch();
	push(10, status);
	cr_assert_eq(next(1000), BATCH_WAIT);
	cr_assert_eq(next(1200), BATCH_LOOK);
	status.input_used = 0;
	batch_told(&batch, BATCH_LOOK, &status, 1200);
	cr_assert_eq(next(1200), BATCH_PUSH);
	cr_assert_eq(batch_push_room(&batch), 50);
}

Test(batch, pushes_less_after_a_refusal_and_more_again)
{
	open_batch();
	cr_assert_eq(batch_push_room(&batch), BATCH_PUSH_MAX);
	cr_assert_not(batch_push_refused(&batch, 2));
	cr_assert_eq(batch_push_room(&batch), BATCH_PUSH_MAX / 2);
	push(10, running(10, 10, 0));
	cr_assert_eq(batch_push_room(&batch), BATCH_PUSH_MAX);
}

Test(batch, gives_a_chunk_up_that_is_refused_alone)
{
	open_batch();
	for (int i = 0; i < 3; i++) {
		cr_assert_neq(next(1000), BATCH_LEAVE);
		cr_assert(batch_push_refused(&batch, 1));
	}
	cr_assert_eq(next(1000), BATCH_LEAVE, "it refuses every one");
}

Test(batch, pulls_no_more_than_is_foretold_to_fit)
{
	struct batch_status status = running(1000, 1000, 50);

	open_batch();
	push(1000, status);
	cr_assert_eq(batch_pull_max(&batch), 100);
	status.output_used = UINT64_C(50) * (BATCH_PULL_BYTES / 10);
	batch_told(&batch, BATCH_LOOK, &status, 1000);
	cr_assert_eq(batch_pull_max(&batch), 10);
	status.output_used = UINT64_MAX;
	batch_told(&batch, BATCH_LOOK, &status, 1000);
	cr_assert_eq(batch_pull_max(&batch), 1);
	batch_failed(&batch, BATCH_PULL, false, CSPARK_EXECUTED, -1, 1000);
	cr_assert_eq(batch_pull_max(&batch), 50, "nothing is known");
}

Test(batch, is_not_pulled_in_a_circle)
{
	struct batch_status status = running(10, 10, 1);

	open_batch();
	push(10, status);
	cr_assert_eq(next(1000), BATCH_PULL);
	batch_told(&batch, BATCH_PULL, &status, 1000);
	cr_assert_eq(next(1000), BATCH_WAIT, "what is said to be there was not");
	cr_assert_eq(next(batch_next_ms(&batch, &supply, 1000)), BATCH_PULL);
}

Test(batch, believes_only_the_second_look_that_results_are_lost)
{
	struct batch_status status = running(10, 10, 0);

	open_batch();
	supply.bytes = 0;
	push(10, status);
	cr_assert_eq(next(2000), BATCH_LOOK);
	batch_told(&batch, BATCH_LOOK, &status, 2000);
	cr_assert_neq(next(2000), BATCH_LEAVE);
	batch_told(&batch, BATCH_LOOK, &status, 4000);
	cr_assert_eq(next(4000), BATCH_LEAVE);
}

Test(batch, is_over_when_it_is_final)
{
	struct batch_status status = running(10, 5, 1);

	status.is_final = true;
	open_batch();
	push(10, status);
	cr_assert_eq(next(1000), BATCH_PULL, "there is something to be had");
	status.available = 0;
	batch_delivered(&batch, 5, 1000);
	batch_told(&batch, BATCH_PULL, &status, 1000);
	cr_assert_eq(next(1000), BATCH_LEAVE);
}

Test(batch, names_its_steps)
{
	cr_assert_str_eq(batch_step_name(BATCH_WAIT), "wait");
	cr_assert_str_eq(batch_step_name(BATCH_LEAVE), "leave");
}
