#include "daemon/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/sanitized.h"
#include "base/str.h"
#include "daemon/landlock.h"
#include "daemon/seccomp.h"
#include "daemon/spool.h"

extern void __gcov_dump(void) __attribute__((weak));

#define LOG_USES (LANDLOCK_WRITE | LANDLOCK_CREATE)
#define STATE_USES (LANDLOCK_READ | LANDLOCK_WRITE | LANDLOCK_KEEP)

/* What libc, libcurl and the TLS library read without being told. */
static const struct {
	const char *path;
	unsigned uses;
} PLACES[] = {
	{ "/etc", LANDLOCK_READ },
	{ "/usr", LANDLOCK_READ },
	{ "/lib", LANDLOCK_READ },
	{ "/lib32", LANDLOCK_READ },
	{ "/lib64", LANDLOCK_READ },
	{ "/var/lib/ca-certificates", LANDLOCK_READ },
	{ "/run/systemd/resolve", LANDLOCK_READ },
	{ "/run/resolvconf", LANDLOCK_READ },
	{ "/run/NetworkManager", LANDLOCK_READ },
	{ "/proc/sys", LANDLOCK_READ },
	{ "/proc/stat", LANDLOCK_READ },
	{ "/proc/meminfo", LANDLOCK_READ },
	{ "/proc/cpuinfo", LANDLOCK_READ },
	{ "/sys/devices/system/cpu", LANDLOCK_READ },
	{ "/sys/fs/cgroup", LANDLOCK_READ },
	{ "/dev/null", LANDLOCK_READ | LANDLOCK_WRITE },
	{ "/dev/random", LANDLOCK_READ },
	{ "/dev/urandom", LANDLOCK_READ },
};

/* ---- what is allowed -------------------------------------------------------------------------- */

/* The folder of a file; of one in the root, the file alone. */
static void
allow_beside(struct landlock *rules, const char *file, unsigned uses)
{
	char path[PATH_MAX];
	const char *folder;

	if (snprintf(path, sizeof(path), "%s", file) >= (int)sizeof(path))
		return;
	folder = dirname(path);
	(void)landlock_allow(rules, strcmp(folder, "/") == 0 ? file : folder, uses);
}

/* Where its name is, and where a symbolic link leads. */
static void
allow_file(struct landlock *rules, const char *file, unsigned uses)
{
	char *real = realpath(file, NULL);

	allow_beside(rules, file, uses);
	if (real && strcmp(real, file) != 0)
		allow_beside(rules, real, uses);
	free(real);
}

static void
allow_named(void *arg, const char *file)
{
	allow_file(arg, file, LANDLOCK_READ);
}

static void
allow_variable(struct landlock *rules, const char *name)
{
	const char *path = getenv(name);

	if (path && *path)
		allow_file(rules, path, LANDLOCK_READ);
}

/* Beside those that there are, and where the service manager made a place for them. */
static void
allow_sockets(struct landlock *rules, const struct config *config)
{
	const char *runtime = getenv("RUNTIME_DIRECTORY");

	if (runtime && *runtime)
		(void)landlock_allow(rules, runtime, LANDLOCK_SOCKET);
	for (size_t i = 0; i < config->listener_count; i++) {
		struct str address = str_of(config->listeners[i].address);

		if (str_starts(address, STR("unix:/")))
			allow_beside(rules, address.at + strlen("unix:"), LANDLOCK_SOCKET);
	}
}

/* /proc makes a new inode for what has been forgotten meanwhile; what somebody has open is not forgotten, so
 * the descriptor stays. */
static void
allow_self(struct landlock *rules)
{
	(void)!open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	(void)landlock_allow(rules, "/proc/self", LANDLOCK_READ);
}

static void
allow_all(struct landlock *rules, const struct config *config, const char *file)
{
	for (size_t i = 0; i < sizeof(PLACES) / sizeof(*PLACES); i++)
		(void)landlock_allow(rules, PLACES[i].path, PLACES[i].uses);
	allow_self(rules);
	if (file)
		allow_file(rules, file, LANDLOCK_READ);
	config_each_file(config, allow_named, rules);
	allow_variable(rules, "SSL_CERT_FILE");
	allow_variable(rules, "SSL_CERT_DIR");
	allow_sockets(rules, config);
	(void)landlock_allow(rules, spools_dir(config->state_dir), STATE_USES);
	if (config->log.file)
		allow_file(rules, config->log.file, LOG_USES);
}

/* ---- entering -------------------------------------------------------------------------------------- */

static void say(struct sandbox *sandbox, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
say(struct sandbox *sandbox, const char *format, ...)
{
	size_t len = strlen(sandbox->words);
	va_list args;

	va_start(args, format);
	vsnprintf(sandbox->words + len, sizeof(sandbox->words) - len, format, args);
	va_end(args);
}

static void
confine_files(const struct config *config, const char *file, struct sandbox *ret)
{
	struct landlock *rules = landlock_new();

	if (rules)
		allow_all(rules, config, file);
	if (rules && landlock_enforce(rules)) {
		fault_confine();
		say(ret, "landlock ABI %d", landlock_abi());
	} else {
		ret->whole = false;
		say(ret, "no landlock (%s)", strerror(errno));
	}
	landlock_free(rules);
}

static void
confine_calls(struct sandbox *ret)
{
	unsigned count = seccomp_enforce();

	if (count) {
		say(ret, ", seccomp %u system calls", count);
	} else {
		ret->whole = false;
		say(ret, ", no seccomp (%s)", strerror(errno));
	}
}

void
sandbox_enter(const struct config *config, const char *file, struct sandbox *ret)
{
	*ret = (struct sandbox){ .whole = true };
	if (SANITIZED || __gcov_dump) {
		say(ret, "off: built with sanitizers or for coverage");
		return;
	}
	if (!config->sandbox) {
		ret->whole = false;
		say(ret, "off: sandbox = false");
		return;
	}
	confine_files(config, file, ret);
	confine_calls(ret);
}
