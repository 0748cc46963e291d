#include "tools/payload.h"

#include <criterion/criterion.h>

static struct buf scratch;
static struct str text;
static int64_t total;

static enum payload_verdict
take(enum cspark_payload kind, const char *body)
{
	buf_fini(&scratch);
	buf_init(&scratch, 4096);
	return payload_take(kind, str_of(body), &scratch, &text, &total);
}

#define EXPECT(kind, body, wanted)                                                  \
	cr_assert_eq(take(CSPARK_PAYLOAD_##kind, body), PAYLOAD_GOOD);              \
	cr_assert(str_eq(text, str_of(wanted)), "%.*s", STR_ARG(text))

Test(ctl_payload, takes_what_is_inside)
{
	EXPECT(WHOLE, "{\"status\":\"Error\"}", "{\"status\":\"Error\"}");
	EXPECT(V1, "{\"status\":\"Success\",\"data\":[1,2],\"count\":7}", "[1,2]");
	cr_assert_eq(total, 7);
	EXPECT(V1, "{\"status\":\"Success\",\"data\":null}", "null");
	EXPECT(V3, "{\"status\":null,\"response_data\":{\"a\":1},\"response_meta\":{\"count\":3}}",
		"{\"a\":1}");
	cr_assert_eq(total, 3);
	EXPECT(TEXT, "{\"response_data\":\"{\\\"a\\\":1}\"}", "{\"a\":1}");
	EXPECT(TEXT, "{\"response_data\":\"no json\"}", "\"no json\"");
	EXPECT(CATEGORIES,
		"{\"data\":{\"Metadata.ProductCategories\":[{\"Key\":\"K\",\"Value\":\"V\"},{\"Icon\":1}]}}",
		"[{\"key\":\"K\",\"value\":\"V\"},{\"icon\":1}]");
	EXPECT(CATEGORIES, "{\"data\":{\"Metadata.ProductCategories\":[]}}", "[]");
}

Test(ctl_payload, tells_failures_and_what_is_missing)
{
	cr_assert_eq(take(CSPARK_PAYLOAD_V1, "{\"status\":\"Error\",\"errorCode\":\"X\"}"), PAYLOAD_FAILED);
	cr_assert_eq(take(CSPARK_PAYLOAD_V3, "{\"status\":\"Failed\"}"), PAYLOAD_FAILED);
	EXPECT(EXISTS, "{\"status\":\"Success\",\"data\":true}", "true");
	EXPECT(EXISTS, "{\"response_data\":{\"is_exists\":true}}", "{\"is_exists\":true}");
	cr_assert_eq(take(CSPARK_PAYLOAD_EXISTS, "{\"data\":false}"), PAYLOAD_MISSING);
	cr_assert_eq(take(CSPARK_PAYLOAD_EXISTS, "{\"response_data\":{\"is_exists\":false}}"),
		PAYLOAD_MISSING);
}
