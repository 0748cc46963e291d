/* Categories of folders: /api/v1/lookup/... */
#include "sim/compose.h"
#include "sim/exchange.h"
#include "sim/member.h"
#include "sim/operations.h"
#include "sim/refuse.h"
#include "sim/reply.h"

#include <stdio.h>

/* All of them; listing and changing them spell the members differently. */
static void
put_all(const struct store *store, const char *template, struct buf *out)
{
	struct list *at;

	buf_put_char(out, '[');
	for (at = store->categories.next; at != &store->categories; at = at->next) {
		const struct category *category = LIST_ITEM(at, struct category, node);

		if (out->len > 1)
			buf_put_char(out, ',');
		compose(out, template, category->key, category->value, category->icon);
	}
	buf_put_char(out, ']');
}

void
serve_category_list(struct exchange *ex)
{
	struct buf all;

	buf_init(&all, (size_t)1 << 20);
	put_all(&ex->world->store, "{'key':%q,'value':%q,'icon':%q}", &all);
	reply_v1(ex, "%j", buf_text(&all));
	buf_fini(&all);
}

static void
reply_changed(struct exchange *ex)
{
	struct buf all;

	buf_init(&all, (size_t)1 << 20);
	put_all(&ex->world->store, "{'Key':%q,'Value':%q,'Icon':%q}", &all);
	reply_v1(ex, "{'Metadata.ProductCategories':%j}", buf_text(&all));
	buf_fini(&all);
}

void
serve_category_save(struct exchange *ex)
{
	struct str body = request_body(&ex->request);
	char key[NAME_BYTES], value[NAME_BYTES], icon[NAME_BYTES];
	struct category *category;

	if (!refuse_bad_body(ex, FAMILY_V1))
		return;
	if (!member_text(body, "key", key, sizeof(key)) ||
		!member_text(body, "value", value, sizeof(value)) ||
		!member_text(body, "icon", icon, sizeof(icon)) || !value[0]) {
		refuse_v1(ex, "INVALID_REQUEST", "a category needs a value");
		return;
	}
	if (!key[0])
		stamp_uuid(key);
	category = store_category(&ex->world->store, str_of(key));
	if (category) {
		snprintf(category->value, sizeof(category->value), "%s", value);
		snprintf(category->icon, sizeof(category->icon), "%s", icon[0] ? icon : "other.svg");
	} else {
		store_add_category(&ex->world->store, key, value, icon[0] ? icon : "other.svg");
	}
	reply_changed(ex);
}

void
serve_category_delete(struct exchange *ex)
{
	struct category *category = store_category(&ex->world->store, match_arg(&ex->match, "key"));

	if (!category) {
		refuse_v1(ex, "CATEGORY_NOT_FOUND", "no category has this key");
		return;
	}
	store_drop_category(category);
	reply_changed(ex);
}
