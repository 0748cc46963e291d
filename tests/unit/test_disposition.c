#include "tools/disposition.h"

#include <criterion/criterion.h>

static void
expect(const char *header, const char *wanted)
{
	char name[FILE_NAME_MAX + 1];
	bool found = disposition_name(str_of(header), name);

	cr_assert_eq(found, wanted != NULL, "%s", header);
	if (wanted)
		cr_assert_str_eq(name, wanted, "%s gives %s", header, name);
}

Test(disposition, finds_the_name)
{
	expect("attachment; filename=a.zip", "a.zip");
	expect("attachment; filename=\"a b.zip\"; size=3", "a b.zip");
	expect("attachment;FILENAME=\"a\\\"b;c.zip\"", "a\"b;c.zip");
	expect("attachment; filename=\"x.zip\"; filename*=UTF-8''%C3%A4%20b.zip", "\xc3\xa4 b.zip");
	expect("attachment; filename=\"x.zip\"; filename*=latin1''%e4.zip", "x.zip");
	expect("inline", NULL);
	expect("", NULL);
	expect("attachment; filename=\"\"", NULL);
}

Test(disposition, makes_names_harmless)
{
	expect("attachment; filename=\"../../etc/passwd\"", "passwd");
	expect("attachment; filename=\"C:\\\\x\\\\y.xlsx\"", "y.xlsx");
	expect("attachment; filename=\".bashrc\"", "_bashrc");
	expect("attachment; filename=\"..\"", "_.");
	expect("attachment; filename=\"a/\"", NULL);
	expect("attachment; filename=\"a\x1b[31m.zip\"", "a_[31m.zip");
	expect("attachment; filename*=UTF-8''..%2F..%2Fx", "x");
	expect("attachment; filename=\"\xff\"", NULL);
}

Test(disposition, cuts_long_names)
{
	char name[FILE_NAME_MAX + 1], text[1000];

	memset(text, 'a', sizeof(text));
	cr_assert(disposition_clean(str_range(text, sizeof(text)), name));
	cr_assert_eq(strlen(name), FILE_NAME_MAX);
}

Test(disposition, knows_endings)
{
	cr_assert_str_eq(disposition_ending(STR("application/zip")), ".zip");
	cr_assert_str_eq(disposition_ending(STR("Application/JSON; charset=utf-8")), ".json");
	cr_assert_str_eq(disposition_ending(STR("")), ".bin");
}
