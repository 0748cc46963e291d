#include <criterion/criterion.h>

#include "daemon/bulk_own.h"

static const struct row {
	enum cspark_code code;
	int status;
	enum cspark_outcome outcome;
	enum bulk_verdict verdict;
} rows[] = {
	{ CSPARK_E_SPARK_REJECTED, 400, CSPARK_NOT_SENT, BULK_CUT },
	{ CSPARK_E_SPARK_REJECTED, 422, CSPARK_NOT_SENT, BULK_CUT },
	{ CSPARK_E_SPARK_REJECTED, 413, CSPARK_NOT_SENT, BULK_HALVE },
	{ CSPARK_E_SPARK_REJECTED, 404, CSPARK_NOT_SENT, BULK_ABORT },
	{ CSPARK_E_SPARK_REJECTED, 403, CSPARK_NOT_SENT, BULK_ABORT },
	{ CSPARK_E_SPARK_ERROR, 500, CSPARK_EXECUTED, BULK_CUT },
	{ CSPARK_E_UPSTREAM_TIMEOUT, 504, CSPARK_MAYBE_EXECUTED, BULK_HALVE },
	{ CSPARK_E_UPSTREAM_TIMEOUT, 0, CSPARK_MAYBE_EXECUTED, BULK_HALVE },
	{ CSPARK_E_SPARK_RATE_LIMITED, 429, CSPARK_NOT_SENT, BULK_PAUSE },
	{ CSPARK_E_SPARK_UNAVAILABLE, 503, CSPARK_MAYBE_EXECUTED, BULK_PAUSE },
	{ CSPARK_E_CIRCUIT_OPEN, 0, CSPARK_NOT_SENT, BULK_PAUSE },
	{ CSPARK_E_UPSTREAM_UNREACHABLE, 0, CSPARK_NOT_SENT, BULK_PAUSE },
	{ CSPARK_E_UPSTREAM_UNREACHABLE, 0, CSPARK_MAYBE_EXECUTED, BULK_FAIL },
	{ CSPARK_E_UPSTREAM_GARBLED, 200, CSPARK_EXECUTED, BULK_FAIL },
	{ CSPARK_E_CREDENTIALS_REFUSED, 401, CSPARK_NOT_SENT, BULK_ABORT },
	{ CSPARK_E_UPSTREAM_TLS, 0, CSPARK_NOT_SENT, BULK_ABORT },
};

Test(bulk_judge, knows_what_a_failure_means_for_the_others)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		cr_expect_eq(bulk_judge(rows[i].code, rows[i].status, rows[i].outcome), rows[i].verdict,
			"%s %d", cspark_code_name(rows[i].code), rows[i].status);
}
