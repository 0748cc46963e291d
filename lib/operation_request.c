/*
 * From a row of the operations table and the caller's arguments to a request. The request is one allocation:
 * the struct, its parts, the texts that both point to.
 */
#include "lib/ask.h"
#include "lib/error.h"
#include "lib/operations.h"

/* ---- the path ---- */

static const struct cspark_parameter *
path_parameter(const struct making *making, struct str name)
{
	const struct cspark_parameter *parameter = making->info->parameters;

	for (; parameter->wire; parameter++) {
		if (parameter->place == CSPARK_IN_PATH && str_eq(str_of(parameter->wire), name))
			return parameter;
	}
	return NULL;
}

static void
put_locator(const struct cspark_ask *ask, struct buf *out)
{
	struct str version = ask_argument(ask, STR("version_id")),
		   service = ask_argument(ask, STR("service_id"));

	if (version.at || service.at) {
		buf_put_str(out, version.at ? STR("version/") : STR("service/"));
		str_percent_encode(version.at ? version : service, out);
		return;
	}
	buf_put_str(out, STR("folders/"));
	str_percent_encode(ask_argument(ask, STR("folder")), out);
	buf_put_str(out, STR("/services/"));
	str_percent_encode(ask_argument(ask, STR("service")), out);
}

static void
put_placeholder(struct making *making, struct str name, struct buf *out)
{
	const struct cspark_parameter *parameter;

	if (name.len > 0 && name.at[name.len - 1] == '?')
		name.len--;
	parameter = path_parameter(making, name);
	if (str_eq(name, STR("locator")))
		put_locator(making->ask, out);
	else if (str_eq(name, STR("public")))
		buf_put_str(out, making->ask->is_public ? STR("public/") : STR(""));
	else
		str_percent_encode(
			parameter ? ask_value(making, parameter) : ask_argument(making->ask, name), out);
}

/* "transforms?" is one spelling of two. */
static void
put_literal(struct str text, struct buf *out)
{
	while (text.at) {
		bool more;
		struct str piece = str_cut(text, '?', &text);

		more = text.at != NULL;
		buf_put_str(out, piece);
		if (!more)
			break;
	}
}

static void
put_query(struct making *making, struct buf *out)
{
	char separator = '?';

	for (const struct cspark_parameter *p = making->info->parameters; p->wire; p++) {
		struct str value = p->place == CSPARK_IN_QUERY ? ask_value(making, p) : (struct str){ 0 };

		if (!value.at)
			continue;
		buf_put_char(out, separator);
		buf_put_str(out, str_of(p->wire));
		buf_put_char(out, '=');
		str_percent_encode(value, out);
		separator = '&';
	}
}

static void
put_path(struct making *making, const char *tenant, struct buf *out)
{
	struct str rest = str_of(making->info->path);

	buf_put_char(out, '/');
	if (making->info->base == CSPARK_BASE_TENANT) {
		str_percent_encode(str_of(tenant), out);
		buf_put_char(out, '/');
	}
	while (rest.at) {
		put_literal(str_cut(rest, '{', &rest), out);
		if (rest.at)
			put_placeholder(making, str_cut(rest, '}', &rest), out);
	}
	put_query(making, out);
	buf_put_char(out, '\0');
}

/* ---- all together ---- */

/* The struct and the parts come first, so that they are aligned. */
#define HEAD (sizeof(struct cspark_request) + ASK_PARTS_MAX * sizeof(struct cspark_part))

static struct cspark_request *
make(struct making *making, const char *tenant)
{
	static const char EMPTY[HEAD];
	struct ask_part parts[ASK_PARTS_MAX] = { 0 };
	const struct cspark_operation_info *info = making->info;
	struct cspark_request *request;
	size_t body_at, len, count = 0;
	struct buf buf;

	buf_init(&buf, HEAD + ASK_TEXT_MAX + 6 * making->ask->body.len);
	buf_put(&buf, EMPTY, HEAD);
	put_path(making, tenant, &buf);
	body_at = buf.len;
	ask_put_body(making, &buf);
	len = buf.len - body_at;
	buf_put_char(&buf, '\0');
	if (info->body == CSPARK_BODY_PARTS)
		count = ask_put_parts(making, parts, &buf);
	request = (struct cspark_request *)buf_take(&buf, NULL);
	buf_fini(&buf);
	if (!request)
		return NULL;
	*request = (struct cspark_request){
		.operation = making->ask->operation,
		.is_public = making->ask->is_public,
		.expects_json = info->payload != CSPARK_PAYLOAD_FILE,
		.method = info->method,
		.path = (char *)request + HEAD,
		.body = len ? (char *)request + body_at : NULL,
		.body_len = len,
		.content_type = info->body == CSPARK_BODY_FORM ? "application/x-www-form-urlencoded" :
								 "application/json",
		.parts = count ? (struct cspark_part *)(request + 1) : NULL,
		.part_count = count,
	};
	ask_finish_parts(making->ask, (char *)request, parts, count, (struct cspark_part *)(request + 1));
	return request;
}

struct cspark_request *
cspark_operation_request(const char *tenant, const struct cspark_ask *ask, struct cspark_error *ret_error)
{
	struct making making = {
		.ask = ask, .info = cspark_operation_info(ask->operation), .error = ret_error
	};
	struct cspark_request *request = NULL;

	buf_init(&making.scratch, ASK_TEXT_MAX);
	if (ask_check(&making) && ask_check_path(&making)) {
		request = make(&making, tenant);
		if (!request)
			cspark_refuse(ret_error, CSPARK_E_OVERLOADED,
				"The request is too large, or memory is short.");
	}
	buf_fini(&making.scratch);
	return request;
}
