#include "daemon/config_slurp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"

/* One byte more than allowed is asked for, so that a file that grew since fstat() is noticed. */
static const char *
read_all(int fd, size_t max_bytes, struct config_slurp *slurp)
{
	while (slurp->len <= max_bytes) {
		ssize_t got = read(fd, slurp->text + slurp->len, max_bytes + 1 - slurp->len);

		if (got == 0)
			break;
		if (got < 0 && errno != EINTR)
			return strerror(errno);
		if (got > 0)
			slurp->len += (size_t)got;
	}
	slurp->text[slurp->len] = '\0';
	return slurp->len > max_bytes ? "is too large" : NULL;
}

static const char *
read_file(int fd, size_t max_bytes, struct config_slurp *slurp)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return strerror(errno);
	if (!S_ISREG(status.st_mode))
		return "is no regular file";
	if (status.st_size > (off_t)max_bytes)
		return "is too large";
	slurp->mode = status.st_mode;
	slurp->text = malloc(max_bytes + 2);
	return slurp->text ? read_all(fd, max_bytes, slurp) : "no memory";
}

const char *
config_slurp(const char *path, size_t max_bytes, struct config_slurp *ret)
{
	const char *wrong;
	int fd;

	*ret = (struct config_slurp){ .len = 0 };
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe without a writer must not stop us */
	if (fd < 0)
		return fault_text(errno);
	wrong = read_file(fd, max_bytes, ret);
	close(fd);
	if (wrong)
		config_slurp_fini(ret);
	return wrong;
}

void
config_slurp_fini(struct config_slurp *slurp)
{
	if (slurp->text)
		explicit_bzero(slurp->text, slurp->len);
	free(slurp->text);
	*slurp = (struct config_slurp){ .len = 0 };
}
