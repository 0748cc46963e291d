/*
 * Method and path to what is to be done: rows made of the operations table and a few of our own. Pure.
 *
 * Segments are compared as raw bytes, those of Spark's own paths without regard to case. One that stands
 * for a name must not be empty, nor mean "." or ".." or hold an encoded slash, so that a path can't change
 * its meaning on the way to Spark.
 */
#pragma once

#include <stdbool.h>

#include "base/str.h"
#include "daemon/config.h"
#include "lib/cspark.h"

enum route_kind {
	ROUTE_EXECUTE,   /* inputs in any form: /execute/{locator}, /validate/{locator}, /transform/... */
	ROUTE_OPERATION, /* a local route of the operations table */
	ROUTE_DROP_IN,   /* Spark's own path: request and answer unchanged */
	ROUTE_TOKEN,     /* a placeholder token for the official SDKs */
	ROUTE_ADMIN,     /* answered here, without Spark */
	ROUTE_PREFLIGHT, /* what a browser asks before a page of an allowed origin may; any path */
};

enum route_page {
	PAGE_HEALTHZ,
	PAGE_READYZ,
	PAGE_STATUS,
	PAGE_METRICS,
	PAGE_OPENAPI,
	PAGE_DRAIN,
	PAGE_SHUTDOWN,
};

/* Label values of metrics and log: Spark's operations, then the local ones. */
enum route_operation { ROUTE_OP_LOCAL = CSPARK_OPERATIONS, ROUTE_OP_NONE, ROUTE_OPERATIONS };
const char *route_operation_name(unsigned operation);
extern const char *const *const route_operation_names; /* ROUTE_OPERATIONS of them */

enum { ROUTE_PARTS_MAX = 6 };

struct route {
	enum route_kind kind;
	const char *pattern; /* for the log: never holds a caller's bytes; lives as long as the process */
	unsigned operation;  /* enum cspark_operation or enum route_operation */
	bool is_public;
	unsigned group; /* enum cspark_group that a listener must allow; 0: always served */
	enum route_page page;
	struct str rest; /* what "**" took, raw */
	struct {
		struct str name;  /* "folder" */
		struct str value; /* raw */
	} parts[ROUTE_PARTS_MAX];
	unsigned part_count;
};

/* Makes the rows; once, before any thread. False: no memory. */
bool route_init(void);
void route_fini(void);
/* False: no_such_route, or method_not_allowed with <ret_allow> = the methods that are (static). */
bool route_find(struct str method, struct str path, struct route *ret, const char **ret_allow,
	struct cspark_error *ret_error);
/* Spark's own path of an operation, for one that is also ours; only for paths without parts. */
void route_to_spark(enum cspark_operation operation, struct route *ret);
/* The raw value of a part; at == NULL: the path has none of that name. */
struct str route_part(const struct route *route, const char *name);
