/* Own copies of struct cspark_route, and their comparison. Pure. */
#pragma once

#include "lib/cspark.h"

/* False: no memory, and <copy> is empty. */
bool cspark_route_copy(struct cspark_route *copy, const struct cspark_route *route) CSPARK_MUST_CHECK;
void cspark_route_fini(struct cspark_route *copy);
bool cspark_route_same(const struct cspark_route *a, const struct cspark_route *b);
/* Given: "User-Agent: ..."; NULL: no memory. */
char *cspark_route_agent_line(const struct cspark_route *route);
/* Whether a transfer waits to see if the connection under way can carry it too. In clear that is never
 * HTTP/2, and libcurl would only know so after the first answer. */
bool cspark_route_may_share(const struct cspark_route *route, const char *url);
/* Where the path begins in a URL that libcurl need not read: a path of plain characters, without dots to
 * resolve, that no proxy wants to see together with the origin. Otherwise NULL. */
const char *cspark_route_plain_path(const struct cspark_route *route, const char *url);
