/*
 * One execute call under way: the latency model, the records one after the other, what they gave, and
 * the facts both kinds of answer tell. Belongs to one thread.
 */
#pragma once

#include "base/buf.h"
#include "sim/selection.h"
#include "sim/services.h"

struct exchange;

struct calculation {
	const struct service *service;
	struct selection selection;
	unsigned count;	    /* records so far */
	struct buf outputs; /* JSON values, commas between */
	struct buf warnings;
	struct buf errors;
	char call_id[37];
	char timestamp[32];
};

void calculation_init(struct calculation *calc, const struct service *service);
void calculation_fini(struct calculation *calc);
/* <inputs>: the raw text of a JSON object. */
void calculation_add(struct calculation *calc, struct str inputs);
/* Takes as long as <records> records take, in a slot if slots are limited; false if the caller left. */
bool calculation_wait(struct exchange *ex, unsigned records);
/* Milliseconds a call or, with <per_record>, one record of it is said to have taken. */
long calculation_ms(struct exchange *ex, bool per_record, unsigned records);
