#include "sim/blob.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct blob {
	unsigned refs; /* atomic */
	struct buf small;
	int fd; /* -1: all is in <small> */
	size_t len;
	void *map;
	bool failed;
};

struct blob *
blob_new(void)
{
	struct blob *blob = calloc(1, sizeof(*blob));

	if (!blob)
		abort();
	blob->refs = 1;
	blob->fd = -1;
	buf_init(&blob->small, BLOB_MEMORY_BYTES);
	return blob;
}

struct blob *
blob_of(struct str text)
{
	struct blob *blob = blob_new();

	blob_put(blob, text.at, text.len);
	return blob;
}

struct blob *
blob_ref(struct blob *blob)
{
	__atomic_add_fetch(&blob->refs, 1, __ATOMIC_RELAXED);
	return blob;
}

void
blob_unref(struct blob *blob)
{
	if (!blob || __atomic_sub_fetch(&blob->refs, 1, __ATOMIC_ACQ_REL))
		return;
	if (blob->map)
		munmap(blob->map, blob->len);
	if (blob->fd >= 0)
		close(blob->fd);
	buf_fini(&blob->small);
	free(blob);
}

static int
open_nameless(void)
{
	const char *folder = getenv("TMPDIR");
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/cspark-sim.XXXXXX", folder && *folder ? folder : "/tmp");
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

static bool
write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

static bool
spill(struct blob *blob)
{
	blob->fd = open_nameless();
	if (blob->fd < 0 || !write_all(blob->fd, blob->small.data, blob->small.len))
		return false;
	buf_fini(&blob->small);
	return true;
}

bool
blob_put(struct blob *blob, const void *data, size_t len)
{
	if (blob->failed || len == 0)
		return !blob->failed;
	if (blob->fd < 0 && len <= BLOB_MEMORY_BYTES - blob->small.len)
		blob->failed = !buf_put(&blob->small, data, len);
	else
		blob->failed = (blob->fd < 0 && !spill(blob)) || !write_all(blob->fd, data, len);
	blob->len += len;
	return !blob->failed;
}

bool
blob_failed(const struct blob *blob)
{
	return blob->failed;
}

struct str
blob_text(struct blob *blob)
{
	void *map = __atomic_load_n(&blob->map, __ATOMIC_ACQUIRE), *none = NULL;

	if (blob->failed || blob->fd < 0)
		return blob->len && !blob->failed ? buf_text(&blob->small) : str_of("");
	if (map)
		return str_range(map, blob->len);
	map = mmap(NULL, blob->len, PROT_READ, MAP_PRIVATE, blob->fd, 0);
	if (map == MAP_FAILED)
		return str_of("");
	/* Two threads may be here for the same answer: the first map is the one that stays. */
	if (!__atomic_compare_exchange_n(&blob->map, &none, map, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		munmap(map, blob->len);
		map = none;
	}
	return str_range(map, blob->len);
}
