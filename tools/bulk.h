/*
 * A list of any length through the daemon, or without it: it is cut into pieces, some are asked at once, and
 * their rows are written in the order of the list.
 *
 *     input -> cut -> piece, piece, piece -> daemon or Spark -> rows -> sheet
 *
 * At no time is more of the list in memory than these pieces.
 */
#pragma once

#include "tools/cut.h"

enum { BULK_PARALLEL_MAX = 16 };

struct execute_options;

struct bulk_options {
	const char *url;
	const char *target;
	const struct execute_options *direct; /* NULL: through the daemon */
	const char *input; /* NULL or "-": stdin */
	const char *output; /* NULL or "-": stdout */
	enum cut_form in, out;
	char separator;
	uint64_t piece_records; /* at most */
	unsigned parallel;
	long timeout_ms;
	int64_t patience_ms;
	bool resumes;
	bool replaces;
	bool is_quiet;
};

/* Calls <each> with the name of every option. */
void bulk_each_option(void (*each)(const char *name));
/* An exit code. */
int bulk_run(const struct bulk_options *options);
