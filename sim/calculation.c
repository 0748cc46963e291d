#include "sim/calculation.h"

#include "sim/exchange.h"
#include "sim/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define RESULT_MAX ((size_t)256 << 20)

static void
write_uuid(char ret[37])
{
	unsigned char b[16];

	if (getrandom(b, sizeof(b), 0) != sizeof(b))
		abort();
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	snprintf(ret, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
		b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

static void
write_timestamp(char ret[32])
{
	struct timespec now;
	struct tm tm;
	size_t len;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	len = strftime(ret, 32, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(ret + len, 32 - len, ".%03dZ", (int)(now.tv_nsec / 1000000));
}

void
calculation_init(struct calculation *calc, const struct service *service)
{
	*calc = (struct calculation){ .service = service };
	buf_init(&calc->outputs, RESULT_MAX);
	buf_init(&calc->warnings, RESULT_MAX);
	buf_init(&calc->errors, RESULT_MAX);
	write_uuid(calc->call_id);
	write_timestamp(calc->timestamp);
}

void
calculation_fini(struct calculation *calc)
{
	selection_fini(&calc->selection);
	buf_fini(&calc->outputs);
	buf_fini(&calc->warnings);
	buf_fini(&calc->errors);
}

void
calculation_add(struct calculation *calc, struct str inputs)
{
	struct buf all;
	struct findings findings = { &all, &calc->warnings, &calc->errors };

	if (calc->count++) {
		buf_put_char(&calc->outputs, ',');
		buf_put_char(&calc->warnings, ',');
		buf_put_char(&calc->errors, ',');
	}
	buf_init(&all, RESULT_MAX);
	calc->service->evaluate(inputs, &findings);
	selection_put(&calc->selection, buf_text(&all), &calc->outputs);
	buf_fini(&all);
}

static bool
take_slot(struct exchange *ex)
{
	uint64_t one;

	while (read(ex->world->slots, &one, sizeof(one)) != sizeof(one))
		if (wire_wait_fd(ex->wire, ex->world->slots))
			return false;
	return true;
}

bool
calculation_wait(struct exchange *ex, unsigned records)
{
	const struct options *opt = ex->world->options;
	long wait_us = opt->latency_us + opt->latency_per_record_us * (long)records;
	uint64_t one = 1;
	bool left;

	if (wait_us == 0)
		return true;
	if (ex->world->slots < 0)
		return !wire_wait(ex->wire, wait_us);
	if (!take_slot(ex))
		return false;
	left = wire_wait(ex->wire, wait_us);
	if (write(ex->world->slots, &one, sizeof(one)) != sizeof(one))
		abort();
	return !left;
}

long
calculation_ms(struct exchange *ex, bool per_record, unsigned records)
{
	const struct options *opt = ex->world->options;
	long us = per_record ? opt->latency_per_record_us
			     : opt->latency_us + opt->latency_per_record_us * (long)records;

	return us < 1000 ? 1 : us / 1000;
}
