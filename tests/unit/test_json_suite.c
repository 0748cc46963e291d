/* The public JSONTestSuite, if it is in $CSPARKD_SHARED/data or in ../shared/data beside the sources. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/json.h"

#define MAX_BYTES (1024 * 1024)

static DIR *
open_suite(char path[PATH_MAX])
{
	const char *shared = getenv("CSPARKD_SHARED");
	const char *srcdir = getenv("srcdir");
	DIR *dir = NULL;

	if (shared) {
		snprintf(path, PATH_MAX, "%s/data/JSONTestSuite", shared);
		dir = opendir(path);
	}
	if (!dir) {
		snprintf(path, PATH_MAX, "%s/../shared/data/JSONTestSuite", srcdir ? srcdir : ".");
		dir = opendir(path);
	}
	return dir;
}

static void
read_text(const char *folder, const char *name, struct buf *ret_text)
{
	char path[PATH_MAX + NAME_MAX + 2];
	char *room = buf_reserve(ret_text, MAX_BYTES);
	FILE *file;

	cr_assert_not_null(room);
	snprintf(path, sizeof path, "%s/%s", folder, name);
	file = fopen(path, "rb");
	cr_assert_not_null(file, "%s", path);
	ret_text->len += fread(room, 1, MAX_BYTES, file);
	fclose(file);
}

static void
expect_verdict(const char *name, struct str text, bool valid)
{
	if (name[0] == 'y')
		cr_expect(valid, "%s is refused", name);
	else if (name[0] == 'n')
		cr_expect_not(valid, "%s is accepted", name);
	for (size_t split = 0; split <= text.len; split++) {
		struct json_scan scan;

		json_scan_init(&scan, 0, NULL, NULL);
		if (json_scan_feed(&scan, text.at, split) == JSON_BAD) {
			cr_expect_not(valid, "%s cut at %zu", name, split);
			break; /* what comes behind is never looked at */
		}
		json_scan_feed(&scan, text.at + split, text.len - split);
		cr_assert_eq(json_scan_end(&scan) == JSON_DONE, valid, "%s cut at %zu", name, split);
	}
}

Test(json_suite, every_text_gets_its_verdict_at_every_split)
{
	char path[PATH_MAX];
	DIR *dir = open_suite(path);
	struct dirent *entry;
	struct buf text;

	if (!dir)
		cr_skip("JSONTestSuite is not here (CSPARKD_SHARED names the folder above data/)");
	buf_init(&text, MAX_BYTES);
	while ((entry = readdir(dir))) {
		if (!str_ends(str_of(entry->d_name), STR(".json")))
			continue;
		buf_clear(&text);
		read_text(path, entry->d_name, &text);
		expect_verdict(entry->d_name, buf_text(&text), json_valid(text.data, text.len, NULL));
	}
	closedir(dir);
	buf_fini(&text);
}
