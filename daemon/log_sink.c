#include "daemon/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/log_journal.h"

enum { GATHER_BYTES = 65536, LINE_MAX_BYTES = PIPE_BUF };

/* What this thread has not written yet: whole lines, and how many found no room. */
static __thread struct {
	size_t len;
	uint64_t lost;
	char at[GATHER_BYTES];
} gathered;

/* How to write without waiting depends on what the descriptor is. */
enum sink_kind {
	SINK_FILE,    /* never waits for a reader */
	SINK_OWN,     /* a pipe or terminal, through a non-blocking description of our own */
	SINK_FOREIGN, /* the same, shared with others: may only be asked before */
	SINK_SOCKET,  /* a flag of send() */
	SINK_JOURNAL, /* a datagram an entry, to an address: the journal may begin anew */
};

static struct {
	int fd;
	enum sink_kind kind;
	enum log_level level;
	enum log_format format;
	bool coloured;
	char *file;
	struct sockaddr_un journal;
	uint64_t dropped; /* atomic */
	/* Held during a write, which does not wait. Without it the poll() before a write to a shared pipe
	 * would say nothing, and the line that a terminal took half of would end elsewhere. */
	pthread_mutex_t lock;
	char rest[LINE_MAX_BYTES]; /* of a line that was written in part: goes before anything else */
	size_t rest_len;
} sink = {
	.fd = STDERR_FILENO, .kind = SINK_FOREIGN, .level = LOG_INFO_LEVEL, .lock = PTHREAD_MUTEX_INITIALIZER
};

bool
log_on(enum log_level level)
{
	return level <= __atomic_load_n(&sink.level, __ATOMIC_RELAXED);
}

void
log_set_level(enum log_level level)
{
	__atomic_store_n(&sink.level, level, __ATOMIC_RELAXED);
}

enum log_format
log_sink_format(void)
{
	return sink.format;
}

bool
log_sink_is_coloured(void)
{
	return sink.coloured;
}

uint64_t
log_dropped(void)
{
	return __atomic_load_n(&sink.dropped, __ATOMIC_RELAXED);
}

/* ---- opening ---- */

static int
open_file(const char *file)
{
	return open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
}

static enum sink_kind
kind_of(int fd, enum sink_kind otherwise)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return otherwise;
	return S_ISREG(status.st_mode) ? SINK_FILE : S_ISSOCK(status.st_mode) ? SINK_SOCKET : otherwise;
}

/* Standard error's description is shared with whoever started us, so its flags are not ours to change. A
 * second description of the same pipe or terminal is; some surroundings refuse one. */
static void
adopt_stderr(void)
{
	int own = -1;

	sink.fd = STDERR_FILENO;
	sink.kind = kind_of(STDERR_FILENO, SINK_FOREIGN);
	if (sink.kind == SINK_FOREIGN)
		own = open("/proc/self/fd/2", O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (own >= 0) {
		sink.fd = own;
		sink.kind = SINK_OWN;
	}
}

static void
release(void)
{
	if (sink.fd != STDERR_FILENO)
		close(sink.fd);
	free(sink.file);
	sink.file = NULL;
	sink.rest_len = 0;
}

static bool
adopt_file(const char *name)
{
	int fd = open_file(name);
	char *file = strdup(name);

	if (fd < 0 || !file) {
		if (fd >= 0)
			close(fd);
		free(file);
		return false;
	}
	release();
	sink.fd = fd;
	sink.kind = kind_of(fd, SINK_OWN);
	sink.file = file;
	return true;
}

static bool
adopt_journal(const char *socket_name)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return false;
	release();
	sink.fd = fd;
	sink.kind = SINK_JOURNAL;
	sink.journal.sun_family = AF_UNIX;
	snprintf(sink.journal.sun_path, sizeof(sink.journal.sun_path), "%s", socket_name);
	return true;
}

static bool
adopt(const struct log_options *options)
{
	if (options->format == LOG_JOURNAL)
		return adopt_journal(options->file ? options->file : LOG_JOURNAL_SOCKET);
	if (options->file)
		return adopt_file(options->file);
	release();
	adopt_stderr();
	return true;
}

bool
log_open(const struct log_options *options)
{
	if (!adopt(options))
		return false;
	log_set_level(options->level);
	sink.format = options->format;
	sink.coloured = options->format == LOG_TEXT && isatty(sink.fd);
	return true;
}

bool
log_reopen(void)
{
	int fd;
	bool ok;

	if (!sink.file)
		return true;
	fd = open_file(sink.file);
	if (fd < 0)
		return false;
	pthread_mutex_lock(&sink.lock);
	ok = dup3(fd, sink.fd, O_CLOEXEC) >= 0; /* under the same number, so that no thread has to be told */
	pthread_mutex_unlock(&sink.lock);
	close(fd);
	return ok;
}

static uint64_t
count_gathered(void)
{
	const char *end = sink.kind == SINK_JOURNAL ? "\n\n" : "\n";
	size_t len = strlen(end);
	uint64_t count = 0;

	for (size_t i = 0; i + len <= gathered.len; i++)
		count += memcmp(gathered.at + i, end, len) == 0;
	return count;
}

void
log_close(void)
{
	log_flush();
	__atomic_add_fetch(&sink.dropped, count_gathered(), __ATOMIC_RELAXED);
	gathered.len = 0;
	gathered.lost = 0;
	release();
	sink.fd = STDERR_FILENO;
	sink.kind = SINK_FOREIGN;
	log_set_level(LOG_INFO_LEVEL);
	sink.format = LOG_JSON;
	sink.coloured = false;
}

/* ---- writing ---- */

/* Bytes written; 0 if that would wait, or cannot be done now. */
static size_t
write_some(const char *at, size_t len)
{
	struct pollfd ready = { .fd = sink.fd, .events = POLLOUT };
	ssize_t done;

	if (sink.kind == SINK_FOREIGN && (poll(&ready, 1, 0) != 1 || !(ready.revents & POLLOUT)))
		return 0;
	do
		done = sink.kind == SINK_SOCKET ? send(sink.fd, at, len, MSG_DONTWAIT | MSG_NOSIGNAL)
						: write(sink.fd, at, len);
	while (done < 0 && errno == EINTR);
	return done > 0 ? (size_t)done : 0;
}

/* As many whole lines as may be written at once: a pipe takes up to PIPE_BUF bytes whole or not at all. */
static size_t
portion(const char *at, size_t len)
{
	const char *end;

	if (sink.kind == SINK_FILE || sink.kind == SINK_SOCKET || len <= PIPE_BUF)
		return len;
	end = memrchr(at, '\n', PIPE_BUF);
	return (size_t)(end + 1 - at);
}

static bool
write_rest(void)
{
	size_t done = sink.rest_len ? write_some(sink.rest, sink.rest_len) : 0;

	sink.rest_len -= done;
	memmove(sink.rest, sink.rest + done, sink.rest_len);
	return sink.rest_len == 0;
}

/* What is left of the line that <done> bytes end in is kept for whoever writes next; gives the length to the
 * line's end. */
static size_t
keep_rest(const char *at, size_t done)
{
	const char *end;

	if (at[done - 1] == '\n')
		return done;
	end = (const char *)rawmemchr(at + done, '\n') + 1; /* what is gathered ends with one */
	sink.rest_len = (size_t)(end - at) - done;
	memcpy(sink.rest, at + done, sink.rest_len);
	return (size_t)(end - at);
}

/* Whole datagrams or nothing. Gives how many bytes went. */
static size_t
write_entries(void)
{
	size_t at = 0;

	while (at < gathered.len) {
		const char *entry = gathered.at + at;
		const char *end = memmem(entry, gathered.len - at, "\n\n", 2);

		if (sendto(sink.fd, entry, (size_t)(end + 1 - entry), MSG_DONTWAIT | MSG_NOSIGNAL,
			    (struct sockaddr *)&sink.journal, sizeof(sink.journal)) < 0)
			break;
		at += (size_t)(end + 2 - entry);
	}
	return at;
}

/* The same for lines, of which a terminal may take a part. */
static size_t
write_lines(void)
{
	size_t at = 0;

	while (write_rest() && at < gathered.len) {
		size_t done = write_some(gathered.at + at, portion(gathered.at + at, gathered.len - at));

		if (done == 0)
			break;
		at += keep_rest(gathered.at + at, done);
	}
	return at;
}

static void
write_gathered(void)
{
	size_t at = sink.kind == SINK_JOURNAL ? write_entries() : write_lines();

	gathered.len -= at;
	memmove(gathered.at, gathered.at + at, gathered.len);
}

/* Lines were lost, and there is room again: say so, where they are missing. */
static void
confess(void)
{
	struct log_line line;
	uint64_t lost = gathered.lost;

	gathered.lost = 0;
	log_begin(&line, LOG_ERROR_LEVEL, "log_dropped");
	log_int(&line, "lines", (int64_t)lost);
	log_end(&line);
}

void
log_flush(void)
{
	if (gathered.len == 0 && gathered.lost == 0)
		return;
	pthread_mutex_lock(&sink.lock);
	write_gathered();
	pthread_mutex_unlock(&sink.lock);
	if (gathered.lost > 0 && gathered.len == 0)
		confess();
}

void
log_sink_put(const char *line, size_t len)
{
	if (gathered.len + len > sizeof(gathered.at))
		log_flush();
	if (gathered.len + len > sizeof(gathered.at)) {
		gathered.lost++;
		__atomic_add_fetch(&sink.dropped, 1, __ATOMIC_RELAXED);
		return;
	}
	memcpy(gathered.at + gathered.len, line, len);
	gathered.len += len;
}
