/* Own copies of struct cspark_route, and their comparison. Pure. */
#pragma once

#include "lib/cspark.h"

/* False: no memory, and <copy> is empty. */
bool cspark_route_copy(struct cspark_route *copy, const struct cspark_route *route) CSPARK_MUST_CHECK;
void cspark_route_fini(struct cspark_route *copy);
bool cspark_route_same(const struct cspark_route *a, const struct cspark_route *b);
/* Given: "User-Agent: ..."; NULL: no memory. */
char *cspark_route_agent_line(const struct cspark_route *route);
