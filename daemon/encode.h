/*
 * From an answer, or an error, to the bytes the caller gets. Pure.
 */
#pragma once

#include "base/buf.h"
#include "daemon/control.h"
#include "daemon/plan.h"
#include "lib/cspark.h"

struct encoded {
	int status;
	const char *content_type; /* static */
	struct str body;          /* borrowed from <out> or from the joined answer */
	unsigned warnings;        /* how many, over all records */
	unsigned errors;
	unsigned failed;          /* records of a list that have errors */
	struct str call_id; /* without quotes; at == NULL if unknown; borrowed from the joined answer */
	struct str version;
};

/* Format, shape and _strict as the contract says. False: the answer cannot be given; <ret_error> says why,
 * <ret>->status is the
 * status to refuse it with (406 for text with several outputs, 422 for _strict), and the facts are there
 * all the same. */
bool encode_answer(const struct control *control, bool many, const struct joined *joined, struct buf *out,
	struct encoded *ret, struct cspark_error *ret_error);
enum { ENCODE_STATUS_STRICT = 422 };
/* _strict: true if nothing is wrong with any record. <first>: index of the first one, for the sentence. */
bool encode_check_strict(
	const struct cspark_answer *answer, bool many, size_t first, struct cspark_error *ret_error);
/* Counts and names from an answer that is passed on unread (drop-in paths, original). */
void encode_facts(const struct cspark_answer *answer, struct encoded *ret);

/* All that a problem document says (RFC 9457). */
struct problem {
	enum cspark_code code;
	int status;         /* 0: the code's own */
	const char *detail; /* borrowed */
	const char *request_id;
	unsigned attempts;
	enum cspark_outcome outcome;
	bool retryable;
	int spark_status; /* 0: no spark member */
	struct str
		spark_body; /* raw; JSON is spliced if it is one valid text, else a string of at most 2 KiB */
};
/* Appends the document. Content type: application/problem+json. */
void encode_problem(const struct problem *problem, struct buf *out);
