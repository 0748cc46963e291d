#include "sim/package.h"

#include "sim/catalog.h"
#include "sim/compose.h"
#include "sim/documents.h"
#include "sim/member.h"

#include <stdio.h>

#define MANIFEST     "manifest.json"
#define MANIFEST_MAX ((size_t)64 << 20)

void
package_begin(struct package_writer *package, const char *filter)
{
	package->out = blob_new();
	package->count = 0;
	zip_begin(&package->zip, package->out);
	buf_init(&package->manifest, MANIFEST_MAX);
	compose(&package->manifest, "{'object':'package','file_filter':%q,'versions':[", filter);
}

void
package_add(struct package_writer *package, const struct version *version)
{
	const struct service *service = version->service;
	struct blob *workbook = version_workbook(version);
	char file[UUID_BYTES + 8];

	snprintf(file, sizeof(file), "%s.xlsx", version->id);
	zip_add(&package->zip, file, blob_text(workbook));
	blob_unref(workbook);
	compose(&package->manifest,
		"%s{'folder':%q,'service':%q,'service_id':'%s','model':%q,'public':%b,'version_id':'%s',"
		"'version':'%s','file':%q,'file_name':%q,'label':%q,'note':%q,'tags':%q,'start':%q,'end':%q}",
		package->count++ ? "," : "", service->folder->name, service->name, service->id,
		service->model->name, service->open, version->id, version->number, file, version->file_name,
		version->label, version->note, version->tags, version->start, version->end);
}

struct blob *
package_end(struct package_writer *package)
{
	bool good;

	compose(&package->manifest, "]}");
	good = !buf_failed(&package->manifest);
	zip_add(&package->zip, MANIFEST, buf_text(&package->manifest));
	buf_fini(&package->manifest);
	if (zip_end(&package->zip) && good)
		return package->out;
	blob_unref(package->out);
	return NULL;
}

bool
package_open(struct package *package, struct str all, const char *filter)
{
	struct zip_entry entry;
	struct str text;
	char found[40];

	*package = (struct package){ .all = all };
	if (!zip_find(all, MANIFEST, &entry) || !(package->manifest = zip_read(&entry, MANIFEST_MAX)))
		return false;
	text = blob_text(package->manifest);
	if (json_valid(text.at, text.len, NULL) && member_text(text, "file_filter", found, sizeof(found)) &&
		strcmp(found, filter) == 0) {
		package_rewind(package);
		return true;
	}
	package_close(package);
	return false;
}

void
package_rewind(struct package *package)
{
	json_walk_init(&package->walk, json_member(blob_text(package->manifest), STR("versions")));
}

bool
package_next(struct package *package, struct packed *ret)
{
	struct version *version = &ret->version;
	struct str entry;

	*ret = (struct packed){ .open = false };
	if (!json_walk_next(&package->walk, NULL, &entry))
		return false;
	ret->open = member_is_true(entry, "public");
	ret->file = json_member(entry, STR("file"));
	return member_text(entry, "folder", ret->folder, sizeof(ret->folder)) &&
		member_text(entry, "service", ret->service, sizeof(ret->service)) && ret->service[0] &&
		member_plain(entry, "service_id", ret->service_id, sizeof(ret->service_id)) &&
		member_text(entry, "model", ret->model, sizeof(ret->model)) &&
		member_plain(entry, "version_id", version->id, sizeof(version->id)) &&
		member_plain(entry, "version", version->number, sizeof(version->number)) &&
		member_text(entry, "file_name", version->file_name, sizeof(version->file_name)) &&
		member_text(entry, "label", version->label, sizeof(version->label)) &&
		member_text(entry, "note", version->note, sizeof(version->note)) &&
		member_text(entry, "tags", version->tags, sizeof(version->tags)) &&
		member_text(entry, "start", version->start, sizeof(version->start)) &&
		member_text(entry, "end", version->end, sizeof(version->end));
}

struct blob *
package_workbook(const struct package *package, const struct packed *packed)
{
	struct zip_entry entry;
	char file[NAME_BYTES];

	if (!value_text(packed->file, file, sizeof(file)) || !zip_find(package->all, file, &entry))
		return NULL;
	return zip_read(&entry, PACKAGE_MAX_BYTES);
}

void
package_close(struct package *package)
{
	blob_unref(package->manifest);
	package->manifest = NULL;
}
