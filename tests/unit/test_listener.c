#include "daemon/listener.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char folder[] = "/tmp/listener-XXXXXX";
static char address[64];
static struct cspark_error error;

static void
make_folder(void)
{
	cr_assert_not_null(mkdtemp(folder));
	snprintf(address, sizeof(address), "unix:%s/s", folder);
}

static void
remove_folder(void)
{
	unlink(listener_path(address));
	rmdir(folder);
}

static int
open_at(const char *where, unsigned mode)
{
	return listener_open(&(struct listener_options){ .address = where, .mode = mode }, &error);
}

static int
connect_to(int listener)
{
	struct sockaddr_storage at;
	socklen_t len = sizeof(at);
	int fd;

	cr_assert_eq(getsockname(listener, (struct sockaddr *)&at, &len), 0);
	fd = socket(at.ss_family, SOCK_STREAM, 0);
	cr_assert_eq(connect(fd, (struct sockaddr *)&at, len), 0);
	return fd;
}

static void
check_flags(int fd)
{
	cr_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
	cr_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

Test(listener, opens_ipv4_and_ipv6_and_says_where)
{
	char name[LISTENER_NAME_MAX];
	int four = open_at("127.0.0.1:0", 0), six = open_at("[::1]:0", 0);

	cr_assert(four >= 0, "%s", error.detail);
	cr_assert(six >= 0, "%s", error.detail);
	check_flags(four);
	listener_name(four, name);
	cr_assert_eq(strncmp(name, "127.0.0.1:", 10), 0);
	cr_assert(atol(name + 10) > 0);
	listener_name(six, name);
	cr_assert_eq(strncmp(name, "[::1]:", 6), 0);
	close(connect_to(four));
	close(connect_to(six));
}

Test(listener, gives_each_shard_its_own_socket_at_the_same_port)
{
	char name[LISTENER_NAME_MAX], more_name[LISTENER_NAME_MAX];
	int fd = open_at("127.0.0.1:0", 0), more = listener_share(fd, &error);

	cr_assert(more >= 0, "%s", error.detail);
	check_flags(more);
	listener_name(fd, name);
	listener_name(more, more_name);
	cr_assert_str_eq(name, more_name);
	close(fd);
	close(connect_to(more));
}

Test(listener, does_not_share_a_port_with_a_stranger)
{
	char name[LISTENER_NAME_MAX], expected[256];
	int fd = open_at("127.0.0.1:0", 0);

	listener_name(fd, name);
	cr_assert_eq(open_at(name, 0), -1);
	snprintf(expected, sizeof(expected), "cannot listen on %s: Address already in use", name);
	cr_assert_str_eq(error.detail, expected);
}

Test(listener, explains_what_an_address_is)
{
	static const char *const bad[] = {
		"", "8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
		"127.0.0.1:80x", "example.org:80", "::1:80", "[::1]", "[::1:80", "[]:80", "[127.0.0.1]:80",
		"unix:", "unix:relative", "300.0.0.1:80", NULL,
	};

	for (int i = 0; bad[i]; i++) {
		cr_expect_eq(open_at(bad[i], 0600), -1, "%s", bad[i]);
		cr_expect(strstr(error.detail, "an address is"), "%s: %s", bad[i], error.detail);
	}
}

Test(listener, refuses_a_path_that_is_too_long)
{
	char path[160];

	snprintf(path, sizeof(path), "unix:/%0120d", 0);
	cr_assert_eq(open_at(path, 0600), -1);
}

Test(listener, knows_what_only_this_machine_can_reach)
{
	cr_assert(listener_is_local("127.0.0.1:80"));
	cr_assert(listener_is_local("127.3.2.1:80"));
	cr_assert(listener_is_local("localhost:80"));
	cr_assert(listener_is_local("[::1]:80"));
	cr_assert(listener_is_local("unix:/run/x"));
	cr_assert_not(listener_is_local("0.0.0.0:80"));
	cr_assert_not(listener_is_local("[::]:80"));
	cr_assert_not(listener_is_local("192.168.0.1:80"));
	cr_assert_not(listener_is_local("nonsense"));
	cr_assert(listener_is_unix("unix:/x"));
	cr_assert_not(listener_is_unix("127.0.0.1:80"));
	cr_assert_str_eq(listener_path("unix:/x"), "/x");
	cr_assert_null(listener_path("127.0.0.1:80"));
}

/* ---- unix sockets ---- */

Test(listener, gives_a_unix_socket_its_mode_whatever_the_umask, .init = make_folder, .fini = remove_folder)
{
	char name[LISTENER_NAME_MAX];
	struct stat status;
	int fd;

	umask(0077);
	fd = open_at(address, 0660);
	cr_assert(fd >= 0, "%s", error.detail);
	check_flags(fd);
	cr_assert_eq(stat(listener_path(address), &status), 0);
	cr_assert_eq(status.st_mode & 07777, 0660);
	cr_assert_eq(umask(0077), 0077, "the umask is as before");
	listener_name(fd, name);
	cr_assert_str_eq(name, address);
	close(connect_to(fd));
}

Test(listener, gives_a_unix_socket_its_group, .init = make_folder, .fini = remove_folder)
{
	struct listener_options options = { .address = address, .mode = 0600, .group = "no such group" };
	struct stat status;
	char own[16];

	cr_assert_eq(listener_open(&options, &error), -1);
	cr_assert_neq(access(listener_path(address), F_OK), 0);
	snprintf(own, sizeof(own), "%u", (unsigned)getegid());
	options.group = own;
	cr_assert(listener_open(&options, &error) >= 0, "%s", error.detail);
	cr_assert_eq(stat(listener_path(address), &status), 0);
	cr_assert_eq(status.st_gid, getegid());
}

Test(listener, gives_a_unix_socket_its_owner, .init = make_folder, .fini = remove_folder)
{
	struct listener_options options = { .address = address, .mode = 0600, .owner = "no such user" };
	struct stat status;
	char own[16];

	cr_assert_eq(listener_open(&options, &error), -1);
	cr_assert_neq(access(listener_path(address), F_OK), 0);
	snprintf(own, sizeof(own), "%u", geteuid() == 0 ? 65534 : (unsigned)geteuid());
	options.owner = own;
	cr_assert(listener_open(&options, &error) >= 0, "%s", error.detail);
	cr_assert_eq(stat(listener_path(address), &status), 0);
	cr_assert_eq(status.st_uid, geteuid() == 0 ? 65534 : geteuid());
	cr_assert_eq(status.st_mode & 07777, 0600);
}

Test(listener, replaces_a_dead_socket_only, .init = make_folder, .fini = remove_folder)
{
	int fd = open_at(address, 0600);

	cr_assert(fd >= 0, "%s", error.detail);
	cr_assert_eq(open_at(address, 0600), -1, "it is alive");
	cr_assert(strstr(error.detail, "Address already in use"), "%s", error.detail);
	close(connect_to(fd));
	close(fd);
	fd = open_at(address, 0600);
	cr_assert(fd >= 0, "%s", error.detail);
	close(connect_to(fd));
}

Test(listener, leaves_other_files_alone, .init = make_folder, .fini = remove_folder)
{
	const char *path = listener_path(address);
	int file = open(path, O_CREAT | O_WRONLY, 0600);

	close(file);
	cr_assert_eq(open_at(address, 0600), -1);
	cr_assert_eq(access(path, F_OK), 0);
	unlink(path);
	cr_assert_eq(symlink("/nowhere", path), 0);
	cr_assert_eq(open_at(address, 0600), -1);
	unlink(path);
}

Test(listener, shares_the_queue_of_a_unix_socket, .init = make_folder, .fini = remove_folder)
{
	int fd = open_at(address, 0600), more = listener_share(fd, &error), caller;

	cr_assert(more >= 0, "%s", error.detail);
	check_flags(more);
	close(fd);
	caller = connect_to(more);
	cr_assert(accept(more, NULL, NULL) >= 0);
	close(caller);
}
