#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCK_BYTES 8192
#define ALIGN       alignof(max_align_t)

struct arena_block {
	alignas(max_align_t) struct arena_block *next;
	size_t bytes; /* with this head */
};

void
arena_init(struct arena *arena, size_t max_bytes)
{
	*arena = (struct arena){ .max_bytes = max_bytes };
}

static void
free_blocks(struct arena_block *block)
{
	while (block) {
		struct arena_block *next = block->next;

		free(block);
		block = next;
	}
}

/* Makes the newest block all free space. */
static void
use_block(struct arena *arena, struct arena_block *block)
{
	arena->at = (char *)(block + 1);
	arena->end = (char *)block + block->bytes;
}

void
arena_fini(struct arena *arena)
{
	free_blocks(arena->blocks);
	arena_init(arena, arena->max_bytes);
}

void
arena_clear(struct arena *arena)
{
	struct arena_block *block = arena->blocks;

	/* A block made for one huge value would be kept for ever by an idle owner. */
	if (!block || block->bytes > BLOCK_BYTES) {
		arena_fini(arena);
		return;
	}
	free_blocks(block->next);
	block->next = NULL;
	arena->used_bytes = block->bytes;
	use_block(arena, block);
}

static struct arena_block *
new_block(struct arena *arena, size_t bytes)
{
	struct arena_block *block;

	if (bytes > arena->max_bytes - arena->used_bytes)
		return NULL;
	block = malloc(bytes);
	if (!block)
		return NULL;
	block->bytes = bytes;
	arena->used_bytes += bytes;
	return block;
}

/* What is large gets a block of its own, put behind the newest, whose free space stays in use. */
static void *
alloc_large(struct arena *arena, size_t bytes)
{
	struct arena_block *block = new_block(arena, sizeof *block + bytes);

	if (!block)
		return NULL;
	if (arena->blocks) {
		block->next = arena->blocks->next;
		arena->blocks->next = block;
	} else {
		block->next = NULL;
		arena->blocks = block;
	}
	return block + 1;
}

static void *
alloc_in_new_block(struct arena *arena, size_t bytes)
{
	struct arena_block *block = new_block(arena, BLOCK_BYTES);
	char *at;

	if (!block) /* near the maximum: the rest may still do */
		return alloc_large(arena, bytes);
	block->next = arena->blocks;
	arena->blocks = block;
	use_block(arena, block);
	at = arena->at;
	arena->at += bytes;
	return at;
}

void *
arena_alloc(struct arena *arena, size_t bytes)
{
	char *at = arena->at;

	if (bytes > SIZE_MAX - BLOCK_BYTES)
		return NULL;
	bytes = (bytes + ALIGN - 1) / ALIGN * ALIGN;
	if (at && bytes <= (size_t)(arena->end - at)) {
		arena->at += bytes;
		return at;
	}
	if (bytes > BLOCK_BYTES / 4)
		return alloc_large(arena, bytes);
	return alloc_in_new_block(arena, bytes);
}

void *
arena_zalloc(struct arena *arena, size_t bytes)
{
	void *at = arena_alloc(arena, bytes);

	return at ? memset(at, 0, bytes) : NULL;
}

struct str
arena_copy(struct arena *arena, struct str text)
{
	char *at = text.len < SIZE_MAX ? arena_alloc(arena, text.len + 1) : NULL;

	if (!at)
		return (struct str){ NULL, 0 };
	if (text.len)
		memcpy(at, text.at, text.len);
	at[text.len] = '\0';
	return (struct str){ at, text.len };
}

char *
arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	va_list again;
	char *text = NULL;
	int len;

	va_start(args, format);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, args);
	if (len >= 0)
		text = arena_alloc(arena, (size_t)len + 1);
	if (text)
		vsnprintf(text, (size_t)len + 1, format, again);
	va_end(again);
	va_end(args);
	return text;
}
