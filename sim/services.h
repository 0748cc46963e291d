/*
 * Finding what a call is to be answered by, in each way Spark knows. Takes the store's lock; what it gives is
 * a copy, good whatever becomes of the service. Thread-safe.
 */
#pragma once

#include "base/str.h"
#include "sim/mood.h"
#include "sim/store.h"

#include <stdbool.h>

struct world;

/* A version of a service, as far as a calculation has to know it. */
struct callee {
	char folder[NAME_BYTES];
	char name[NAME_BYTES];
	char service_id[UUID_BYTES];
	char version_id[UUID_BYTES];
	char version[32];
	const struct model *model;
	bool open; /* may be called under /public */
};

/* What a locator led to. */
struct located {
	bool found;
	struct callee callee; /* if found: the newest version unless a version was named */
	char label[160];      /* "folder/service", for moods, ledger and log */
	struct mood mood;     /* what the service's name asks for; kind == NULL: nothing */
};

/* Folder and service by name, percent-decoded. A name "echo~slow=200" is echo in that mood. */
void services_by_name(struct world *world, struct str folder, struct str name, struct located *ret);
/* By the id of a service or of a version. */
void services_by_id(struct world *world, struct str id, struct located *ret);
void services_by_version_id(struct world *world, struct str id, struct located *ret);
/* "f/s", "f/s[1.2]", "folders/f/services/s[1]", an id. False if the version is none of the service's;
 * nothing found leaves ret->found false. */
bool services_by_uri(struct world *world, struct str uri, struct located *ret);
/* Splits such a text; <ret_version> is empty if it names none. False if it has no slash. */
bool
services_split_uri(struct str uri, struct str *ret_folder, struct str *ret_name, struct str *ret_version);

/* Goes to the newest version of that number ("1", "1.2", "1.2.3") that is effective at that date; empty
 * names any. False if there is none. */
bool services_choose(struct world *world, struct located *located, struct str number, struct str date);
/* The mood a service's name asks for; kind == NULL if it asks for none. */
void services_mood(struct str name, struct mood *ret);
