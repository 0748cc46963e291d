#include "tools/output.h"

#include "tools/disposition.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_MAX (256u * 1024 * 1024)

/* What a signal has to remove. */
static const char *volatile unfinished;

static bool
fail(struct output *output, const char *what, const char *why)
{
	fprintf(stderr, "csparkctl: %s: %s\n", what, why);
	if (output)
		output->has_failed = true;
	return false;
}

void
output_init(struct output *output)
{
	*output = (struct output){ .fd = -1 };
	buf_init(&output->text, TEXT_MAX);
}

static void
drop_file(struct output *output)
{
	if (output->fd >= 0)
		close(output->fd);
	output->fd = -1;
	if (output->temporary[0])
		unlink(output->temporary);
	output->temporary[0] = '\0';
	unfinished = NULL;
}

void
output_fini(struct output *output)
{
	drop_file(output);
	buf_fini(&output->text);
}

/* ---- names ------------------------------------------------------------------------------- */

static bool
is_folder(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool
is_stdout(const char *path)
{
	return path && strcmp(path, "-") == 0;
}

/* A device or a pipe is written to; a file is replaced only if that is wanted. */
static bool
is_in_the_way(const char *path)
{
	struct stat status;

	if (stat(path, &status) == 0)
		return S_ISREG(status.st_mode);
	return lstat(path, &status) == 0;
}

bool
output_check(const struct output *output)
{
	const char *path = output->path;

	if (!path || is_stdout(path) || is_folder(path))
		return true;
	if (!output->is_forced && is_in_the_way(path))
		return fail(NULL, path, "this file exists; --force replaces it");
	return true;
}

/* The name in <folder> that the answer or the command suggests. */
static bool
suggest_name(struct output *output, const char *folder, const char *disposition, const char *content_type)
{
	char name[FILE_NAME_MAX + 1];
	const char *ending = "";
	int len;

	if (!disposition_name(str_of(disposition), name)) {
		if (!disposition_clean(str_of(output->fallback), name))
			disposition_clean(STR("answer"), name);
		ending = disposition_ending(str_of(content_type));
	}
	len = snprintf(output->name, sizeof(output->name), "%s%s%s%s", folder ? folder : "",
		folder ? "/" : "", name, ending);
	return len < (int)sizeof(output->name) || fail(output, folder, "the path is too long");
}

static bool
choose_name(struct output *output, const char *disposition, const char *content_type)
{
	const char *path = output->path;

	if (!path || is_folder(path)) {
		if (!suggest_name(output, path, disposition, content_type))
			return false;
		return output->is_forced || !is_in_the_way(output->name) ||
			fail(output, output->name, "this file exists; --force replaces it, -o names another");
	}
	return snprintf(output->name, sizeof(output->name), "%s", path) < (int)sizeof(output->name) ||
		fail(output, path, "the path is too long");
}

/* ---- the file ---------------------------------------------------------------------------- */

static void
on_signal(int number)
{
	if (unfinished)
		unlink(unfinished);
	signal(number, SIG_DFL);
	raise(number);
}

static void
guard_file(const char *path)
{
	static const int SIGNALS[] = { SIGINT, SIGTERM, SIGHUP };

	unfinished = path;
	for (size_t i = 0; i < sizeof(SIGNALS) / sizeof(SIGNALS[0]); i++)
		signal(SIGNALS[i], on_signal);
}

/* mkstemp() is for secrets; this file is to be as any other. */
static void
give_usual_mode(int fd)
{
	mode_t mask = umask(0);

	umask(mask);
	(void)!fchmod(fd, 0666 & ~mask);
}

static bool
make_file(struct output *output)
{
	struct stat status;

	if (stat(output->name, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) {
		output->fd = open(output->name, O_WRONLY | O_CLOEXEC);
		return output->fd >= 0 || fail(output, output->name, strerror(errno));
	}
	snprintf(output->temporary, sizeof(output->temporary), "%s.XXXXXX", output->name);
	output->fd = mkostemp(output->temporary, O_CLOEXEC);
	if (output->fd < 0) {
		output->temporary[0] = '\0';
		return fail(output, output->name, strerror(errno));
	}
	give_usual_mode(output->fd);
	guard_file(output->temporary);
	return true;
}

/* What an earlier attempt has put is void. */
static bool
begin_anew(struct output *output)
{
	buf_clear(&output->text);
	if (output->len && output->kind == OUTPUT_STDOUT)
		return fail(output, "the answer came twice", "its first part is printed already");
	if (output->kind == OUTPUT_FILE)
		drop_file(output);
	output->len = 0;
	return true;
}

static bool
take_given_file(struct output *output)
{
	snprintf(output->name, sizeof(output->name), "a temporary file");
	output->fd = fcntl(output->given_fd, F_DUPFD_CLOEXEC, 3);
	if (output->fd < 0 || ftruncate(output->fd, 0) < 0 || lseek(output->fd, 0, SEEK_SET) < 0)
		return fail(output, output->name, strerror(errno));
	return true;
}

bool
output_begin(struct output *output, bool is_file, const char *disposition, const char *content_type)
{
	if (!begin_anew(output))
		return false;
	if (output->given_fd) {
		output->kind = OUTPUT_FILE;
		return take_given_file(output);
	}
	if (is_stdout(output->path) || (is_file && !output->path && !isatty(STDOUT_FILENO)))
		output->kind = OUTPUT_STDOUT;
	else
		output->kind = output->path || is_file ? OUTPUT_FILE : OUTPUT_MEMORY;
	if (output->kind != OUTPUT_FILE)
		return true;
	return choose_name(output, disposition, content_type) && make_file(output);
}

static bool
write_all(struct output *output, const char *data, size_t len)
{
	while (len) {
		ssize_t written = write(output->fd, data, len);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return fail(output, output->name, strerror(errno));
		data += written;
		len -= (size_t)written;
	}
	return true;
}

bool
output_put(struct output *output, const char *data, size_t len)
{
	output->len += len;
	switch (output->kind) {
	case OUTPUT_MEMORY:
		return buf_put(&output->text, data, len) || fail(output, "the answer", "it is too large");
	case OUTPUT_STDOUT:
		return fwrite(data, 1, len, stdout) == len ||
			fail(output, "cannot write the output", strerror(errno));
	case OUTPUT_FILE:
		break;
	}
	return write_all(output, data, len);
}

/* A file that came into being meanwhile stays as it is. */
static bool
rename_file(struct output *output)
{
	if (output->is_forced)
		return rename(output->temporary, output->name) == 0;
	if (renameat2(AT_FDCWD, output->temporary, AT_FDCWD, output->name, RENAME_NOREPLACE) == 0)
		return true;
	if (errno != EINVAL && errno != ENOSYS)
		return false;
	return link(output->temporary, output->name) == 0 && unlink(output->temporary) == 0;
}

bool
output_finish(struct output *output)
{
	int closed;

	if (output->kind != OUTPUT_FILE)
		return true;
	closed = close(output->fd);
	output->fd = -1;
	if (closed < 0 || (output->temporary[0] && !rename_file(output))) {
		fail(output, output->name, strerror(errno));
		drop_file(output);
		return false;
	}
	output->temporary[0] = '\0';
	unfinished = NULL;
	return true;
}
