#include "daemon/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/refuse.h"

const char *
spools_dir(const char *state_dir)
{
	const char *dir = state_dir;

	if (!dir)
		dir = getenv("STATE_DIRECTORY"); /* systemd's */
	if (!dir)
		dir = getenv("TMPDIR");
	return dir ? dir : "/var/tmp";
}

bool
spools_init(struct spools *spools, const char *dir, uint64_t max_total)
{
	*spools = (struct spools){ .max = max_total, .left = max_total };
	spools->dir = dir ? strdup(dir) : NULL;
	return spools->dir || !dir;
}

void
spools_fini(struct spools *spools)
{
	free(spools->dir);
	spools->dir = NULL;
}

/* ---- failures: the setting comes first, because a long directory cuts the sentence ---- */

static enum cspark_code
code_of(int error)
{
	switch (error) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		return CSPARK_E_OVERLOADED;
	default:
		return CSPARK_E_INTERNAL;
	}
}

static bool
refuse_file(const struct spools *spools, const char *what, int error, struct cspark_error *ret_error)
{
	return refuse(ret_error, code_of(error), "state_dir: a large body %s (%s) in %s", what,
		strerror(error), spools->dir);
}

static bool
refuse_share(const struct spools *spools, struct cspark_error *ret_error)
{
	return refuse(ret_error, CSPARK_E_OVERLOADED,
		"limits.max_spool: the large bodies under way take all of a worker's %llu bytes in "
		"state_dir, %s",
		(unsigned long long)spools->max, spools->dir);
}

static bool
refuse_size(const struct spool *spool, struct cspark_error *ret_error)
{
	return refuse(ret_error, CSPARK_E_BODY_TOO_LARGE,
		"The body is larger than limits.max_upload, which is %llu bytes.",
		(unsigned long long)spool->max);
}

/* ---- the file ---- */

/* For file systems without O_TMPFILE: there is a name for a moment. */
static int
open_named(const char *dir)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s/.csparkd-XXXXXX", dir) >= (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

static int
open_file(const char *dir)
{
	int fd = open(dir, O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, 0600);

	/* EISDIR is how a kernel says no that does not know the flag. */
	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
		fd = open_named(dir);
	return fd;
}

/* 0, or why not. */
static int
write_all(int fd, const char *data, size_t len, uint64_t at)
{
	while (len > 0) {
		ssize_t put = pwrite(fd, data, len, (off_t)at);

		if (put < 0 && errno != EINTR)
			return errno;
		if (put == 0)
			return EIO;
		if (put > 0) {
			data += put;
			len -= (size_t)put;
			at += (uint64_t)put;
		}
	}
	return 0;
}

/* What is taken of the share is always what is in the file. */
static bool
put_in_file(struct spool *spool, const char *data, size_t len, uint64_t at, struct cspark_error *ret_error)
{
	struct spools *spools = spool->spools;
	int error;

	if (len > spools->left)
		return refuse_share(spools, ret_error);
	error = write_all(spool->fd, data, len, at);
	if (error)
		return refuse_file(spools, "cannot be written", error, ret_error);
	spools->left -= len;
	spool->len = at + len;
	return true;
}

static bool
move_to_file(struct spool *spool, struct cspark_error *ret_error)
{
	struct spools *spools = spool->spools;
	struct str text = buf_text(&spool->memory);

	if (!spools->dir)
		return refuse(ret_error, CSPARK_E_INTERNAL,
			"state_dir: not set, and a body of more than %d bytes needs a directory",
			SPOOL_MEMORY_MAX);
	spool->len = 0;
	spool->fd = open_file(spools->dir);
	if (spool->fd < 0)
		return refuse_file(spools, "cannot have a file", errno, ret_error);
	spools->files++;
	if (!put_in_file(spool, text.at, text.len, 0, ret_error))
		return false;
	buf_fini(&spool->memory);
	return true;
}

/* ---- the spool ---- */

void
spool_init(struct spool *spool, struct spools *spools, uint64_t max)
{
	*spool = (struct spool){ .spools = spools, .max = max, .fd = -1 };
	buf_init(&spool->memory, SPOOL_MEMORY_MAX);
}

void
spool_fini(struct spool *spool)
{
	if (spool->fd >= 0) {
		spool->spools->left += spool->len;
		spool->spools->files--;
		close(spool->fd);
	}
	buf_fini(&spool->memory);
	spool->fd = -1;
	spool->len = 0;
}

void
spool_clear(struct spool *spool)
{
	spool_fini(spool);
	spool->failed = false;
}

static bool
put_in_memory(struct spool *spool, const void *data, size_t len, struct cspark_error *ret_error)
{
	if (!buf_put(&spool->memory, data, len))
		return refuse(ret_error, CSPARK_E_OVERLOADED, "There is not enough memory for the body.");
	spool->len += len;
	return true;
}

static bool
put(struct spool *spool, const void *data, size_t len, struct cspark_error *ret_error)
{
	if (len > spool->max - spool->len)
		return refuse_size(spool, ret_error);
	if (spool->fd < 0 && len <= SPOOL_MEMORY_MAX - spool->len)
		return put_in_memory(spool, data, len, ret_error);
	if (spool->fd < 0 && !move_to_file(spool, ret_error))
		return false;
	return put_in_file(spool, data, len, spool->len, ret_error);
}

bool
spool_put(struct spool *spool, const void *data, size_t len, struct cspark_error *ret_error)
{
	if (spool->failed)
		return refuse(ret_error, CSPARK_E_INTERNAL, "A body that failed cannot be continued.");
	spool->failed = len > 0 && !put(spool, data, len, ret_error);
	return !spool->failed;
}

bool
spool_to_file(struct spool *spool, struct cspark_error *ret_error)
{
	if (spool->failed)
		return refuse(ret_error, CSPARK_E_INTERNAL, "A body that failed cannot be continued.");
	spool->failed = spool->fd < 0 && !move_to_file(spool, ret_error);
	return !spool->failed;
}

struct str
spool_text(const struct spool *spool)
{
	if (spool->fd >= 0)
		return (struct str){ NULL, 0 };
	return spool->len > 0 ? buf_text(&spool->memory) : STR("");
}
