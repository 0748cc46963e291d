#include "base/secret.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* In front of every secret. */
union head {
	size_t mapped;
	max_align_t align;
};

static atomic_uint unlocked;

static size_t
round_up(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (size + page - 1) / page * page;
}

void *
secret_new(size_t size)
{
	union head *head;
	size_t mapped;

	if (size > SIZE_MAX / 2)
		return NULL;
	mapped = round_up(size + sizeof(*head));
	head = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (head == MAP_FAILED)
		return NULL;
	if (mlock(head, mapped))
		atomic_fetch_add_explicit(&unlocked, 1, memory_order_relaxed);
	(void)madvise(head, mapped, MADV_DONTDUMP);
	head->mapped = mapped;
	return head + 1;
}

char *
secret_copy(struct str text)
{
	char *copy = secret_new(text.len + 1);

	if (copy && text.len > 0)
		memcpy(copy, text.at, text.len);
	return copy;
}

void
secret_free(void *secret)
{
	union head *head = secret;
	size_t mapped;

	if (!secret)
		return;
	mapped = (--head)->mapped;
	explicit_bzero(head, mapped);
	munmap(head, mapped);
}

unsigned
secret_unlocked(void)
{
	return atomic_load_explicit(&unlocked, memory_order_relaxed);
}
