#include "daemon/request_id.h"

#include <assert.h>
#include <errno.h>
#include <sys/random.h>

bool
request_id_is_sane(struct str id)
{
	if (id.len == 0 || id.len > REQUEST_ID_MAX)
		return false;
	for (size_t i = 0; i < id.len; i++) {
		char c = id.at[i];

		if (c <= ' ' || c > '~' || c == '"' || c == ',' || c == '\\')
			return false;
	}
	return true;
}

static void
refill(struct request_ids *ids)
{
	size_t have = 0;

	while (have < sizeof ids->pool) {
		ssize_t got = getrandom(ids->pool + have, sizeof ids->pool - have, 0);

		assert(got > 0 || errno == EINTR); /* the only error a blocking getrandom has */
		if (got > 0)
			have += (size_t)got;
	}
	ids->left = sizeof ids->pool;
}

unsigned char *
request_id_random(struct request_ids *ids, size_t bytes)
{
	if (ids->left < bytes)
		refill(ids);
	ids->left -= bytes;
	return ids->pool + ids->left;
}

void
request_id_fresh(struct request_ids *ids, char ret_id[37])
{
	static const char hex[] = "0123456789abcdef";
	unsigned char *bytes = request_id_random(ids, 16);
	size_t at = 0;

	bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
	bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			ret_id[at++] = '-';
		ret_id[at++] = hex[bytes[i] >> 4];
		ret_id[at++] = hex[bytes[i] & 15];
	}
	ret_id[at] = '\0';
}
