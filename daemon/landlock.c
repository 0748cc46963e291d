#include "daemon/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's interface, by its numbers: headers are older than the kernels that a program meets, and there
 * is no library. See landlock(7). */
enum {
	SYS_CREATE = 444,
	SYS_ADD = 445,
	SYS_RESTRICT = 446,
	ASK_ABI = 1,
	BENEATH = 1,
};
enum {
	EXECUTE = 1 << 0,
	WRITE_FILE = 1 << 1,
	READ_FILE = 1 << 2,
	READ_DIR = 1 << 3,
	REMOVE_DIR = 1 << 4,
	REMOVE_FILE = 1 << 5,
	MAKE_DIR = 1 << 7,
	MAKE_REG = 1 << 8,
	MAKE_SOCK = 1 << 9,
	ABI_1 = (1 << 13) - 1, /* all of them */
	REFER = 1 << 13,       /* from ABI 2: into another folder */
	TRUNCATE = 1 << 14,    /* from ABI 3 */
	IOCTL_DEV = 1 << 15,   /* from ABI 5 */
	OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV,
	SCOPE_SIGNAL = 1 << 1, /* from ABI 6: no signals to others */
};

struct ruleset {
	uint64_t files;
	uint64_t net; /* from ABI 4; ports are not restricted */
	uint64_t scoped; /* from ABI 6 */
};
struct beneath {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

struct landlock {
	int fd;
	uint64_t handled;
};

int
landlock_abi(void)
{
	long abi = syscall(SYS_CREATE, NULL, 0, ASK_ABI);

	return abi > 0 ? (int)abi : 0;
}

static size_t
size_of_ruleset(int abi)
{
	return abi >= 6 ? sizeof(struct ruleset) : abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
}

struct landlock *
landlock_new(void)
{
	int abi = landlock_abi();
	struct landlock *rules;
	struct ruleset set = { .files = ABI_1 };

	if (!abi)
		return NULL;
	set.files |= (abi >= 2 ? REFER : 0) | (abi >= 3 ? TRUNCATE : 0) | (abi >= 5 ? IOCTL_DEV : 0);
	set.scoped = SCOPE_SIGNAL;
	rules = malloc(sizeof(*rules));
	if (!rules)
		return NULL;
	rules->handled = set.files;
	rules->fd = (int)syscall(SYS_CREATE, &set, size_of_ruleset(abi), 0);
	if (rules->fd >= 0)
		return rules;
	free(rules);
	return NULL;
}

static uint64_t
rights_of(unsigned uses)
{
	uint64_t rights = 0;

	if (uses & LANDLOCK_READ)
		rights |= READ_FILE | READ_DIR;
	if (uses & LANDLOCK_WRITE)
		rights |= WRITE_FILE | TRUNCATE;
	if (uses & LANDLOCK_CREATE)
		rights |= MAKE_REG;
	if (uses & LANDLOCK_KEEP)
		rights |= MAKE_REG | MAKE_DIR | REMOVE_FILE | REMOVE_DIR | REFER;
	if (uses & LANDLOCK_SOCKET)
		rights |= MAKE_SOCK | REMOVE_FILE;
	return rights;
}

static bool
add(const struct landlock *rules, int fd, unsigned uses)
{
	struct beneath rule = { rights_of(uses) & rules->handled, fd };
	struct stat status;

	if (fstat(fd, &status))
		return false;
	if (!S_ISDIR(status.st_mode))
		rule.allowed &= OF_FILES;
	return !rule.allowed || syscall(SYS_ADD, rules->fd, BENEATH, &rule, 0) == 0;
}

bool
landlock_allow(struct landlock *rules, const char *path, unsigned uses)
{
	int fd = open(path, O_PATH | O_CLOEXEC), error;
	bool done;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES;
	done = add(rules, fd, uses);
	error = errno;
	close(fd);
	errno = error;
	return done;
}

bool
landlock_enforce(const struct landlock *rules)
{
	return syscall(SYS_RESTRICT, rules->fd, 0) == 0;
}

void
landlock_free(struct landlock *rules)
{
	if (!rules)
		return;
	close(rules->fd);
	free(rules);
}
