#include "tools/direct.h"

#include "tools/command.h"
#include "tools/credentials.h"

#include <stdlib.h>

/* The daemon's defaults. */
#define RETRIES_MAX       2
#define RETRY_INTERVAL_MS 1000

struct cspark_blocking *
direct_open(const char *ca_file, bool is_public)
{
	struct cspark_blocking_options settings = {
		.base_url = getenv("CSPARK_BASE_URL"),
		.route.ca_file = ca_file,
		.retry = { .max = RETRIES_MAX, .interval_ms = RETRY_INTERVAL_MS },
	};
	struct cspark_blocking *blocking;
	struct credentials credentials;
	struct cspark_error error = { .detail = "The library cannot be started." };

	if (!settings.base_url || !*settings.base_url) {
		usage_error("--direct needs CSPARK_BASE_URL, as in "
			    "https://excel.ENVIRONMENT.coherent.global/TENANT.");
		return NULL;
	}
	if (!credentials_read(&credentials, is_public))
		return NULL;
	settings.credentials = credentials.value;
	settings.route.proxy = cspark_proxy_for(settings.base_url, getenv);
	blocking = cspark_global_init() ? cspark_blocking_new(&settings, &error) : NULL;
	credentials_fini(&credentials);
	if (!blocking)
		usage_error("%s", error.detail);
	return blocking;
}
