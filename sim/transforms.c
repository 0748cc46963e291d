/* Transforms: documents, and executing a service through one. Rules are not carried out: what goes in comes
 * to the service as it is. */
#include "base/json_text.h"
#include "sim/catalog.h"
#include "sim/compose.h"
#include "sim/exchange.h"
#include "sim/execute.h"
#include "sim/listing.h"
#include "sim/member.h"
#include "sim/multipart.h"
#include "sim/operations.h"
#include "sim/refuse.h"
#include "sim/reply.h"
#include "sim/transform_text.h"

#include <stdio.h>
#include <stdlib.h>

#define DOCUMENT_MAX_BYTES ((size_t)4 << 20)
#define FILE_SUFFIX        "_transform.json"

static void
reply_about(struct exchange *ex, const struct transform *transform)
{
	char now[STAMP_BYTES];

	stamp_now(now);
	reply_v4(ex,
		"{'object':'transform','id':'%s','status':'Success','response_timestamp':'%s',"
		"'process_time':1,"
		"'outputs':{'name':%q,'transform_uri':%U}}",
		transform->id, now, transform->name, transform->folder, transform->name, NULL);
}

static struct transform *
find(struct exchange *ex)
{
	struct transform *transform = store_transform(&ex->world->store,
		match_arg(&ex->match, "transform_folder"), match_arg(&ex->match, "transform_name"));

	if (!transform)
		refuse(ex, FAMILY_V4, 404, "TRANSFORM_NOT_FOUND", "no such transform");
	return transform;
}

/* -- documents ------------------------------------------------------------ */

static void
save(struct exchange *ex, struct str folder, struct str name, struct str document)
{
	struct store *store = &ex->world->store;
	struct transform *transform = store_transform(store, folder, name);
	char type[NAME_BYTES];
	const char *wrong = transform_judge(document, type, sizeof(type));

	if (wrong || folder.len >= NAME_BYTES || name.len >= NAME_BYTES) {
		refuse(ex, FAMILY_V4, 500, "INVALID_TRANSFORM", wrong ? wrong : "the name is too long");
		return;
	}
	if (!transform)
		transform = store_add_transform(store, folder, name);
	memcpy(transform->type, type, sizeof(transform->type));
	stamp_now(transform->updated);
	blob_unref(transform->document);
	transform->document = blob_of(document);
	reply_about(ex, transform);
}

/* The text of transform_content; false once refused. */
static bool
read_content(struct exchange *ex, struct buf *ret)
{
	struct str content = json_member(request_body(&ex->request), STR("transform_content"));

	if (!refuse_bad_body(ex, FAMILY_V4))
		return false;
	if (content.at && json_kind_of(content) == JSON_STRING && json_unquote(content, ret) &&
		!buf_failed(ret))
		return true;
	refuse(ex, FAMILY_V4, 500, "INVALID_REQUEST", "transform_content is missing or no text");
	return false;
}

void
serve_transform_save(struct exchange *ex)
{
	struct buf document;

	buf_init(&document, DOCUMENT_MAX_BYTES);
	if (read_content(ex, &document))
		save(ex, match_arg(&ex->match, "transform_folder"), match_arg(&ex->match, "transform_name"),
			buf_text(&document));
	buf_fini(&document);
}

void
serve_transform_upload(struct exchange *ex)
{
	struct str type = request_header(&ex->request, STR("content-type"));
	struct str suffix = STR(FILE_SUFFIX), name;
	struct part file;

	if (!multipart_find(type, request_body(&ex->request), "file", &file)) {
		refuse(ex, FAMILY_V4, 500, "INVALID_REQUEST", "file is missing");
		return;
	}
	name = file.file_name;
	if (name.len <= suffix.len || !str_ends(name, suffix)) {
		refuse(ex, FAMILY_V4, 500, "INVALID_REQUEST", "the file is not called ..." FILE_SUFFIX);
		return;
	}
	name.len -= suffix.len;
	save(ex, match_arg(&ex->match, "transform_folder"), name, file.content);
}

void
serve_transform_validate(struct exchange *ex)
{
	char type[NAME_BYTES], now[STAMP_BYTES];
	struct buf document, error;
	const char *wrong;

	stamp_now(now);
	buf_init(&document, DOCUMENT_MAX_BYTES);
	buf_init(&error, 65536);
	if (read_content(ex, &document)) {
		wrong = transform_judge(buf_text(&document), type, sizeof(type));
		if (wrong)
			compose(&error, "[{'code':'INVALID_TRANSFORM','type':'invalid_input','message':%q}]",
				wrong);
		reply_v4(ex,
			"{'object':'transform','id':null,'status':'Success','response_timestamp':'%s',"
			"'process_time':1,'outputs':{'isValid':%b,'error':%j}}",
			now, !wrong, buf_text(&error));
	}
	buf_fini(&document);
	buf_fini(&error);
}

void
serve_transform_get(struct exchange *ex)
{
	struct transform *transform = find(ex);
	char now[STAMP_BYTES];

	if (!transform)
		return;
	stamp_now(now);
	reply_v4(ex,
		"{'object':'transform','id':'%s','status':'Success','response_timestamp':'%s',"
		"'process_time':1,"
		"'outputs':{'transform_document':%S,'updatedAt':'%s'}}",
		transform->id, now, blob_text(transform->document), transform->updated);
}

void
serve_transform_delete(struct exchange *ex)
{
	struct transform *transform = find(ex);

	if (!transform)
		return;
	reply_about(ex, transform);
	store_drop_transform(transform);
}

/* The Python SDK puts the wishes into request_data, the others do not. */
void
serve_transform_list(struct exchange *ex)
{
	struct str body = request_body(&ex->request), data = json_member(body, STR("request_data"));
	const struct list *head = &ex->world->store.transforms, *at;
	struct list_wish wish;
	struct buf out;

	if (!refuse_bad_body(ex, FAMILY_V4) ||
		!list_wish_read(
			ex, json_kind_of(data) == JSON_OBJECT && data.at ? data : body, "pageSize", &wish))
		return;
	buf_init(&out, (size_t)16 << 20);
	buf_put_char(&out, '[');
	for (at = head->prev; at != head; at = at->prev) {
		const struct transform *transform = LIST_ITEM(at, struct transform, node);

		if (!str_eq(match_arg(&ex->match, "transform_folder"), str_of(transform->folder)) ||
			!filter_passes(wish.search, "transform_type", transform->type, true) ||
			!filter_passes(wish.search, "name", transform->name, false) ||
			!list_wish_takes(&wish))
			continue;
		compose(&out,
			"%s{'id':'%s','name':%q,'transform_type':%q,'createdAt':'%s','createdBy':'%s',"
			"'updatedAt':'%s','modifiedBy':'%s'}",
			out.len > 1 ? "," : "", transform->id, transform->name, transform->type,
			transform->created, USER, transform->updated, USER);
	}
	buf_put_char(&out, ']');
	reply_v4(ex, "{'count':%u,'page':%l,'pageSize':%l,'result':%j}", wish.found, wish.page, wish.size,
		buf_text(&out));
	buf_fini(&out);
}

/* -- executing ------------------------------------------------------------ */

/* The document of the path, a reference; NULL if there is none. */
static struct blob *
document_of(struct exchange *ex, char *ret_type)
{
	struct transform *transform;
	struct blob *document = NULL;

	pthread_mutex_lock(&ex->world->store.lock);
	transform = store_transform(&ex->world->store, match_arg(&ex->match, "transform_folder"),
		match_arg(&ex->match, "transform_name"));
	if (transform) {
		document = blob_ref(transform->document);
		memcpy(ret_type, transform->type, sizeof(transform->type));
	}
	pthread_mutex_unlock(&ex->world->store.lock);
	return document;
}

/* Whatever comes in as the body of a v3 call. */
static void
put_v3_body(struct buf *out, struct str body)
{
	struct str inputs = json_member(body, STR("inputs"));

	if (json_member(body, STR("request_data")).at)
		buf_put_str(out, body);
	else
		compose(out, "{'request_data':{'inputs':%j}}", inputs.at ? inputs : body);
}

static void
execute_v3(struct exchange *ex, struct located *located, struct str meta)
{
	struct str body = request_body(&ex->request), own = json_member(body, STR("request_meta"));
	struct buf plain;

	buf_init(&plain, HTTP_MAX_BODY);
	put_v3_body(&plain, body);
	execute_one(ex, located, str_eq(meta, STR("{}")) && own.at ? own : meta, buf_text(&plain));
	buf_fini(&plain);
}

static void
execute_v4(struct exchange *ex, const struct located *located, struct str meta)
{
	struct str body = request_body(&ex->request), inputs = json_member(body, STR("inputs"));
	struct buf list;

	if (!inputs.at)
		inputs = body;
	buf_init(&list, HTTP_MAX_BODY);
	if (json_kind_of(inputs) == JSON_ARRAY)
		buf_put_str(&list, inputs);
	else
		compose(&list, "[%j]", inputs);
	execute_many(ex, located, str_eq(meta, STR("{}")) ? body : meta, buf_text(&list));
	buf_fini(&list);
}

static void
execute(struct exchange *ex, bool v4)
{
	struct str header = request_header(&ex->request, v4 ? STR("x-meta") : STR("x-request-meta"));
	struct located located;
	struct buf meta;

	buf_init(&meta, 65536);
	locate_by_route(ex, &located);
	execute_settle(ex, &located);
	if (!transform_read_meta(header, &meta))
		refuse(ex, v4 ? FAMILY_V4 : FAMILY_V3, 400, "INVALID_REQUEST_META",
			"x-meta is no JSON object");
	else if (v4)
		execute_v4(ex, &located, buf_text(&meta));
	else
		execute_v3(ex, &located, buf_text(&meta));
	buf_fini(&meta);
}

/* Documents of the old area are not to be had by this API: there is one of every name, and the header that is
 * there tells the target. */
void
serve_transform_execute_legacy(struct exchange *ex)
{
	if (refuse_bad_json(ex, FAMILY_V4))
		execute(ex, request_header(&ex->request, STR("x-meta")).at != NULL);
}

void
serve_transform_execute(struct exchange *ex)
{
	char type[NAME_BYTES];
	struct blob *document;

	if (!refuse_bad_json(ex, FAMILY_V4))
		return;
	document = document_of(ex, type);
	if (document)
		execute(ex, transform_wants_v4(blob_text(document)));
	else
		refuse(ex, FAMILY_V4, 404, "TRANSFORM_NOT_FOUND", "no such transform");
	blob_unref(document);
}

/* A Node.js transform without a service gives back what it got. */
void
serve_transform_run(struct exchange *ex)
{
	char type[NAME_BYTES];
	struct blob *document;

	if (!refuse_bad_json(ex, FAMILY_V4))
		return;
	document = document_of(ex, type);
	if (!document) {
		refuse(ex, FAMILY_V4, 404, "TRANSFORM_NOT_FOUND", "no such transform");
	} else if (!transform_is_node(type)) {
		refuse(ex, FAMILY_V4, 500, "INVALID_TRANSFORM",
			"only a Node.js transform runs without a service");
	} else {
		reply_v4(ex, "%j", request_body(&ex->request));
		ex->good = true;
	}
	blob_unref(document);
}
