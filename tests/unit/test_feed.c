#include "daemon/feed.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct feed feed;
static char room[16];
static size_t got;
static int fd;

static void
open_file(void)
{
	fd = memfd_create("feed", MFD_CLOEXEC);
	cr_assert_eq(write(fd, "0123456789", 10), 10);
}

static void
close_file(void)
{
	close(fd);
}

TestSuite(feed, .init = open_file, .fini = close_file);

static void
start(int64_t total, uint64_t len)
{
	feed_start(&feed, &(struct front_source){ .fd = fd, .total = total, .len = len });
}

static enum feed_state
read_at(uint64_t at)
{
	got = 0;
	return feed_read(&feed, at, room, sizeof(room), &got);
}

static void
assert_bytes(uint64_t at, const char *bytes)
{
	cr_assert_eq(read_at(at), FEED_MORE);
	cr_assert_eq(got, strlen(bytes));
	cr_assert_arr_eq(room, bytes, got);
	cr_assert_eq(feed.sent, at + got);
}

Test(feed, is_finished_if_all_is_there)
{
	start(10, 10);
	cr_assert(feed.finished);
	assert_bytes(0, "0123456789");
	assert_bytes(9, "9");
	cr_assert_eq(read_at(10), FEED_END);
}

Test(feed, is_finished_if_there_is_nothing)
{
	start(0, 0);
	cr_assert(feed.finished);
	cr_assert_eq(read_at(0), FEED_END);
}

Test(feed, gives_no_more_than_there_is_room)
{
	start(10, 10);
	cr_assert_eq(feed_read(&feed, 2, room, 3, &got), FEED_MORE);
	cr_assert_eq(got, 3);
	cr_assert_arr_eq(room, "234", 3);
}

Test(feed, runs_dry_until_it_grows)
{
	start(-1, 0);
	cr_assert_eq(read_at(0), FEED_DRY);
	feed_grow(&feed, 4);
	assert_bytes(0, "0123");
	cr_assert_eq(read_at(4), FEED_DRY);
	feed_grow(&feed, 10);
	assert_bytes(4, "456789");
	feed_finish(&feed, true);
	cr_assert_eq(read_at(10), FEED_END);
}

Test(feed, keeps_back_the_last_byte_of_a_known_total)
{
	start(10, 9);
	assert_bytes(0, "012345678");
	feed_grow(&feed, 10);
	cr_assert_eq(read_at(9), FEED_DRY);
	feed_finish(&feed, true);
	cr_assert_not(feed.torn);
	assert_bytes(9, "9");
}

Test(feed, is_torn_when_its_producer_says_so)
{
	start(-1, 10);
	feed_finish(&feed, false);
	cr_assert_eq(read_at(0), FEED_TORN);
}

Test(feed, is_torn_when_it_ends_before_its_total)
{
	start(10, 5);
	feed_finish(&feed, true);
	cr_assert(feed.torn);
	cr_assert_eq(read_at(0), FEED_TORN);
}

Test(feed, is_torn_when_the_file_is_shorter_than_was_said)
{
	start(20, 20);
	assert_bytes(0, "0123456789");
	cr_assert_eq(read_at(10), FEED_TORN);
	cr_assert_eq(feed.sent, 10);
}

Test(feed, is_torn_when_the_file_cannot_be_read)
{
	start(10, 10);
	feed.fd = -1;
	cr_assert_eq(read_at(0), FEED_TORN);
}
