/*
 * W3C trace context (Level 1): a request belongs to the trace that its caller names, or begins one; to Spark
 * it goes with a span of our own. Pure.
 *
 * Nothing is recorded here but the ids in the log, so a trace that begins here is not marked as sampled.
 */
#pragma once

#include "base/arena.h"
#include "base/str.h"
#include "daemon/request_id.h"

enum {
	TRACE_PARENT_BYTES = 55, /* version - trace id - span id - flags */
	TRACE_STATE_MAX = 4096,
};

/* The fields of a head that speak of traces. */
struct trace_fields {
	struct str parent;
	unsigned parents; /* more than one say nothing */
	struct str state; /* all of them, in the arena, as one list */
	struct arena *arena;
};
/* For front_headers(); <arg> is a struct trace_fields with its arena, else zero. */
void trace_take(void *arg, struct str name, struct str value);

struct trace {
	char parent[TRACE_PARENT_BYTES + 1]; /* for Spark */
	const char *state;                   /* what goes with it; NULL: nothing; in the arena */
};
void trace_begin(struct trace *trace, struct request_ids *ids);
/* The caller's, if what it says is valid, else a new one. */
void trace_continue(struct trace *trace, const struct trace_fields *fields, struct request_ids *ids);

static inline struct str
trace_id(const struct trace *trace)
{
	return (struct str){ trace->parent + 3, 32 };
}

static inline struct str
trace_span_id(const struct trace *trace)
{
	return (struct str){ trace->parent + 36, 16 };
}
