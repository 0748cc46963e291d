#include "lib/route.h"

#include "base/version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool
copy_text(const char **copy, const char *text)
{
	*copy = text ? strdup(text) : NULL;
	return text == NULL || *copy != NULL;
}

bool
cspark_route_copy(struct cspark_route *copy, const struct cspark_route *route)
{
	*copy = (struct cspark_route){
		.connect_timeout_ms = route->connect_timeout_ms,
		.http_version = route->http_version,
	};
	if (copy_text(&copy->ca_file, route->ca_file) && copy_text(&copy->proxy, route->proxy)
		&& copy_text(&copy->user_agent, route->user_agent))
		return true;
	cspark_route_fini(copy);
	return false;
}

void
cspark_route_fini(struct cspark_route *copy)
{
	free((char *)copy->ca_file);
	if (copy->proxy) /* may hold a password */
		explicit_bzero((char *)copy->proxy, strlen(copy->proxy));
	free((char *)copy->proxy);
	free((char *)copy->user_agent);
	*copy = (struct cspark_route){ 0 };
}

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

bool
cspark_route_same(const struct cspark_route *a, const struct cspark_route *b)
{
	return a == b
		|| (a->connect_timeout_ms == b->connect_timeout_ms && a->http_version == b->http_version
			&& same_text(a->ca_file, b->ca_file) && same_text(a->proxy, b->proxy)
			&& same_text(a->user_agent, b->user_agent));
}

char *
cspark_route_agent_line(const struct cspark_route *route)
{
	char *line;

	if (asprintf(&line, "User-Agent: %s",
		    route->user_agent ? route->user_agent : "libcspark/" CSPARKD_VERSION)
		< 0)
		return NULL;
	return line;
}

bool
cspark_route_may_share(const struct cspark_route *route, const char *url)
{
	return route->http_version != 1 && strncasecmp(url, "https:", 6) == 0;
}

const char *
cspark_route_plain_path(const struct cspark_route *route, const char *url)
{
	const char *host = strstr(url, "://");
	const char *path = host ? strpbrk(host + 3, "/?#") : NULL;
	const char *at = path;

	if (path == NULL || route->proxy)
		return NULL;
	while (*at > ' ' && *at < 0x7f && *at != '#')
		at++;
	return *path == '/' && *at == '\0' && strstr(path, "/.") == NULL ? path : NULL;
}
