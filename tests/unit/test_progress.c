#include "tools/progress.h"

#include <criterion/criterion.h>

static void
expect(const struct progress *progress, int64_t now_ms, const char *wanted)
{
	char text[200];

	progress_text(progress, now_ms, text, sizeof(text));
	cr_assert_str_eq(text, wanted);
}

Test(progress, tells_what_goes_on)
{
	struct progress progress = { .label = "imports create", .to_send = -1, .to_receive = -1 };

	expect(&progress, 62000, "imports create: waiting, 1:02");
	progress.is_sending = true;
	progress.to_send = 200000000;
	progress.sent = 50000000;
	expect(&progress, 2000, "imports create: sent 50.0 MB of 200.0 MB (25 %), 25.0 MB/s, 0:02");
	progress.to_send = -1;
	expect(&progress, 2000, "imports create: sent 50.0 MB, 25.0 MB/s, 0:02");
	progress.is_sending = false;
	progress.received = 999;
	progress.to_receive = 1998;
	expect(&progress, 1000, "imports create: received 999 B of 2.0 kB (50 %), 999 B/s, 0:01");
}

Test(progress, survives_without_a_display)
{
	progress_start(NULL, "x");
	progress_send(NULL, 1);
	progress_sent(NULL, 1);
	progress_receive(NULL, 1);
	progress_received(NULL, 1);
	progress_tick(NULL);
	progress_end(NULL);
}
