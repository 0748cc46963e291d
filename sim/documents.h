/*
 * The document store: files handed out under addresses that work for a while. Under the store's lock.
 */
#pragma once

#include "base/list.h"
#include "sim/blob.h"

#include <stdbool.h>
#include <stddef.h>

struct exchange;
struct version;

#define XLSX_TYPE "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#define ZIP_TYPE  "application/zip"

struct documents {
	struct list list; /* oldest first */
	unsigned count;
	double lifetime_s;
};

void documents_init(struct documents *documents, double lifetime_s);
void documents_clear(struct documents *documents);

/* An address on the simulator's own origin, for <file> (taken) under this name. <type>: static. */
void document_publish(struct exchange *ex, struct blob *file, const char *name, const char *type,
	char *ret_url, size_t max);
/* "http://host:port" as the caller knows us. */
void origin_of(struct exchange *ex, char *ret, size_t max);
/* Given: the workbook of a version. */
struct blob *version_workbook(const struct version *version);
