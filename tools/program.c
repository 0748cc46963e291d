#include "tools/program.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static bool
find_near(const char *name, char *ret, size_t size)
{
	static const char *const FOLDERS[] = { ".", "../sbin" };
	char own[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", own, sizeof(own) - 1);
	const char *folder;

	if (len < 0)
		return false;
	own[len] = '\0';
	folder = dirname(own);
	for (size_t i = 0; i < sizeof(FOLDERS) / sizeof(FOLDERS[0]); i++) {
		if (snprintf(ret, size, "%s/%s/%s", folder, FOLDERS[i], name) < (int)size &&
			access(ret, X_OK) == 0)
			return true;
	}
	return false;
}

static int
spawn(char *const argv[], const int out[2], const int err[2], pid_t *ret_pid)
{
	char path[PATH_MAX];
	posix_spawn_file_actions_t actions;
	int error = posix_spawn_file_actions_init(&actions);

	if (error)
		return error;
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
	if (find_near(argv[0], path, sizeof(path)))
		error = posix_spawn(ret_pid, path, &actions, NULL, argv, environ);
	else
		error = posix_spawnp(ret_pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

/* False at the end. */
static bool
read_some(int fd, struct buf *to)
{
	char data[4096];
	ssize_t got = read(fd, data, sizeof(data));

	if (got > 0)
		buf_put(to, data, (size_t)got);
	return got > 0 || (got < 0 && errno == EINTR);
}

static void
read_both(int out_fd, struct buf *out, int err_fd, struct buf *err)
{
	struct pollfd fds[] = { { .fd = out_fd, .events = POLLIN }, { .fd = err_fd, .events = POLLIN } };
	struct buf *const to[] = { out, err };

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return;
		for (int i = 0; i < 2; i++) {
			if (fds[i].fd >= 0 && fds[i].revents && !read_some(fds[i].fd, to[i]))
				fds[i].fd = -1;
		}
	}
}

static void
close_pipe(int fds[2])
{
	for (int i = 0; i < 2; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

bool
program_run(char *const argv[], struct buf *out, struct buf *err, int *ret_code)
{
	int out_fds[2] = { -1, -1 }, err_fds[2] = { -1, -1 };
	int status, error = 0;
	pid_t pid;

	if (pipe2(out_fds, O_CLOEXEC) < 0 || pipe2(err_fds, O_CLOEXEC) < 0)
		error = errno;
	else
		error = spawn(argv, out_fds, err_fds, &pid);
	if (!error) {
		close(out_fds[1]);
		close(err_fds[1]);
		out_fds[1] = err_fds[1] = -1;
		read_both(out_fds[0], out, err_fds[0], err);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		*ret_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	}
	close_pipe(out_fds);
	close_pipe(err_fds);
	errno = error;
	return error == 0;
}
