/*
 * Which endpoint a request is for. The table is routes.def; literal segments are compared without regard to
 * case, as Spark does. Pure.
 */
#pragma once

#include "base/buf.h"
#include "sim/refuse.h"

#include <stdbool.h>

struct exchange;

typedef void serve_fn(struct exchange *ex);

enum needs {
	NEEDS_NOTHING,
	NEEDS_KEY,    /* any credential, but under /public */
	NEEDS_BEARER, /* an API key is not enough */
};

/* Which of the two it is an endpoint of: Spark itself, the Hybrid Runner. */
enum where { ON_SAAS = 1, ON_RUNNER = 2, ON_BOTH = 3 };

struct route {
	const char *operation;
	const char *method;
	const char *pattern;
	enum family family;
	enum needs needs;
	enum where where;
	/* The handler runs without the store's lock; and a mood that refuses waits until it has judged the
	 * call, since only it knows the service. */
	bool free;
	serve_fn *serve;
};

#define ROUTE_MAX_ARGS 6

struct match {
	const struct route *route; /* NULL: no endpoint has this path */
	bool method;               /* and the method is that of the route */
	bool open;                 /* by its /public form */
	unsigned count;
	struct {
		struct str name;
		struct str value; /* percent-decoded */
	} args[ROUTE_MAX_ARGS];
	struct buf text;
};

void match_init(struct match *match);
void match_fini(struct match *match);
/* <runner>: the routes of the Hybrid Runner. */
void route_find(struct match *ret, struct str method, struct str path, bool runner);
/* at == NULL if the route has no such place, or nothing stands there. */
struct str match_arg(const struct match *match, const char *name);
/* Appends the methods of all endpoints with this path: "GET, POST". */
void route_allowed(struct str path, bool runner, struct buf *out);
