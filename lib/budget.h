/*
 * A retry budget: retries may be a tenth of the requests, and a few at once after a quiet time, so that a
 * server in trouble is not drowned by its clients. A token bucket. Pure: the clock is given.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct cspark_budget {
	double tokens;
	double capacity;
	double floor_s;      /* granted each second even when the bucket is empty */
	int64_t floor_at_ms; /* when the next of those may be taken */
};

void cspark_budget_init(struct cspark_budget *budget, double capacity, double floor_s); /* full */
void cspark_budget_earn(struct cspark_budget *budget); /* a first attempt was made */
bool cspark_budget_spend(struct cspark_budget *budget, int64_t now_ms); /* whether a retry may be made */
