#include "tools/direct_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct cspark_bytes
bytes_of(struct str text)
{
	return (struct cspark_bytes){ text.at, text.len };
}

static struct str
argument(const struct call *call, const char *name)
{
	struct cspark_bytes value = call_argument(call, name);

	return str_range(value.at, value.len);
}

/* The keys are told by who gives the tokens. */
static struct cspark_request *
realm_request(const struct call *call, struct cspark_error *ret_error)
{
	char *token_url = cspark_token_url(getenv("CSPARK_BASE_URL"));
	struct str url = str_of(token_url);
	struct cspark_request *request = NULL;
	struct buf text;

	if (str_ends(url, STR("/token")))
		url.len -= strlen("/token");
	buf_init(&text, 4096);
	buf_printf(&text, "%.*s/certs", STR_ARG(url));
	request = cspark_url_request(bytes_of(buf_text(&text)), ret_error);
	if (request)
		request->operation = call->operation;
	buf_fini(&text);
	free(token_url);
	return request;
}

/* A file that Spark handed out: only its own hosts are asked. */
static struct cspark_request *
file_request(const struct call *call, struct cspark_error *ret_error)
{
	struct cspark_file_policy policy = { .hosts = NULL };
	struct cspark_request *request;
	char *origin, *tenant;

	if (!cspark_base_url_parse(
		    getenv("CSPARK_BASE_URL"), NULL, NULL, false, &origin, &tenant, ret_error))
		return NULL;
	policy.origin = origin;
	request = cspark_file_request(call_argument(call, "url"), &policy, ret_error);
	free(origin);
	free(tenant);
	return request;
}

/* ---- transforms -------------------------------------------------------------------------- */

/* The parameters that are metadata, in the words of an execution. */
static bool
read_meta(const struct call *call, struct cspark_meta *ret, struct cspark_error *ret_error)
{
	*ret = (struct cspark_meta){ .more = { NULL, 0 } };
	for (size_t i = 0; i < call->argument_count; i++) {
		enum cspark_meta_field field = cspark_meta_find(call->arguments[i].name);

		if (field != CSPARK_META_FIELDS &&
			!cspark_meta_set(ret, field, call->arguments[i].value, ret_error))
			return false;
	}
	return true;
}

/* The document is named as folder/name, by its name alone in the old area, or as the service is. */
static struct cspark_request *
transform_request(const struct call *call, const char *tenant, const struct direct_body *body,
	struct cspark_error *ret_error)
{
	bool has_service = call->operation == CSPARK_OP_TRANSFORM;
	struct str name, using = argument(call, "using"), folder = str_cut(using, '/', &name);
	struct cspark_transform transform = {
		.api = str_eq(argument(call, "api"), STR("v4")) ? CSPARK_V4 : CSPARK_V3,
		.locator = has_service ? &call->locator : NULL,
		.body = body->text,
	};
	struct cspark_meta meta;

	if (!read_meta(call, &meta, ret_error))
		return NULL;
	if (has_service)
		transform.meta = &meta;
	if (!using.at) {
		folder = str_of(call->locator.folder);
		name = str_of(call->locator.service);
	}
	transform.folder = bytes_of(name.at ? folder : (struct str){ NULL, 0 });
	transform.name = bytes_of(name.at ? name : folder);
	return cspark_transform_request(tenant, &transform, ret_error);
}

/* ---- the others -------------------------------------------------------------------------- */

/* Spark's own call. */
static struct cspark_request *
raw_request(const struct call *call, const struct direct_body *body, struct cspark_error *ret_error)
{
	struct cspark_bytes path = { call->target, strlen(call->target) }, none = { 0 };
	struct cspark_request *request;

	if (body->source)
		request = cspark_raw_file_request(call->operation, false, call->method, path, body->source,
			body->type ? body->type : "application/json");
	else
		request = cspark_raw_request(call->operation, false, call->method, path, none, NULL);
	if (!request)
		snprintf(ret_error->detail, sizeof(ret_error->detail), "The request is too large.");
	return request;
}

static struct cspark_request *
row_request(const struct call *call, const char *tenant, const struct direct_body *body,
	struct cspark_error *ret_error)
{
	struct cspark_ask ask = {
		.operation = call->operation,
		.arguments = call->arguments,
		.argument_count = call->argument_count,
		.is_public = call->is_public,
		.body = body->text,
		.source = body->source,
		.source_type = body->type,
		.now_s = time(NULL),
	};

	return cspark_operation_request(tenant, &ask, ret_error);
}

struct cspark_request *
direct_request(const struct call *call, const char *tenant, const struct direct_body *body,
	struct cspark_error *ret_error)
{
	if (call->target)
		return raw_request(call, body, ret_error);
	if (call->info->base == CSPARK_BASE_REALM)
		return realm_request(call, ret_error);
	if (call->info->base == CSPARK_BASE_FILE)
		return file_request(call, ret_error);
	if (call->operation == CSPARK_OP_TRANSFORM || call->operation == CSPARK_OP_TRANSFORM_RUN)
		return transform_request(call, tenant, body, ret_error);
	return row_request(call, tenant, body, ret_error);
}
