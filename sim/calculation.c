#include "sim/calculation.h"

#include "base/json_text.h"
#include "sim/catalog.h"
#include "sim/exchange.h"

#include <limits.h>
#include <stdio.h>

#define RESULT_MAX ((size_t)256 << 20)

void
calculation_init(struct calculation *calc, const struct callee *callee)
{
	*calc = (struct calculation){ .callee = *callee };
	buf_init(&calc->inputs, RESULT_MAX);
	buf_init(&calc->outputs, RESULT_MAX);
	buf_init(&calc->warnings, RESULT_MAX);
	buf_init(&calc->errors, RESULT_MAX);
	stamp_uuid(calc->call_id);
	stamp_now(calc->timestamp);
	calc->began_us = stamp_us();
}

void
calculation_fini(struct calculation *calc)
{
	selection_fini(&calc->selection);
	buf_fini(&calc->inputs);
	buf_fini(&calc->outputs);
	buf_fini(&calc->warnings);
	buf_fini(&calc->errors);
}

/* The members of an object, without its braces. */
static struct str
inside(struct str object)
{
	return str_trim(str_range(object.at + 1, object.len - 2));
}

/* Both objects in one; what the second says comes last and so counts. */
static void
put_merged(struct buf *out, struct str first, struct str second)
{
	bool both = inside(first).len && inside(second).len;

	buf_put_char(out, '{');
	buf_put_str(out, inside(first));
	buf_put_str(out, both ? STR(",") : STR(""));
	buf_put_str(out, inside(second));
	buf_put_char(out, '}');
}

static void
evaluate(struct calculation *calc, struct str inputs, const struct findings *findings)
{
	struct buf merged;

	if (json_kind_of(calc->parameters) != JSON_OBJECT) {
		calc->callee.model->evaluate(inputs, findings);
		return;
	}
	buf_init(&merged, RESULT_MAX);
	put_merged(&merged, calc->parameters, inputs);
	calc->callee.model->evaluate(buf_text(&merged), findings);
	buf_fini(&merged);
}

/* Its own warning instead of the model's. */
static void
put_warned(
	struct calculation *calc, struct str inputs, const struct findings *findings, const struct flaw *flaw)
{
	struct buf unsaid;
	struct findings most = { findings->outputs, &unsaid, findings->errors };

	buf_init(&unsaid, RESULT_MAX);
	evaluate(calc, inputs, &most);
	flaw_put_list(flaw, findings->warnings);
	buf_fini(&unsaid);
}

/* False if the record is to be calculated as any other. */
static bool
add_flawed(struct calculation *calc, struct str inputs, const struct findings *findings)
{
	struct flaw flaw;
	char service[2 * NAME_BYTES];

	snprintf(service, sizeof(service), "%s/%s", calc->callee.folder, calc->callee.name);
	if (!flaws_find(calc->flaws, service, inputs, &flaw))
		return false;
	calc->flaw_ms += flaw.ms;
	if (flaw.effect == FLAW_SLOW)
		return false;
	if (flaw.effect == FLAW_WARN) {
		put_warned(calc, inputs, findings, &flaw);
		return true;
	}
	if (flaw.effect == FLAW_REFUSE && !calc->refused) {
		calc->refused = true;
		calc->refusal = flaw;
	}
	buf_put_str(findings->outputs, STR("null"));
	buf_put_str(findings->warnings, STR("null"));
	flaw_put_list(&flaw, findings->errors);
	return true;
}

void
calculation_add(struct calculation *calc, struct str inputs)
{
	struct buf all;
	struct findings findings = { &all, &calc->warnings, &calc->errors };

	if (calc->count++) {
		if (calc->keep_inputs)
			buf_put_char(&calc->inputs, ',');
		buf_put_char(&calc->outputs, ',');
		buf_put_char(&calc->warnings, ',');
		buf_put_char(&calc->errors, ',');
	}
	if (calc->keep_inputs)
		buf_put_str(&calc->inputs, inputs);
	buf_init(&all, RESULT_MAX);
	if (!calc->flaws || !add_flawed(calc, inputs, &findings))
		evaluate(calc, inputs, &findings);
	selection_put(&calc->selection, buf_text(&all), &calc->outputs);
	buf_fini(&all);
}

/* One row of a columnar list as an object: the header's names spliced to the row's values. */
static bool
splice_row(struct str header, struct str row, struct buf *ret)
{
	struct json_walk names, values;
	struct str name, value;
	const char *comma = "{";

	if (json_kind_of(row) != JSON_ARRAY || json_count(row) != json_count(header))
		return false;
	json_walk_init(&names, header);
	json_walk_init(&values, row);
	while (json_walk_next(&names, NULL, &name) && json_walk_next(&values, NULL, &value)) {
		if (json_kind_of(name) != JSON_STRING)
			return false;
		buf_put_char(ret, *comma);
		buf_put_str(ret, name);
		buf_put_char(ret, ':');
		buf_put_str(ret, value);
		comma = ",";
	}
	buf_put_str(ret, *comma == '{' ? STR("{}") : STR("}"));
	return true;
}

static bool
add_columns(struct calculation *calc, struct json_walk *walk, struct str header)
{
	struct buf record;
	struct str row;
	bool good = true;

	buf_init(&record, HTTP_MAX_BODY);
	while (good && json_walk_next(walk, NULL, &row)) {
		buf_clear(&record);
		good = splice_row(header, row, &record);
		if (good)
			calculation_add(calc, buf_text(&record));
	}
	buf_fini(&record);
	return good;
}

size_t
calculation_count(struct str inputs)
{
	struct json_walk walk;
	struct str first;
	size_t count = json_count(inputs);

	json_walk_init(&walk, inputs);
	if (json_walk_next(&walk, NULL, &first) && json_kind_of(first) == JSON_ARRAY)
		count--;
	return count;
}

bool
calculation_add_all(struct calculation *calc, struct str inputs)
{
	struct json_walk walk;
	struct str record;

	json_walk_init(&walk, inputs);
	while (json_walk_next(&walk, NULL, &record)) {
		if (json_kind_of(record) == JSON_ARRAY && calc->count == 0)
			return add_columns(calc, &walk, record);
		if (json_kind_of(record) != JSON_OBJECT)
			return false;
		calculation_add(calc, record);
	}
	return true;
}

void
calculation_condemn(struct calculation *calc)
{
	unsigned i;

	buf_clear(&calc->outputs);
	buf_clear(&calc->warnings);
	buf_clear(&calc->errors);
	for (i = 0; i < calc->count; i++) {
		buf_put_str(&calc->outputs, i ? STR(",null") : STR("null"));
		buf_put_str(&calc->warnings, i ? STR(",null") : STR("null"));
		buf_put_str(&calc->errors, i ? STR(",") : STR(""));
		flaw_put_list(&calc->refusal, &calc->errors);
	}
}

/* -- time ----------------------------------------------------------------- */

static bool
refuse_late(struct exchange *ex, enum family family)
{
	stats_add(&ex->world->stats, STAT_timed_out, 1);
	refuse(ex, family, 504, "TIMEOUT", "the call took too long");
	return false;
}

static bool
refuse_flawed(struct exchange *ex, enum family family, const struct flaw *flaw)
{
	refuse(ex, family, flaw->status, family == FAMILY_V4 ? flaw->code : flaw->message, flaw->message);
	return false;
}

/* Waits for its turn and then so long, but not beyond <until_us>. False once refused or left. */
static bool
take_time(struct exchange *ex, enum family family, long needed_us, long until_us)
{
	long begin_us, over_us, wait_us;
	bool left;

	switch (gate_enter(&ex->world->gate, ex->wire, until_us)) {
	case GATE_FULL:
		refuse_for_now(ex, family, limit_get(&ex->world->limits, LIMIT_per_call_ms) / 1000);
		return false;
	case GATE_LATE:
		return refuse_late(ex, family);
	case GATE_LEFT:
		return false;
	case GATE_IN:
		break;
	}
	begin_us = stamp_us();
	over_us = begin_us + needed_us;
	wait_us = (over_us < until_us ? over_us : until_us) - begin_us;
	left = wire_wait(ex->wire, wait_us > 0 ? wait_us : 0);
	gate_leave(&ex->world->gate);
	if (left)
		return false;
	return over_us <= until_us || refuse_late(ex, family);
}

bool
calculation_wait(struct exchange *ex, enum family family, struct calculation *calc)
{
	const struct limits *limits = &ex->world->limits;
	double ms = limits_call_ms(limits, calc->count) + calc->flaw_ms;
	double most_ms = limit_get(limits, LIMIT_call_limit_ms);
	long spent_us = stamp_us() - calc->began_us, needed_us = (long)(ms * 1000) - spent_us;

	if (calc->refused)
		return refuse_flawed(ex, family, &calc->refusal);
	if (needed_us <= 0)
		return true;
	return take_time(
		ex, family, needed_us, most_ms > 0 ? calc->began_us + (long)(most_ms * 1000) : LONG_MAX);
}

long
calculation_ms(const struct world *world, bool per_record, unsigned records)
{
	double ms = per_record ? limit_get(&world->limits, LIMIT_per_record_ms) :
				 limits_call_ms(&world->limits, records);

	return ms < 1 ? 1 : (long)ms;
}
