/*
 * The OpenAPI 3.1 document of everything that is served here but Spark's own paths: made of the operations
 * table, the metadata table and the table of errors. Pure.
 */
#pragma once

#include "base/buf.h"
#include "lib/cspark.h"

/* Some 200 KB. */
enum { OPENAPI_MAX = 4 * 1024 * 1024 };
void openapi_put(struct buf *out);

/* Words for what the operations table says; static. */
const char *openapi_group_name(enum cspark_operation operation);
const char *openapi_class_name(enum cspark_operation operation);
/* What is asked of Spark, "POST /{tenant}/api/v3/..."; for a job what it is. */
void openapi_spark_call(enum cspark_operation operation, struct buf *out);
