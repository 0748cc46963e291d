#include "daemon/tempo.h"

#include <criterion/criterion.h>
#include <stdio.h>

static const struct tempo_limits limits = { .max_records = 2000, .target_ms = 8000, .max_concurrency = 64 };

/* <calls> of <records>, each of which takes 50 ms and half a ms for each record. */
static void
run(struct tempo *tempo, unsigned calls, size_t records)
{
	for (unsigned i = 0; i < calls; i++)
		tempo_went_well(tempo, records, 50 + (int64_t)records / 2, false, 0);
}

Test(tempo, begins_with_a_probe)
{
	struct tempo tempo;

	tempo_init(&tempo);
	cr_assert_eq(tempo_records(&tempo, &limits, 100000, 0, 16), 64);
	cr_assert_eq(tempo_concurrency(&tempo, &limits), 16);
	cr_assert(tempo_is_one_call(&tempo, &limits, 200));
}

Test(tempo, learns_what_a_call_and_a_record_take)
{
	struct tempo tempo;

	tempo_init(&tempo);
	run(&tempo, 8, 64);
	run(&tempo, 8, 1000);
	cr_assert_float_eq(tempo_expected_ms(&tempo, 2000), 1050, 10);
	cr_assert_float_eq(tempo_expected_ms(&tempo, 1), 50.5, 5);
}

Test(tempo, shares_what_waits_so_that_all_end_together)
{
	struct tempo tempo;

	tempo_init(&tempo);
	run(&tempo, 4, 100);
	cr_assert_eq(tempo_records(&tempo, &limits, 20000, 0, 16), 1250);
	cr_assert_eq(tempo_records(&tempo, &limits, 15000, 5000, 16), 1250);
	cr_assert_eq(tempo_records(&tempo, &limits, 100000, 0, 16), 2000);
	cr_assert_eq(tempo_records(&tempo, &limits, 10, 0, 16), 50); /* or what there is */
}

Test(tempo, keeps_calls_short_enough)
{
	struct tempo tempo;

	tempo_init(&tempo);
	tempo_went_well(&tempo, 64, 64000, false, 0); /* a second each */
	cr_assert_eq(tempo_records(&tempo, &limits, 100000, 0, 16), 8);
	cr_assert_not(tempo_is_one_call(&tempo, &limits, 9));
	tempo_init(&tempo);
	tempo_went_well(&tempo, 1, 30000, false, 0);
	cr_assert_eq(tempo_records(&tempo, &limits, 100000, 0, 16), 1);
}

Test(tempo, halves_what_took_too_long)
{
	struct tempo tempo;

	tempo_init(&tempo);
	run(&tempo, 4, 100);
	tempo_was_too_long(&tempo, 400);
	cr_assert_eq(tempo_records(&tempo, &limits, 100000, 0, 16), 200);
	tempo_was_too_long(&tempo, 1);
	cr_assert_eq(tempo_records(&tempo, &limits, 100000, 0, 16), 1);
}

Test(tempo, does_not_keep_calls_short_because_of_one_record)
{
	struct tempo tempo;

	tempo_init(&tempo);
	for (size_t records = 2000; records >= 1; records /= 2)
		tempo_was_too_long(&tempo, records);
	cr_assert_eq(tempo_records(&tempo, &limits, 100000, 0, 16), 1);
	for (int i = 0; i < 60; i++)
		run(&tempo, 1, tempo_records(&tempo, &limits, 100000, 0, 16));
	cr_assert_eq(tempo_records(&tempo, &limits, 100000, 0, 16), 2000);
}

Test(tempo, tries_longer_calls_ever_more_rarely_when_they_fail)
{
	struct tempo tempo;
	unsigned failures = 0;

	tempo_init(&tempo);
	for (int i = 0; i < 2000; i++) {
		size_t records = tempo_records(&tempo, &limits, 100000, 0, 16);

		if (records > 300) {
			tempo_was_too_long(&tempo, records);
			failures++;
		} else {
			run(&tempo, 1, records);
		}
	}
	cr_assert_leq(failures, 15, "%u", failures);
}

Test(tempo, slows_down_once_for_all_that_was_under_way)
{
	struct tempo tempo;

	tempo_init(&tempo);
	for (int i = 0; i < 16; i++)
		tempo_was_too_many(&tempo, 5000 + i);
	cr_assert_eq(tempo_concurrency(&tempo, &limits), 11);
	for (int i = 0; i < 50; i++)
		tempo_was_too_many(&tempo, 10000 + i * 1000);
	cr_assert_eq(tempo_concurrency(&tempo, &limits), 1);
}

Test(tempo, tries_one_more_after_some_rounds_and_takes_it_back)
{
	struct tempo tempo;

	tempo_init(&tempo);
	for (int i = 0; i < 65; i++)
		tempo_went_well(&tempo, 100, 100, true, 1000);
	cr_assert_eq(tempo_concurrency(&tempo, &limits), 17);
	tempo_went_well(&tempo, 100, 200, true, 1000);
	cr_assert_eq(tempo_concurrency(&tempo, &limits), 16);
	for (int i = 0; i < 200; i++)
		tempo_went_well(&tempo, 100, 100, true, 2000);
	cr_assert_eq(tempo_concurrency(&tempo, &limits), 16, "it was of no use a moment ago");
}

Test(tempo, is_kept_for_each_service_the_oldest_makes_room)
{
	static struct tempos tempos;
	char key[16];

	tempos_find(&tempos, STR("first"))->ceiling = 7;
	for (int i = 0; i < TEMPOS - 1; i++) {
		snprintf(key, sizeof key, "%d", i);
		cr_assert_eq(tempos_find(&tempos, str_of(key))->ceiling, 0);
	}
	cr_assert_eq(tempos_find(&tempos, STR("first"))->ceiling, 7);
	tempos_find(&tempos, STR("another")); /* in the place of "0" */
	cr_assert_eq(tempos_find(&tempos, STR("first"))->ceiling, 7);
	tempos_fini(&tempos);
}
