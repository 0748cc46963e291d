/*
 * What was found: printed a line a check as it comes, with the remedy below it; or as one JSON document at
 * the end.
 */
#pragma once

#include "base/buf.h"

#include <stdbool.h>

enum verdict { VERDICT_OK, VERDICT_SKIPPED, VERDICT_WARNING, VERDICT_FAULT, VERDICTS };

struct findings {
	bool as_json;
	bool is_colored;
	const char *remedy; /* of the last one, not printed yet */
	struct buf json;    /* the elements of the list, so far */
	size_t count[VERDICTS];
};

void findings_init(struct findings *findings, bool as_json);
void findings_fini(struct findings *findings);
/* <tenant>, <remedy> may be NULL; a remedy is borrowed until the next one. Foreign text may be in the detail:
 * control characters become blanks. */
void findings_add(struct findings *findings, enum verdict verdict, const char *check, const char *tenant,
	const char *remedy, const char *format, ...) __attribute__((format(printf, 6, 7)));
/* Prints the sum, or the document. An exit code. */
int findings_finish(struct findings *findings);
