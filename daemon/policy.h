/*
 * Which folders and services a listener lets its callers use: globs over names. Pure.
 *
 * What is asked for has a subject: "folder/service", "service/ID", "version/ID", "proxy/ENDPOINT";
 * "folder/" where a folder alone is named; otherwise the first word of the local path, with what follows
 * it: "batches/ID", "exports", "folders".
 */
#pragma once

#include "base/str.h"
#include "lib/cspark.h"

enum { POLICY_SUBJECT_MAX = 2 * CSPARK_NAME_MAX + 16 };

/* <globs> ends with NULL; none: everything is allowed. */
bool policy_allows(char *const *globs, const char *subject);
/* Whether all that a JSON object names as its service is allowed: its members service, service_uri,
 * service_id, version_id. False: <ret_subject> is one that is not. */
bool policy_allows_named(char *const *globs, struct str object, char ret_subject[POLICY_SUBJECT_MAX]);
