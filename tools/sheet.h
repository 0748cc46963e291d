/*
 * The output of csparkctl bulk: rows that are appended, whole ones by each write. What a killed run leaves is
 * whole rows and perhaps a part of one; the next run goes on behind the last whole row.
 */
#pragma once

#include "tools/cut.h"

struct sheet {
	enum cut_form form;
	char separator;
	int fd;
	const char *path;
	uint64_t rows, failed; /* it holds, those of earlier runs included */
	struct buf names;      /* of CSV, without _error */
	bool has_names;
	bool has_begun;        /* of JSON: the bracket is there */
};

/* <path>: NULL or "-" is stdout. A file that exists is continued, replaced or refused; it is never that of
 * <input_fd>. False with a sentence on stderr; so the rest. sheet_close() in any case. */
bool sheet_open(struct sheet *sheet, const char *path, bool resumes, bool replaces, int input_fd);
bool sheet_put(struct sheet *sheet, struct str names, struct str rows, uint64_t count, uint64_t failed);
/* All rows are there. */
bool sheet_end(struct sheet *sheet);
void sheet_close(struct sheet *sheet);
/* How many columns there are besides _error. */
size_t sheet_columns(const struct sheet *sheet);
