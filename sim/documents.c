#include "sim/documents.h"

#include "sim/exchange.h"
#include "sim/operations.h"
#include "sim/stamp.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define DOCUMENTS_MAX 1000

struct document {
	struct list node;
	char token[UUID_BYTES];
	long until_ms;
	const char *type;
	struct blob *file;
};

void
documents_init(struct documents *documents, double lifetime_s)
{
	*documents = (struct documents){ .lifetime_s = lifetime_s };
	list_init(&documents->list);
}

static void
drop_oldest(struct documents *documents)
{
	struct document *document = LIST_ITEM(list_pop(&documents->list), struct document, node);

	documents->count--;
	blob_unref(document->file);
	free(document);
}

void
documents_clear(struct documents *documents)
{
	while (!list_empty(&documents->list))
		drop_oldest(documents);
}

void
origin_of(struct exchange *ex, char *ret, size_t max)
{
	struct str host = request_header(&ex->request, STR("host"));
	size_t i;

	/* What no address can hold ends it: it goes into answers as it is. */
	for (i = 0; i < host.len && (isalnum((unsigned char)host.at[i]) || strchr(".:-[]", host.at[i])); i++)
		continue;
	snprintf(ret, max, "%s://%.*s", ex->wire->tls ? "https" : "http", (int)i, host.at ? host.at : "");
}

void
document_publish(
	struct exchange *ex, struct blob *file, const char *name, const char *type, char *ret_url, size_t max)
{
	struct documents *documents = &ex->world->documents;
	struct document *document = calloc(1, sizeof(*document));
	char origin[512];
	struct buf path;

	if (!document)
		abort();
	if (documents->count == DOCUMENTS_MAX)
		drop_oldest(documents);
	stamp_uuid(document->token);
	document->type = type;
	document->file = file;
	document->until_ms = stamp_ms() + (long)(documents->lifetime_s * 1000);
	list_append(&documents->list, &document->node);
	documents->count++;
	origin_of(ex, origin, sizeof(origin));
	buf_init(&path, 4096);
	str_percent_encode(str_of(name), &path);
	snprintf(ret_url, max, "%s/docstore/api/v1/documents/versions/tokens/%s/%.*s", origin,
		document->token, STR_ARG(buf_text(&path)));
	buf_fini(&path);
}

void
serve_document(struct exchange *ex)
{
	struct str token = match_arg(&ex->match, "token");
	struct list *at;

	for (at = ex->world->documents.list.next; at != &ex->world->documents.list; at = at->next) {
		struct document *document = LIST_ITEM(at, struct document, node);

		if (!str_eq(token, str_of(document->token)) || document->until_ms <= stamp_ms())
			continue;
		answer_set_file(&ex->answer, 200, document->type, blob_ref(document->file));
		return;
	}
	answer_set(&ex->answer, 404, "application/json", STR("{\"message\":\"Document not found\"}"));
}
