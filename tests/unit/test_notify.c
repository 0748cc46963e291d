#include <criterion/criterion.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/notify.h"

/* A service manager with an abstract name; what it hears is compared. */
static int
listen_as(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	memcpy(at.sun_path, name, strlen(name));
	if (name[0] == '@')
		at.sun_path[0] = '\0';
	cr_assert_eq(bind(fd, (struct sockaddr *)&at,
			     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
		0);
	setenv("NOTIFY_SOCKET", name, 1);
	return fd;
}

static void
expect(int fd, const char *news)
{
	char heard[512] = "";

	cr_assert_geq(recv(fd, heard, sizeof(heard) - 1, 0), 0, "nothing instead of %s", news);
	cr_assert_str_eq(heard, news);
}

Test(notify, tells_the_service_manager)
{
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "@csparkd-test-%d", (int)getpid());
	fd = listen_as(name);
	notify_ready();
	expect(fd, "READY=1");
	notify_status("serving %d\ncallers", 3);
	expect(fd, "STATUS=serving 3 callers");
	notify_alive();
	expect(fd, "WATCHDOG=1");
	notify_stopping(65000);
	expect(fd, "STOPPING=1\nEXTEND_TIMEOUT_USEC=65000000");
	close(fd);
}

Test(notify, says_when_it_reloads)
{
	char name[64], heard[128] = "";
	long long microseconds;
	int fd;

	snprintf(name, sizeof(name), "@csparkd-test-%d", (int)getpid());
	fd = listen_as(name);
	notify_reloading();
	cr_assert_geq(recv(fd, heard, sizeof(heard) - 1, 0), 0);
	cr_assert_eq(sscanf(heard, "RELOADING=1\nMONOTONIC_USEC=%lld", &microseconds), 1, "%s", heard);
	cr_assert_gt(microseconds, 0);
	close(fd);
}

Test(notify, finds_a_socket_in_the_file_system)
{
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "/tmp/csparkd-test-%d", (int)getpid());
	fd = listen_as(name);
	notify_ready();
	expect(fd, "READY=1");
	close(fd);
	notify_ready(); /* nobody listens any more */
	unlink(name);
	notify_ready();
}

Test(notify, is_silent_without_a_service_manager)
{
	char name[300];

	unsetenv("NOTIFY_SOCKET");
	notify_ready();
	memset(name, 'x', sizeof(name) - 1);
	name[0] = '@';
	name[sizeof(name) - 1] = '\0';
	setenv("NOTIFY_SOCKET", name, 1);
	notify_ready();
	setenv("NOTIFY_SOCKET", "vsock:2:1234", 1);
	notify_ready();
}

Test(notify, knows_how_often_the_watchdog_wants_to_hear)
{
	char pid[32];

	unsetenv("WATCHDOG_USEC");
	cr_assert_eq(notify_watchdog_ms(), 0);
	setenv("WATCHDOG_USEC", "30000000", 1);
	unsetenv("WATCHDOG_PID");
	cr_assert_eq(notify_watchdog_ms(), 15000);
	setenv("WATCHDOG_PID", "1", 1);
	cr_assert_eq(notify_watchdog_ms(), 0, "it is meant for another process");
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	cr_assert_eq(notify_watchdog_ms(), 15000);
	setenv("WATCHDOG_USEC", "1000", 1);
	cr_assert_eq(notify_watchdog_ms(), 1);
	setenv("WATCHDOG_USEC", "soon", 1);
	cr_assert_eq(notify_watchdog_ms(), 0);
}
