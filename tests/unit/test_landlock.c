#include "daemon/landlock.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Two folders with a file each: "in/file" and "out/file". */
static char folder[] = "/tmp/test-landlock-XXXXXX";
static char path[PATH_MAX];

static const char *
at(const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void
write_file(const char *name)
{
	FILE *file = fopen(at(name), "w");

	cr_assert(file);
	fputs("text", file);
	fclose(file);
}

static void
make_folders(void)
{
	cr_assert(mkdtemp(folder));
	cr_assert_eq(mkdir(at("in"), 0700), 0);
	cr_assert_eq(mkdir(at("out"), 0700), 0);
	write_file("in/file");
	write_file("out/file");
}

/* What is confined cannot tidy up after itself: its parent does. */
static void
remove_folders(void)
{
	static const char *const FILES[] = { "in/file", "out/file", "in/made", "in/socket", "in/moved" };

	for (size_t i = 0; i < sizeof(FILES) / sizeof(*FILES); i++)
		unlink(at(FILES[i]));
	rmdir(at("in"));
	rmdir(at("out"));
	rmdir(folder);
}

/* 0, or the errno of opening it. */
static int
fault_of(const char *name, int flags)
{
	int fd = open(at(name), flags | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* "in" may be used so, "out" not at all. With a kernel that has no Landlock the tests have nothing to say. */
static bool
confine(const char *what, unsigned uses)
{
	struct landlock *rules = landlock_new();

	if (!landlock_abi()) {
		cr_assert_null(rules);
		return false;
	}
	cr_assert(rules);
	cr_assert(landlock_allow(rules, at(what), uses));
	cr_assert(landlock_allow(rules, folder, LANDLOCK_KEEP)); /* to tidy up */
	cr_assert_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	cr_assert(landlock_enforce(rules));
	landlock_free(rules);
	return true;
}

static bool
can_bind(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool done;

	snprintf(address.sun_path, sizeof(address.sun_path), "%.100s", at(name));
	done = bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
	close(fd);
	return done;
}

Test(landlock, reads_where_it_may_and_nowhere_else, .init = make_folders, .fini = remove_folders)
{
	if (!confine("in", LANDLOCK_READ))
		return;
	cr_assert_eq(fault_of("in/file", O_RDONLY), 0);
	cr_assert_eq(fault_of("in/file", O_WRONLY), EACCES);
	cr_assert_eq(fault_of("out/file", O_RDONLY), EACCES);
	cr_assert_eq(fault_of("out", O_RDONLY | O_DIRECTORY), EACCES);
}

Test(landlock, makes_files_where_a_log_is, .init = make_folders, .fini = remove_folders)
{
	if (!confine("in", LANDLOCK_WRITE | LANDLOCK_CREATE))
		return;
	cr_assert_eq(fault_of("in/made", O_WRONLY | O_CREAT | O_APPEND), 0);
	cr_assert_eq(fault_of("in/made", O_RDONLY), EACCES);
	cr_assert_eq(fault_of("out/file", O_WRONLY), EACCES);
}

Test(landlock, does_everything_where_it_keeps_things, .init = make_folders, .fini = remove_folders)
{
	char moved[PATH_MAX];

	if (!confine("in", LANDLOCK_READ | LANDLOCK_WRITE | LANDLOCK_KEEP))
		return;
	cr_assert_eq(fault_of("in", O_RDWR | O_TMPFILE), 0);
	cr_assert_eq(fault_of("in/made", O_RDWR | O_CREAT), 0);
	snprintf(moved, sizeof(moved), "%s/in/moved", folder);
	cr_assert_eq(rename(at("in/made"), moved), 0);
	cr_assert_eq(unlink(moved), 0);
}

Test(landlock, makes_and_removes_sockets, .init = make_folders, .fini = remove_folders)
{
	if (!confine("in", LANDLOCK_SOCKET))
		return;
	cr_assert(can_bind("in/socket"));
	cr_assert_eq(unlink(at("in/socket")), 0);
	cr_assert_not(can_bind("out/socket"));
	cr_assert_eq(fault_of("in/made", O_WRONLY | O_CREAT), EACCES);
}

Test(landlock, takes_a_file_alone, .init = make_folders, .fini = remove_folders)
{
	if (!confine("in/file", LANDLOCK_READ | LANDLOCK_WRITE | LANDLOCK_CREATE | LANDLOCK_SOCKET))
		return;
	cr_assert_eq(fault_of("in/file", O_RDWR), 0);
	cr_assert_eq(fault_of("in/made", O_WRONLY | O_CREAT), EACCES);
	cr_assert_eq(fault_of("out/file", O_RDONLY), EACCES);
}

Test(landlock, does_not_mind_what_is_not_there, .init = make_folders, .fini = remove_folders)
{
	cr_assert(confine("nowhere", LANDLOCK_READ) || !landlock_abi());
}

Test(landlock, leaves_alone_what_is_open, .init = make_folders, .fini = remove_folders)
{
	int fd = open(at("out/file"), O_RDONLY | O_CLOEXEC);
	char text[8] = "";

	(void)confine("in", LANDLOCK_READ);
	cr_assert_eq(read(fd, text, sizeof(text) - 1), 4);
	cr_assert_str_eq(text, "text");
	close(fd);
}
