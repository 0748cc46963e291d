#include "lib/heap.h"

#include <assert.h>
#include <stdlib.h>

enum { FIRST_ROOM = 32 };

void
cspark_heap_fini(struct cspark_heap *heap)
{
	free(heap->nodes);
	*heap = (struct cspark_heap){ 0 };
}

bool
cspark_heap_reserve(struct cspark_heap *heap, size_t count)
{
	size_t cap = heap->cap ? heap->cap : FIRST_ROOM;
	struct cspark_heap_node **nodes;

	if (count <= heap->cap)
		return true;
	while (cap < count)
		cap *= 2;
	nodes = reallocarray(heap->nodes, cap + 1, sizeof(*nodes));
	if (nodes == NULL)
		return false;
	heap->nodes = nodes;
	heap->cap = cap;
	return true;
}

static void
put(struct cspark_heap *heap, struct cspark_heap_node *node, size_t place)
{
	heap->nodes[place] = node;
	node->place = place;
}

static void
sift_up(struct cspark_heap *heap, struct cspark_heap_node *node)
{
	size_t place = node->place;

	while (place > 1 && heap->nodes[place / 2]->at_ms > node->at_ms) {
		put(heap, heap->nodes[place / 2], place);
		place /= 2;
	}
	put(heap, node, place);
}

static void
sift_down(struct cspark_heap *heap, struct cspark_heap_node *node)
{
	size_t place = node->place;

	for (size_t child = place * 2; child <= heap->len; child = place * 2) {
		if (child < heap->len && heap->nodes[child + 1]->at_ms < heap->nodes[child]->at_ms)
			child++;
		if (heap->nodes[child]->at_ms >= node->at_ms)
			break;
		put(heap, heap->nodes[child], place);
		place = child;
	}
	put(heap, node, place);
}

void
cspark_heap_set(struct cspark_heap *heap, struct cspark_heap_node *node, int64_t at_ms)
{
	node->at_ms = at_ms;
	if (node->place == 0) {
		assert(heap->len < heap->cap);
		put(heap, node, ++heap->len);
	}
	sift_up(heap, node);
	sift_down(heap, node);
}

void
cspark_heap_remove(struct cspark_heap *heap, struct cspark_heap_node *node)
{
	struct cspark_heap_node *last;

	if (node->place == 0)
		return;
	last = heap->nodes[heap->len--];
	if (last != node) {
		put(heap, last, node->place);
		sift_up(heap, last);
		sift_down(heap, last);
	}
	node->place = 0;
}

struct cspark_heap_node *
cspark_heap_first(const struct cspark_heap *heap)
{
	return heap->len ? heap->nodes[1] : NULL;
}
