/* What those who build requests need of the operations table besides its rows. */
#pragma once

#include "lib/cspark_operations.h"

/* Where <operation> puts the file of its multipart body. */
struct cspark_multipart {
	const char *entity;    /* the part that holds the fields as JSON; NULL: each field is a part */
	bool wrapped;          /* that JSON is in "request_data" */
	const char *file;      /* the part that holds the file */
	const char *file_name; /* "{service}.xlsx" */
	const char *file_type;
};
/* NULL: it has none. */
const struct cspark_multipart *cspark_operation_multipart(enum cspark_operation operation);

/* The lists of parameters.c. */
#define X(NAME, name, group, class, base, method, path, body, answer, verb, local, parameters, sdk, summary) \
	extern const struct cspark_parameter cspark_##parameters[];
#include "lib/operations.def"
#undef X

static inline const char *
cspark_operation_method(enum cspark_operation operation)
{
	return cspark_operation_info(operation)->method;
}

static inline const char *
cspark_operation_path(enum cspark_operation operation)
{
	return cspark_operation_info(operation)->path;
}

static inline bool
cspark_operation_has_tenant(enum cspark_operation operation)
{
	return cspark_operation_info(operation)->base == CSPARK_BASE_TENANT;
}
