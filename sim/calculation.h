/*
 * One execute call under way: the latency model, the records one after the other, what they gave, and
 * the facts both kinds of answer tell. Belongs to one thread.
 */
#pragma once

#include "base/buf.h"
#include "sim/flaw.h"
#include "sim/refuse.h"
#include "sim/selection.h"
#include "sim/services.h"

struct exchange;
struct world;

struct calculation {
	struct callee callee;
	struct selection selection;
	unsigned count;    /* records so far */
	long ms;           /* all of it is said to have taken */
	struct buf inputs; /* JSON values, commas between; here only if they are wanted */
	struct buf outputs;
	struct buf warnings;
	struct buf errors;
	bool keep_inputs;
	struct str parameters; /* inputs all records have unless they say otherwise; an object or nothing */
	struct flaws *flaws;   /* NULL: records have none */
	double flaw_ms;        /* that they add to the call */
	bool refused;          /* one of them forbids the call */
	struct flaw refusal;
	long began_us;
	char call_id[UUID_BYTES];
	char timestamp[STAMP_BYTES];
};

void calculation_init(struct calculation *calc, const struct callee *callee);
void calculation_fini(struct calculation *calc);
/* <inputs>: the raw text of a JSON object. */
void calculation_add(struct calculation *calc, struct str inputs);
/* How many records there are in such an array. */
size_t calculation_count(struct str inputs);
/* All of an array of objects, or of rows below a header row. False if it is neither. */
bool calculation_add_all(struct calculation *calc, struct str inputs);
/* Every record fails as the one that refused the call. */
void calculation_condemn(struct calculation *calc);
/* Takes as long as all records so far take, once it is its turn. False if nothing is to come of it: the
 * caller has left, or it is refused. */
bool calculation_wait(struct exchange *ex, enum family family, struct calculation *calc);
/* Milliseconds a call or, with <per_record>, one record of it is said to have taken. */
long calculation_ms(const struct world *world, bool per_record, unsigned records);
