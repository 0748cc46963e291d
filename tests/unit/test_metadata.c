#include "lib/metadata.h"

#include <criterion/criterion.h>
#include <string.h>

static struct cspark_bytes
bytes(const char *text)
{
	return (struct cspark_bytes){ text, strlen(text) };
}

/* What is kept for <parameter>=<value>; "" if it is refused with a message that names the parameter. */
static const char *
kept(const char *parameter, const char *value)
{
	static char text[2000];
	struct cspark_meta meta = { .more = { 0 } };
	struct cspark_error error;
	enum cspark_meta_field field = cspark_meta_find(bytes(parameter));

	cr_assert_neq(field, CSPARK_META_FIELDS, "%s", parameter);
	if (!cspark_meta_set(&meta, field, bytes(value), &error)) {
		cr_expect_eq(error.code, CSPARK_E_BAD_PARAMETER);
		cr_expect(strstr(error.detail, parameter), "%s", error.detail);
		cr_expect_null(meta.value[field].at);
		return "";
	}
	memcpy(text, meta.value[field].at, meta.value[field].len);
	text[meta.value[field].len] = '\0';
	return text;
}

Test(metadata, finds_exactly_its_parameters)
{
	cr_expect_eq(cspark_meta_find(bytes("_version")), CSPARK_META_VERSION);
	cr_expect_eq(cspark_meta_find(bytes("_excel")), CSPARK_META_EXCEL);
	cr_expect_eq(cspark_meta_find(bytes("_Version")), CSPARK_META_FIELDS);
	cr_expect_eq(cspark_meta_find(bytes("_versions")), CSPARK_META_FIELDS);
	cr_expect_eq(cspark_meta_find(bytes("version")), CSPARK_META_FIELDS);
	cr_expect_eq(cspark_meta_find(bytes("")), CSPARK_META_FIELDS);
	cr_expect_eq(cspark_meta_find((struct cspark_bytes){ NULL, 0 }), CSPARK_META_FIELDS);
	for (int i = 0; i < CSPARK_META_FIELDS; i++)
		cr_expect_eq(
			(int)cspark_meta_find(bytes(cspark_meta_row((enum cspark_meta_field)i)->parameter)),
			i);
}

Test(metadata, keeps_text_as_it_is)
{
	cr_expect_str_eq(kept("_purpose", "Caf\xc3\xa9 \"x\""), "Caf\xc3\xa9 \"x\"");
	cr_expect_str_eq(kept("_outputs", "a, b,c"), "a, b,c");
	cr_expect_str_eq(kept("_filter", "^v.*$"), "^v.*$");
	cr_expect_str_eq(kept("_date", "2025-02-01T10:00:00Z"), "2025-02-01T10:00:00Z");
}

Test(metadata, knows_flags_and_compilers_whatever_their_case)
{
	cr_expect_str_eq(kept("_echo", "true"), "true");
	cr_expect_str_eq(kept("_debug", "False"), "false");
	cr_expect_str_eq(kept("_excel", "yes"), "");
	cr_expect_str_eq(kept("_echo", ""), "");
	cr_expect_str_eq(kept("_compiler", "neuron"), "Neuron");
	cr_expect_str_eq(kept("_compiler", "XConnector"), "Xconnector");
	cr_expect_str_eq(kept("_compiler", "type3"), "Type3");
	cr_expect_str_eq(kept("_compiler", "type4"), "");
}

Test(metadata, refuses_what_is_no_text)
{
	char text[1026];

	cr_expect_str_eq(kept("_purpose", "a\nb"), "");
	cr_expect_str_eq(kept("_purpose", "a\x7f"), "");
	cr_expect_str_eq(kept("_purpose", "\xff"), "");
	memset(text, 'x', sizeof(text));
	text[1024] = '\0';
	cr_expect_str_eq(kept("_purpose", text), text);
	text[1024] = 'x';
	text[1025] = '\0';
	cr_expect_str_eq(kept("_purpose", text), "");
}

Test(metadata, keeps_a_version_apart_from_its_brackets)
{
	cr_expect_str_eq(kept("_version", "1.2.3-rc.1"), "1.2.3-rc.1");
	cr_expect_str_eq(kept("_version", "1]x"), "");
	cr_expect_str_eq(kept("_version", "[1"), "");
}

Test(metadata, takes_an_absent_value_for_an_empty_one)
{
	struct cspark_meta meta = { .more = { 0 } };

	cr_assert(cspark_meta_set(&meta, CSPARK_META_PURPOSE, (struct cspark_bytes){ NULL, 0 }, NULL));
	cr_expect_not_null(meta.value[CSPARK_META_PURPOSE].at);
	cr_expect_eq(meta.value[CSPARK_META_PURPOSE].len, 0);
}
