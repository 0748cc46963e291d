#include "lib/heap.h"

#include <criterion/criterion.h>

enum { COUNT = 500 };

Test(heap, gives_times_in_order_whatever_was_moved_or_removed)
{
	struct cspark_heap heap = { 0 };
	struct cspark_heap_node nodes[COUNT] = { 0 }, *first;
	uint32_t random = 1;
	int64_t last = -1;
	int seen = 0;

	cr_assert_null(cspark_heap_first(&heap));
	cr_assert(cspark_heap_reserve(&heap, COUNT));
	for (int round = 0; round < 4; round++) {
		for (int i = 0; i < COUNT; i++) {
			random = random * 1664525 + 1013904223;
			cspark_heap_set(&heap, &nodes[i], random % 1000);
		}
	}
	for (int i = 0; i < COUNT; i += 3) {
		cspark_heap_remove(&heap, &nodes[i]);
		cspark_heap_remove(&heap, &nodes[i]);
	}
	while ((first = cspark_heap_first(&heap)) != NULL) {
		cr_assert_geq(first->at_ms, last);
		last = first->at_ms;
		cspark_heap_remove(&heap, first);
		seen++;
	}
	cr_assert_eq(seen, COUNT - (COUNT + 2) / 3);
	cspark_heap_fini(&heap);
}
