/*
 * A request is one allocation: the structs, then the strings, then the body.
 */
#include "base/buf.h"
#include "base/str.h"
#include "lib/bytes.h"
#include "lib/cspark.h"
#include "lib/envelope.h"
#include "lib/error.h"
#include "lib/locator.h"
#include "lib/operations.h"

#include <stdlib.h>

/* Metadata values, six bytes for one at worst (\u00xx), names, locator and path. */
#define ENVELOPE_MAX (128 * 1024)
/* What a usual envelope takes; more is no harm, it grows. */
#define ENVELOPE_USUAL 768

/* Ids and proxy endpoints are executed at their own path; only the named form has an endpoint. */
static void
put_locator(struct buf *out, const struct cspark_locator *locator, enum cspark_operation operation)
{
	cspark_locator_put_v3(locator, out);
	if (locator->kind == CSPARK_FOLDER_SERVICE && operation == CSPARK_OP_EXECUTE_V3)
		buf_put_str(out, STR("/execute"));
}

/* Fills in the template of the operations table. */
static void
put_path(struct buf *out, const char *tenant, enum cspark_operation operation,
	const struct cspark_locator *locator)
{
	struct str rest = str_of(cspark_operation_path(operation));

	buf_put_char(out, '/');
	if (cspark_operation_has_tenant(operation)) {
		str_percent_encode(str_of(tenant), out);
		buf_put_char(out, '/');
	}
	while (rest.at) {
		struct str name, text = str_cut(rest, '{', &rest);

		buf_put_str(out, text);
		if (!rest.at)
			break;
		name = str_cut(rest, '}', &rest);
		if (str_eq(name, STR("locator")))
			put_locator(out, locator, operation);
		else if (locator->is_public)
			buf_put_str(out, STR("public/"));
	}
	buf_put_char(out, '\0');
}

static size_t
texts_len(const struct cspark_execute *execute)
{
	size_t len = execute->inputs.len + execute->request_data.len;

	return execute->meta ? len + execute->meta->more.len + execute->meta->own.len : len;
}

/* A request, and the file its body may be in. */
struct made {
	struct cspark_request request;
	struct cspark_source source;
};

/* Room for the structs, to be filled in at the end, when the buffer has stopped moving. */
static void
begin_request(struct buf *buf, size_t usual, size_t max)
{
	static const struct made EMPTY;

	buf_init(buf, sizeof(EMPTY) + max);
	(void)buf_reserve(buf, sizeof(EMPTY) + usual);
	buf_put(buf, &EMPTY, sizeof(EMPTY));
}

struct cspark_request *
cspark_execute_request(
	const char *tenant, const struct cspark_execute *execute, struct cspark_error *ret_error)
{
	enum cspark_operation operation = execute->validates && execute->is_hybrid ?
		CSPARK_OP_HYBRID_VALIDATE :
		execute->validates        ? CSPARK_OP_VALIDATE :
		execute->opens_batch      ? CSPARK_OP_BATCH_CREATE :
		execute->api == CSPARK_V4 ? CSPARK_OP_EXECUTE_V4 :
					    CSPARK_OP_EXECUTE_V3;
	struct cspark_request *request = NULL;
	size_t texts = texts_len(execute), body_at, len;
	struct buf buf;

	begin_request(&buf, texts + ENVELOPE_USUAL, texts + ENVELOPE_MAX);
	put_path(&buf, tenant, operation, execute->locator);
	body_at = buf.len;
	if (!cspark_envelope_put(execute, &buf, ret_error))
		goto out;
	request = (struct cspark_request *)buf_take(&buf, &len);
	if (!request) {
		cspark_refuse(ret_error, CSPARK_E_INTERNAL, "No memory for the request to Spark.");
		goto out;
	}
	*request = (struct cspark_request){
		.operation = operation,
		.is_public = execute->locator->is_public,
		.expects_json = true,
		.method = cspark_operation_method(operation),
		.path = (char *)request + sizeof(struct made),
		.body = (char *)request + body_at,
		.body_len = len - body_at,
		.content_type = "application/json",
	};
out:
	buf_fini(&buf);
	return request;
}

static struct cspark_request *
make_raw(const char *method, struct cspark_bytes path, struct cspark_bytes body, const char *content_type)
{
	struct str type = content_type ? str_of(content_type) : (struct str){ 0 };
	size_t method_at, type_at, body_at, room = strlen(method) + path.len + type.len + body.len + 3;
	struct made *made;
	struct buf buf;

	begin_request(&buf, room, room);
	buf_put(&buf, path.at, path.len);
	buf_put_char(&buf, '\0');
	method_at = buf.len;
	buf_put(&buf, method, strlen(method) + 1);
	type_at = buf.len;
	buf_put_str(&buf, type);
	buf_put_char(&buf, '\0');
	body_at = buf.len;
	buf_put(&buf, body.at, body.len);
	made = (struct made *)buf_take(&buf, NULL);
	if (!made)
		return NULL;
	*made = (struct made){ .request = {
				       .method = (char *)made + method_at,
				       .path = (char *)made + sizeof(struct made),
				       .body = body.at ? (char *)made + body_at : NULL,
				       .body_len = body.len,
				       .content_type = content_type ? (char *)made + type_at : NULL,
			       } };
	return &made->request;
}

struct cspark_request *
cspark_raw_request(enum cspark_operation operation, bool is_public, const char *method,
	struct cspark_bytes path, struct cspark_bytes body, const char *content_type)
{
	struct cspark_request *request = make_raw(method, path, body, content_type);

	if (!request)
		return NULL;
	request->operation = operation;
	request->is_public = is_public;
	request->expects_json = cspark_operation_class(operation) == CSPARK_CLASS_EXECUTE;
	return request;
}

struct cspark_request *
cspark_raw_file_request(enum cspark_operation operation, bool is_public, const char *method,
	struct cspark_bytes path, const struct cspark_source *source, const char *content_type)
{
	const struct cspark_bytes none = { 0 };
	struct cspark_request *request = cspark_raw_request(
		operation, is_public, method, path, none, content_type);
	struct made *made = (struct made *)request;

	if (!request)
		return NULL;
	made->source = *source;
	request->source = &made->source;
	return request;
}

void
cspark_request_free(struct cspark_request *request)
{
	free(request);
}
