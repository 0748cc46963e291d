/* Folders: /api/v1/product/... */
#include "base/json_text.h"
#include "sim/compose.h"
#include "sim/exchange.h"
#include "sim/form.h"
#include "sim/listing.h"
#include "sim/member.h"
#include "sim/multipart.h"
#include "sim/operations.h"
#include "sim/refuse.h"
#include "sim/reply.h"

#include <stdio.h>

/* The facts all answers about a folder have, without the braces. */
static void
put_folder(struct exchange *ex, struct buf *out, const struct folder *folder)
{
	char origin[512] = "";
	unsigned services = folder_service_count(folder);

	if (folder->cover)
		origin_of(ex, origin, sizeof(origin));
	compose(out,
		"'id':'%s','name':%q,'status':%q,'category':%q,'description':%q,'coverImagePath':'%s%s%s',"
		"'createdAt':'%s','createdBy':'%s','lastModifiedDate':'%s','isStarred':false,"
		"'kanbanStatus':%q,'startDate':%q,'launchDate':%q,'activeServiceCount':%u,"
		"'totalServiceCount':%u",
		folder->id, folder->name, folder->status, folder->category, folder->description, origin,
		folder->cover ? "/docstore/covers/" : "", folder->cover ? folder->id : "", folder->created,
		USER, folder->modified, folder->status, folder->start, folder->launch, services, services);
}

void
serve_folder_exists(struct exchange *ex)
{
	reply_v1(ex, "%b", store_folder(&ex->world->store, match_arg(&ex->match, "folder")) != NULL);
}

void
serve_folder_get(struct exchange *ex)
{
	struct folder *folder = store_folder(&ex->world->store, match_arg(&ex->match, "folder"));
	struct buf facts, services;
	unsigned count = 0;

	if (!folder) {
		refuse_v1(ex, "PRODUCT_NOT_FOUND", "no folder has this name");
		return;
	}
	buf_init(&facts, 65536);
	buf_init(&services, (size_t)16 << 20);
	put_folder(ex, &facts, folder);
	put_services(&services, folder, &count);
	reply_v1(ex,
		"{%j,'sections':[],'calculationEngines':{'count':%u,'next':'False','previous':null,"
		"'message':'','data':%j,'errorCode':null,'status':'Success'}}",
		buf_text(&facts), count, buf_text(&services));
	buf_fini(&facts);
	buf_fini(&services);
}

void
serve_cover(struct exchange *ex)
{
	struct folder *folder = store_folder_by_id(&ex->world->store, match_arg(&ex->match, "id"));

	if (folder && folder->cover)
		answer_set_file(&ex->answer, 200, "application/octet-stream", blob_ref(folder->cover));
	else
		answer_set(&ex->answer, 404, "application/json", STR("{\"message\":\"Document not found\"}"));
}

/* -- listing -------------------------------------------------------------- */

static bool
passes(const struct folder *folder, const struct list_wish *wish)
{
	return filter_passes(wish->search, "id", folder->id, true) &&
		filter_passes(wish->search, "name", folder->name, false) &&
		filter_passes(wish->search, "status", folder->status, true) &&
		filter_passes(wish->search, "category", folder->category, true) &&
		filter_passes(wish->search, "isstarred", "false", true);
}

void
serve_folder_list(struct exchange *ex)
{
	struct list_wish wish;
	struct list *head = &ex->world->store.folders, *at;
	struct buf out;
	bool back;

	if (!refuse_bad_body(ex, FAMILY_V1) ||
		!list_wish_read(ex, request_body(&ex->request), "pageSize", &wish))
		return;
	/* They lie in the order of their making; "-updated", the usual wish, wants the newest first. */
	back = str_starts(str_of(wish.sort), STR("-"));
	buf_init(&out, (size_t)64 << 20);
	buf_put_char(&out, '[');
	for (at = back ? head->prev : head->next; at != head; at = back ? at->prev : at->next) {
		const struct folder *folder = LIST_ITEM(at, struct folder, node);

		if (!passes(folder, &wish) || !list_wish_takes(&wish))
			continue;
		buf_put_str(&out, out.len > 1 ? STR(",{") : STR("{"));
		put_folder(ex, &out, folder);
		buf_put_char(&out, '}');
	}
	buf_put_char(&out, ']');
	reply_v1_list(ex, buf_text(&out), wish.found);
	buf_fini(&out);
}

/* -- creating and changing ------------------------------------------------ */

/* Stores the part called <name>, if there is one, as the folder's cover. */
static bool
take_cover(struct exchange *ex, struct folder *folder, const char *name)
{
	struct str type = request_header(&ex->request, STR("content-type"));
	struct part part;

	if (!multipart_find(type, request_body(&ex->request), name, &part))
		return false;
	blob_unref(folder->cover);
	folder->cover = blob_of(part.content);
	copy_text(folder->cover_name, sizeof(folder->cover_name), part.file_name);
	stamp_now(folder->modified);
	return true;
}

static void
set_text(const struct request *request, const char *name, char *ret, size_t max)
{
	char text[TEXT_BYTES];

	if (form_text(request, name, text, sizeof(text)) && text[0])
		snprintf(ret, max, "%.*s", (int)max - 1, text);
}

void
serve_folder_create(struct exchange *ex)
{
	const struct request *request = &ex->request;
	char name[NAME_BYTES], origin[512];
	struct folder *folder;
	struct buf path;

	if (!form_is_good(request)) {
		refuse(ex, FAMILY_V1, 400, "INVALID_REQUEST", "the body is no form");
		return;
	}
	form_text(request, "Name", name, sizeof(name));
	if (!name[0]) {
		refuse_v1(ex, "PRODUCT_NAME_REQUIRED", "a folder needs a name");
		return;
	}
	if (store_folder(&ex->world->store, str_of(name))) {
		refuse_v1(ex, "PRODUCT_ALREADY_EXISTS", "a folder with this name exists");
		return;
	}
	folder = store_add_folder(&ex->world->store, name);
	set_text(request, "Description", folder->description, sizeof(folder->description));
	set_text(request, "Category", folder->category, sizeof(folder->category));
	set_text(request, "StartDate", folder->start, sizeof(folder->start));
	set_text(request, "LaunchDate", folder->launch, sizeof(folder->launch));
	set_text(request, "Status", folder->status, sizeof(folder->status));
	take_cover(ex, folder, "CoverImage");
	origin_of(ex, origin, sizeof(origin));
	buf_init(&path, 4096);
	str_percent_encode(str_of(name), &path);
	buf_put_char(&path, 0);
	reply_v1(ex, "{'folderId':'%s','get_product_url':'%s/api/v1/product/GetProduct/%s'}", folder->id,
		origin, path.data);
	buf_fini(&path);
}

static bool
change_text(struct str body, const char *name, char *ret, size_t max)
{
	char text[TEXT_BYTES];

	if (!member_text(body, name, text, sizeof(text)))
		return false;
	if (text[0])
		snprintf(ret, max, "%.*s", (int)max - 1, text);
	return true;
}

void
serve_folder_update(struct exchange *ex)
{
	struct folder *folder = store_folder_by_id(&ex->world->store, match_arg(&ex->match, "id"));
	struct str body = request_body(&ex->request);
	char name[NAME_BYTES];
	struct folder *other;

	if (!refuse_bad_body(ex, FAMILY_V1))
		return;
	if (!folder) {
		refuse_v1(ex, "PRODUCT_NOT_FOUND", "no folder has this id");
		return;
	}
	if (!member_text(body, "name", name, sizeof(name)))
		name[0] = 0;
	other = store_folder(&ex->world->store, str_of(name));
	if (other && other != folder) {
		refuse_v1(ex, "PRODUCT_ALREADY_EXISTS", "a folder with this name exists");
		return;
	}
	if (!change_text(body, "description", folder->description, sizeof(folder->description)) ||
		!change_text(body, "category", folder->category, sizeof(folder->category)) ||
		!change_text(body, "startDate", folder->start, sizeof(folder->start)) ||
		!change_text(body, "launchDate", folder->launch, sizeof(folder->launch)) ||
		!change_text(body, "status", folder->status, sizeof(folder->status))) {
		refuse_v1(ex, "INVALID_REQUEST", "a text is too long");
		return;
	}
	if (name[0])
		memcpy(folder->name, name, sizeof(folder->name));
	stamp_now(folder->modified);
	reply_v1(ex, "null");
}

void
serve_folder_delete(struct exchange *ex)
{
	struct folder *folder = store_folder_by_id(&ex->world->store, match_arg(&ex->match, "id"));

	if (!folder) {
		refuse_v1(ex, "PRODUCT_NOT_FOUND", "no folder has this id");
		return;
	}
	store_drop_folder(folder);
	reply_v1(ex, "null");
}

void
serve_folder_cover(struct exchange *ex)
{
	struct folder *folder;
	char id[UUID_BYTES];

	if (!form_is_good(&ex->request)) {
		refuse(ex, FAMILY_V1, 400, "INVALID_REQUEST", "the body is no form");
		return;
	}
	form_text(&ex->request, "id", id, sizeof(id));
	folder = store_folder_by_id(&ex->world->store, str_of(id));
	if (!folder)
		refuse_v1(ex, "PRODUCT_NOT_FOUND", "no folder has this id");
	else if (!take_cover(ex, folder, "coverImage"))
		refuse_v1(ex, "INVALID_REQUEST", "coverImage is missing");
	else
		reply_v1(ex, "null");
}
