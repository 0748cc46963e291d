#include "sim/limits.h"

#include "base/buf.h"
#include "base/json_text.h"
#include "sim/member.h"

#include <stdlib.h>

#define VALUE_MAX 1e12

static const struct {
	const char *name;
	double usual;
} table[LIMIT_COUNT] = {
#define LIMIT(name, usual) { #name, usual },
#include "sim/limits.def"
#undef LIMIT
};

void
limits_init(struct limits *limits)
{
	int i;

	for (i = 0; i < LIMIT_COUNT; i++)
		limits->values[i] = table[i].usual;
}

double
limit_get(const struct limits *limits, enum limit limit)
{
	double value;

	__atomic_load(&limits->values[limit], &value, __ATOMIC_RELAXED);
	return value;
}

void
limit_set(struct limits *limits, enum limit limit, double value)
{
	__atomic_store(&limits->values[limit], &value, __ATOMIC_RELAXED);
}

enum limit
limit_find(struct str name)
{
	int i;

	for (i = 0; i < LIMIT_COUNT; i++)
		if (str_eq(name, str_of(table[i].name)))
			break;
	return (enum limit)i;
}

void
limits_copy(struct limits *limits, const struct limits *usual)
{
	int i;

	for (i = 0; i < LIMIT_COUNT; i++)
		limit_set(limits, (enum limit)i, usual->values[i]);
}

static bool
read_member(struct str key, struct str value, enum limit *ret_limit, double *ret_value)
{
	char name[64], text[64], *end;

	if (!value_text(key, name, sizeof(name)) || !value_text(value, text, sizeof(text)))
		return false;
	*ret_limit = limit_find(str_of(name));
	*ret_value = strtod(text, &end);
	return *ret_limit != LIMIT_COUNT && !*end && *ret_value >= -1 && *ret_value <= VALUE_MAX;
}

bool
limits_read(struct limits *limits, const struct limits *usual, struct str object)
{
	double wished[LIMIT_COUNT];
	struct json_walk walk;
	struct str key, value;
	int i;

	for (i = 0; i < LIMIT_COUNT; i++)
		wished[i] = limit_get(limits, (enum limit)i);
	json_walk_init(&walk, object);
	while (json_walk_next(&walk, &key, &value)) {
		enum limit limit;
		double number;

		if (!read_member(key, value, &limit, &number))
			return false;
		wished[limit] = json_is_null(value) ? usual->values[limit] : number;
	}
	for (i = 0; i < LIMIT_COUNT; i++)
		limit_set(limits, (enum limit)i, wished[i]);
	return true;
}

void
limits_put_json(const struct limits *limits, struct buf *out)
{
	int i;

	for (i = 0; i < LIMIT_COUNT; i++)
		buf_printf(out, "%s\"%s\":%.15g", i ? "," : "{", table[i].name,
			limit_get(limits, (enum limit)i));
	buf_put_char(out, '}');
}

double
limits_call_ms(const struct limits *limits, unsigned records)
{
	return limit_get(limits, LIMIT_per_call_ms) + limit_get(limits, LIMIT_per_record_ms) * records;
}
