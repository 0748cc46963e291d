/*
 * A heap of times: the earliest first, O(log n) to add, move and remove.
 *
 * The nodes are members of what waits; the heap keeps pointers to them and owns only
 * the array of pointers. Room for a node is made before the node is needed
 * (cspark_heap_reserve), so that setting a time cannot fail.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cspark_heap_node {
	int64_t at_ms;
	size_t place; /* from 1; 0: not in the heap */
};

struct cspark_heap {
	struct cspark_heap_node **nodes; /* from 1 */
	size_t len;
	size_t cap;
};

void cspark_heap_fini(struct cspark_heap *heap);
/* Makes room for <count> nodes in all. False: no memory. */
bool cspark_heap_reserve(struct cspark_heap *heap, size_t count) __attribute__((warn_unused_result));
/* Adds or moves. */
void cspark_heap_set(struct cspark_heap *heap, struct cspark_heap_node *node, int64_t at_ms);
void cspark_heap_remove(struct cspark_heap *heap, struct cspark_heap_node *node); /* harmless twice */
/* NULL if the heap is empty. */
struct cspark_heap_node *cspark_heap_first(const struct cspark_heap *heap);
