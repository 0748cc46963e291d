/* The journal is a datagram socket of our own. */
#include "daemon/log_journal.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/log.h"

static char folder[] = "/tmp/cspark-journal-XXXXXX";
static struct sockaddr_un at = { .sun_family = AF_UNIX };
static int journal = -1;
static char entry[LOG_JOURNAL_MAX + 1];

static void
open_journal(void)
{
	journal = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(journal, (struct sockaddr *)&at, sizeof at), 0);
}

static void
close_journal(void)
{
	close(journal);
	unlink(at.sun_path);
}

static void
set_up(void)
{
	cr_assert_not_null(mkdtemp(folder));
	snprintf(at.sun_path, sizeof at.sun_path, "%s/socket", folder);
	open_journal();
	cr_assert(log_open(&(struct log_options){ LOG_INFO_LEVEL, LOG_JOURNAL, at.sun_path }));
}

static void
tear_down(void)
{
	log_close();
	close_journal();
	rmdir(folder);
}

TestSuite(log_journal, .init = set_up, .fini = tear_down);

/* The next entry; "": there is none. */
static const char *
received(void)
{
	ssize_t got = recv(journal, entry, sizeof entry - 1, 0);

	entry[got > 0 ? got : 0] = '\0';
	return entry;
}

static void
say(const char *event, int number)
{
	struct log_line line;

	log_begin(&line, LOG_INFO_LEVEL, event);
	log_int(&line, "number", number);
	log_end(&line);
}

#define BEGIN "SYSLOG_IDENTIFIER=csparkd\nPRIORITY=4\nMESSAGE_ID="

Test(log_journal, makes_fields_of_a_line)
{
	struct log_line line;

	log_begin(&line, LOG_WARN_LEVEL, "breaker_open");
	log_text(&line, "tenant", "my \"tenant\" \\ is\nhere");
	log_str(&line, "call_id", (struct str){ NULL, 0 });
	log_int(&line, "worker", 1);
	log_ms(&line, "ms_total", 1500);
	log_end(&line);
	received();
	cr_assert_eq(strncmp(entry, BEGIN, strlen(BEGIN)), 0, "%s", entry);
	cr_assert_str_eq(entry + strlen(BEGIN) + 32,
		"\nCSPARKD_EVENT=breaker_open\n"
		"CSPARKD_TENANT=my \"tenant\" \\ is\\u000ahere\n"
		"CSPARKD_WORKER=1\n"
		"CSPARKD_MS_TOTAL=1.500\n"
		"MESSAGE=breaker_open tenant=my \"tenant\" \\ is\\u000ahere worker=1 ms_total=1.500\n");
}

Test(log_journal, has_a_sentence_for_people)
{
	log_say(LOG_ERROR_LEVEL, "test_event", "it has %s", "happened");
	cr_assert_str_eq(received(),
		"SYSLOG_IDENTIFIER=csparkd\nPRIORITY=3\nCSPARKD_EVENT=test_event\n"
		"CSPARKD_MESSAGE=it has happened\nMESSAGE=test_event: it has happened\n");
}

Test(log_journal, tells_of_a_request_in_short)
{
	struct log_line line;

	log_begin(&line, LOG_INFO_LEVEL, "access");
	log_text(&line, "request_id", "r-1");
	log_text(&line, "method", "GET");
	log_int(&line, "status", 200);
	log_end(&line);
	log_flush();
	cr_assert_not_null(strstr(received(), "\nCSPARKD_REQUEST_ID=r-1\nCSPARKD_METHOD=GET\n"), "%s", entry);
	cr_assert_not_null(strstr(entry, "\nMESSAGE=access method=GET status=200\n"), "%s", entry);
}

Test(log_journal, gets_a_datagram_for_each_line)
{
	for (int i = 0; i < 5; i++)
		say("five", i);
	log_flush();
	for (int i = 0; i < 5; i++) {
		char field[40];

		snprintf(field, sizeof field, "\nCSPARKD_NUMBER=%d\n", i);
		cr_assert_not_null(strstr(received(), field), "%s", entry);
	}
	cr_assert_str_eq(received(), "");
}

Test(log_journal, takes_the_longest_line)
{
	struct log_line line;
	char text[3001];

	memset(text, '"', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	log_begin(&line, LOG_ERROR_LEVEL, "long");
	log_long(&line, "reasons", text);
	log_end(&line);
	cr_assert_not_null(strstr(received(), "MESSAGE=long reasons=\"\"\""), "%s", entry);
}

/* Without a reader its queue is full after some entries; what is gathered goes as soon as there is room. */
Test(log_journal, never_waits_for_a_stuck_one)
{
	uint64_t before = log_dropped();
	unsigned said = 0, heard = 0;

	while (log_dropped() == before && said < 100000) {
		say("flood", (int)said++);
		log_flush();
	}
	cr_assert_gt(log_dropped(), before);
	while (received()[0] && !strstr(entry, "CSPARKD_EVENT=log_dropped")) {
		heard++;
		log_flush();
	}
	cr_assert_not_null(strstr(entry, "MESSAGE=log_dropped lines=1\n"), "%s", entry);
	cr_assert_eq(heard, said - 1);
}

Test(log_journal, is_found_again_when_it_was_away)
{
	close_journal();
	say("while_away", 1);
	log_flush();
	open_journal();
	say("back", 2);
	log_flush();
	cr_assert_not_null(strstr(received(), "CSPARKD_EVENT=while_away"), "%s", entry);
	cr_assert_not_null(strstr(received(), "CSPARKD_EVENT=back"), "%s", entry);
}

Test(log_journal, counts_what_is_lost_when_it_stays_away)
{
	uint64_t before = log_dropped();

	unlink(at.sun_path);
	say("lost", 1);
	say("lost", 2);
	log_close();
	cr_assert_eq(log_dropped() - before, 2);
}

Test(log_journal, knows_where_standard_error_leads)
{
	struct stat status;
	char stream[64];

	cr_assert_eq(fstat(STDERR_FILENO, &status), 0);
	unsetenv("JOURNAL_STREAM");
	cr_assert_not(log_journal_has_stderr());
	snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)status.st_dev,
		(unsigned long long)status.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	cr_assert(log_journal_has_stderr());
	snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)status.st_dev,
		(unsigned long long)status.st_ino + 1);
	setenv("JOURNAL_STREAM", stream, 1);
	cr_assert_not(log_journal_has_stderr());
	setenv("JOURNAL_STREAM", "nonsense", 1);
	cr_assert_not(log_journal_has_stderr());
}
