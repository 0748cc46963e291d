/* The questions that a batch is asked, as requests to Spark. */
#include <stdio.h>

#include "base/json_text.h"
#include "daemon/bulk_batch_own.h"
#include "daemon/bytes.h"
#include "lib/cspark_operations.h"

static struct cspark_request *
create_request(const struct bulk_batch *bb, struct cspark_error *ret_error)
{
	const struct call *call = bb->bulk->call;
	struct cspark_execute execute = {
		.api = CSPARK_V4,
		.locator = &call->locator,
		.meta = &call->control.meta,
		.checked = true,
		.opens_batch = true,
	};

	return cspark_execute_request(call->tenant->tenant, &execute, ret_error);
}

static struct cspark_request *
request_of(const struct bulk_batch *bb, enum cspark_operation operation, struct str body,
	struct cspark_error *ret_error)
{
	char max[16];
	int max_len = snprintf(max, sizeof(max), "%u", batch_pull_max(&bb->batch));
	const struct cspark_argument arguments[] = {
		{ bytes_of_str(STR("id")), bytes_of_str(str_of(bb->batch.id)) },
		{ bytes_of_str(STR("max")), { max, (size_t)max_len } },
	};
	const struct cspark_ask ask = {
		.operation = operation,
		.arguments = arguments,
		.argument_count = operation == CSPARK_OP_BATCH_PULL ? 2 : 1,
		.body = bytes_of_str(body),
	};

	return cspark_operation_request(bb->bulk->call->tenant->tenant, &ask, ret_error);
}

static struct cspark_request *
push_request(struct bulk_batch *bb, struct cspark_error *ret_error)
{
	struct cspark_request *request;
	struct buf body;

	buf_init(&body, SIZE_MAX);
	batch_pushes(&bb->batch, bulk_batch_put_push(bb, &body), bulk_batch_now_ms(bb));
	request = request_of(bb, CSPARK_OP_BATCH_PUSH, buf_text(&body), ret_error);
	buf_fini(&body);
	return request;
}

struct cspark_request *
bulk_batch_request(struct bulk_batch *bb, enum batch_step step, struct cspark_error *ret_error)
{
	const struct str none = { 0 };

	switch (step) {
	case BATCH_CREATE:
		return create_request(bb, ret_error);
	case BATCH_PUSH:
		return push_request(bb, ret_error);
	case BATCH_PULL:
		return request_of(bb, CSPARK_OP_BATCH_PULL, none, ret_error);
	case BATCH_CLOSE:
		return request_of(bb, CSPARK_OP_BATCH_CLOSE, none, ret_error);
	default:
		return request_of(bb, CSPARK_OP_BATCH_STATUS, none, ret_error);
	}
}

struct cspark_request *
bulk_batch_cancel_request(struct bulk_batch *bb)
{
	struct cspark_error error;

	return request_of(bb, CSPARK_OP_BATCH_CANCEL, (struct str){ 0 }, &error);
}

/* What v4 answers tell beside their lists, with a comma behind each. */
static void
keep_facts(struct bulk_batch *bb, struct str data)
{
	static const char *const names[] = { "service_id", "version_id", "compiler_version",
		"correlation_id" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct str value = json_member(data, str_of(names[i]));

		if (value.at && json_kind_of(value) == JSON_STRING)
			buf_printf(&bb->facts, "\"%s\":%.*s,", names[i], STR_ARG(value));
	}
}

bool
bulk_batch_read(struct bulk_batch *bb, struct str answer)
{
	struct buf id;
	bool ok;

	buf_init(&id, CSPARK_NAME_MAX);
	ok = json_unquote(json_member(answer, STR("id")), &id) && id.len > 0;
	if (ok) {
		batch_created(&bb->batch, buf_text(&id), bulk_batch_now_ms(bb));
		keep_facts(bb, json_member(answer, STR("data")));
	}
	buf_fini(&id);
	return ok;
}
