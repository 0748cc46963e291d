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
/* Subjects. A pair that is too long has the subject "", which only "*" allows. */
void policy_put_locator(const struct cspark_locator *locator, char ret_subject[POLICY_SUBJECT_MAX]);
void policy_put_pair(struct str word, struct str name, char ret_subject[POLICY_SUBJECT_MAX]);

enum policy_verdict {
	POLICY_SILENT, /* no service is named */
	POLICY_ALLOWED,
	POLICY_REFUSED, /* <ret_subject> is what is named, and not allowed */
};

/* What a member or parameter <name> of value <text> (decoded) says of the service that is meant. */
enum policy_verdict
policy_of_name(char *const *globs, struct str name, struct str text, char ret_subject[POLICY_SUBJECT_MAX]);
/* What a JSON object says by its members and those of its "request_meta". Readers differ in which of two
 * members counts and in whether case does; so all of them do. */
enum policy_verdict
policy_of_object(char *const *globs, struct str object, char ret_subject[POLICY_SUBJECT_MAX]);
