/*
 * Bytes of any size: in memory while they are few, above that in an unlinked file that is mapped. Reference
 * counted, and unchanging once shared: then any thread may read and release it.
 */
#pragma once

#include "base/str.h"

#include <stdbool.h>

#define BLOB_MEMORY_BYTES ((size_t)1 << 20)

struct blob;

/* Given, empty. */
struct blob *blob_new(void);
struct blob *blob_of(struct str text);
struct blob *blob_ref(struct blob *blob);
void blob_unref(struct blob *blob); /* NULL is fine */

/* False, now and from then on, if there is no room. */
bool blob_put(struct blob *blob, const void *data, size_t len);
bool blob_failed(const struct blob *blob);
/* All of it, borrowed as long as the blob is referenced; nothing may be put any more. */
struct str blob_text(struct blob *blob);
