/*
 * What the service bears and how long it takes: numbers that the command line sets and a control route
 * changes while calls are under way. Thread-safe.
 */
#pragma once

#include "base/str.h"

#include <stdbool.h>

struct buf;

enum limit {
#define LIMIT(name, usual) LIMIT_##name,
#include "sim/limits.def"
#undef LIMIT
	LIMIT_COUNT
};

struct limits {
	double values[LIMIT_COUNT];
};

void limits_init(struct limits *limits);
double limit_get(const struct limits *limits, enum limit limit);
void limit_set(struct limits *limits, enum limit limit, double value);
/* LIMIT_COUNT if none is called so. */
enum limit limit_find(struct str name);
/* Goes back to <usual>, all of it. */
void limits_copy(struct limits *limits, const struct limits *usual);
/* What a JSON object names is set, null to what is usual; nothing is if a name or a value is none. */
bool limits_read(struct limits *limits, const struct limits *usual, struct str object);
/* A JSON object. */
void limits_put_json(const struct limits *limits, struct buf *out);

/* Milliseconds that so many records take in one call. */
double limits_call_ms(const struct limits *limits, unsigned records);
