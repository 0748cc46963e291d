#include "daemon/spool.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MIB = 1024 * 1024, PIECE = 64 * 1024 };

static char dir[] = "/tmp/test_spool-XXXXXX";
static struct spools spools;
static struct spool spool;
static struct cspark_error error;
static char piece[PIECE];

static void
set_up(void)
{
	cr_assert_not_null(mkdtemp(dir));
	cr_assert(spools_init(&spools, dir, 4 * MIB));
	spool_init(&spool, &spools, 8 * MIB);
	for (size_t i = 0; i < sizeof(piece); i++)
		piece[i] = (char)(i * 31 + i / 251);
}

static void
tear_down(void)
{
	spool_fini(&spool);
	spools_fini(&spools);
	cr_expect_eq(rmdir(dir), 0, "nothing may be left in the directory: %s", strerror(errno));
}

TestSuite(spool, .init = set_up, .fini = tear_down);

/* ---- helpers ---- */

static bool
put_pieces(struct spool *to, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!spool_put(to, piece, sizeof(piece), &error))
			return false;
	return true;
}

static void
assert_refused(enum cspark_code code, const char *setting)
{
	cr_assert_eq(error.code, code, "%s: %s", cspark_code_name(error.code), error.detail);
	cr_assert(strstr(error.detail, setting), "%s", error.detail);
	cr_assert_not(spool_put(&spool, "x", 1, &error), "what failed stays so");
}

static void
assert_pieces(const struct spool *of, size_t count)
{
	static char read[PIECE];

	cr_assert_eq(spool_len(of), count * PIECE);
	for (size_t i = 0; i < count; i++) {
		if (spool_fd(of) < 0)
			memcpy(read, spool_text(of).at + i * PIECE, PIECE);
		else
			cr_assert_eq(pread(spool_fd(of), read, PIECE, (off_t)(i * PIECE)), PIECE);
		cr_assert_arr_eq(read, piece, PIECE, "piece %zu", i);
	}
}

static int
entries(const char *path)
{
	DIR *open = opendir(path);
	int count = 0;

	while (readdir(open))
		count++;
	closedir(open);
	return count - 2;
}

/* ---- memory and file ---- */

Test(spool, is_empty_at_first)
{
	cr_assert_eq(spool_len(&spool), 0);
	cr_assert_eq(spool_fd(&spool), -1);
	cr_assert_not_null(spool_text(&spool).at);
	cr_assert(spool_put(&spool, NULL, 0, &error));
	cr_assert_eq(spool_text(&spool).len, 0);
}

Test(spool, keeps_few_bytes_in_memory)
{
	cr_assert(put_pieces(&spool, 4));
	cr_assert_eq(spool_fd(&spool), -1, "exactly the most that stays");
	assert_pieces(&spool, 4);
	cr_assert_eq(spools.left, spools.max);
}

Test(spool, moves_to_a_file_with_the_first_byte_too_many)
{
	char last;

	cr_assert(put_pieces(&spool, 4));
	cr_assert(spool_put(&spool, "z", 1, &error), "%s", error.detail);
	cr_assert_geq(spool_fd(&spool), 0);
	cr_assert_null(spool_text(&spool).at);
	cr_assert_eq(spool_len(&spool), SPOOL_MEMORY_MAX + 1);
	cr_assert_eq(pread(spool_fd(&spool), &last, 1, SPOOL_MEMORY_MAX), 1);
	cr_assert_eq(last, 'z');
	cr_assert_eq(spools.left, spools.max - SPOOL_MEMORY_MAX - 1);
	cr_assert_null(spool.memory.data, "the memory is given back");
}

Test(spool, keeps_many_bytes_in_order)
{
	cr_assert(put_pieces(&spool, 40), "%s", error.detail);
	assert_pieces(&spool, 40);
}

Test(spool, takes_a_large_piece_at_once)
{
	static char large[MIB];

	cr_assert(spool_put(&spool, large, sizeof(large), &error));
	cr_assert_geq(spool_fd(&spool), 0);
	cr_assert_eq(spool_len(&spool), MIB);
}

Test(spool, goes_to_a_file_when_asked)
{
	cr_assert(put_pieces(&spool, 1));
	cr_assert(spool_to_file(&spool, &error));
	cr_assert(spool_to_file(&spool, &error));
	cr_assert_geq(spool_fd(&spool), 0);
	cr_assert(put_pieces(&spool, 1));
	assert_pieces(&spool, 2);
}

Test(spool, goes_to_a_file_also_when_empty)
{
	cr_assert(spool_to_file(&spool, &error));
	cr_assert_geq(spool_fd(&spool), 0);
	cr_assert_eq(spool_len(&spool), 0);
}

Test(spool, has_a_file_without_a_name_that_is_not_inherited)
{
	struct stat info;

	cr_assert(spool_to_file(&spool, &error));
	cr_assert_eq(entries(dir), 0);
	cr_assert_eq(fstat(spool_fd(&spool), &info), 0);
	cr_assert_eq(info.st_nlink, 0);
	cr_assert_eq(info.st_mode & 0777, 0600);
	cr_assert(fcntl(spool_fd(&spool), F_GETFD) & FD_CLOEXEC);
}

Test(spool, can_be_filled_anew)
{
	int kept;
	char first;

	piece[0] = 'a';
	cr_assert(put_pieces(&spool, 10));
	kept = dup(spool_fd(&spool));
	spool_clear(&spool);
	cr_assert_eq(spools.left, spools.max);
	cr_assert_eq(spool_len(&spool), 0);
	cr_assert_eq(spool_fd(&spool), -1);
	piece[0] = 'b';
	cr_assert(put_pieces(&spool, 10));
	assert_pieces(&spool, 10);
	cr_assert_eq(pread(kept, &first, 1, 0), 1);
	cr_assert_eq(first, 'a', "who still reads the old content has it");
	close(kept);
}

/* ---- limits ---- */

Test(spool, refuses_more_than_its_maximum)
{
	struct spool small;

	spool_init(&small, &spools, 10);
	cr_assert(spool_put(&small, "0123456789", 10, &error));
	cr_assert_not(spool_put(&small, "x", 1, &error));
	cr_assert_eq(error.code, CSPARK_E_BODY_TOO_LARGE);
	cr_assert(strstr(error.detail, "limits.max_upload, which is 10 bytes"), "%s", error.detail);
	cr_assert_not(spool_put(&small, NULL, 0, &error));
	spool_clear(&small);
	cr_assert(spool_put(&small, "0123456789", 10, &error));
	spool_fini(&small);
}

Test(spool, shares_the_disk_with_the_others)
{
	struct spool other;

	spool_init(&other, &spools, 8 * MIB);
	cr_assert(put_pieces(&other, 48));
	cr_assert(put_pieces(&spool, 16));
	cr_assert_eq(spools.left, 0);
	cr_assert_not(put_pieces(&spool, 1));
	assert_refused(CSPARK_E_OVERLOADED, "limits.max_spool");
	cr_assert_eq(spools.left, 0, "a failure takes nothing");
	spool_fini(&other);
	cr_assert_eq(spools.left, 3 * MIB);
	spool_fini(&spool);
	spool_fini(&spool);
	cr_assert_eq(spools.left, 4 * MIB);
}

Test(spool, counts_what_moves_from_memory)
{
	spools.left = SPOOL_MEMORY_MAX - 1;
	cr_assert(put_pieces(&spool, 4));
	cr_assert_not(put_pieces(&spool, 1));
	assert_refused(CSPARK_E_OVERLOADED, "limits.max_spool");
	cr_assert_eq(spools.left, SPOOL_MEMORY_MAX - 1);
}

/* ---- faults ---- */

Test(spool, says_that_a_directory_is_missing)
{
	char *kept = spools.dir;

	spools.dir = NULL;
	cr_assert(put_pieces(&spool, 4), "what is small needs none");
	cr_assert_not(put_pieces(&spool, 1));
	assert_refused(CSPARK_E_INTERNAL, "state_dir");
	spools.dir = kept;
}

Test(spool, says_why_a_directory_cannot_be_used)
{
	struct spools nowhere;
	struct spool lost;

	cr_assert(spools_init(&nowhere, "/nonexistent/spool", MIB));
	spool_init(&lost, &nowhere, MIB);
	cr_assert_not(put_pieces(&lost, 5));
	cr_assert_eq(error.code, CSPARK_E_INTERNAL);
	cr_assert_str_eq(error.detail,
		"state_dir: a large body cannot have a file (No such file or directory) in "
		"/nonexistent/spool");
	spool_fini(&lost);
	spools_fini(&nowhere);
}

Test(spool, says_that_descriptors_are_out)
{
	struct rlimit before, none;

	cr_assert(put_pieces(&spool, 4));
	getrlimit(RLIMIT_NOFILE, &before);
	none = (struct rlimit){ 0, before.rlim_max };
	setrlimit(RLIMIT_NOFILE, &none);
	cr_expect_not(put_pieces(&spool, 1));
	setrlimit(RLIMIT_NOFILE, &before); /* criterion needs some */
	assert_refused(CSPARK_E_OVERLOADED, "Too many open files");
}

/* A write that is cut short by the limit, then one that fails. */
Test(spool, survives_a_limit_on_the_size_of_files)
{
	struct rlimit limit = { MIB - 100, MIB - 100 };

	signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	cr_assert(put_pieces(&spool, 15), "%s", error.detail);
	cr_assert_not(put_pieces(&spool, 1));
	assert_refused(CSPARK_E_OVERLOADED, "File too large");
	cr_assert_eq(spools.left, 4 * MIB - 15 * PIECE);
	spool_clear(&spool);
	cr_assert_eq(spools.left, 4 * MIB);
	cr_assert(put_pieces(&spool, 15));
	assert_pieces(&spool, 15);
}

Test(spool, survives_a_full_disk)
{
	if (mount("none", dir, "tmpfs", 0, "size=1m") != 0)
		cr_skip_test("needs the right to mount");
	cr_assert_not(put_pieces(&spool, 17));
	assert_refused(CSPARK_E_OVERLOADED, "No space left on device");
	spool_clear(&spool);
	cr_assert(put_pieces(&spool, 16), "%s", error.detail);
	assert_pieces(&spool, 16);
	spool_fini(&spool);
	cr_assert_eq(umount(dir), 0);
}

/* As on a file system without unnamed files. */
static void
forbid_unnamed_files(void)
{
	enum { UNNAMED = O_TMPFILE & ~O_DIRECTORY };
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, UNNAMED, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	cr_assert_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	cr_assert_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

Test(spool, removes_the_name_where_there_must_be_one)
{
	forbid_unnamed_files();
	cr_assert_eq(open(dir, O_TMPFILE | O_RDWR, 0600), -1);
	cr_assert(put_pieces(&spool, 10), "%s", error.detail);
	cr_assert_eq(entries(dir), 0);
	cr_assert(fcntl(spool_fd(&spool), F_GETFD) & FD_CLOEXEC);
	assert_pieces(&spool, 10);
}
