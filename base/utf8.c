#include "base/utf8.h"

/* RFC 3629, section 4: which bytes a state takes, and what follows. */
static const struct tail {
	uint8_t low;
	uint8_t high;
	uint8_t next;
} tails[] = {
	[UTF8_TAIL1] = { 0x80, 0xbf, UTF8_DONE },
	[UTF8_TAIL2] = { 0x80, 0xbf, UTF8_TAIL1 },
	[UTF8_TAIL3] = { 0x80, 0xbf, UTF8_TAIL2 },
	[UTF8_TAIL2_E0] = { 0xa0, 0xbf, UTF8_TAIL1 },
	[UTF8_TAIL2_ED] = { 0x80, 0x9f, UTF8_TAIL1 },
	[UTF8_TAIL3_F0] = { 0x90, 0xbf, UTF8_TAIL2 },
	[UTF8_TAIL3_F4] = { 0x80, 0x8f, UTF8_TAIL2 },
};

enum utf8_state
utf8_lead(uint8_t byte)
{
	if (byte < 0x80)
		return UTF8_DONE;
	if (byte < 0xc2)
		return UTF8_BAD;
	if (byte < 0xe0)
		return UTF8_TAIL1;
	if (byte < 0xf0)
		return byte == 0xe0 ? UTF8_TAIL2_E0 : byte == 0xed ? UTF8_TAIL2_ED : UTF8_TAIL2;
	if (byte < 0xf5)
		return byte == 0xf0 ? UTF8_TAIL3_F0 : byte == 0xf4 ? UTF8_TAIL3_F4 : UTF8_TAIL3;
	return UTF8_BAD;
}

enum utf8_state
utf8_tail(enum utf8_state state, uint8_t byte)
{
	const struct tail *tail = &tails[state];

	return byte >= tail->low && byte <= tail->high ? tail->next : UTF8_BAD;
}

size_t
utf8_len(const char *at, const char *end)
{
	const char *begin = at;
	enum utf8_state state = utf8_lead((uint8_t)*at++);

	while (state != UTF8_DONE) {
		if (state == UTF8_BAD || at == end)
			return 0;
		state = utf8_tail(state, (uint8_t)*at++);
	}
	return (size_t)(at - begin);
}

size_t
utf8_encode(uint32_t code, char bytes[4])
{
	static const uint8_t marks[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

	for (size_t i = len - 1; i > 0; i--) {
		bytes[i] = (char)(0x80 | (code & 0x3f));
		code >>= 6;
	}
	bytes[0] = (char)(marks[len] | code);
	return len;
}
