#include "tools/upload.h"

#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
	const char *ending;
	const char *type;
} TYPES[] = {
	{ ".png", "image/png" },
	{ ".jpg", "image/jpeg" },
	{ ".jpeg", "image/jpeg" },
	{ ".gif", "image/gif" },
	{ ".webp", "image/webp" },
	{ ".svg", "image/svg+xml" },
	{ ".zip", "application/zip" },
	{ ".json", "application/json" },
	{ ".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" },
	{ ".xlsm", "application/vnd.ms-excel.sheet.macroEnabled.12" },
};

static bool
fail(const char *what, const char *why)
{
	fprintf(stderr, "csparkctl: %s: %s\n", what, why);
	return false;
}

const char *
upload_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static const char *
type_of(const char *path)
{
	for (size_t i = 0; i < sizeof(TYPES) / sizeof(TYPES[0]); i++) {
		if (str_ends(str_of(path), str_of(TYPES[i].ending)))
			return TYPES[i].type;
	}
	return NULL;
}

/* A regular file has a length, from where it stands now: stdin may be read already. */
static bool
measure(struct upload *upload, const char *path)
{
	struct stat status;
	off_t at;

	if (fstat(upload->fd, &status) < 0)
		return fail(path, strerror(errno));
	if (S_ISDIR(status.st_mode))
		return fail(path, strerror(EISDIR));
	at = S_ISREG(status.st_mode) ? lseek(upload->fd, 0, SEEK_CUR) : -1;
	upload->len = at < 0 ? -1 : at < status.st_size ? status.st_size - at : 0;
	return true;
}

bool
upload_open(struct upload *ret, const char *path)
{
	bool is_stdin = strcmp(path, "-") == 0;

	*ret = (struct upload){ .fd = STDIN_FILENO, .content_type = type_of(path) };
	if (!is_stdin)
		ret->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (ret->fd < 0)
		return fail(path, strerror(errno));
	if (measure(ret, is_stdin ? "stdin" : path))
		return true;
	upload_close(ret);
	return false;
}

bool
upload_open_fd(struct upload *ret, int fd)
{
	*ret = (struct upload){ .fd = fcntl(fd, F_DUPFD_CLOEXEC, 3) };
	if (ret->fd < 0 || lseek(ret->fd, 0, SEEK_SET) < 0)
		return fail("a temporary file", strerror(errno));
	return measure(ret, "a temporary file");
}

void
upload_close(struct upload *upload)
{
	if (upload->fd > STDIN_FILENO)
		close(upload->fd);
	upload->fd = -1;
}

int
upload_temporary(void)
{
	const char *folder = getenv("TMPDIR");
	char path[4096];
	int fd;

	if (!folder || !*folder)
		folder = "/var/tmp";
	fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	if (snprintf(path, sizeof(path), "%s/csparkctl.XXXXXX", folder) < (int)sizeof(path))
		fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	else
		fail(folder, strerror(errno));
	return fd;
}

static bool
write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t written = write(fd, data, len);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return fail("a temporary file", strerror(errno));
		data += written;
		len -= (size_t)written;
	}
	return true;
}

static bool
copy(int from, int to)
{
	char data[64 * 1024];
	ssize_t got;

	while ((got = read(from, data, sizeof(data))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail("stdin", strerror(errno));
		if (!write_all(to, data, (size_t)got))
			return false;
	}
	return true;
}

bool
upload_settle(struct upload *upload)
{
	int fd = upload_temporary();

	if (fd < 0)
		return false;
	if (!copy(upload->fd, fd)) {
		close(fd);
		return false;
	}
	upload_close(upload);
	upload->fd = fd;
	upload->len = lseek(fd, 0, SEEK_CUR);
	return lseek(fd, 0, SEEK_SET) == 0;
}
