#include "base/secret.h"

#include "base/sanitized.h"

#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* Whether the mapping that <at> is in has <flag> in its VmFlags. */
static bool
has_flag(const void *at, const char *flag)
{
	FILE *file = fopen("/proc/self/smaps", "re");
	char line[512], wanted[8];
	unsigned long from, to;
	bool is_here = false, found = false;

	cr_assert(file);
	snprintf(wanted, sizeof(wanted), " %s", flag);
	while (!found && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			is_here = (uintptr_t)at >= from && (uintptr_t)at < to;
		else if (is_here && strncmp(line, "VmFlags:", 8) == 0)
			found = strstr(line, wanted) != NULL;
	}
	fclose(file);
	return found;
}

Test(secret, copies_a_text)
{
	char *copy = secret_copy(STR("hidden"));

	cr_assert_str_eq(copy, "hidden");
	secret_free(copy);
}

Test(secret, copies_an_empty_text)
{
	char *copy = secret_copy((struct str){ NULL, 0 });

	cr_assert_str_eq(copy, "");
	secret_free(copy);
}

Test(secret, is_zeroed_aligned_and_as_large_as_asked_for)
{
	size_t size = 3 * (size_t)sysconf(_SC_PAGESIZE);
	char *secret = secret_new(size);

	cr_assert_eq((uintptr_t)secret % _Alignof(max_align_t), 0);
	for (size_t i = 0; i < size; i++)
		cr_assert_eq(secret[i], 0);
	memset(secret, 'x', size);
	secret_free(secret);
}

Test(secret, refuses_a_size_that_no_machine_has)
{
	cr_assert_null(secret_new(SIZE_MAX));
	cr_assert_null(secret_new(SIZE_MAX / 2));
}

Test(secret, is_locked_and_in_no_core)
{
	char *secret = secret_copy(STR("hidden"));

	cr_assert(has_flag(secret, "dd"), "MADV_DONTDUMP");
	/* Sanitizers do not lock, they say that they did. */
	cr_assert(has_flag(secret, "lo") || secret_unlocked() > 0 || SANITIZED, "mlock()");
	secret_free(secret);
}

Test(secret, is_unmapped_when_given_back)
{
	char *secret = secret_copy(STR("hidden"));
	char *page = secret - (uintptr_t)secret % (uintptr_t)sysconf(_SC_PAGESIZE);
	unsigned char there;

	secret_free(secret);
	cr_assert_neq(mincore(page, 1, &there), 0);
	secret_free(NULL);
}

/* A child of root's: only without privileges the limit counts. */
Test(secret, does_without_a_lock_and_counts_that)
{
	struct rlimit none = { 0, 0 };
	char *secret;

	cr_assert_eq(setrlimit(RLIMIT_MEMLOCK, &none), 0);
	if (geteuid() == 0)
		cr_assert_eq(setresuid(65534, 65534, 65534), 0);
	secret = secret_copy(STR("hidden"));
	cr_assert_str_eq(secret, "hidden");
	cr_assert_eq(secret_unlocked(), SANITIZED ? 0 : 1);
	secret_free(secret);
}
