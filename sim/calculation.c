#include "sim/calculation.h"

#include "base/json_text.h"
#include "sim/catalog.h"
#include "sim/exchange.h"
#include "sim/options.h"

#include <stdlib.h>
#include <unistd.h>

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

static bool
take_slot(struct exchange *ex)
{
	uint64_t one;

	while (read(ex->world->slots, &one, sizeof(one)) != sizeof(one))
		if (wire_wait_fd(ex->wire, ex->world->slots))
			return false;
	return true;
}

bool
calculation_wait(struct exchange *ex, unsigned records)
{
	const struct options *opt = ex->world->options;
	long wait_us = opt->latency_us + opt->latency_per_record_us * (long)records;
	uint64_t one = 1;
	bool left;

	if (wait_us == 0)
		return true;
	if (ex->world->slots < 0)
		return !wire_wait(ex->wire, wait_us);
	if (!take_slot(ex))
		return false;
	left = wire_wait(ex->wire, wait_us);
	if (write(ex->world->slots, &one, sizeof(one)) != sizeof(one))
		abort();
	return !left;
}

long
calculation_ms(const struct world *world, bool per_record, unsigned records)
{
	const struct options *opt = world->options;
	long us = per_record ? opt->latency_per_record_us :
			       opt->latency_us + opt->latency_per_record_us * (long)records;

	return us < 1000 ? 1 : us / 1000;
}
