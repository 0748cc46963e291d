#include <criterion/criterion.h>

#include "tools/tally.h"

static void
check(struct tally tally, int64_t elapsed_ms, const char *wanted)
{
	char text[200];

	tally_text(&tally, elapsed_ms, text, sizeof(text));
	cr_assert_str_eq(text, wanted);
}

Test(tally, tells_records_and_rate)
{
	check((struct tally){ .size = -1, .records = 500, .failed = 2 }, 2000,
		"500 records, 2 failed, 250/s");
}

Test(tally, tells_what_is_left_of_a_file)
{
	check((struct tally){ .size = 4000, .done = 1000, .records = 10 }, 30000,
		"10 records, 0 failed, 0/s, 25 %, 1:30 left");
}

Test(tally, leaves_out_earlier_runs)
{
	check((struct tally){ .size = 4000, .done = 3000, .skipped = 2000, .records = 30, .before = 20 },
		1000,
		"30 records, 0 failed, 10/s, 75 %, 0:01 left");
}
