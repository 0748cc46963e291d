#include "lib/token_answer.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static struct cspark_token_answer answer;
static char token[256];

static enum cspark_token_verdict
read_answer(int status, const char *body)
{
	struct buf text;

	buf_init(&text, CSPARK_TOKEN_ANSWER_MAX);
	cspark_token_answer_read(status, str_of(body), &text, &answer);
	snprintf(token, sizeof(token), "%.*s", STR_ARG(buf_text(&text)));
	buf_fini(&text);
	return answer.verdict;
}

static enum cspark_token_verdict
read_life(const char *expires_in)
{
	char body[256];

	snprintf(body, sizeof(body), "{\"access_token\":\"abc\",\"expires_in\":%s}", expires_in);
	return read_answer(200, body);
}

Test(token_answer, reads_what_keycloak_sends)
{
	cr_assert_eq(
		read_answer(200,
			"{\"access_token\":\"eyJ.a-b_c\",\"expires_in\":7200,\"refresh_expires_in\":0,"
			"\"token_type\":\"Bearer\",\"not-before-policy\":0,\"scope\":\"email profile\"}"),
		CSPARK_TOKEN_GOOD);
	cr_assert_str_eq(token, "eyJ.a-b_c");
	cr_assert_eq(answer.life_ms, 7200000);
	cr_assert_not(answer.assumed || answer.clamped || answer.shortened);
}

Test(token_answer, copes_with_every_lifetime)
{
	static const struct {
		const char *raw;
		int64_t life_ms;
		bool shortened, clamped;
	} ROWS[] = { { "0", 1000, true, false }, { "-1", 1000, true, false }, { "1", 1000, true, false },
		{ "29", 29000, true, false }, { "30", 30000, false, false },
		{ "7199.5", 7199500, false, false }, { "\"7200\"", 7200000, false, false },
		{ "1000000000000000000", CSPARK_TOKEN_LIFE_MAX_MS, false, true },
		{ "1e400", CSPARK_TOKEN_LIFE_MAX_MS, false, true }, { "-1e400", 1000, true, false },
		{ "\"99999999999999999999\"", CSPARK_TOKEN_LIFE_MAX_MS, false, true } };

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		cr_assert_eq(read_life(ROWS[i].raw), CSPARK_TOKEN_GOOD, "%s", ROWS[i].raw);
		cr_assert_eq(answer.life_ms, ROWS[i].life_ms, "%s: %ld", ROWS[i].raw, (long)answer.life_ms);
		cr_assert_eq(answer.shortened, ROWS[i].shortened, "%s", ROWS[i].raw);
		cr_assert_eq(answer.clamped, ROWS[i].clamped, "%s", ROWS[i].raw);
	}
	cr_assert_eq(read_answer(200, "{\"access_token\":\"abc\"}"), CSPARK_TOKEN_GOOD);
	cr_assert(answer.assumed && answer.life_ms == 60000);
}

Test(token_answer, takes_no_other_lifetime)
{
	static const char *const BAD[] = { "\"\"", "\"7200s\"", "\"-1\"", "true", "{}", "[7200]",
		"\"\\u0037\"" };

	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		cr_assert_eq(read_life(BAD[i]), CSPARK_TOKEN_USELESS, "%s", BAD[i]);
		cr_assert_str_eq(answer.reason, "expires_in");
	}
}

Test(token_answer, takes_no_token_that_could_break_a_header)
{
	static const char *const BAD[] = { "\"\"", "7", "null", "{}", "\"a b\"", "\"a\\r\\nX: y\"",
		"\"a\\u0000b\"", "\"\\u00e9\"", "\"a\\tb\"", "\"\\u007f\"" };
	char body[256];

	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		snprintf(body, sizeof(body), "{\"access_token\":%s,\"expires_in\":60}", BAD[i]);
		cr_assert_eq(read_answer(200, body), CSPARK_TOKEN_USELESS, "%s", BAD[i]);
		cr_assert_str_eq(answer.reason, "token_syntax");
	}
}

Test(token_answer, takes_a_token_of_16_kib_and_no_more)
{
	for (int extra = 0; extra <= 1; extra++) {
		struct buf body;

		buf_init(&body, 1 << 16);
		buf_put_str(&body, STR("{\"access_token\":\""));
		for (int i = 0; i < 16 * 1024 + extra; i++)
			buf_put_char(&body, 'x');
		buf_put(&body, "\"}", 3);
		cr_assert_eq(read_answer(200, body.data), extra ? CSPARK_TOKEN_USELESS : CSPARK_TOKEN_GOOD);
		buf_fini(&body);
	}
}

Test(token_answer, takes_bearer_in_any_case_and_no_other_type)
{
	cr_assert_eq(
		read_answer(200, "{\"access_token\":\"a\",\"token_type\":\"bEARer\"}"), CSPARK_TOKEN_GOOD);
	cr_assert_eq(read_answer(200, "{\"access_token\":\"a\",\"token_type\":null}"), CSPARK_TOKEN_GOOD);
	cr_assert_eq(
		read_answer(200, "{\"access_token\":\"a\",\"token_type\":\"mac\"}"), CSPARK_TOKEN_REFUSED);
	cr_assert_str_eq(answer.reason, "token_type");
}

Test(token_answer, tells_what_waiting_cures_from_what_it_does_not)
{
	static const struct {
		int status;
		const char *body;
		enum cspark_token_verdict verdict;
		const char *error;
	} ROWS[] = {
		{ 401, "{\"error\":\"invalid_client\"}", CSPARK_TOKEN_REFUSED, "invalid_client" },
		{ 400, "{\"error\":\"unauthorized_client\",\"error_description\":\"x\"}",
			CSPARK_TOKEN_REFUSED, "unauthorized_client" },
		{ 400, "{\"error\":\"invalid_scope\"}", CSPARK_TOKEN_REFUSED, "invalid_scope" },
		{ 400, "{\"error\":\"\\u001b[31mmade up\"}", CSPARK_TOKEN_REFUSED, "unknown" },
		{ 400, "{\"error\":\"temporarily_unavailable\"}", CSPARK_TOKEN_USELESS,
			"temporarily_unavailable" },
		{ 401, "<html>", CSPARK_TOKEN_REFUSED, "" },
		{ 400, "<html>", CSPARK_TOKEN_USELESS, "" },
		{ 403, "{\"error\":7}", CSPARK_TOKEN_USELESS, "" },
		{ 404, "", CSPARK_TOKEN_USELESS, "" },
		{ 408, "{\"error\":\"invalid_client\"}", CSPARK_TOKEN_USELESS, "invalid_client" },
		{ 429, "", CSPARK_TOKEN_USELESS, "" },
		{ 500, "{\"error\":\"invalid_client\"}", CSPARK_TOKEN_USELESS, "invalid_client" },
		{ 302, "", CSPARK_TOKEN_REFUSED, "" },
		{ 204, "", CSPARK_TOKEN_USELESS, "" },
	};

	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		cr_assert_eq(read_answer(ROWS[i].status, ROWS[i].body), ROWS[i].verdict, "row %zu", i);
		cr_assert_str_eq(answer.error, ROWS[i].error, "row %zu", i);
		cr_assert(answer.reason[0], "row %zu", i);
	}
}

Test(token_answer, calls_a_body_that_is_no_object_useless)
{
	static const char *const BAD[] = { "", "[]", "\"x\"", "<html>", "{\"access_token\":\"a\"", "{}x",
		"{'a':1}" };

	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		cr_assert_eq(read_answer(200, BAD[i]), CSPARK_TOKEN_USELESS);
		cr_assert_str_eq(answer.reason, "body", "%s", BAD[i]);
	}
}
