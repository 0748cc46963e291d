/* Executions through Transform documents: the caller's body as it is, the metadata in a header. */
#include "base/buf.h"
#include "base/json_text.h"
#include "base/utf8.h"
#include "lib/ask.h"
#include "lib/bytes.h"
#include "lib/cspark_operations.h"
#include "lib/envelope.h"
#include "lib/error.h"

#include <string.h>

enum { TRANSFORM_TEXT_MAX = 64 * 1024 };

/* The struct and its list of one line come first, so that they are aligned. */
#define HEAD (sizeof(struct cspark_request) + 2 * sizeof(char *))

/* Of a character of <len> bytes, more than one. */
static uint32_t
code_of(const char *at, size_t len)
{
	uint32_t code = (unsigned char)at[0] & (0x7fu >> len);

	for (size_t i = 1; i < len; i++)
		code = code << 6 | ((unsigned char)at[i] & 0x3f);
	return code;
}

/* A header holds ASCII only: what is not is escaped, as JSON allows inside its strings. So is the quote that
 * the text is put in, which stands nowhere else in JSON. */
static void
put_ascii(struct str text, struct buf *out)
{
	const char *end = text.at + text.len;
	size_t len;

	for (const char *at = text.at; at < end; at += len) {
		uint32_t code;

		len = utf8_len(at, end);
		if (len <= 1) {
			len = 1;
			buf_put_str(out, *at == '\'' ? STR("\\u0027") : str_range(at, 1));
			continue;
		}
		code = code_of(at, len);
		if (code < 0x10000)
			buf_printf(out, "\\u%04x", (unsigned)code);
		else
			buf_printf(out, "\\u%04x\\u%04x", (unsigned)(0xd7c0 + (code >> 10)),
				(unsigned)(0xdc00 | (code & 0x3ff)));
	}
}

/* The metadata of a v4 envelope is all that is not its inputs. */
static void
put_v4_meta(struct str envelope, struct buf *out)
{
	struct json_walk walk;
	struct str key, value;
	char separator = '{';

	json_walk_init(&walk, envelope);
	while (json_walk_next(&walk, &key, &value)) {
		if (str_eq(key, STR("\"inputs\"")))
			continue;
		buf_put_char(out, separator);
		put_ascii(key, out);
		buf_put_char(out, ':');
		put_ascii(value, out);
		separator = ',';
	}
	buf_put_str(out, separator == '{' ? STR("{}") : STR("}"));
}

/* "x-request-meta: '{...}'", as the official SDKs wrap it. */
static bool
put_line(const struct cspark_transform *transform, struct buf *out, struct cspark_error *ret_error)
{
	struct cspark_execute execute = {
		.api = transform->api, .locator = transform->locator, .meta = transform->meta, .checked = true
	};
	struct buf envelope;
	bool ok;

	if (transform->api == CSPARK_V4)
		execute.inputs = (struct cspark_bytes){ "[]", 2 };
	buf_init(&envelope, TRANSFORM_TEXT_MAX);
	ok = cspark_envelope_put(&execute, &envelope, ret_error);
	if (ok && transform->api == CSPARK_V3) {
		buf_put_str(out, STR("x-request-meta: '"));
		put_ascii(json_member(buf_text(&envelope), STR("request_meta")), out);
	} else if (ok) {
		buf_put_str(out, STR("x-meta: '"));
		put_v4_meta(buf_text(&envelope), out);
	}
	buf_put_str(out, STR("'"));
	buf_put_char(out, '\0');
	buf_fini(&envelope);
	return ok;
}

static void
put_segment(struct buf *out, const char *before, struct str name)
{
	buf_put_str(out, str_of(before));
	str_percent_encode(name, out);
}

static void
put_path(const char *tenant, const struct cspark_transform *transform, struct buf *out)
{
	const struct cspark_locator *locator = transform->locator;
	struct str folder = str_of_bytes(transform->folder), name = str_of_bytes(transform->name);

	put_segment(out, "/", str_of(tenant));
	buf_put_str(out, STR("/api/v4/transforms"));
	if (folder.at)
		put_segment(out, "/", folder);
	put_segment(out, "/", name);
	if (!locator) {
		buf_put_str(out, STR("/run"));
	} else {
		put_segment(out, folder.at ? "/for/" : "/for/folders/", str_of(locator->folder));
		put_segment(out, folder.at ? "/" : "/services/", str_of(locator->service));
	}
	buf_put_char(out, '\0');
}

static enum cspark_operation
operation_of(const struct cspark_transform *transform)
{
	if (!transform->locator)
		return CSPARK_OP_TRANSFORM_RUN;
	return transform->folder.at ? CSPARK_OP_TRANSFORM : CSPARK_OP_TRANSFORM_LEGACY;
}

static bool
check_names(const struct cspark_transform *transform, struct cspark_error *ret_error)
{
	const struct cspark_locator *locator = transform->locator;
	struct str folder = str_of_bytes(transform->folder);

	return (folder.at ? ask_check_name(STR("The document's folder"), folder, ret_error) :
			    locator != NULL ||
				       cspark_refuse(ret_error, CSPARK_E_BAD_PARAMETER,
					       "A document that runs alone is named as folder/name.")) &&
		ask_check_name(STR("The document's name"), str_of_bytes(transform->name), ret_error) &&
		(!locator ||
			(ask_check_name(STR("folder"), str_of(locator->folder), ret_error) &&
				ask_check_name(STR("service"), str_of(locator->service), ret_error)));
}

struct cspark_request *
cspark_transform_request(
	const char *tenant, const struct cspark_transform *transform, struct cspark_error *ret_error)
{
	static const char EMPTY[HEAD];
	struct str body = str_of_bytes(transform->body);
	size_t path_at, line_at, body_at;
	struct cspark_request *request;
	const char **lines;
	struct buf buf;

	if (!check_names(transform, ret_error))
		return NULL;
	buf_init(&buf, HEAD + TRANSFORM_TEXT_MAX + body.len);
	buf_put(&buf, &EMPTY, sizeof(EMPTY));
	path_at = buf.len;
	put_path(tenant, transform, &buf);
	line_at = buf.len;
	if (transform->locator && !put_line(transform, &buf, ret_error)) {
		buf_fini(&buf);
		return NULL;
	}
	body_at = buf.len;
	buf_put_str(&buf, body.at ? body : STR("{}"));
	request = (struct cspark_request *)buf_take(&buf, NULL);
	buf_fini(&buf);
	if (!request) {
		cspark_refuse(ret_error, CSPARK_E_INTERNAL, "No memory for the request to Spark.");
		return NULL;
	}
	lines = (const char **)(request + 1);
	lines[0] = transform->locator ? (char *)request + line_at : NULL;
	lines[1] = NULL;
	*request = (struct cspark_request){
		.operation = operation_of(transform),
		.method = "POST",
		.path = (char *)request + path_at,
		.lines = lines,
		.body = (char *)request + body_at,
		.body_len = body.at ? body.len : 2,
		.content_type = "application/json",
	};
	return request;
}
