#include "daemon/seccomp.h"

#include "base/sanitized.h"

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A kernel without seccomp, or a build without the library, is told by 0 and errno. Sanitizers need calls
 * that are not on the list. */
static bool
confine(void)
{
	unsigned count;

	if (SANITIZED)
		return false;
	cr_assert_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	count = seccomp_enforce();
#ifndef HAVE_SECCOMP
	cr_assert_eq(count, 0);
	cr_assert_eq(errno, ENOTSUP);
#endif
	return count > 100;
}

/* Whether there is no such call. */
static bool
is_gone(long number)
{
	errno = 0;
	return syscall(number, 0, 0, 0, 0, 0, 0) == -1 && errno == ENOSYS;
}

Test(seccomp, has_no_call_that_takes_the_machine_over)
{
	static const long GONE[] = {
		SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev,
		SYS_kexec_load, SYS_bpf, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot,
		SYS_unshare, SYS_setns, SYS_init_module, SYS_finit_module, SYS_keyctl, SYS_add_key,
		SYS_userfaultfd, SYS_perf_event_open, SYS_io_uring_setup, SYS_personality, SYS_setuid,
		SYS_setresuid, SYS_capset, SYS_kill, SYS_seccomp, SYS_open_by_handle_at, SYS_clone3,
		SYS_pidfd_open, SYS_reboot, SYS_settimeofday, SYS_swapon,
	};

	if (!confine())
		return;
	for (size_t i = 0; i < sizeof(GONE) / sizeof(*GONE); i++)
		cr_assert(is_gone(GONE[i]), "system call %ld", GONE[i]);
}

Test(seccomp, answers_for_calls_of_the_future_as_kernels_of_today_do)
{
	if (confine())
		cr_assert(is_gone(800));
}

Test(seccomp, has_no_second_process)
{
	if (!confine())
		return;
	errno = 0;
	cr_assert_eq(fork(), -1);
	cr_assert_eq(errno, ENOSYS);
}

Test(seccomp, has_no_shell)
{
	if (confine())
		cr_assert_neq(system("true"), 0);
}

static void *
add_one(void *arg)
{
	++*(int *)arg;
	return NULL;
}

Test(seccomp, starts_threads)
{
	pthread_t thread;
	int number = 1;

	if (!confine())
		return;
	cr_assert_eq(pthread_create(&thread, NULL, add_one, &number), 0);
	cr_assert_eq(pthread_join(thread, NULL), 0);
	cr_assert_eq(number, 2);
}

Test(seccomp, has_sockets_of_four_families)
{
	static const int FAMILIES[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK };

	if (!confine())
		return;
	for (size_t i = 0; i < 4; i++) {
		int fd = socket(FAMILIES[i], SOCK_DGRAM | SOCK_CLOEXEC, 0);

		cr_assert(fd >= 0 || errno == EAFNOSUPPORT, "family %d", FAMILIES[i]);
		close(fd);
	}
	cr_assert_eq(socket(AF_PACKET, SOCK_RAW, 0), -1);
	cr_assert_eq(socket(AF_ALG, SOCK_SEQPACKET, 0), -1);
	cr_assert_eq(socket(AF_VSOCK, SOCK_STREAM, 0), -1);
}

Test(seccomp, has_no_memory_that_is_written_and_executed)
{
	int both = PROT_READ | PROT_WRITE | PROT_EXEC;
	void *page;

	if (!confine())
		return;
	cr_assert_eq(mmap(NULL, 4096, both, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), MAP_FAILED);
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(page, MAP_FAILED);
	cr_assert_eq(mprotect(page, 4096, PROT_READ | PROT_EXEC), -1);
	cr_assert_eq(mprotect(page, 4096, PROT_READ), 0);
}

Test(seccomp, puts_nothing_into_the_terminals_mouth)
{
	char letter = 'x';

	if (!confine())
		return;
	cr_assert_eq(ioctl(0, TIOCSTI, &letter), -1);
	cr_assert_eq(errno, ENOSYS);
}

Test(seccomp, finds_names)
{
	struct addrinfo *found = NULL;

	if (!confine())
		return;
	cr_assert_eq(getaddrinfo("localhost", "80", NULL, &found), 0);
	freeaddrinfo(found);
}
