/*
 * What an export makes and an import reads: a zip archive of workbooks and a manifest that says what they
 * are.
 */
#pragma once

#include "base/json_text.h"
#include "sim/blob.h"
#include "sim/store.h"
#include "sim/zip.h"

#include <stdbool.h>

#define PACKAGE_MAX_BYTES ((size_t)200 << 20)

struct package_writer {
	struct zip_writer zip;
	struct blob *out;
	struct buf manifest;
	unsigned count;
};

/* <filter>: "migrate" or "onpremises". */
void package_begin(struct package_writer *package, const char *filter);
void package_add(struct package_writer *package, const struct version *version);
/* Given; NULL if there was no room. */
struct blob *package_end(struct package_writer *package);

struct package {
	struct str all; /* borrowed */
	struct blob *manifest;
	struct json_walk walk;
};

/* A version in a package: as it was called where it comes from. */
struct packed {
	char folder[NAME_BYTES];
	char service[NAME_BYTES];
	char service_id[UUID_BYTES];
	char model[NAME_BYTES];
	bool open;
	struct version version; /* texts alone: no workbook, on no list */
	struct str file;        /* what the workbook is called in the package, raw JSON */
};

/* False if it is no package, or one with another filter. */
bool package_open(struct package *package, struct str all, const char *filter);
void package_rewind(struct package *package);
bool package_next(struct package *package, struct packed *ret);
/* Given; NULL if it is not there or damaged. */
struct blob *package_workbook(const struct package *package, const struct packed *packed);
void package_close(struct package *package);
