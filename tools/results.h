/*
 * What the daemon answers to a piece of a list: rows, made ready for the output of csparkctl bulk, and what
 * their errors mean for the piece. In CSV every row has the cell _error, so that all pieces have the same
 * columns; in JSON every row but the first of the output begins with a comma. Pure.
 */
#pragma once

#include "tools/cut.h"

enum results_verdict {
	RESULTS_DONE,  /* each record has its result, be it an error of its own */
	RESULTS_AGAIN, /* something failed that is not the records' fault: asking again can help */
	RESULTS_STOP,  /* it cannot */
};

struct results {
	struct buf names; /* of CSV, without _error */
	struct buf rows;
	uint64_t records, failed;
	enum results_verdict verdict;
	struct buf reason; /* the error that <verdict> comes from: an object of JSON */
};

void results_init(struct results *results);
void results_fini(struct results *results);

/* An answer, of the records from number <first> of the list on. False: it is not what was asked for. */
bool results_take(struct results *results, enum cut_form form, char separator, struct str answer,
	uint64_t first);
/* None of <records> has a result: each gets the error. <columns>: in CSV, how many names there are. */
void results_refuse(struct results *results, enum cut_form form, char separator, struct str problem,
	uint64_t first, uint64_t records, size_t columns);

/* Of a problem document, as the answer to a whole piece. */
enum results_verdict results_judge_problem(struct str problem, uint64_t records);
/* Whether a row that was made by these functions tells of an error. */
bool results_row_failed(enum cut_form form, char separator, struct str row);
