/*
 * The services that exist, and finding one by each way Spark knows. Read-only, shared by all threads.
 */
#pragma once

#include "base/str.h"
#include "sim/model.h"
#include "sim/mood.h"

#include <stdbool.h>

struct service {
	const char *folder; /* NULL: in any folder */
	const char *name;
	const char *service_id;
	const char *version_id;
	const char *version;
	model_fn *evaluate;
	bool open; /* may be called under /public */
};

/* What a locator led to. */
struct located {
	const struct service *service; /* NULL: nothing */
	char label[160];	       /* "folder/service", for moods, ledger and log */
	struct mood mood;	       /* what the service's name asks for; kind == NULL: nothing */
};

/* Folder and service by name, percent-decoded. A name "echo~slow=200" is echo in that mood. */
void services_by_name(struct str folder, struct str name, bool any_service, struct located *ret);
/* By the id of a service or of a version. */
void services_by_id(struct str id, struct located *ret);
void services_by_version_id(struct str id, struct located *ret);
/* "f/s", "f/s[1.2]", "folders/f/services/s[1]", an id. False if the version is none of the service's;
 * nothing found leaves ret->service NULL. */
bool services_by_uri(struct str uri, bool any_service, struct located *ret);

/* Whether "1", "1.2" or "1.2.3" names the version of the service. Empty names any. */
bool service_has_version(const struct service *service, struct str version);
