#include "lib/error.h"

#include <criterion/criterion.h>
#include <string.h>

Test(error, names_every_code_once)
{
	for (int i = 0; i < CSPARK_CODES; i++) {
		const char *name = cspark_code_name((enum cspark_code)i);

		cr_assert(name && name[0]);
		cr_assert(cspark_code_title((enum cspark_code)i)[0]);
		cr_assert_eq(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), strlen(name));
		for (int k = 0; k < i; k++)
			cr_assert_str_neq(name, cspark_code_name((enum cspark_code)k));
	}
}

Test(error, has_statuses_of_errors)
{
	for (int i = CSPARK_OK + 1; i < CSPARK_CODES; i++) {
		int status = cspark_code_status((enum cspark_code)i);

		cr_expect(status == 0 || (status >= 400 && status <= 599), "%s",
			cspark_code_name((enum cspark_code)i));
	}
	cr_expect_str_eq(cspark_code_name(CSPARK_OK), "ok");
	cr_expect_eq(cspark_code_status(CSPARK_E_SPARK_REJECTED), 0);
	cr_expect_eq(cspark_code_status(CSPARK_E_UPSTREAM_TIMEOUT), 504);
	cr_expect(cspark_code_retryable(CSPARK_E_UPSTREAM_TIMEOUT));
	cr_expect_not(cspark_code_retryable(CSPARK_E_BAD_JSON));
}

Test(error, names_outcomes)
{
	cr_expect_str_eq(cspark_outcome_name(CSPARK_NOT_SENT), "not_sent");
	cr_expect_str_eq(cspark_outcome_name(CSPARK_MAYBE_EXECUTED), "maybe_executed");
	cr_expect_str_eq(cspark_outcome_name(CSPARK_EXECUTED), "executed");
}

Test(error, cuts_a_long_sentence)
{
	struct cspark_error error;
	char text[1000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	cr_expect_not(cspark_refuse(&error, CSPARK_E_BAD_JSON, "%s", text));
	cr_expect_eq(error.code, CSPARK_E_BAD_JSON);
	cr_expect_eq(strlen(error.detail), sizeof(error.detail) - 1);
	cr_expect_not(cspark_refuse(NULL, CSPARK_E_BAD_JSON, "%s", text));
}

Test(error, knows_the_class_of_operations)
{
	cr_expect_str_eq(cspark_operation_name(CSPARK_OP_EXECUTE_V3), "execute");
	cr_expect_str_eq(cspark_operation_name(CSPARK_OP_EXECUTE_V4), "execute_many");
	cr_expect_eq(cspark_operation_class(CSPARK_OP_EXECUTE_V4), CSPARK_CLASS_EXECUTE);
}
