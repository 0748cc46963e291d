#include "daemon/admit.h"

#include <criterion/criterion.h>

static struct admit_ticket *
tickets(unsigned count)
{
	static struct admit_ticket all[8];

	for (unsigned i = 0; i < count; i++)
		admit_ticket_init(&all[i]);
	return all;
}

Test(admit, lets_in_up_to_the_limit_then_queues_then_refuses)
{
	struct admit_ticket *t = tickets(4);
	struct admit admit;

	admit_init(&admit, 2, 1);
	cr_assert_eq(admit_enter(&admit, &t[0], 100), ADMIT_IN);
	cr_assert_eq(admit_enter(&admit, &t[1], 100), ADMIT_IN);
	cr_assert_eq(admit_enter(&admit, &t[2], 100), ADMIT_WAIT);
	cr_assert_eq(admit_enter(&admit, &t[3], 100), ADMIT_FULL);
	cr_assert_eq(admit.in_flight, 2);
	cr_assert_eq(admit.queued, 1);
}

Test(admit, lets_the_oldest_in_when_a_place_is_free)
{
	struct admit_ticket *t = tickets(3);
	struct admit admit;

	admit_init(&admit, 1, 2);
	admit_enter(&admit, &t[0], 100);
	admit_enter(&admit, &t[1], 100);
	admit_enter(&admit, &t[2], 100);
	cr_assert_null(admit_next(&admit));
	admit_leave(&admit, &t[0]);
	cr_assert_eq(admit_next(&admit), &t[1]);
	cr_assert(t[1].in);
	cr_assert_null(admit_next(&admit));
}

Test(admit, does_not_overtake_the_queue)
{
	struct admit_ticket *t = tickets(3);
	struct admit admit;

	admit_init(&admit, 1, 2);
	admit_enter(&admit, &t[0], 100);
	admit_enter(&admit, &t[1], 100);
	admit_leave(&admit, &t[0]);
	cr_assert_eq(admit_enter(&admit, &t[2], 100), ADMIT_WAIT);
	cr_assert_eq(admit_next(&admit), &t[1]);
}

Test(admit, tells_who_has_waited_too_long)
{
	struct admit_ticket *t = tickets(3);
	struct admit admit;

	admit_init(&admit, 1, 2);
	cr_assert_eq(admit_next_ms(&admit), -1);
	admit_enter(&admit, &t[0], 0);
	admit_enter(&admit, &t[1], 200);
	admit_enter(&admit, &t[2], 100); /* asked for less */
	cr_assert_eq(admit_next_ms(&admit), 100);
	cr_assert_null(admit_expired(&admit, 99));
	cr_assert_eq(admit_expired(&admit, 100), &t[2]);
	cr_assert_null(admit_expired(&admit, 100));
	cr_assert_eq(admit.queued, 1);
}

Test(admit, survives_leaving_twice_and_leaving_the_queue)
{
	struct admit_ticket *t = tickets(2);
	struct admit admit;

	admit_init(&admit, 1, 1);
	admit_enter(&admit, &t[0], 0);
	admit_enter(&admit, &t[1], 0);
	admit_leave(&admit, &t[1]);
	admit_leave(&admit, &t[1]);
	cr_assert_eq(admit.queued, 0);
	admit_leave(&admit, &t[0]);
	admit_leave(&admit, &t[0]);
	cr_assert_eq(admit.in_flight, 0);
}
