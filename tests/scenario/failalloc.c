/*
 * Memory that runs out: preloaded, it lets chosen allocations of a process fail.
 *
 * $FAILALLOC names a file that is mapped and shared with the test: which allocation shall fail, counted from
 * 1 (0: none), and how many were asked for since the test set the count to 0. What libcurl and libev ask for
 * themselves is granted: they crash or abort without memory, and that is not ours to mend.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct orders {
	_Atomic uint64_t fails;
	_Atomic uint64_t asked;
};

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static struct orders *orders;

__attribute__((constructor)) static void
take_orders(void)
{
	const char *file = getenv("FAILALLOC");
	int fd = file ? open(file, O_RDWR | O_CLOEXEC) : -1;
	void *map = fd < 0 ?
		MAP_FAILED :
		mmap(NULL, sizeof(*orders), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (fd >= 0)
		close(fd);
	if (map != MAP_FAILED)
		orders = map;
}

static int
is_spared(const void *caller)
{
	Dl_info info;

	return dladdr(caller, &info) &&
		(strstr(info.dli_fname, "/libcurl") || strstr(info.dli_fname, "/libev"));
}

static int
must_fail(const void *caller)
{
	uint64_t fails = orders ? atomic_load(&orders->fails) : 0;

	if (fails == 0 || is_spared(caller) || atomic_fetch_add(&orders->asked, 1) + 1 != fails)
		return 0;
	errno = ENOMEM;
	return 1;
}

void *
malloc(size_t size)
{
	return must_fail(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
	return must_fail(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

void *
realloc(void *old, size_t size)
{
	return must_fail(__builtin_return_address(0)) ? NULL : __libc_realloc(old, size);
}

void *
reallocarray(void *old, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return must_fail(__builtin_return_address(0)) ? NULL : __libc_realloc(old, bytes);
}
