#include "sim/transform_text.h"

#include <criterion/criterion.h>

static bool
reads(struct str header, struct str expected)
{
	struct buf meta;
	bool good;

	buf_init(&meta, 1000);
	good = transform_read_meta(header, &meta) && str_eq(buf_text(&meta), expected);
	buf_fini(&meta);
	return good;
}

Test(transform_text, reads_metadata_however_it_is_wrapped)
{
	cr_expect(reads(STR("{\"a\":1}"), STR("{\"a\":1}")));
	cr_expect(reads(STR("'{\"a\":1}'"), STR("{\"a\":1}")));
	cr_expect(reads(STR("\"{\\\"a\\\":1}\""), STR("{\"a\":1}")));
	cr_expect(reads((struct str){ NULL, 0 }, STR("{}")));
	cr_expect(!reads(STR("'[1]'"), STR("[1]")));
	cr_expect(!reads(STR("'"), STR("'")));
	cr_expect(!reads(STR("\"rubbish"), STR("\"rubbish")));
}

Test(transform_text, says_what_is_wrong_with_a_document)
{
	char type[40];

	cr_expect(
		!transform_judge(STR("{\"transform_type\":\"JSONtransforms_v1.0.1\"}"), type, sizeof(type)));
	cr_expect_str_eq(type, "JSONtransforms_v1.0.1");
	cr_expect(!transform_judge(STR("{\"transform_type\":\"Nodejs22_v1.0.0\",\"transform_code\":\"x\"}"),
		type, sizeof(type)));
	cr_expect(transform_is_node(type));
	cr_expect(transform_judge(STR("{\"transform_type\":\"Nodejs22_v1.0.0\"}"), type, sizeof(type)));
	cr_expect(transform_judge(STR("{}"), type, sizeof(type)));
	cr_expect(transform_judge(STR("[]"), type, sizeof(type)));
	cr_expect(
		transform_judge(STR("{\"transform_type\":\"JSONtransforms_v1\",\"output_body_transform\":1}"),
			type, sizeof(type)));
}
