#include "daemon/environment.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

/* The address of a proxy may hold a password. */
static struct {
	const char *name;
	char *text;
} hidden[] = {
	{ "CSPARK_CLIENT_SECRET", NULL },
	{ "CSPARK_API_KEY", NULL },
	{ "CSPARK_BEARER_TOKEN", NULL },
	{ "HTTPS_PROXY", NULL },
	{ "https_proxy", NULL },
	{ "HTTP_PROXY", NULL },
	{ "http_proxy", NULL },
	{ "ALL_PROXY", NULL },
	{ "all_proxy", NULL },
};
enum { HIDDEN = sizeof(hidden) / sizeof(*hidden) };

void
environment_hide(void)
{
	for (size_t i = 0; i < HIDDEN; i++) {
		char *text = getenv(hidden[i].name);

		if (!text || !*text || hidden[i].text)
			continue;
		hidden[i].text = secret_copy(str_of(text));
		if (hidden[i].text)
			explicit_bzero(text, strlen(text));
	}
}

char *
environment_get(const char *name)
{
	for (size_t i = 0; i < HIDDEN; i++)
		if (hidden[i].text && strcmp(hidden[i].name, name) == 0)
			return hidden[i].text;
	return getenv(name);
}
