#include "daemon/log.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/json_text.h"

static char path[] = "/tmp/cspark-log-XXXXXX";
static char content[1 << 20];

static void
set_up(void)
{
	int fd = mkstemp(path);

	cr_assert(fd >= 0);
	close(fd);
	signal(SIGPIPE, SIG_IGN);
}

static void
tear_down(void)
{
	log_close();
	unlink(path);
}

TestSuite(log, .init = set_up, .fini = tear_down);

static void
open_log(enum log_format format, const char *file)
{
	struct log_options options = { LOG_INFO_LEVEL, format, file };

	cr_assert(log_open(&options));
}

static const char *
written(void)
{
	int fd = open(path, O_RDONLY);
	ssize_t got = read(fd, content, sizeof(content) - 1);

	close(fd);
	content[got < 0 ? 0 : got] = '\0';
	return content;
}

/* The raw JSON of a member of the only line. */
static struct str
member(const char *name)
{
	struct str line = str_of(written());

	cr_assert(json_valid(line.at, line.len, NULL), "%s", line.at);
	return json_member(line, str_of(name));
}

Test(log, writes_a_json_line)
{
	struct log_line line;

	open_log(LOG_JSON, path);
	log_begin(&line, LOG_INFO_LEVEL, "access");
	log_text(&line, "tenant", "default");
	log_text(&line, "code", NULL);
	log_int(&line, "status", 200);
	log_int(&line, "least", INT64_MIN);
	log_ms(&line, "ms_total", 12045);
	log_ms(&line, "ms_queue", -1);
	log_end(&line);
	cr_expect_str_empty(written(), "a line waits for the flush");
	log_flush();
	cr_expect(str_eq(member("level"), STR("\"info\"")));
	cr_expect(str_eq(member("event"), STR("\"access\"")));
	cr_expect(str_eq(member("tenant"), STR("\"default\"")));
	cr_expect(str_eq(member("code"), STR("null")));
	cr_expect(str_eq(member("status"), STR("200")));
	cr_expect(str_eq(member("least"), STR("-9223372036854775808")));
	cr_expect(str_eq(member("ms_total"), STR("12.045")));
	cr_expect(str_eq(member("ms_queue"), STR("null")));
	cr_expect_eq(member("time").len, 26, "%s", content);
}

Test(log, says_the_time_in_utc)
{
	int year, month, day, hour, minute, second, ms;
	char end[2];

	setenv("TZ", "Asia/Kolkata", 1);
	tzset();
	open_log(LOG_JSON, path);
	log_say(LOG_WARN_LEVEL, "x", "y");
	cr_assert_eq(sscanf(written(), "{\"time\":\"%4d-%2d-%2dT%2d:%2d:%2d.%3d%1[Z]\"", &year, &month, &day,
			     &hour, &minute, &second, &ms, end),
		8, "%s", content);
	cr_expect_eq(((time(NULL) / 3600 - hour) % 24 + 24) % 24 <= 1, true);
}

Test(log, escapes_what_could_forge_a_line)
{
	open_log(LOG_JSON, path);
	log_say(LOG_WARN_LEVEL, "x", "%s", "a\"b\\c\n\x1b\x7f\xc2\x9b\xff\xc3\xa4\xe2\x82");
	cr_expect(str_eq(member("message"),
			  STR("\"a\\\"b\\\\c\\u000a\\u001b\\u007f\\u009b\\ufffd\xc3\xa4\\ufffd\\ufffd\"")),
		"%s", content);
	cr_expect_eq(strchr(content, '\n') - content, strlen(content) - 1);
}

Test(log, survives_every_byte)
{
	char all[255];

	for (int i = 0; i < 255; i++)
		all[i] = (char)(i + 1);
	open_log(LOG_JSON, path);
	for (int format = LOG_JSON; format <= LOG_TEXT; format++) {
		struct log_line line;

		open_log(format, path);
		log_begin(&line, LOG_WARN_LEVEL, "x");
		log_str(&line, "all", str_range(all, sizeof(all)));
		log_end(&line);
	}
	for (const char *c = written(); *c; c++)
		cr_expect((*c >= 0x20 && *c < 0x7f) || *c == '\n', "byte %d", *c);
}

Test(log, cuts_long_values_between_characters)
{
	char text[600];
	struct log_line line;

	memset(text, 'a', sizeof(text));
	memcpy(text + 254, "\xe2\x82\xac", 3);
	open_log(LOG_JSON, path);
	log_begin(&line, LOG_WARN_LEVEL, "x");
	log_str(&line, "long", str_range(text, sizeof(text)));
	log_end(&line);
	cr_expect_eq(member("long").len, 2 + 254 + 3, "%s", content);
	cr_expect(str_ends(member("long"), STR("a...\"")), "%s", content);
}

Test(log, leaves_out_fields_that_do_not_fit)
{
	char text[256];
	struct log_line line;

	memset(text, 1, sizeof(text));
	open_log(LOG_JSON, path);
	log_begin(&line, LOG_WARN_LEVEL, "x");
	for (int i = 0; i < 40; i++)
		log_str(&line, "field", str_range(text, sizeof(text)));
	log_end(&line);
	cr_expect(str_eq(member("cut"), STR("true")), "%s", content);
}

Test(log, writes_text_for_people)
{
	struct log_line line;

	open_log(LOG_TEXT, path);
	log_begin(&line, LOG_WARN_LEVEL, "access");
	log_text(&line, "plain", "word");
	log_text(&line, "blank", "two words");
	log_text(&line, "empty", "");
	log_text(&line, "none", NULL);
	log_int(&line, "status", 7);
	log_end(&line);
	cr_expect(strstr(written(),
			  "Z warn  access plain=word blank=\"two words\" empty=\"\" none=- status=7\n"),
		"%s", content);
	cr_expect_null(strchr(content, '\033'), "a file gets no colours");
}

Test(log, is_silent_below_its_level)
{
	enum log_level level;

	open_log(LOG_JSON, path);
	log_say(LOG_DEBUG_LEVEL, "x", "y");
	log_flush();
	cr_expect_str_empty(written());
	cr_expect(log_level_parse("debug", &level) && level == LOG_DEBUG_LEVEL);
	cr_expect_not(log_level_parse("loud", &level));
	cr_expect_not(log_on(LOG_DEBUG_LEVEL));
}

/* ---- readers that do not read ---- */

static unsigned
count_lines(const char *text, const char *word)
{
	unsigned count = 0;

	for (const char *at = text; (at = strstr(at, word)) != NULL; at++)
		count++;
	return count;
}

/* More lines than the descriptor and the buffer take; then what was lost must be said exactly, and whole
 * lines arrive. */
static void
choke(int reader, int writer)
{
	enum { LINES = 20000 };
	size_t len = 0;
	ssize_t got;
	unsigned long long lost = 0;
	const char *confession;

	cr_assert(dup2(writer, STDERR_FILENO) >= 0);
	open_log(LOG_JSON, NULL);
	for (int i = 0; i < LINES; i++) {
		log_say(LOG_INFO_LEVEL, "tick", "a line that nobody reads %d", i);
		log_flush();
	}
	cr_expect_gt(log_dropped(), 0);
	fcntl(reader, F_SETFL, O_NONBLOCK);
	while ((got = read(reader, content + len, sizeof(content) - 1 - len)) > 0) {
		len += (size_t)got;
		log_flush();
	}
	content[len] = '\0';
	confession = strstr(content, "\"log_dropped\",\"lines\":");
	cr_assert(confession, "nothing was said of lost lines");
	sscanf(confession, "\"log_dropped\",\"lines\":%llu", &lost);
	cr_expect_eq(lost, log_dropped());
	cr_expect_eq(count_lines(content, "\"tick\"") + lost, LINES);
	for (char *line = strtok(content, "\n"); line; line = strtok(NULL, "\n"))
		cr_expect(json_valid(line, strlen(line), NULL), "%s", line);
}

Test(log, never_waits_for_a_full_pipe)
{
	int ends[2];

	cr_assert_eq(pipe(ends), 0);
	choke(ends[0], ends[1]);
	cr_expect_not(fcntl(ends[1], F_GETFL) & O_NONBLOCK, "the pipe's own flags are not ours to change");
}

Test(log, never_waits_for_a_full_socket)
{
	int ends[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	choke(ends[0], ends[1]);
}

Test(log, counts_lines_that_a_full_disk_refuses)
{
	uint64_t before = log_dropped();

	open_log(LOG_JSON, "/dev/full");
	for (int i = 0; i < 3; i++)
		log_say(LOG_ERROR_LEVEL, "x", "y");
	log_close();
	cr_expect_eq(log_dropped() - before, 3);
}

Test(log, survives_a_reader_that_left)
{
	int ends[2];
	uint64_t before = log_dropped();

	cr_assert_eq(pipe(ends), 0);
	cr_assert(dup2(ends[1], STDERR_FILENO) >= 0);
	open_log(LOG_JSON, NULL);
	close(ends[0]);
	log_say(LOG_ERROR_LEVEL, "x", "y");
	log_close();
	cr_expect_eq(log_dropped() - before, 1);
}

/* ---- files ---- */

Test(log, goes_on_in_a_new_file_after_rotation)
{
	char old[64];

	snprintf(old, sizeof(old), "%s.1", path);
	open_log(LOG_JSON, path);
	log_say(LOG_ERROR_LEVEL, "first", "x");
	cr_assert_eq(rename(path, old), 0);
	log_say(LOG_ERROR_LEVEL, "second", "x");
	cr_assert(log_reopen());
	log_say(LOG_ERROR_LEVEL, "third", "x");
	cr_expect_eq(count_lines(written(), "\"event\""), 1);
	cr_expect(strstr(content, "third"));
	cr_expect_eq(unlink(old), 0);
}

Test(log, keeps_the_old_sink_if_a_new_one_cannot_be_had)
{
	struct log_options nowhere = { LOG_INFO_LEVEL, LOG_JSON, "/nowhere/at/all" };

	open_log(LOG_JSON, path);
	cr_expect_not(log_open(&nowhere));
	log_say(LOG_ERROR_LEVEL, "still", "here");
	cr_expect(strstr(written(), "still"));
}

static void *
write_many(void *arg)
{
	for (int i = 0; i < 2000; i++) {
		log_say(LOG_INFO_LEVEL, "tick", "line %d", i);
		if (i % 7 == 0)
			log_flush();
	}
	log_flush();
	return NULL;
}

Test(log, keeps_lines_of_threads_apart)
{
	pthread_t threads[4];

	open_log(LOG_JSON, path);
	for (int i = 0; i < 4; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, write_many, NULL), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	cr_expect_eq(count_lines(written(), "\"tick\""), 8000);
	for (char *line = strtok(content, "\n"); line; line = strtok(NULL, "\n"))
		cr_expect(json_valid(line, strlen(line), NULL), "%s", line);
}
