/* The parts of the OpenAPI document: an entry is a method of a path. */
#pragma once

#include "daemon/openapi.h"

#include <stdbool.h>
#include <stddef.h>

enum { OPENAPI_PATH_MAX = 120, OPENAPI_ENTRIES_MAX = 240 };

struct openapi_entry;
/* Appends the members of an operation object that are not the same for all. */
typedef void openapi_entry_fn(struct buf *out, const struct openapi_entry *entry);

struct openapi_entry {
	const char *method; /* "GET" */
	char path[OPENAPI_PATH_MAX];
	const char *shared; /* the path of the first entry that differs in no more than names */
	const char *name;   /* "services.list"; gives the operationId and the tag */
	const char *suffix; /* of the operationId: which form of the locator; "" */
	const char *summary;
	int operation; /* enum cspark_operation; -1: answered without Spark */
	openapi_entry_fn *put;
	const void *what; /* for <put> */
};

struct openapi_entries {
	struct openapi_entry list[OPENAPI_ENTRIES_MAX];
	size_t count;
};

/* Adds <entry> at <path>, where {locator} stands for the forms in <locators> (ends with a NULL form). */
struct openapi_locator {
	const char *form;
	const char *suffix;
};
void openapi_add(struct openapi_entries *entries, struct openapi_entry entry, const char *path,
	const struct openapi_locator *locators);

/* What the files of the parts add. */
void openapi_add_operations(struct openapi_entries *entries);
void openapi_add_executions(struct openapi_entries *entries);
void openapi_add_pages(struct openapi_entries *entries);

/* Elements of "parameters": for the names in the path. */
void openapi_path_parameters(struct buf *out, const struct openapi_entry *entry);
void openapi_reference(struct buf *out, const char *name, const char *kind, const char *target);

/* Who is answered: bits, because an error can meet many. */
enum {
	OPENAPI_HEALTHZ = 1,
	OPENAPI_READYZ = 2,
	OPENAPI_PAGES = 4, /* the others */
	OPENAPI_TOKEN = 8,
	OPENAPI_EXECUTIONS = 16,
	OPENAPI_OPERATIONS = 32
};
/* Members of "responses": each error that <audience>, one of them, may see. */
void openapi_errors(struct buf *out, unsigned audience);
/* The member "responses" of the components, and the schema "Problem". */
void openapi_responses(struct buf *out);
void openapi_problem(struct buf *out);
/* The member "headers" of an answer; <names> separated by blanks come on top of what every answer has. */
void openapi_headers(struct buf *out, const char *names);
/* The member "components". */
void openapi_components(struct buf *out);
