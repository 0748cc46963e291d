#include "lib/operations.h"

#include <assert.h>

#include "base/str.h"
#include "lib/bytes.h"

static const struct cspark_operation_info OPERATIONS[CSPARK_OPERATIONS] = {
#define X(NAME, operation_name, group_, kind, where, verb, template, body_, answer_, local_verb, local, \
	list, sdk_, summary_)                                                                           \
	[CSPARK_OP_##NAME] = {                                                                          \
		.name = (operation_name),                                                               \
		.group = CSPARK_GROUP_##group_,                                                         \
		.class = CSPARK_CLASS_##kind,                                                           \
		.base = CSPARK_BASE_##where,                                                            \
		.method = #verb,                                                                        \
		.path = (template),                                                                     \
		.body = CSPARK_BODY_##body_,                                                            \
		.payload = CSPARK_PAYLOAD_##answer_,                                                    \
		.local_method = #local_verb,                                                            \
		.local_path = (local),                                                                  \
		.parameters = cspark_##list,                                                            \
		.sdk = (sdk_),                                                                          \
		.summary = (summary_),                                                                  \
	},
#include "lib/operations.def"
#undef X
};

static const struct cspark_multipart UPLOAD = { "engineUploadRequestEntity", true, "serviceFile",
	"{service}.xlsx", "application/octet-stream" };
static const struct cspark_multipart IMPORT = { "importRequestEntity", false, "file", "package.zip",
	"application/zip" };
static const struct cspark_multipart COVER = { NULL, false, "coverImage", "cover", "image/png" };
static const struct cspark_multipart DOCUMENT = { NULL, false, "file", "{name}_transform.json",
	"application/json" };
static const struct cspark_multipart PACKAGE = { NULL, false, "file", "package.zip", "application/zip" };

static const struct cspark_multipart *const MULTIPARTS[CSPARK_OPERATIONS] = {
	[CSPARK_OP_SERVICE_UPLOAD] = &UPLOAD,
	[CSPARK_OP_IMPORT_START] = &IMPORT,
	[CSPARK_OP_FOLDER_COVER] = &COVER,
	[CSPARK_OP_TRANSFORM_UPLOAD] = &DOCUMENT,
	[CSPARK_OP_HYBRID_UPLOAD] = &PACKAGE,
};

const struct cspark_operation_info *
cspark_operation_info(enum cspark_operation operation)
{
	assert((unsigned)operation < CSPARK_OPERATIONS);
	return &OPERATIONS[operation];
}

const char *
cspark_operation_name(enum cspark_operation operation)
{
	return cspark_operation_info(operation)->name;
}

enum cspark_class
cspark_operation_class(enum cspark_operation operation)
{
	return cspark_operation_info(operation)->class;
}

const struct cspark_multipart *
cspark_operation_multipart(enum cspark_operation operation)
{
	assert((unsigned)operation < CSPARK_OPERATIONS);
	return MULTIPARTS[operation];
}

static struct str
without_underscore(struct str name)
{
	return name.len > 0 && name.at[0] == '_' ? str_range(name.at + 1, name.len - 1) : name;
}

const struct cspark_parameter *
cspark_parameter_find(enum cspark_operation operation, struct cspark_bytes name)
{
	const struct cspark_parameter *parameter = cspark_operation_info(operation)->parameters, *any = NULL;
	struct str wanted = without_underscore(str_of_bytes(name));

	for (; parameter->wire; parameter++) {
		if (!parameter->name)
			continue;
		if (str_eq(without_underscore(str_of(parameter->name)), wanted))
			return parameter;
		if (str_eq(str_of(parameter->name), STR("*")))
			any = parameter;
	}
	return any;
}
