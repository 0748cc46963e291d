#include "daemon/seccomp.h"

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif
#include <errno.h>

#ifdef HAVE_SECCOMP
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

/* By name: an architecture does not have all of them, and an old libseccomp does not know all of them. */
static const char *const PLAIN[] = {
	/* memory */
	"brk", "madvise", "membarrier", "memfd_create", "mincore", "mlock", "mlock2", "mremap", "msync",
	"munlock", "munmap",
	/* threads and signals */
	"arch_prctl", "exit", "exit_group", "futex", "futex_time64", "futex_waitv", "get_robust_list",
	"getcpu", "restart_syscall", "riscv_flush_icache", "rseq", "rt_sigaction", "rt_sigpending",
	"rt_sigprocmask", "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait", "rt_sigtimedwait_time64",
	"sched_get_priority_max", "sched_get_priority_min", "sched_getaffinity", "sched_getparam",
	"sched_getscheduler", "sched_setaffinity", "sched_yield", "set_robust_list", "set_thread_area",
	"set_tid_address", "sigaltstack", "sigreturn", "tgkill", "tkill",
	/* what the process is */
	"capget", "getegid", "getegid32", "geteuid", "geteuid32", "getgid", "getgid32", "getgroups",
	"getgroups32", "getpgrp", "getpid", "getppid", "getrandom", "getresgid", "getresgid32",
	"getresuid", "getresuid32", "getrlimit", "getrusage", "gettid", "getuid", "getuid32",
	"prlimit64", "setrlimit", "sysinfo", "times", "ugetrlimit", "umask", "uname",
	/* time */
	"clock_getres", "clock_getres_time64", "clock_gettime", "clock_gettime64", "clock_nanosleep",
	"clock_nanosleep_time64", "gettimeofday", "nanosleep", "time", "timerfd_create",
	"timerfd_gettime", "timerfd_gettime64", "timerfd_settime", "timerfd_settime64",
	/* waiting */
	"_newselect", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_pwait2",
	"epoll_wait", "eventfd", "eventfd2", "pipe", "pipe2", "poll", "ppoll", "ppoll_time64",
	"pselect6", "pselect6_time64", "select", "signalfd", "signalfd4",
	/* descriptors */
	"_llseek", "arm_fadvise64_64", "close", "close_range", "copy_file_range", "dup", "dup2", "dup3",
	"fadvise64", "fadvise64_64", "fallocate", "fcntl", "fcntl64", "fdatasync", "flock", "fstat",
	"fstat64", "fsync", "ftruncate", "ftruncate64", "lseek", "pread64", "preadv", "preadv2",
	"pwrite64", "pwritev", "pwritev2", "read", "readv", "sendfile", "sendfile64", "splice",
	"sync_file_range", "sync_file_range2", "write", "writev",
	/* files: which, Landlock says */
	"access", "chmod", "chown", "chown32", "faccessat", "faccessat2", "fchmod", "fchmodat",
	"fchmodat2", "fchown", "fchown32", "fchownat", "fstatat64", "fstatfs", "fstatfs64", "getcwd",
	"getdents", "getdents64", "lchown", "lchown32", "link", "linkat", "lstat", "lstat64", "mkdir",
	"mkdirat", "newfstatat", "open", "openat", "openat2", "readlink", "readlinkat", "rename",
	"renameat", "renameat2", "rmdir", "stat", "stat64", "statfs", "statfs64", "statx", "unlink",
	"unlinkat", "utimensat", "utimensat_time64",
	/* the network */
	"accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "listen",
	"recv", "recvfrom", "recvmmsg", "recvmmsg_time64", "recvmsg", "send", "sendmmsg", "sendmsg",
	"sendto", "setsockopt", "shutdown",
};

/* Only with an argument like this. Of several rules for a call one must hold. */
static const struct rule {
	const char *name;
	unsigned argument;
	uint64_t mask;
	uint64_t value;
} RULES[] = {
	/* Not both. */
	{ "mmap", 2, PROT_WRITE | PROT_EXEC, 0 },
	{ "mmap", 2, PROT_WRITE | PROT_EXEC, PROT_WRITE },
	{ "mmap", 2, PROT_WRITE | PROT_EXEC, PROT_EXEC },
	{ "mmap2", 2, PROT_WRITE | PROT_EXEC, 0 },
	{ "mmap2", 2, PROT_WRITE | PROT_EXEC, PROT_WRITE },
	{ "mmap2", 2, PROT_WRITE | PROT_EXEC, PROT_EXEC },
	{ "mprotect", 2, PROT_EXEC, 0 },
	/* Threads, no processes. clone3 hides its flags in memory; without it libc uses this one. */
#ifdef __s390__
	{ "clone", 1, CLONE_THREAD, CLONE_THREAD },
#else
	{ "clone", 0, CLONE_THREAD, CLONE_THREAD },
#endif
	{ "socket", 0, UINT32_MAX, AF_UNIX },
	{ "socket", 0, UINT32_MAX, AF_INET },
	{ "socket", 0, UINT32_MAX, AF_INET6 },
	{ "socket", 0, UINT32_MAX, AF_NETLINK }, /* for libc: which addresses this host has */
	{ "socketpair", 0, UINT32_MAX, AF_UNIX },
	{ "ioctl", 1, UINT32_MAX, FIONBIO },
	{ "ioctl", 1, UINT32_MAX, FIONREAD },
	{ "ioctl", 1, UINT32_MAX, FIOCLEX },
	{ "ioctl", 1, UINT32_MAX, FIONCLEX },
	{ "ioctl", 1, UINT32_MAX, SIOCOUTQ },
	{ "ioctl", 1, UINT32_MAX, TCGETS }, /* isatty() */
	{ "ioctl", 1, UINT32_MAX, TIOCGWINSZ },
	{ "prctl", 0, UINT32_MAX, PR_SET_NAME },
	{ "prctl", 0, UINT32_MAX, PR_GET_NAME },
	{ "prctl", 0, UINT32_MAX, PR_GET_DUMPABLE },
};

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

/* Once more or not at all: what a name does not stand for here is no failure. */
static bool
allow(scmp_filter_ctx filter, const char *name, const struct rule *rule, unsigned *count)
{
	int number = seccomp_syscall_resolve_name(name), failed;
	struct scmp_arg_cmp compare;

	if (number < 0)
		return true;
	if (rule) {
		compare = SCMP_CMP64(rule->argument, SCMP_CMP_MASKED_EQ, rule->mask, rule->value);
		failed = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, 1, &compare);
	} else {
		failed = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, 0, NULL);
	}
	*count += !rule || rule == RULES || strcmp(rule->name, rule[-1].name) != 0;
	errno = -failed;
	return !failed;
}

static bool
fill(scmp_filter_ctx filter, unsigned *count)
{
	for (size_t i = 0; i < COUNT(PLAIN); i++)
		if (!allow(filter, PLAIN[i], NULL, count))
			return false;
	for (size_t i = 0; i < COUNT(RULES); i++)
		if (!allow(filter, RULES[i].name, &RULES[i], count))
			return false;
	return true;
}

/* Calls in the manner of another architecture are answered like all that are not known. The filter is a tree,
 * not a chain, because requests pay for it; and it does not make old kernels switch off the processor's
 * predictions, which is for programs that run foreign code. */
static bool
adjust(scmp_filter_ctx filter)
{
	return seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS)) == 0 &&
		seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) == 0 &&
		seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) == 0 &&
		seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1) == 0;
}

unsigned
seccomp_enforce(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	unsigned count = 0;
	int failed;

	if (!filter) {
		errno = ENOMEM;
		return 0;
	}
	(void)adjust(filter); /* what an old kernel or library does not have is done without */
	if (fill(filter, &count)) {
		failed = seccomp_load(filter);
		errno = -failed;
		count = failed ? 0 : count;
	} else {
		count = 0;
	}
	seccomp_release(filter);
	return count;
}

#else

unsigned
seccomp_enforce(void)
{
	errno = ENOTSUP;
	return 0;
}

#endif
