#include "daemon/openapi.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/version.h"
#include "daemon/jot.h"
#include "daemon/openapi_own.h"
#include "lib/cspark_operations.h"

static const struct str DESCRIPTION = STR(
	"A local gateway for Coherent Spark: it holds the credentials, keeps the token fresh, sends the "
	"call, retries what may be retried and answers with what was asked for. A query parameter may be "
	"written without its leading underscore, but for executions. Spark's own paths are served too, as "
	"Spark documents them. What a listener allows is its operator's choice: x-spark.group names the word "
	"that its setting `allow` needs.");

/* ---- words ---- */

const char *
openapi_group_name(enum cspark_operation operation)
{
	static const char *const NAMES[] = { "execute", "read", "manage", "raw", "ops" };

	return NAMES[__builtin_ctz(cspark_operation_info(operation)->group)];
}

const char *
openapi_class_name(enum cspark_operation operation)
{
	static const char *const NAMES[] = { [CSPARK_CLASS_READ] = "read",
		[CSPARK_CLASS_EXECUTE] = "execute",
		[CSPARK_CLASS_CHANGE] = "change",
		[CSPARK_CLASS_TAKE] = "take" };

	return NAMES[cspark_operation_info(operation)->class];
}

void
openapi_spark_call(enum cspark_operation operation, struct buf *out)
{
	static const char *const BASES[] = { [CSPARK_BASE_TENANT] = "/{tenant}/",
		[CSPARK_BASE_HOST] = "/",
		[CSPARK_BASE_REALM] = "/auth/realms/{tenant}/" };
	const struct cspark_operation_info *info = cspark_operation_info(operation);

	if (info->base == CSPARK_BASE_JOB)
		buf_put_str(out, STR("several calls"));
	else if (info->base == CSPARK_BASE_FILE)
		buf_put_str(out, STR("GET the URL"));
	else
		buf_printf(out, "%s %s%s", info->method, BASES[info->base], info->path);
}

/* ---- entries ---- */

/* Whether two paths differ at most in what stands between braces: for OpenAPI they are one. */
static bool
is_same_path(const char *a, const char *b)
{
	while (*a && *a == *b) {
		if (*a == '{') {
			a = strchr(a, '}');
			b = strchr(b, '}');
		}
		a++;
		b++;
	}
	return *a == *b;
}

static void
add(struct openapi_entries *entries, const struct openapi_entry *entry)
{
	struct openapi_entry *added = &entries->list[entries->count];

	assert(entries->count < OPENAPI_ENTRIES_MAX);
	*added = *entry;
	added->shared = added->path;
	for (size_t i = 0; i < entries->count; i++) {
		if (is_same_path(entries->list[i].path, added->path)) {
			added->shared = entries->list[i].shared;
			break;
		}
	}
	entries->count++;
}

void
openapi_add(struct openapi_entries *entries, struct openapi_entry entry, const char *path,
	const struct openapi_locator *locators)
{
	const char *rest = strstr(path, "{locator}");

	for (; rest && locators->form; locators++) {
		snprintf(entry.path, sizeof(entry.path), "%.*s%s%s", (int)(rest - path), path, locators->form,
			rest + strlen("{locator}"));
		entry.suffix = locators->suffix;
		add(entries, &entry);
	}
	if (!rest) {
		snprintf(entry.path, sizeof(entry.path), "%s", path);
		entry.suffix = "";
		add(entries, &entry);
	}
}

/* ---- paths ---- */

static void
put_operation_id(struct buf *out, const struct openapi_entry *entry)
{
	char id[100];
	const char *head = strcmp(entry->method, "HEAD") == 0 ? "_head" : "";
	int len = snprintf(id, sizeof(id), "%s%s%s", entry->name, entry->suffix, head);

	for (int i = 0; i < len; i++) {
		if (id[i] == '.' || id[i] == '-')
			id[i] = '_';
	}
	jot_text(out, "operationId", str_range(id, (size_t)len));
}

static struct str
tag_of(const char *name)
{
	return str_range(name, strcspn(name, "._"));
}

static void
put_spark(struct buf *out, enum cspark_operation operation)
{
	struct buf call;

	buf_init(&call, 1024);
	openapi_spark_call(operation, &call);
	jot_open(out, "x-spark", '{');
	jot_text(out, "group", str_of(openapi_group_name(operation)));
	jot_text(out, "class", str_of(openapi_class_name(operation)));
	jot_text(out, "call", buf_text(&call));
	if (cspark_operation_info(operation)->sdk[0])
		jot_text(out, "sdk", str_of(cspark_operation_info(operation)->sdk));
	jot_close(out, '}');
	buf_fini(&call);
}

static void
put_entry(struct buf *out, const struct openapi_entry *entry)
{
	char method[8];
	size_t len = strlen(entry->method);

	for (size_t i = 0; i <= len; i++)
		method[i] = (char)tolower((unsigned char)entry->method[i]);
	jot_open(out, method, '{');
	put_operation_id(out, entry);
	jot_text(out, "summary", str_of(entry->summary));
	jot_open(out, "tags", '[');
	jot_text(out, NULL, tag_of(entry->name));
	jot_close(out, ']');
	if (entry->operation >= 0)
		put_spark(out, (enum cspark_operation)entry->operation);
	entry->put(out, entry);
	jot_close(out, '}');
}

/* All methods of a path together, at the first of them. */
static void
put_paths(struct buf *out, const struct openapi_entries *entries)
{
	jot_open(out, "paths", '{');
	for (size_t i = 0; i < entries->count; i++) {
		const struct openapi_entry *first = &entries->list[i];

		if (first->shared != first->path)
			continue;
		jot_open(out, first->path, '{');
		for (size_t k = i; k < entries->count; k++) {
			if (entries->list[k].shared == first->path)
				put_entry(out, &entries->list[k]);
		}
		jot_close(out, '}');
	}
	jot_close(out, '}');
}

/* ---- the document ---- */

static bool
is_new_tag(const struct openapi_entries *entries, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (str_eq(tag_of(entries->list[i].name), tag_of(entries->list[index].name)))
			return false;
	}
	return true;
}

static void
put_tags(struct buf *out, const struct openapi_entries *entries)
{
	jot_open(out, "tags", '[');
	for (size_t i = 0; i < entries->count; i++) {
		if (!is_new_tag(entries, i))
			continue;
		jot_open(out, NULL, '{');
		jot_text(out, "name", tag_of(entries->list[i].name));
		jot_close(out, '}');
	}
	jot_close(out, ']');
}

static void
put_info(struct buf *out)
{
	jot_open(out, "info", '{');
	jot_text(out, "title", STR("csparkd"));
	jot_text(out, "version", STR(CSPARKD_VERSION));
	jot_text(out, "description", DESCRIPTION);
	jot_close(out, '}');
}

void
openapi_put(struct buf *out)
{
	struct openapi_entries entries; /* some 50 KB */

	entries.count = 0;
	openapi_add_executions(&entries);
	openapi_add_operations(&entries);
	openapi_add_pages(&entries);
	jot_open(out, NULL, '{');
	jot_text(out, "openapi", STR("3.1.0"));
	put_info(out);
	jot_json(out, "servers", "[{'url':'/'}]");
	jot_json(out, "security", "[{},{'bearer':[]},{'token':[]}]");
	put_tags(out, &entries);
	put_paths(out, &entries);
	openapi_components(out);
	jot_close(out, '}');
	buf_put_char(out, '\n');
}
