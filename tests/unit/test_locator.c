#include "lib/locator.h"

#include "base/buf.h"

#include <criterion/criterion.h>
#include <string.h>

#define LONG_200 \
	"012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345" \
	"6789" \
	"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct good {
	const char *text;
	enum cspark_locator_kind kind;
	const char *folder;
	const char *service;
	const char *version;
};

typedef bool reader_fn(struct cspark_bytes text, struct cspark_locator *ret, struct cspark_error *ret_error);

static struct cspark_bytes
bytes(const char *text)
{
	return (struct cspark_bytes){ text, strlen(text) };
}

static void
expect_good(reader_fn *read, const struct good *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct good *row = &rows[i];
		struct cspark_locator locator;
		struct cspark_error error = { .detail = "" };

		cr_expect(read(bytes(row->text), &locator, &error), "<%s>: %s", row->text, error.detail);
		if (error.detail[0])
			continue;
		cr_expect_eq(locator.kind, row->kind, "<%s>", row->text);
		cr_expect_str_eq(locator.folder, row->folder, "<%s>", row->text);
		cr_expect_str_eq(locator.service, row->service, "<%s>", row->text);
		cr_expect_str_eq(locator.version, row->version, "<%s>", row->text);
		cr_expect_not(locator.is_public);
	}
}

static void
expect_bad(reader_fn *read, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct cspark_locator locator;
		struct cspark_error error = { .detail = "" };

		cr_expect_not(read(bytes(texts[i]), &locator, &error), "<%s>", texts[i]);
		cr_expect_eq(error.code, CSPARK_E_BAD_LOCATOR, "<%s>", texts[i]);
		cr_expect_neq(error.detail[0], '\0');
	}
}

Test(locator, reads_every_form_of_the_sdks)
{
	static const struct good ROWS[] = {
		{ "folder/service", CSPARK_FOLDER_SERVICE, "folder", "service", "" },
		{ "folder/service[1.2.3]", CSPARK_FOLDER_SERVICE, "folder", "service", "1.2.3" },
		{ "folder/service[]", CSPARK_FOLDER_SERVICE, "folder", "service", "" },
		{ "folders/folder/services/service", CSPARK_FOLDER_SERVICE, "folder", "service", "" },
		{ "folders/folder/services/service[1.2.3]", CSPARK_FOLDER_SERVICE, "folder", "service",
			"1.2.3" },
		{ "service/0bd2", CSPARK_SERVICE_ID, "", "0bd2", "" },
		{ "version/0bd2", CSPARK_VERSION_ID, "", "0bd2", "" },
		{ "version/0bd2[1.2.3]", CSPARK_VERSION_ID, "", "0bd2", "" },
		{ "proxy/my/end/point", CSPARK_PROXY, "", "my/end/point", "" },
		{ "/a//b/", CSPARK_FOLDER_SERVICE, "a", "b", "" },
		{ "a/b/c", CSPARK_FOLDER_SERVICE, "a", "b/c", "" },
		{ "public/f/s", CSPARK_FOLDER_SERVICE, "public", "f/s", "" },
		{ "service/not-a-uuid", CSPARK_SERVICE_ID, "", "not-a-uuid", "" },
		{ "folders/a/b", CSPARK_FOLDER_SERVICE, "a", "b", "" },
		{ "a/services/b", CSPARK_FOLDER_SERVICE, "a", "b", "" },
		{ "a b/c%20d", CSPARK_FOLDER_SERVICE, "a b", "c%20d", "" },
		{ "f/" LONG_200, CSPARK_FOLDER_SERVICE, "f", LONG_200, "" },
		{ "Caf\xc3\xa9/\xe2\x82\xac", CSPARK_FOLDER_SERVICE, "Caf\xc3\xa9", "\xe2\x82\xac", "" },
	};

	expect_good(cspark_locator_parse, ROWS, COUNT(ROWS));
}

Test(locator, deletes_only_whole_segments_and_only_the_first)
{
	static const struct good ROWS[] = {
		{ "myfolders/svc", CSPARK_FOLDER_SERVICE, "myfolders", "svc", "" },
		{ "microservices/svc", CSPARK_FOLDER_SERVICE, "microservices", "svc", "" },
		{ "folders/a/services/folders/b", CSPARK_FOLDER_SERVICE, "a", "folders/b", "" },
		{ "a/folders", CSPARK_FOLDER_SERVICE, "a", "folders", "" },
		{ "a/services", CSPARK_FOLDER_SERVICE, "a", "services", "" },
	};

	expect_good(cspark_locator_parse, ROWS, COUNT(ROWS));
}

Test(locator, refuses_what_names_no_service)
{
	static const char *const TEXTS[] = {
		"",
		"/",
		"just-one-segment",
		"folder/",
		"/service",
		"folders/services",
		"folder/service[1.2",
		"folder/service[1.2]x",
		"folder/service[1[2]]",
		"folder/[1.2]",
		"f/" LONG_200 "x",
		LONG_200 "x/s",
		"../s",
		"f/..",
		"f/.",
		"proxy/a/../b",
		"f/a/../b",
		"f/s/[1]",
		"proxy/a/[1]",
		"f/s\n",
		"f\x7f/s",
		"f/\xff",
		"f/\xc0\xaf",
		"f/s[0123456789012345678901234567890123456789012345678901234567890123456789]",
	};
	static char huge[5000];
	struct cspark_locator locator;

	expect_bad(cspark_locator_parse, TEXTS, COUNT(TEXTS));
	memset(huge, 'a', sizeof(huge));
	cr_expect_not(cspark_locator_parse((struct cspark_bytes){ huge, sizeof(huge) }, &locator, NULL));
	cr_expect_not(cspark_locator_parse((struct cspark_bytes){ NULL, 0 }, &locator, NULL));
	cr_expect_not(cspark_locator_parse((struct cspark_bytes){ "f/s\0x", 5 }, &locator, NULL));
}

Test(locator, reads_the_path_of_a_url)
{
	static const struct good ROWS[] = {
		{ "folder/service", CSPARK_FOLDER_SERVICE, "folder", "service", "" },
		{ "folder/service[1.2.3]", CSPARK_FOLDER_SERVICE, "folder", "service", "1.2.3" },
		{ "folder/service%5B1.2.3%5d", CSPARK_FOLDER_SERVICE, "folder", "service", "1.2.3" },
		{ "folders/folder/services/service", CSPARK_FOLDER_SERVICE, "folder", "service", "" },
		{ "folders/service", CSPARK_FOLDER_SERVICE, "folders", "service", "" },
		{ "services/x", CSPARK_FOLDER_SERVICE, "services", "x", "" },
		{ "service/0bd2", CSPARK_SERVICE_ID, "", "0bd2", "" },
		{ "version/0bd2", CSPARK_VERSION_ID, "", "0bd2", "" },
		{ "proxy/my/end%20point", CSPARK_PROXY, "", "my/end point", "" },
		{ "a%20b/c+d", CSPARK_FOLDER_SERVICE, "a b", "c+d", "" },
		{ "a%2520b/c", CSPARK_FOLDER_SERVICE, "a%20b", "c", "" },
		{ "%E2%82%AC/a%3Fb%23", CSPARK_FOLDER_SERVICE, "\xe2\x82\xac", "a?b#", "" },
		{ "f/" LONG_200 "[1.2.3]", CSPARK_FOLDER_SERVICE, "f", LONG_200, "1.2.3" },
	};

	expect_good(cspark_locator_from_path, ROWS, COUNT(ROWS));
}

Test(locator, corrects_nothing_in_a_path)
{
	static const char *const PATHS[] = {
		"",
		"/",
		"a",
		"a/",
		"/a/b",
		"a//b",
		"a/b/",
		"a/b/c",
		"folders/a/b",
		"folders/a/services",
		"a/./b",
		"./b",
		"a/..",
		"a/%2e%2e",
		"a/%2E",
		"a/b%2fc",
		"a%2Fb/c",
		"a/b%5cc",
		"a/b\\c",
		"a/%00",
		"a/%0d%0a",
		"a/%7F",
		"a/%ff",
		"a/%c0%af",
		"a/%ed%a0%80",
		"a/%",
		"a/%4",
		"a/%zz",
		"a/b%5B1.2",
		"service/id[1]",
		"proxy/",
		"proxy/a//b",
		"proxy/a/../b",
		"proxy/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8",
		"f/" LONG_200 "x",
		LONG_200 "x/s",
	};

	expect_bad(cspark_locator_from_path, PATHS, COUNT(PATHS));
}

static void
expect_v3(const char *text, const char *want)
{
	struct cspark_locator locator;
	struct buf out;

	buf_init(&out, 4096);
	cr_assert(cspark_locator_parse(bytes(text), &locator, NULL));
	cspark_locator_put_v3(&locator, &out);
	cr_expect(
		str_eq(buf_text(&out), str_of(want)), "got <%.*s>, want <%s>", STR_ARG(buf_text(&out)), want);
	buf_fini(&out);
}

Test(locator, is_encoded_again_on_the_way_out)
{
	expect_v3("a b/c?d#e%", "folders/a%20b/services/c%3Fd%23e%25");
	expect_v3("a/b/c[1.0]", "folders/a/services/b%2Fc");
	expect_v3("service/x y", "service/x%20y");
	expect_v3("version/x", "version/x");
	expect_v3("proxy/a/b c", "proxy/a/b%20c");
}
