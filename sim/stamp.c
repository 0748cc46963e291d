#include "sim/stamp.h"

#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

void
stamp_uuid(char ret[UUID_BYTES])
{
	unsigned char b[16];

	if (getrandom(b, sizeof(b), 0) != sizeof(b))
		abort();
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	snprintf(ret, UUID_BYTES, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
		b[15]);
}

void
stamp_now(char ret[STAMP_BYTES])
{
	struct timespec now;
	struct tm tm;
	size_t len;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	len = strftime(ret, STAMP_BYTES, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(ret + len, STAMP_BYTES - len, ".%03dZ", (int)(now.tv_nsec / 1000000));
}

void
stamp_years_later(const char *stamp, int years, char ret[STAMP_BYTES])
{
	uint64_t year;

	if (strlen(stamp) > 4 && str_to_u64(str_range(stamp, 4), 9000, &year))
		snprintf(ret, STAMP_BYTES, "%04d%s", (int)year + years, stamp + 4);
	else
		snprintf(ret, STAMP_BYTES, "%s", stamp);
}

long
stamp_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000L + now.tv_nsec / 1000;
}

long
stamp_ms(void)
{
	return stamp_us() / 1000;
}
