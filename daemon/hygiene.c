#include "daemon/hygiene.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sanitized.h"
#include "base/secret.h"
#include "daemon/log.h"

enum {
	PER_CALL = 4,    /* the caller's connection, Spark's, and two files */
	PER_WORKER = 16, /* its loop, its library's, its listening sockets */
	ALWAYS = 64,
};

/* ---- dumps ------------------------------------------------------------------------------------ */

static void
limit_core(bool allow)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_CORE, &limit))
		return;
	limit.rlim_cur = allow ? limit.rlim_max : 0;
	(void)setrlimit(RLIMIT_CORE, &limit);
}

void
hygiene_begin(void)
{
	umask(077);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (!SANITIZED)
		(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	limit_core(false);
}

void
hygiene_allow_dumps(void)
{
	(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	limit_core(true);
}

/* ---- privileges ------------------------------------------------------------------------------ */

/* Groups first: only root may change them. */
static bool
change(const struct passwd *to)
{
	int dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);

	if (initgroups(to->pw_name, to->pw_gid) || setresgid(to->pw_gid, to->pw_gid, to->pw_gid) ||
		setresuid(to->pw_uid, to->pw_uid, to->pw_uid))
		return false;
	(void)prctl(PR_SET_DUMPABLE, dumpable > 0, 0, 0, 0); /* another user has another value */
	return to->pw_uid == 0 || setuid(0) != 0;
}

bool
hygiene_become(const char *user, const char **ret_wrong)
{
	const struct passwd *to;

	errno = 0;
	to = getpwnam(user);
	if (!to) {
		*ret_wrong = errno ? strerror(errno) : "there is no such user";
		return false;
	}
	if (change(to))
		return true;
	*ret_wrong = errno ? strerror(errno) : "root can be had back";
	return false;
}

/* ---- what the log hears ------------------------------------------------------------------- */

static void
check_descriptors(const struct config *config)
{
	struct rlimit limit;
	rlim_t wanted = config->limits.max_connections + PER_CALL * (rlim_t)config->limits.max_in_flight +
		PER_WORKER * (rlim_t)config->workers + ALWAYS;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	if (limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	if (limit.rlim_cur < wanted)
		log_say(LOG_WARN_LEVEL, "few_descriptors",
			"the process may open %llu descriptors; limits.max_connections = %u and "
			"limits.max_in_flight = %u can need %llu: raise LimitNOFILE= (ulimit -n) or lower "
			"them",
			(unsigned long long)limit.rlim_cur, config->limits.max_connections,
			config->limits.max_in_flight, (unsigned long long)wanted);
}

static void
check_memory(void)
{
	struct rlimit limit = { 0 };

	if (!secret_unlocked())
		return;
	(void)getrlimit(RLIMIT_MEMLOCK, &limit);
	log_say(LOG_WARN_LEVEL, "secrets_unlocked",
		"memory with secrets may be swapped out: only %llu bytes may be locked; raise LimitMEMLOCK= "
		"(ulimit -l), 8M is enough",
		(unsigned long long)limit.rlim_cur);
}

void
hygiene_check(const struct config *config)
{
	check_descriptors(config);
	check_memory();
	if (geteuid() == 0)
		log_say(LOG_WARN_LEVEL, "runs_as_root",
			"csparkd runs as root; set user, or let the service manager choose one");
	if (config->core_dumps)
		log_say(LOG_WARN_LEVEL, "dumps_allowed",
			"core_dumps = true: a core dump or a debugger shows secrets");
}
