/*
 * Answers of a token endpoint: whatever they are, a token that comes out can be put into a header, its
 * life is sane, and nothing foreign gets into the words about a failure.
 */
#include <string.h>

#include "lib/token.h"
#include "lib/token_answer.h"
#include "tests/fuzz/fuzz.h"

static void
check_good(const struct cspark_token_answer *answer, struct str token)
{
	FUZZ_REQUIRE(cspark_token_usable(token), "an unusable token of %zu bytes", token.len);
	FUZZ_REQUIRE(answer->life_ms >= CSPARK_TOKEN_LIFE_LEAST_MS &&
			answer->life_ms <= CSPARK_TOKEN_LIFE_MAX_MS,
		"a life of %lld ms", (long long)answer->life_ms);
}

/* The first byte chooses the status. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int STATUSES[] = { 200, 400, 401, 403, 429, 500, 302, 204 };
	struct cspark_token_answer answer;
	struct buf token;

	if (size == 0)
		return 0;
	buf_init(&token, CSPARK_TOKEN_ANSWER_MAX);
	cspark_token_answer_read(
		STATUSES[data[0] % 8], str_range((const char *)data + 1, size - 1), &token, &answer);
	if (answer.verdict == CSPARK_TOKEN_GOOD)
		check_good(&answer, buf_text(&token));
	else
		FUZZ_REQUIRE(answer.reason[0], "no reason");
	FUZZ_REQUIRE(!str_has_control(str_of(answer.error)), "a control in the error");
	buf_fini(&token);
	return 0;
}
