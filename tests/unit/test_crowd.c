#include "daemon/crowd.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <unistd.h>

static struct sockaddr_storage
address_of(const char *text)
{
	struct sockaddr_storage address = { 0 };
	struct sockaddr_in *four = (void *)&address;
	struct sockaddr_in6 *six = (void *)&address;

	if (inet_pton(AF_INET, text, &four->sin_addr) == 1)
		address.ss_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &six->sin6_addr) == 1)
		address.ss_family = AF_INET6;
	return address;
}

static bool
enter(struct crowd *crowd, const char *text, struct crowd_member **ret)
{
	struct sockaddr_storage address = address_of(text);

	return crowd_enter(crowd, -1, &address, ret);
}

Test(crowd, counts_each_address_by_itself)
{
	struct crowd_member *first, *second, *third, *other, *six;
	struct crowd crowd;

	crowd_init(&crowd, 2);
	cr_assert(enter(&crowd, "10.0.0.1", &first));
	cr_assert(enter(&crowd, "10.0.0.1", &second));
	cr_assert_not(enter(&crowd, "10.0.0.1", &third));
	cr_assert(enter(&crowd, "10.0.0.2", &other));
	cr_assert(enter(&crowd, "fd00::1", &six));
	crowd_leave(first);
	cr_assert(enter(&crowd, "10.0.0.1", &first));
	cr_assert_not(enter(&crowd, "10.0.0.1", &third));
	crowd_leave(first);
	crowd_leave(second);
	crowd_leave(other);
	crowd_leave(six);
	for (size_t i = 0; i < CROWD_ROWS; i++)
		cr_assert(list_empty(&crowd.rows[i]));
}

Test(crowd, does_not_count_loopback_which_many_share)
{
	static const char *const shared[] = { "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1" };
	struct crowd_member *member;
	struct crowd crowd;

	crowd_init(&crowd, 1);
	for (size_t i = 0; i < sizeof(shared) / sizeof(*shared); i++)
		for (int n = 0; n < 3; n++) {
			cr_assert(enter(&crowd, shared[i], &member));
			cr_assert_null(member);
			crowd_leave(member);
		}
}

Test(crowd, counts_nothing_without_a_limit)
{
	struct crowd_member *member;
	struct crowd crowd;

	crowd_init(&crowd, 0);
	cr_assert(enter(&crowd, "10.0.0.1", &member));
	cr_assert_null(member);
}

Test(crowd, knows_a_user_of_a_unix_socket)
{
	struct sockaddr_storage address = { .ss_family = AF_UNIX };
	struct crowd_member *first, *second;
	struct crowd crowd;
	int pair[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	crowd_init(&crowd, 1);
	cr_assert(crowd_enter(&crowd, pair[0], &address, &first));
	cr_assert_not(crowd_enter(&crowd, pair[1], &address, &second), "it is the same user");
	crowd_leave(first);
	close(pair[0]);
	close(pair[1]);
}
