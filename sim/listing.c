#include "sim/listing.h"

#include "base/buf.h"
#include "base/json_text.h"
#include "sim/compose.h"
#include "sim/exchange.h"
#include "sim/member.h"
#include "sim/operations.h"
#include "sim/refuse.h"
#include "sim/reply.h"

bool
list_wish_read(struct exchange *ex, struct str body, const char *size_name, struct list_wish *ret)
{
	*ret = (struct list_wish){ .search = json_member(body, STR("search")), .page = 1, .size = 100 };
	if (member_long(body, "page", &ret->page) && member_long(body, size_name, &ret->size) &&
		member_text(body, "sort", ret->sort, sizeof(ret->sort)) && ret->page >= 1 &&
		(json_is_null(ret->search) || json_kind_of(ret->search) == JSON_ARRAY))
		return true;
	refuse(ex, ex->match.route->family, 400, "INVALID_REQUEST", "page, size or search make no sense");
	return false;
}

bool
list_wish_takes(struct list_wish *wish)
{
	long at = wish->found++;

	return wish->size < 1 || (at >= (wish->page - 1) * wish->size && at < wish->page * wish->size);
}

bool
filter_passes(struct str search, const char *field, const char *text, bool whole)
{
	struct json_walk walk;
	struct str filter;
	char name[80], value[TEXT_BYTES];

	json_walk_init(&walk, search);
	while (json_walk_next(&walk, NULL, &filter)) {
		if (!member_text(filter, "field", name, sizeof(name)) ||
			!str_eq_nocase(str_of(name), str_of(field)))
			continue;
		if (!member_text(filter, "value", value, sizeof(value)))
			return false;
		if (whole ? !str_eq_nocase(str_of(value), str_of(text)) : !strcasestr(text, value))
			return false;
	}
	return true;
}

unsigned
folder_service_count(const struct folder *folder)
{
	struct list *at;
	unsigned count = 0;

	for (at = folder->services.next; at != &folder->services; at = at->next)
		count += service_latest(LIST_ITEM(at, struct service, node)) != NULL;
	return count;
}

static void
put_service(struct buf *out, const struct service *service, const struct version *version)
{
	compose(out,
		"{'id':'%s','serviceId':'%s','serviceName':%q,'productName':%q,'versionId':'%s',"
		"'revision':'%s',"
		"'effectiveStartDate':%q,'effectiveEndDate':%q,'lastModifiedDate':'%s','createdBy':'%s',"
		"'serviceStatus':'active','tags':%q}",
		service->id, service->id, service->name, service->folder->name, version->id, version->number,
		version->start, version->end, version->created, USER,
		version->tags[0] ? version->tags : NULL);
}

void
put_services(struct buf *out, const struct folder *folder, unsigned *ret_count)
{
	struct list *at;

	*ret_count = 0;
	buf_put_char(out, '[');
	for (at = folder->services.next; at != &folder->services; at = at->next) {
		const struct service *service = LIST_ITEM(at, struct service, node);

		if (!service_latest(service))
			continue;
		buf_put_str(out, (*ret_count)++ ? STR(",") : STR(""));
		put_service(out, service, service_latest(service));
	}
	buf_put_char(out, ']');
}

void
serve_service_list(struct exchange *ex)
{
	struct folder *folder = store_folder(&ex->world->store, match_arg(&ex->match, "folder"));
	struct list_wish wish;
	struct list *at;
	struct buf out;

	if (!refuse_bad_body(ex, FAMILY_V1) ||
		!list_wish_read(ex, request_body(&ex->request), "pageSize", &wish))
		return;
	if (!folder) {
		refuse_v1(ex, "PRODUCT_NOT_FOUND", "no folder has this name");
		return;
	}
	buf_init(&out, (size_t)64 << 20);
	buf_put_char(&out, '[');
	for (at = folder->services.next; at != &folder->services; at = at->next) {
		const struct service *service = LIST_ITEM(at, struct service, node);

		if (!service_latest(service) || !filter_passes(wish.search, "name", service->name, false) ||
			!filter_passes(wish.search, "serviceName", service->name, false) ||
			!list_wish_takes(&wish))
			continue;
		buf_put_str(&out, out.len > 1 ? STR(",") : STR(""));
		put_service(&out, service, service_latest(service));
	}
	buf_put_char(&out, ']');
	reply_v1_list(ex, buf_text(&out), wish.found);
	buf_fini(&out);
}

/* -- search --------------------------------------------------------------- */

/* What may be asked for, in lower case, and how it is answered. */
static const struct {
	const char *wish;
	const char *name;
} fields[] = {
	{ "id", "id" },
	{ "foldername", "folderName" },
	{ "filename", "fileName" },
	{ "version", "version" },
	{ "modifieddate", "modifiedDate" },
	{ "versionid", "versionId" },
	{ "tags", "tags" },
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static const char *
field_of(const struct version *version, size_t i)
{
	const struct service *service = version->service;
	const char *values[FIELDS] = { service->id, service->folder->name, service->name, version->number,
		version->created, version->id, version->tags };

	return values[i];
}

static bool
is_wanted(struct str wanted, const char *field)
{
	struct json_walk walk;
	struct str value;
	char name[80];

	if (json_kind_of(wanted) != JSON_ARRAY || json_count(wanted) == 0)
		return true;
	json_walk_init(&walk, wanted);
	while (json_walk_next(&walk, NULL, &value))
		if (value_text(value, name, sizeof(name)) && str_eq_nocase(str_of(name), str_of(field)))
			return true;
	return false;
}

static void
put_found(struct buf *out, struct list_wish *wish, struct str wanted, const struct version *version)
{
	const char *comma = "";
	size_t i;

	for (i = 0; i < FIELDS; i++)
		if (!filter_passes(wish->search, fields[i].wish, field_of(version, i), i == 0) ||
			!filter_passes(wish->search, "name", version->service->name, false))
			return;
	if (!list_wish_takes(wish))
		return;
	buf_put_str(out, out->len > 1 ? STR(",{") : STR("{"));
	for (i = 0; i < FIELDS; i++) {
		if (!is_wanted(wanted, fields[i].wish))
			continue;
		compose(out, "%s'%s':%q", comma, fields[i].name, field_of(version, i));
		comma = ",";
	}
	buf_put_char(out, '}');
}

static void
reply_found(struct exchange *ex, struct str found, const struct list_wish *wish)
{
	long pages = wish->size < 1 ? 1 : ((long)wish->found + wish->size - 1) / wish->size;
	char now[STAMP_BYTES];

	stamp_now(now);
	answer_reset(&ex->answer, 200, JSON_TYPE);
	compose(&ex->answer.body,
		"{'status':'Success','error':null,'response_data':%j,'response_meta':{'count':%u,'page':%l,"
		"'page_size':%l,'page_total':%l,'next':null,'previous':null,'system':'SPARK',"
		"'request_timestamp':'%s'}}",
		found, wish->found, wish->page, wish->size, pages, now);
}

void
serve_search(struct exchange *ex)
{
	struct str data = json_member(request_body(&ex->request), STR("request_data"));
	struct str wanted = json_member(data, STR("fields"));
	struct list_wish wish;
	struct list *f, *s;
	struct buf out;

	if (!refuse_bad_body(ex, FAMILY_V3) || !list_wish_read(ex, data, "page_size", &wish))
		return;
	buf_init(&out, (size_t)64 << 20);
	buf_put_char(&out, '[');
	for (f = ex->world->store.folders.next; f != &ex->world->store.folders; f = f->next) {
		struct folder *folder = LIST_ITEM(f, struct folder, node);

		for (s = folder->services.next; s != &folder->services; s = s->next) {
			const struct version *latest = service_latest(LIST_ITEM(s, struct service, node));

			if (latest)
				put_found(&out, &wish, wanted, latest);
		}
	}
	buf_put_char(&out, ']');
	reply_found(ex, buf_text(&out), &wish);
	buf_fini(&out);
}
