/*
 * Request ids: the caller's, if it is sane, else a fresh UUID (RFC 9562, version 4). The same id goes to
 * Spark. One source a shard; random bytes are fetched from the kernel in bulk.
 */
#pragma once

#include <stddef.h>

#include "base/str.h"

#define REQUEST_ID_MAX 128

struct request_ids {
	unsigned char pool[2048];
	size_t left; /* unused bytes at the end of the pool */
};

/* Sane: 1 to 128 visible ASCII characters without quotes, commas and backslashes. */
bool request_id_is_sane(struct str id);
/* That many random bytes, at most 64; borrowed until the next call with these <ids>. */
unsigned char *request_id_random(struct request_ids *ids, size_t bytes);
/* Writes 36 characters and a NUL. */
void request_id_fresh(struct request_ids *ids, char ret_id[37]);
