#include "base/arena.h"

#include <criterion/criterion.h>
#include <stdalign.h>
#include <stdint.h>

#define MAX_BYTES (1024 * 1024)

Test(arena, hands_out_aligned_memory_that_does_not_overlap)
{
	struct arena arena;
	unsigned char *pieces[500];

	arena_init(&arena, MAX_BYTES);
	for (size_t i = 0; i < 500; i++) {
		pieces[i] = arena_alloc(&arena, i % 97 + 1);
		cr_assert_not_null(pieces[i]);
		cr_expect_eq((uintptr_t)pieces[i] % alignof(max_align_t), 0);
		memset(pieces[i], (int)(i & 0xff), i % 97 + 1);
	}
	for (size_t i = 0; i < 500; i++) {
		for (size_t j = 0; j < i % 97 + 1; j++)
			cr_assert_eq(pieces[i][j], i & 0xff);
	}
	arena_fini(&arena);
}

Test(arena, takes_no_memory_before_the_first_allocation)
{
	struct arena arena;

	arena_init(&arena, MAX_BYTES);
	cr_expect_eq(arena.used_bytes, 0);
	arena_clear(&arena);
	arena_fini(&arena);
}

Test(arena, zeroes_on_request)
{
	struct arena arena;
	char *dirty;
	char *clean;

	arena_init(&arena, MAX_BYTES);
	dirty = arena_alloc(&arena, 4000);
	cr_assert_not_null(dirty);
	memset(dirty, 'x', 4000);
	arena_clear(&arena);
	clean = arena_zalloc(&arena, 2000);
	for (int i = 0; i < 2000; i++)
		cr_assert_eq(clean[i], 0);
	arena_fini(&arena);
}

Test(arena, gives_large_values_a_block_of_their_own)
{
	struct arena arena;
	char *small;
	char *large;

	arena_init(&arena, MAX_BYTES);
	small = arena_alloc(&arena, 16);
	large = arena_alloc(&arena, 100000);
	cr_assert_not_null(large);
	memset(large, 'x', 100000);
	cr_expect_eq((char *)arena_alloc(&arena, 16), small + 16, "the small block is still in use");
	arena_fini(&arena);
}

Test(arena, stops_at_its_maximum)
{
	struct arena arena;
	size_t got = 0;

	arena_init(&arena, 100000);
	cr_expect_null(arena_alloc(&arena, 100001));
	cr_expect_null(arena_alloc(&arena, SIZE_MAX));
	cr_expect_null(arena_alloc(&arena, SIZE_MAX - 100));
	while (arena_alloc(&arena, 100))
		got++;
	cr_expect_leq(arena.used_bytes, 100000);
	cr_expect_geq(got, 800, "only %zu", got);
	arena_fini(&arena);
	cr_expect_not_null(arena_alloc(&arena, 100));
	arena_fini(&arena);
}

Test(arena, keeps_one_block_when_cleared)
{
	struct arena arena;
	char *first;

	arena_init(&arena, MAX_BYTES);
	for (int i = 0; i < 100; i++)
		cr_assert_not_null(arena_alloc(&arena, 1000));
	arena_clear(&arena);
	cr_expect_gt(arena.used_bytes, 0);
	cr_expect_leq(arena.used_bytes, 16384);
	first = arena_alloc(&arena, 100);
	arena_clear(&arena);
	cr_expect_eq((char *)arena_alloc(&arena, 100), first);
	arena_fini(&arena);
}

Test(arena, does_not_keep_a_huge_block)
{
	struct arena arena;

	arena_init(&arena, MAX_BYTES);
	cr_assert_not_null(arena_alloc(&arena, 500000));
	arena_clear(&arena);
	cr_expect_eq(arena.used_bytes, 0);
}

Test(arena, copies_with_a_nul_behind)
{
	struct arena arena;
	struct str copy;

	arena_init(&arena, MAX_BYTES);
	copy = arena_copy(&arena, str_range("abcdef", 3));
	cr_expect_str_eq(copy.at, "abc");
	cr_expect_eq(copy.len, 3);
	copy = arena_copy(&arena, str_of(NULL));
	cr_expect_str_eq(copy.at, "");
	cr_expect_eq(copy.len, 0);
	arena_fini(&arena);
	arena_init(&arena, 10);
	cr_expect_null(arena_copy(&arena, STR("abc")).at);
	arena_fini(&arena);
}

Test(arena, prints)
{
	struct arena arena;

	arena_init(&arena, MAX_BYTES);
	cr_expect_str_eq(arena_printf(&arena, "%s/%05d", "a", 42), "a/00042");
	cr_expect_eq(strlen(arena_printf(&arena, "%20000d", 1)), 20000);
	arena_fini(&arena);
	arena_init(&arena, 10);
	cr_expect_null(arena_printf(&arena, "x"));
	arena_fini(&arena);
}
