#include "tools/tally.h"

#include "tools/wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define DRAW_EVERY_MS 200
#define TELL_EVERY_MS 10000

void
tally_text(const struct tally *tally, int64_t elapsed_ms, char *ret, size_t size)
{
	double seconds = (double)(elapsed_ms > 0 ? elapsed_ms : 1) / 1000;
	double done = (double)(tally->done - tally->skipped);
	double left = (double)tally->size - (double)tally->done;
	int64_t wait;
	int len;

	len = snprintf(ret, size, "%" PRIu64 " records, %" PRIu64 " failed, %.0f/s", tally->records,
		tally->failed, (double)(tally->records - tally->before) / seconds);
	if (tally->size <= 0 || done <= 0 || left < 0 || len < 0 || (size_t)len >= size)
		return;
	wait = (int64_t)(left * seconds / done);
	snprintf(ret + len, size - (size_t)len, ", %.0f %%, %" PRId64 ":%02" PRId64 " left",
		(double)tally->done * 100 / (double)tally->size, wait / 60, wait % 60);
}

void
tally_start(struct tally *tally, bool is_quiet, int64_t size)
{
	*tally = (struct tally){ .size = size, .is_quiet = is_quiet };
	tally->is_terminal = isatty(STDERR_FILENO);
	tally->begun_ms = tally->told_ms = wire_now_ms();
}

void
tally_wipe(struct tally *tally)
{
	if (tally->is_drawn)
		fputs("\r\033[K", stderr);
	tally->is_drawn = false;
}

void
tally_tick(struct tally *tally)
{
	int64_t now = wire_now_ms();
	char text[200];

	if (tally->is_quiet || now - tally->told_ms < (tally->is_terminal ? DRAW_EVERY_MS : TELL_EVERY_MS))
		return;
	tally->told_ms = now;
	tally_text(tally, now - tally->begun_ms, text, sizeof(text));
	tally_wipe(tally);
	fprintf(stderr, tally->is_terminal ? "%s" : "csparkctl: %s\n", text);
	fflush(stderr);
	tally->is_drawn = tally->is_terminal;
}

void
tally_end(struct tally *tally)
{
	int64_t seconds = (wire_now_ms() - tally->begun_ms) / 1000;

	tally_wipe(tally);
	if (!tally->is_quiet)
		fprintf(stderr,
			"csparkctl: %" PRIu64 " records, %" PRIu64 " failed, in %" PRId64 ":%02" PRId64 "\n",
			tally->records, tally->failed, seconds / 60, seconds % 60);
}
