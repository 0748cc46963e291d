#include "daemon/inflate.h"

#include <zlib.h>

#include "base/buf.h"
#include "tests/unit/bodies.h"

#define GZIP (MAX_WBITS + 16)
#define ZLIB MAX_WBITS

static void
pack(struct str text, int window_bits, struct buf *out)
{
	z_stream stream = { 0 };
	size_t bound;

	cr_assert_eq(deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
	bound = deflateBound(&stream, text.len);
	stream.next_in = (Bytef *)text.at;
	stream.avail_in = (uInt)text.len;
	stream.next_out = (Bytef *)buf_reserve(out, bound);
	stream.avail_out = (uInt)bound;
	cr_assert_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
	out->len += stream.total_out;
	deflateEnd(&stream);
}

static bool
unpack(enum decode_coding coding, struct str packed, size_t step, uint64_t max_body, struct decoded *ret)
{
	struct decode_limits limits = { .max_body = max_body, .max_records = 10 };
	bool ok = true;

	decoded_init(ret, DECODE_JSON, coding, &limits);
	for (size_t at = 0; ok && at < packed.len; at += step)
		ok = decoded_feed(
			ret, str_range(packed.at + at, step < packed.len - at ? step : packed.len - at));
	return ok && decode_end(ret->decode, &ret->ask, &ret->error);
}

static void
expect_unpacked(enum decode_coding coding, struct str packed, const char *inputs)
{
	for (size_t step = 1; step <= packed.len; step++) {
		struct decoded decoded;

		cr_assert(unpack(coding, packed, step, 1 << 20, &decoded), "%s", decoded.error.detail);
		expect_slice(decoded.ask.inputs, inputs, "unpacked");
		decoded_fini(&decoded);
	}
}

static void
expect_torn(enum decode_coding coding, struct str packed, enum cspark_code code, const char *words)
{
	for (size_t step = 1; step <= packed.len; step += packed.len - 1) {
		struct decoded decoded;

		cr_assert_not(unpack(coding, packed, step, 1 << 20, &decoded));
		cr_expect_eq(decoded.error.code, code, "%s", cspark_code_name(decoded.error.code));
		cr_expect_not_null(strstr(decoded.error.detail, words), "%s", decoded.error.detail);
		decoded_fini(&decoded);
	}
}

Test(inflate, unpacks_gzip_and_deflate)
{
	struct buf packed;

	buf_init(&packed, 1 << 20);
	pack(STR("{\"a\":1}"), GZIP, &packed);
	expect_unpacked(DECODE_GZIP, buf_text(&packed), "{\"a\":1}");
	buf_clear(&packed);
	pack(STR("{\"a\":1}"), ZLIB, &packed);
	expect_unpacked(DECODE_DEFLATE, buf_text(&packed), "{\"a\":1}");
	buf_fini(&packed);
}

Test(inflate, takes_several_members_for_one_text)
{
	struct buf packed;

	buf_init(&packed, 1 << 20);
	pack(STR("{\"a\":"), GZIP, &packed);
	pack(STR("1}"), GZIP, &packed);
	expect_unpacked(DECODE_GZIP, buf_text(&packed), "{\"a\":1}");
	buf_fini(&packed);
}

Test(inflate, takes_no_byte_for_an_empty_body)
{
	struct decoded decoded;

	cr_assert(unpack(DECODE_GZIP, STR(""), 1, 1 << 20, &decoded));
	cr_expect_eq(decoded.ask.kind, ASK_ONE);
	decoded_fini(&decoded);
}

Test(inflate, refuses_torn_streams)
{
	struct buf packed;

	buf_init(&packed, 1 << 20);
	pack(STR("{\"a\":1}"), GZIP, &packed);
	for (size_t len = 2; len < packed.len; len++)
		expect_torn(DECODE_GZIP, str_range(packed.data, len), CSPARK_E_BAD_REQUEST, "too early");
	packed.data[packed.len - 6] ^= 1;
	expect_torn(DECODE_GZIP, buf_text(&packed), CSPARK_E_BAD_REQUEST, "not valid gzip");
	buf_fini(&packed);
}

Test(inflate, refuses_what_follows_the_end)
{
	struct buf packed;

	buf_init(&packed, 1 << 20);
	pack(STR("{\"a\":1}"), GZIP, &packed);
	buf_put_str(&packed, STR("more"));
	expect_torn(DECODE_GZIP, buf_text(&packed), CSPARK_E_BAD_REQUEST, "behind the end");
	buf_clear(&packed);
	pack(STR("{\"a\":1}"), ZLIB, &packed);
	buf_put_str(&packed, STR("more"));
	expect_torn(DECODE_DEFLATE, buf_text(&packed), CSPARK_E_BAD_REQUEST, "behind the end");
	buf_fini(&packed);
}

Test(inflate, refuses_what_is_not_packed)
{
	expect_torn(DECODE_GZIP, STR("{\"a\":1}"), CSPARK_E_BAD_REQUEST, "not valid gzip");
	expect_torn(DECODE_DEFLATE, STR("{\"a\":1}"), CSPARK_E_BAD_REQUEST, "not valid deflate");
}

Test(inflate, holds_the_limit_against_a_bomb)
{
	size_t len = 1 << 22;
	char *blanks = malloc(len);
	struct decoded decoded;
	struct buf packed;

	cr_assert_not_null(blanks);
	memset(blanks, ' ', len);
	buf_init(&packed, 2 * len);
	pack(str_range(blanks, len), GZIP, &packed);
	cr_assert_lt(packed.len, 10000);
	cr_assert_not(unpack(DECODE_GZIP, buf_text(&packed), packed.len, 1 << 16, &decoded));
	cr_expect_eq(decoded.error.code, CSPARK_E_BODY_TOO_LARGE);
	decoded_fini(&decoded);
	buf_fini(&packed);
	free(blanks);
}
