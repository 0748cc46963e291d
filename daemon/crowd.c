#include "daemon/crowd.h"

#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Who a caller is; no gaps, so that it can be compared by its bytes. */
struct identity {
	uint32_t family;
	unsigned char address[16];
};

struct crowd_member {
	struct list row;
	struct identity identity;
	unsigned connections;
};

void
crowd_init(struct crowd *crowd, unsigned max)
{
	crowd->max = max;
	for (size_t i = 0; i < CROWD_ROWS; i++)
		list_init(&crowd->rows[i]);
}

static bool
identify_user(int fd, struct identity *ret)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		return false;
	memcpy(ret->address, &peer.uid, sizeof(peer.uid));
	return true;
}

/* False: nobody in particular. */
static bool
identify(int fd, const struct sockaddr_storage *address, struct identity *ret)
{
	const struct sockaddr_in *four = (const void *)address;
	const struct sockaddr_in6 *six = (const void *)address;

	*ret = (struct identity){ .family = address->ss_family };
	switch (address->ss_family) {
	case AF_INET:
		memcpy(ret->address, &four->sin_addr, sizeof(four->sin_addr));
		return ret->address[0] != 127;
	case AF_INET6:
		memcpy(ret->address, &six->sin6_addr, sizeof(six->sin6_addr));
		return !IN6_IS_ADDR_LOOPBACK(&six->sin6_addr) &&
			!(IN6_IS_ADDR_V4MAPPED(&six->sin6_addr) && ret->address[12] == 127);
	default:
		return identify_user(fd, ret);
	}
}

static struct list *
row_of(struct crowd *crowd, const struct identity *identity)
{
	uint32_t hash = 2166136261u; /* FNV-1a; whoever collides on purpose only makes its own row long */

	for (size_t i = 0; i < sizeof(identity->address); i++)
		hash = (hash ^ identity->address[i]) * 16777619u;
	return &crowd->rows[hash % CROWD_ROWS];
}

static struct crowd_member *
find(struct list *row, const struct identity *identity)
{
	for (struct list *node = row->next; node != row; node = node->next) {
		struct crowd_member *member = LIST_ITEM(node, struct crowd_member, row);

		if (memcmp(&member->identity, identity, sizeof(*identity)) == 0)
			return member;
	}
	return NULL;
}

bool
crowd_enter(struct crowd *crowd, int fd, const struct sockaddr_storage *address, struct crowd_member **ret)
{
	struct identity identity;
	struct list *row;

	*ret = NULL;
	if (crowd->max == 0 || !identify(fd, address, &identity))
		return true;
	row = row_of(crowd, &identity);
	*ret = find(row, &identity);
	if (!*ret) {
		*ret = calloc(1, sizeof(**ret));
		if (!*ret)
			return false;
		(*ret)->identity = identity;
		list_append(row, &(*ret)->row);
	}
	if ((*ret)->connections == crowd->max)
		return false;
	(*ret)->connections++;
	return true;
}

void
crowd_leave(struct crowd_member *member)
{
	if (!member || --member->connections > 0)
		return;
	list_remove(&member->row);
	free(member);
}
