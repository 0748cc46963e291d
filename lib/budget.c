#include "lib/budget.h"

static const double EARNED = 0.1; /* by a first attempt */

void
cspark_budget_init(struct cspark_budget *budget, double capacity, double floor_s)
{
	*budget = (struct cspark_budget){ .tokens = capacity, .capacity = capacity, .floor_s = floor_s,
		.floor_at_ms = INT64_MIN };
}

void
cspark_budget_earn(struct cspark_budget *budget)
{
	budget->tokens += EARNED;
	if (budget->tokens > budget->capacity)
		budget->tokens = budget->capacity;
}

bool
cspark_budget_spend(struct cspark_budget *budget, int64_t now_ms)
{
	if (budget->tokens >= 1) {
		budget->tokens -= 1;
		return true;
	}
	if (budget->floor_s <= 0 || now_ms < budget->floor_at_ms)
		return false;
	budget->floor_at_ms = now_ms + (int64_t)(1000 / budget->floor_s);
	return true;
}
