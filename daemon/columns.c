#include "daemon/columns.h"

#include <assert.h>
#include <stdlib.h>

#define MIN_SLOTS 16

void
columns_init(struct columns *columns)
{
	*columns = (struct columns){ .count = 0 };
}

void
columns_fini(struct columns *columns)
{
	free(columns->names);
	free(columns->slots);
}

/* FNV-1a. */
static size_t
hash(struct str name)
{
	uint64_t value = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < name.len; i++)
		value = (value ^ (unsigned char)name.at[i]) * UINT64_C(0x100000001b3);
	return (size_t)(value ^ value >> 32);
}

/* The slot that holds <name>, or the empty one where it belongs. */
static uint32_t *
find_slot(const struct columns *columns, struct str name)
{
	size_t mask = columns->slot_count - 1;
	size_t i = hash(name) & mask;

	while (columns->slots[i] != 0 && !str_eq(columns->names[columns->slots[i] - 1], name))
		i = (i + 1) & mask;
	return &columns->slots[i];
}

/* Room for one more name, and the table at most half full. */
static bool
grow(struct columns *columns)
{
	size_t cap = columns->cap ? columns->cap * 2 : MIN_SLOTS / 2;
	struct str *names = realloc(columns->names, cap * sizeof(*names));
	uint32_t *slots;

	if (!names)
		return false;
	columns->names = names;
	slots = calloc(cap * 2, sizeof(*slots));
	if (!slots)
		return false;
	free(columns->slots);
	columns->slots = slots;
	columns->slot_count = cap * 2;
	columns->cap = cap;
	for (size_t i = 0; i < columns->count; i++)
		*find_slot(columns, names[i]) = (uint32_t)i + 1;
	return true;
}

bool
columns_add(struct columns *columns, struct str name, size_t guess)
{
	uint32_t *slot;

	if (guess < columns->count && str_eq(columns->names[guess], name))
		return true;
	if (columns->count == columns->cap && (columns->count == UINT32_MAX || !grow(columns)))
		return false;
	slot = find_slot(columns, name);
	if (*slot == 0) {
		columns->names[columns->count++] = name;
		*slot = (uint32_t)columns->count;
	}
	return true;
}

size_t
columns_find(const struct columns *columns, struct str name, size_t guess)
{
	uint32_t *slot;

	if (guess < columns->count && str_eq(columns->names[guess], name))
		return guess;
	slot = find_slot(columns, name);
	assert(*slot != 0);
	return *slot - 1;
}
