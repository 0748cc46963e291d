#include "lib/ip.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

struct block {
	uint8_t at[16];
	uint8_t bits; /* of <at> that count */
};

static const struct block NOT_PUBLIC_4[] = {
	{ { 0 }, 8 },            /* this network */
	{ { 10 }, 8 },           /* private */
	{ { 100, 64 }, 10 },     /* shared, of carriers */
	{ { 127 }, 8 },          /* loopback */
	{ { 169, 254 }, 16 },    /* link-local; clouds tell their machines secrets there */
	{ { 172, 16 }, 12 },     /* private */
	{ { 192, 0, 0 }, 24 },   /* of protocols */
	{ { 192, 0, 2 }, 24 },   /* of documents */
	{ { 192, 168 }, 16 },    /* private */
	{ { 198, 18 }, 15 },     /* of benchmarks */
	{ { 198, 51, 100 }, 24 }, /* of documents */
	{ { 203, 0, 113 }, 24 }, /* of documents */
	{ { 224 }, 4 },          /* multicast */
	{ { 240 }, 4 },          /* reserved, broadcast */
};

static const struct block NOT_PUBLIC_6[] = {
	{ { 0 }, 8 }, /* unspecified, loopback */
	{ { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 }, 48 }, /* a network's own translator */
	{ { 0x01, 0x00 }, 64 }, /* discarded */
	{ { 0x20, 0x01, 0x00, 0x00 }, 32 }, /* tunnels that hide where they end */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32 }, /* of documents */
	{ { 0xfc }, 7 }, /* unique local */
	{ { 0xfe, 0x80 }, 10 }, /* link-local */
	{ { 0xfe, 0xc0 }, 10 }, /* site-local */
	{ { 0xff }, 8 }, /* multicast */
};

/* What carries an IPv4 address, and where. */
static const struct {
	struct block block;
	size_t at;
} CARRIERS[] = {
	{ { { [10] = 0xff, [11] = 0xff }, 96 }, 12 }, /* mapped */
	{ { { 0x00, 0x64, 0xff, 0x9b }, 96 }, 12 }, /* translated */
	{ { { 0x20, 0x02 }, 16 }, 2 }, /* 6to4 */
};

static bool
is_in(const uint8_t *address, const struct block *block)
{
	size_t bytes = block->bits / 8;
	unsigned rest = block->bits % 8;

	return memcmp(address, block->at, bytes) == 0
		&& (rest == 0 || (address[bytes] ^ block->at[bytes]) >> (8 - rest) == 0);
}

static bool
is_in_any(const uint8_t *address, const struct block *blocks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (is_in(address, &blocks[i]))
			return true;
	}
	return false;
}

static bool
is_public_4(const uint8_t *address)
{
	return !is_in_any(address, NOT_PUBLIC_4, sizeof(NOT_PUBLIC_4) / sizeof(NOT_PUBLIC_4[0]));
}

static bool
is_public_6(const uint8_t *address)
{
	for (size_t i = 0; i < sizeof(CARRIERS) / sizeof(CARRIERS[0]); i++) {
		if (is_in(address, &CARRIERS[i].block))
			return is_public_4(address + CARRIERS[i].at);
	}
	return !is_in_any(address, NOT_PUBLIC_6, sizeof(NOT_PUBLIC_6) / sizeof(NOT_PUBLIC_6[0]));
}

bool
cspark_ip_is_public(const struct sockaddr *address)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	switch (address->sa_family) {
	case AF_INET:
		memcpy(&in, address, sizeof(in));
		return is_public_4((const uint8_t *)&in.sin_addr);
	case AF_INET6:
		memcpy(&in6, address, sizeof(in6));
		return is_public_6((const uint8_t *)&in6.sin6_addr);
	default:
		return false;
	}
}

bool
cspark_ip_text_is_public(const char *text)
{
	uint8_t address[16];

	if (inet_pton(AF_INET, text, address) == 1)
		return is_public_4(address);
	return inet_pton(AF_INET6, text, address) == 1 && is_public_6(address);
}
