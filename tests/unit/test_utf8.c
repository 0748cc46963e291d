#include "base/utf8.h"

#include <criterion/criterion.h>
#include <string.h>

Test(utf8, encodes_every_character_so_that_it_is_well_formed)
{
	for (uint32_t code = 0; code <= 0x10ffff; code++) {
		char bytes[4];
		size_t len;

		if (code >= 0xd800 && code <= 0xdfff)
			continue;
		len = utf8_encode(code, bytes);
		cr_assert_eq(utf8_len(bytes, bytes + len), len, "U+%04X", code);
		cr_assert(len == 1 || utf8_len(bytes, bytes + len - 1) == 0, "U+%04X cut short", code);
	}
}

static size_t
expected_len_by_lead(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >> 5 == 6)
		return 2;
	if (lead >> 4 == 14)
		return 3;
	return lead >> 3 == 30 ? 4 : 0;
}

/* Decodes by the shape alone, then asks what the shape does not show. */
static size_t
expected_len(const unsigned char *at, size_t len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t need = expected_len_by_lead(at[0]);
	uint32_t code = need < 2 ? at[0] : at[0] & (0x7fu >> need);

	if (need == 0 || need > len)
		return 0;
	for (size_t i = 1; i < need; i++) {
		if (at[i] >> 6 != 2)
			return 0;
		code = code << 6 | (at[i] & 0x3f);
	}
	return code < least[need] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? 0 : need;
}

Test(utf8, judges_every_beginning_as_a_decoder_does)
{
	static const unsigned char thirds[] = { 0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xff };

	for (unsigned i = 0; i < 256 * 256 * sizeof thirds; i++) {
		unsigned char bytes[4] = { (unsigned char)(i & 0xff), (unsigned char)(i >> 8 & 0xff),
			thirds[i >> 16], 0x80 };

		for (size_t len = 1; len <= 4; len++)
			cr_assert_eq(utf8_len((char *)bytes, (char *)bytes + len), expected_len(bytes, len),
				"%02x %02x %02x of %zu", bytes[0], bytes[1], bytes[2], len);
	}
}

Test(utf8, encodes_known_characters)
{
	char bytes[4];

	cr_expect_eq(utf8_encode(0x20ac, bytes), 3);
	cr_expect_eq(memcmp(bytes, "\xe2\x82\xac", 3), 0);
	cr_expect_eq(utf8_encode(0x1f600, bytes), 4);
	cr_expect_eq(memcmp(bytes, "\xf0\x9f\x98\x80", 4), 0);
}
