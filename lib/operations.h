/* The rest of the operations table, for those who build requests. */
#pragma once

#include "lib/cspark.h"

const char *cspark_operation_method(enum cspark_operation operation);
/* With "{public}" and "{locator}" in it, without the tenant: see operations.def. */
const char *cspark_operation_path(enum cspark_operation operation);
/* Whether the tenant is the first segment of the path. */
bool cspark_operation_has_tenant(enum cspark_operation operation);
