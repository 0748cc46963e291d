/*
 * Many small allocations, one release. For everything that lives as long as one
 * request; nothing in it is freed alone. Bounded: an arena has a maximum, and an
 * allocation that would pass it gives NULL.
 *
 * Not thread-safe.
 */
#pragma once

#include <stddef.h>

#include "base/str.h"

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first */
	char *at;                   /* free space of the newest: at..end */
	char *end;
	size_t used_bytes; /* what was asked of malloc, all blocks */
	size_t max_bytes;
};

void arena_init(struct arena *arena, size_t max_bytes);
/* Frees everything. The arena can be used again. */
void arena_fini(struct arena *arena);
/* Frees everything but one block, for the next request. */
void arena_clear(struct arena *arena);

/* Aligned for any type, not zeroed. NULL when memory or the maximum is reached. */
void *arena_alloc(struct arena *arena, size_t bytes) __attribute__((warn_unused_result));
/* The same, zeroed. */
void *arena_zalloc(struct arena *arena, size_t bytes) __attribute__((warn_unused_result));
/* A copy with a NUL behind it (not counted). at == NULL if there was no room. */
struct str arena_copy(struct arena *arena, struct str text) __attribute__((warn_unused_result));
/* NUL-terminated; NULL if there was no room. */
char *arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3), warn_unused_result));
