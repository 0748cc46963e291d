/* What an operation asks Spark in the step that it is at. */
#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"
#include "daemon/bytes.h"
#include "daemon/operate.h"
#include "daemon/refuse.h"

struct cspark_ask
operate_ask(const struct call *call, enum cspark_operation operation)
{
	struct operate *operate = call->operate;
	struct str body = call->raw.len ? buf_text(&call->raw) : (struct str){ NULL, 0 };
	bool has_body = operation == (enum cspark_operation)call->operation || operate->step == 0;

	return (struct cspark_ask){
		.operation = operation,
		.arguments = operate->arguments.list,
		.argument_count = operate->arguments.count,
		.is_public = call->control.is_public,
		.body = has_body ? bytes_of_str(body) : (struct cspark_bytes){ NULL, 0 },
		.source = &operate->source,
		.source_type = operate->type,
		.now_s = operate->now_s,
	};
}

/* Spark's path as the caller wrote it. */
static struct cspark_request *
drop_in_request(struct call *call)
{
	struct operate *operate = call->operate;
	struct str path = call_target(call), body = spool_text(&operate->upload);
	const char *method = arena_copy(&call->arena, call->method).at;
	enum cspark_operation operation = (enum cspark_operation)call->operation;
	struct cspark_request *request = NULL;

	if (!path.at || !method)
		return NULL;
	if (spool_fd(&operate->upload) < 0) {
		request = cspark_raw_request(operation, call->route.is_public, method, bytes_of_str(path),
			spool_len(&operate->upload) ? bytes_of_str(body) : (struct cspark_bytes){ NULL, 0 },
			operate->type);
	} else {
		operate->source = (struct cspark_source){ spool_fd(&operate->upload),
			spool_len(&operate->upload) };
		request = cspark_raw_file_request(operation, call->route.is_public, method,
			bytes_of_str(path), &operate->source, operate->type);
	}
	if (request) {
		request->expects_json = false;
		request->accept = operate->accept;
		request->lines = operate->lines;
		request->content_encoding = call->coding;
	}
	return request;
}

static bool
has_odd_segment(struct str path)
{
	struct str segment, rest = str_range(path.at + 1, path.len - 1);

	while (rest.at) {
		segment = str_cut(rest, '/', &rest);
		if ((segment.len == 0 && rest.at) || str_eq(segment, STR(".")) || str_eq(segment, STR("..")))
			return true;
	}
	return false;
}

/* Whether asking for <target> of Spark's own host does no more than read. What takes (the results of a batch)
 * has its own path, right and rules of repeating; and must not be hidden by another spelling. */
static bool
is_file_path(struct str target)
{
	struct str query, raw = str_cut(target, '?', &query);
	struct cspark_error error;
	struct route route;
	const char *allow;
	struct buf path;
	bool ok;

	buf_init(&path, raw.len + 1);
	ok = str_percent_decode(raw, false, &path) && !has_odd_segment(buf_text(&path)) &&
		(!route_find(STR("GET"), buf_text(&path), &route, &allow, &error) ||
			route.kind != ROUTE_DROP_IN ||
			cspark_operation_class((enum cspark_operation)route.operation) == CSPARK_CLASS_READ);
	buf_fini(&path);
	return ok;
}

/* A file that Spark handed out, from the hosts that are Spark's. */
static struct cspark_request *
file_request(struct call *call)
{
	const struct config_tenant *tenant = call->tenant;
	struct cspark_file_policy policy = {
		.origin = tenant->origin,
		.hosts = (const char *const *)tenant->file_hosts,
		.private_addresses = tenant->private_files,
	};
	struct cspark_request *request;

	request = cspark_file_request(
		bytes_of_str(arguments_find(&call->operate->arguments, "url")), &policy, &call->error);
	if (request && !request->origin && !is_file_path(str_of(request->path))) {
		cspark_request_free(request);
		request = NULL;
		refuse(&call->error, CSPARK_E_OPERATION_DISABLED,
			"The url is no file but an operation of Spark that takes; ask for it by its path.");
	}
	return request;
}

/* What tokens are signed with is told by who gives them. */
static struct cspark_request *
realm_request(struct call *call)
{
	const char *token_url = call->tenant->token_url;
	char *derived = token_url ? NULL : cspark_token_url(call->tenant->base_url);
	struct str url = str_of(token_url ? token_url : derived);
	struct cspark_request *request = NULL;
	char *certs;

	if (url.len > 6 && str_ends(url, STR("/token")))
		url.len -= 6;
	certs = arena_printf(&call->arena, "%.*s/certs", STR_ARG(url));
	free(derived);
	if (certs)
		request = cspark_url_request((struct cspark_bytes){ certs, strlen(certs) }, &call->error);
	if (request)
		request->operation = CSPARK_OP_AUTH_CERTS;
	return request;
}

/* A leading underscore may be left out. */
static enum cspark_meta_field
meta_field(struct str name)
{
	char text[32];

	if (str_starts(name, STR("_")))
		return cspark_meta_find(bytes_of_str(name));
	if (name.len + 1 >= sizeof text)
		return CSPARK_META_FIELDS;
	text[0] = '_';
	memcpy(text + 1, name.at, name.len);
	return cspark_meta_find((struct cspark_bytes){ text, name.len + 1 });
}

/* The parameters that are metadata, in the words of an execution. */
static bool
read_meta(struct call *call, struct cspark_meta *ret)
{
	const struct arguments *arguments = &call->operate->arguments;

	*ret = (struct cspark_meta){ .more = { NULL, 0 } };
	for (size_t i = 0; i < arguments->count; i++) {
		enum cspark_meta_field field = meta_field(str_of_bytes(arguments->list[i].name));

		if (field != CSPARK_META_FIELDS &&
			!cspark_meta_set(ret, field, arguments->list[i].value, &call->error))
			return false;
	}
	return true;
}

/* The document may be named as folder/name, by its name alone in the old area, or as the service is. */
static struct cspark_request *
transform_request(struct call *call)
{
	const struct arguments *arguments = &call->operate->arguments;
	struct str using = arguments_find(arguments, "using"), name, folder = str_cut(using, '/', &name);
	struct cspark_transform transform = { .body = operate_ask(call, CSPARK_OP_TRANSFORM).body };
	struct cspark_locator locator = { .folder = "" };
	struct cspark_meta meta;
	char *place = arena_printf(&call->arena, "%s/%s", call->locator.folder, call->locator.service);

	if (!place || !read_meta(call, &meta))
		return NULL;
	if (call->operation == CSPARK_OP_TRANSFORM) {
		if (!cspark_locator_parse(bytes_of_str(str_of(place)), &locator, &call->error))
			return NULL;
		transform.locator = &locator;
		transform.meta = &meta;
	}
	if (!using.at) {
		folder = str_of(locator.folder);
		name = str_of(locator.service);
	}
	transform.api = str_eq(arguments_find(arguments, "api"), STR("v4")) ? CSPARK_V4 : CSPARK_V3;
	transform.folder = bytes_of_str(name.at ? folder : (struct str){ NULL, 0 });
	transform.name = bytes_of_str(name.at ? name : folder);
	return cspark_transform_request(call->tenant->tenant, &transform, &call->error);
}

/* A Hybrid Runner wants to be told by POST which model is meant, and knows them by id only. */
static struct cspark_request *
runner_metadata_request(struct call *call)
{
	struct str version = arguments_find(&call->operate->arguments, "version_id");
	struct str service = arguments_find(&call->operate->arguments, "service_id");
	struct cspark_ask ask = { .operation = CSPARK_OP_HYBRID_METADATA };
	struct buf body;
	struct cspark_request *request;

	if (!version.at && !service.at) {
		call_fail(call, CSPARK_E_BAD_LOCATOR,
			"a Hybrid Runner gives metadata of /service/{id} and /version/{id} only");
		return NULL;
	}
	buf_init(&body, 4096);
	buf_put_str(&body, STR("{\"request_data\":{\"inputs\":{}},\"request_meta\":{\""));
	buf_put_str(&body, version.at ? STR("version_id") : STR("service_id"));
	buf_put_str(&body, STR("\":"));
	json_quote(version.at ? version : service, &body);
	buf_put_str(&body, STR("}}"));
	ask.body = bytes_of_str(buf_text(&body));
	request = cspark_operation_request(call->tenant->tenant, &ask, &call->error);
	buf_fini(&body);
	return request;
}

enum cspark_operation
operate_step(const struct call *call)
{
	const struct operate *operate = call->operate;

	return operate->recipe ? operate->recipe->steps[operate->step].operation :
				 (enum cspark_operation)call->operation;
}

struct cspark_request *
operate_request(struct call *call)
{
	enum cspark_operation operation = operate_step(call);
	struct cspark_ask ask;

	if (operation == CSPARK_OP_FILE_GET)
		return file_request(call);
	if (operation == CSPARK_OP_AUTH_CERTS)
		return realm_request(call);
	if (call->route.kind == ROUTE_DROP_IN)
		return drop_in_request(call);
	if (operation == CSPARK_OP_SERVICE_METADATA && call->tenant->kind == CONFIG_HYBRID)
		return runner_metadata_request(call);
	if (operation == CSPARK_OP_TRANSFORM || operation == CSPARK_OP_TRANSFORM_RUN)
		return transform_request(call);
	ask = operate_ask(call, operation);
	return cspark_operation_request(call->tenant->tenant, &ask, &call->error);
}
