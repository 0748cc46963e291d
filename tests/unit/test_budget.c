#include "lib/budget.h"

#include <criterion/criterion.h>

Test(budget, grants_its_capacity_then_one_a_second)
{
	struct cspark_budget budget;
	int granted = 0;

	cspark_budget_init(&budget, 20, 1);
	while (cspark_budget_spend(&budget, 1000))
		granted++;
	cr_assert_eq(granted, 21);
	cr_assert_not(cspark_budget_spend(&budget, 1999));
	cr_assert(cspark_budget_spend(&budget, 2000));
	cr_assert_not(cspark_budget_spend(&budget, 2000));
}

Test(budget, earns_a_tenth_by_each_request_up_to_its_capacity)
{
	struct cspark_budget budget;

	cspark_budget_init(&budget, 2, 0);
	cr_assert(cspark_budget_spend(&budget, 0) && cspark_budget_spend(&budget, 0));
	cr_assert_not(cspark_budget_spend(&budget, 0));
	for (int i = 0; i < 11; i++)
		cspark_budget_earn(&budget);
	cr_assert(cspark_budget_spend(&budget, 0));
	cr_assert_not(cspark_budget_spend(&budget, 0));
	for (int i = 0; i < 1000; i++)
		cspark_budget_earn(&budget);
	cr_assert_eq(budget.tokens, 2);
}
