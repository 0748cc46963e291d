#include "tools/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* What is over at once is not worth a line; and no eye follows more than some lines a second. */
#define PATIENCE_MS 600
#define INTERVAL_MS 200

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- the line ---------------------------------------------------------------------------- */

static const char *
size_text(double bytes, char ret[24])
{
	static const char *const UNITS[] = { "B", "kB", "MB", "GB", "TB" };
	unsigned unit = 0;

	while (bytes >= 1000 && unit < 4) {
		bytes /= 1000;
		unit++;
	}
	snprintf(ret, 24, unit ? "%.1f %s" : "%.0f %s", bytes, UNITS[unit]);
	return ret;
}

static void
transfer_text(const struct progress *progress, const char *what, uint64_t done, int64_t whole,
	int64_t elapsed_ms, char *ret, size_t size)
{
	char moved[24], all[24], rate[24], clock[24];
	int64_t seconds = elapsed_ms / 1000;

	size_text((double)done, moved);
	size_text(elapsed_ms > 0 ? (double)done * 1000 / (double)elapsed_ms : 0, rate);
	snprintf(clock, sizeof(clock), "%" PRId64 ":%02" PRId64, seconds / 60, seconds % 60);
	if (whole > 0)
		snprintf(ret, size, "%s: %s %s of %s (%.0f %%), %s/s, %s", progress->label, what, moved,
			size_text((double)whole, all), (double)done * 100 / (double)whole, rate, clock);
	else
		snprintf(ret, size, "%s: %s %s, %s/s, %s", progress->label, what, moved, rate, clock);
}

void
progress_text(const struct progress *progress, int64_t at_ms, char *ret, size_t size)
{
	int64_t elapsed_ms = at_ms - progress->begun_ms;

	if (progress->received)
		transfer_text(progress, "received", progress->received, progress->to_receive, elapsed_ms, ret,
			size);
	else if (progress->is_sending)
		transfer_text(progress, "sent", progress->sent, progress->to_send, elapsed_ms, ret, size);
	else
		snprintf(ret, size, "%s: waiting, %" PRId64 ":%02" PRId64, progress->label,
			elapsed_ms / 60000, elapsed_ms / 1000 % 60);
}

/* ---- the terminal ------------------------------------------------------------------------ */

static void
wipe(struct progress *progress)
{
	if (progress->is_drawn)
		fputs("\r\033[K", stderr);
	progress->is_drawn = false;
}

void
progress_tick(struct progress *progress)
{
	char text[200];
	int64_t now;

	if (!progress || !progress->is_on)
		return;
	now = now_ms();
	if (now - progress->drawn_ms < (progress->is_drawn ? INTERVAL_MS : PATIENCE_MS))
		return;
	progress_text(progress, now, text, sizeof(text));
	wipe(progress);
	fputs(text, stderr);
	fflush(stderr);
	progress->is_drawn = true;
	progress->drawn_ms = now;
}

/* What is going on now is another thing: its clock begins, and if it is over at once nobody sees it. */
static void
turn(struct progress *progress)
{
	progress->begun_ms = now_ms();
	progress->drawn_ms = progress->begun_ms;
}

void
progress_start(struct progress *progress, const char *label)
{
	if (!progress)
		return;
	*progress = (struct progress){
		.label = label, .to_send = -1, .to_receive = -1, .is_on = isatty(STDERR_FILENO)
	};
	turn(progress);
}

void
progress_send(struct progress *progress, int64_t len)
{
	if (!progress)
		return;
	progress->to_send = len;
	progress->is_sending = len != 0;
	turn(progress);
}

void
progress_sent(struct progress *progress, size_t len)
{
	if (!progress || !progress->is_sending)
		return;
	progress->sent += len;
	if (len == 0 || (progress->to_send >= 0 && progress->sent >= (uint64_t)progress->to_send)) {
		progress->is_sending = false;
		turn(progress);
	}
	progress_tick(progress);
}

void
progress_receive(struct progress *progress, int64_t len)
{
	if (!progress)
		return;
	progress->to_receive = len;
	progress->received = 0;
	progress->is_sending = false;
	turn(progress);
}

void
progress_received(struct progress *progress, size_t len)
{
	if (!progress)
		return;
	progress->received += len;
	progress_tick(progress);
}

void
progress_end(struct progress *progress)
{
	if (progress && progress->is_on) {
		wipe(progress);
		fflush(stderr);
		progress->is_on = false;
	}
}
