#include "tests/flow/lists.h"

#include <stdio.h>

#include "base/json_text.h"
#include "daemon/edition.h"
#include "tests/flow/operating.h"

void
lists_set_up(void)
{
	operating_set_up();
	config.limits.max_in_flight = 8;
	config.bulk.max_body = config.bulk.max_record = 65536;
	config.bulk.single_records = 2;
	config.bulk.chunk_records = 4;
	config.bulk.chunk_bytes = 4096;
	config.bulk.target_ms = 8000;
	config.bulk.max_concurrency = 3;
	config.bulk.timeout_ms = 60000;
	config.bulk.stall_ms = 10000;
	config.bulk.batch_records = 4;
	config.bulk.batch_fallback = true;
	desk_adopt(&desk, edition_new(NULL, config_ref(&config), NULL));
}

const char *
list(unsigned records)
{
	static char text[LIST_MAX];
	size_t len = 0;

	for (unsigned i = 0; i < records; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, "%s{\"n\":%u}", i ? "," : "[", i);
	snprintf(text + len, sizeof text - len, "]");
	return text;
}

void
expect_outputs(struct front_request *request, unsigned records)
{
	struct json_walk walk;
	struct str value;
	unsigned i = 0;

	cr_assert(request->replied);
	cr_assert_eq(request->status, 200, "%d: %s", request->status, request->body);
	json_walk_init(&walk, json_path(str_of(request->body), "outputs"));
	while (json_walk_next(&walk, NULL, &value)) {
		char wanted[32];

		snprintf(wanted, sizeof wanted, "{\"n\":%u}", i++);
		cr_assert(str_eq(value, str_of(wanted)), "%s", request->body);
	}
	cr_assert_eq(i, records);
	fake_front_done(request, FRONT_OK);
}
