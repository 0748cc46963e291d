#include "lib/operations.h"

#include <assert.h>

enum base { HOST, TENANT };

struct operation_row {
	const char *name;
	const char *method;
	const char *path;
	enum cspark_class class;
	enum base base;
};

static const struct operation_row OPERATIONS[CSPARK_OPERATIONS] = {
#define X(NAME, operation_name, group, kind, where, verb, template) \
	[CSPARK_OP_##NAME] = {                                      \
		.name = (operation_name),                           \
		.method = #verb,                                    \
		.path = (template),                                 \
		.class = CSPARK_CLASS_##kind,                       \
		.base = (where),                                    \
	},
#include "lib/operations.def"
#undef X
};

static const struct operation_row *
row_of(enum cspark_operation operation)
{
	assert((unsigned)operation < CSPARK_OPERATIONS);
	return &OPERATIONS[operation];
}

const char *
cspark_operation_name(enum cspark_operation operation)
{
	return row_of(operation)->name;
}

enum cspark_class
cspark_operation_class(enum cspark_operation operation)
{
	return row_of(operation)->class;
}

const char *
cspark_operation_method(enum cspark_operation operation)
{
	return row_of(operation)->method;
}

const char *
cspark_operation_path(enum cspark_operation operation)
{
	return row_of(operation)->path;
}

bool
cspark_operation_has_tenant(enum cspark_operation operation)
{
	return row_of(operation)->base == TENANT;
}
