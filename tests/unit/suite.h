/* The public JSONTestSuite, if it is in $CSPARKD_SHARED/data or in ../shared/data beside the sources. */
#pragma once

#include <criterion/criterion.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"

static inline DIR *
suite_open(char path[PATH_MAX])
{
	const char *shared = getenv("CSPARKD_SHARED");
	const char *srcdir = getenv("srcdir");

	if (shared)
		snprintf(path, PATH_MAX, "%s/data/JSONTestSuite", shared);
	else
		snprintf(path, PATH_MAX, "%s/../shared/data/JSONTestSuite", srcdir ? srcdir : ".");
	return opendir(path);
}

/* Every text of it; the test is skipped without it. */
static inline void
suite_each(void (*look)(const char *name, struct str text))
{
	static char text[1 << 20];
	char folder[PATH_MAX], path[PATH_MAX + NAME_MAX + 2];
	DIR *suite = suite_open(folder);
	struct dirent *entry;

	if (!suite)
		cr_skip_test("JSONTestSuite is not here");
	while ((entry = readdir(suite)) != NULL) {
		FILE *file;

		if (!str_ends(str_of(entry->d_name), STR(".json")))
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		file = fopen(path, "rb");
		cr_assert_not_null(file, "%s", path);
		look(entry->d_name, str_range(text, fread(text, 1, sizeof text, file)));
		fclose(file);
	}
	closedir(suite);
}
