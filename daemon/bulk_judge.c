/* What a failed call means for the other records of a list. */
#include "daemon/bulk_own.h"

#define ANY 0

/* The first row that fits. */
static const struct verdict {
	enum cspark_code code;
	int status;
	enum bulk_verdict verdict;
} verdicts[] = {
	{ CSPARK_E_SPARK_REJECTED, 400, BULK_CUT },
	{ CSPARK_E_SPARK_REJECTED, 413, BULK_HALVE },
	{ CSPARK_E_SPARK_REJECTED, 422, BULK_CUT },
	{ CSPARK_E_BODY_TOO_LARGE, ANY, BULK_HALVE },
	{ CSPARK_E_SPARK_ERROR, ANY, BULK_CUT }, /* a record that makes the engine fail is a bad one, too */
	{ CSPARK_E_UPSTREAM_TIMEOUT, ANY, BULK_HALVE },
	{ CSPARK_E_SPARK_RATE_LIMITED, ANY, BULK_PAUSE },
	{ CSPARK_E_SPARK_UNAVAILABLE, ANY, BULK_PAUSE },
	{ CSPARK_E_TOKEN_UNAVAILABLE, ANY, BULK_PAUSE },
	{ CSPARK_E_CIRCUIT_OPEN, ANY, BULK_PAUSE },
	{ CSPARK_E_OVERLOADED, ANY, BULK_PAUSE },
	{ CSPARK_E_UPSTREAM_DNS, ANY, BULK_PAUSE },
	{ CSPARK_E_UPSTREAM_UNREACHABLE, ANY, BULK_PAUSE },
	{ CSPARK_E_UPSTREAM_GARBLED, ANY, BULK_FAIL },
};

const char *
bulk_verdict_name(enum bulk_verdict verdict)
{
	static const char *const names[] = {
		[BULK_FAIL] = "fail",
		[BULK_HALVE] = "halve",
		[BULK_CUT] = "cut",
		[BULK_PAUSE] = "pause",
		[BULK_ABORT] = "abort",
	};

	return names[verdict];
}

enum bulk_verdict
bulk_judge(enum cspark_code code, int status, enum cspark_outcome outcome)
{
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		const struct verdict *row = &verdicts[i];

		if (row->code != code || (row->status != ANY && row->status != status))
			continue;
		/* A connection that broke off was replaced as often as for a single call. */
		if (code == CSPARK_E_UPSTREAM_UNREACHABLE && outcome != CSPARK_NOT_SENT)
			return BULK_FAIL;
		return row->verdict;
	}
	return BULK_ABORT;
}
