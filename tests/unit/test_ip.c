#include "lib/ip.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

static const struct {
	const char *text;
	bool is_public;
} ROWS[] = {
	{ "8.8.8.8", true },
	{ "1.0.0.0", true },
	{ "9.255.255.255", true },
	{ "11.0.0.0", true },
	{ "100.63.255.255", true },
	{ "100.128.0.0", true },
	{ "126.255.255.255", true },
	{ "128.0.0.1", true },
	{ "169.253.1.1", true },
	{ "169.255.0.0", true },
	{ "172.15.255.255", true },
	{ "172.32.0.0", true },
	{ "192.0.1.0", true },
	{ "192.167.0.1", true },
	{ "198.17.0.1", true },
	{ "198.20.0.1", true },
	{ "223.255.255.255", true },
	{ "0.0.0.0", false },
	{ "0.1.2.3", false },
	{ "10.0.0.1", false },
	{ "10.255.255.255", false },
	{ "100.64.0.1", false },
	{ "100.127.255.255", false },
	{ "127.0.0.1", false },
	{ "127.255.0.1", false },
	{ "169.254.169.254", false },
	{ "172.16.0.1", false },
	{ "172.31.255.255", false },
	{ "192.0.0.1", false },
	{ "192.0.2.1", false },
	{ "192.168.1.1", false },
	{ "198.18.0.1", false },
	{ "198.19.255.255", false },
	{ "198.51.100.1", false },
	{ "203.0.113.1", false },
	{ "224.0.0.1", false },
	{ "239.255.255.255", false },
	{ "240.0.0.1", false },
	{ "255.255.255.255", false },
	{ "2a00:1450:4001::1", true },
	{ "2001:4860:4860::8888", true },
	{ "2002:808:808::1", true },
	{ "64:ff9b::8.8.8.8", true },
	{ "::ffff:8.8.8.8", true },
	{ "::", false },
	{ "::1", false },
	{ "::127.0.0.1", false },
	{ "::ffff:127.0.0.1", false },
	{ "::ffff:10.1.2.3", false },
	{ "64:ff9b::10.0.0.1", false },
	{ "64:ff9b:1::8.8.8.8", false },
	{ "100::1", false },
	{ "2001::1", false },
	{ "2001:db8::1", false },
	{ "2002:7f00:1::1", false },
	{ "2002:a9fe:a9fe::1", false },
	{ "fc00::1", false },
	{ "fdff::1", false },
	{ "fe80::1", false },
	{ "febf::1", false },
	{ "fec0::1", false },
	{ "ff02::1", false },
	{ "", false },
	{ "localhost", false },
	{ "127.1", false },
	{ "fe80::1%lo", false },
};

Test(ip, knows_which_addresses_belong_to_the_internet)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++)
		cr_expect_eq(cspark_ip_text_is_public(ROWS[i].text), ROWS[i].is_public, "%s", ROWS[i].text);
}

Test(ip, looks_into_every_kind_of_socket_address)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x08080808) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	cr_assert(cspark_ip_is_public((struct sockaddr *)&in));
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	cr_assert_not(cspark_ip_is_public((struct sockaddr *)&in));
	cr_assert_not(cspark_ip_is_public((struct sockaddr *)&in6));
	in6.sin6_addr.s6_addr[0] = 0x2a;
	cr_assert(cspark_ip_is_public((struct sockaddr *)&in6));
	cr_assert_not(cspark_ip_is_public((struct sockaddr *)&un));
}
