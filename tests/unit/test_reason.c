#include "daemon/reason.h"

#include <criterion/criterion.h>

static const char *
word(enum cspark_code code, int spark_status)
{
	return reason_name(reason_of(code, spark_status));
}

Test(reason, says_who_ended_it)
{
	cr_expect_str_eq(word(CSPARK_OK, 200), "ok");
	cr_expect_str_eq(word(CSPARK_E_BAD_JSON, 0), "caller_request");
	cr_expect_str_eq(word(CSPARK_E_HOST_REFUSED, 0), "policy");
	cr_expect_str_eq(word(CSPARK_E_OVERLOADED, 0), "overload");
	cr_expect_str_eq(word(CSPARK_E_CIRCUIT_OPEN, 0), "breaker");
	cr_expect_str_eq(word(CSPARK_E_SPARK_REJECTED, 404), "spark_refused");
	cr_expect_str_eq(word(CSPARK_E_SPARK_UNAVAILABLE, 503), "spark_failed");
}

Test(reason, tells_our_deadline_from_sparks)
{
	cr_expect_str_eq(word(CSPARK_E_UPSTREAM_TIMEOUT, 0), "deadline");
	cr_expect_str_eq(word(CSPARK_E_UPSTREAM_TIMEOUT, 503), "deadline");
	cr_expect_str_eq(word(CSPARK_E_UPSTREAM_TIMEOUT, 504), "spark_failed");
}

Test(reason, is_only_ok_for_what_is)
{
	for (unsigned code = CSPARK_OK + 1; code < CSPARK_CODES; code++)
		cr_expect_neq(reason_of(code, 0), REASON_OK, "%s", cspark_code_name(code));
}
