/*
 * Transform documents, and the metadata that goes with an execution through one. Pure.
 */
#pragma once

#include "base/buf.h"

#include <stdbool.h>

/* What is wrong with a document (its text); NULL if it is sound. The type goes to <ret_type>. */
const char *transform_judge(struct str document, char *ret_type, size_t max);
bool transform_is_node(const char *type);
/* Whether the document wants the v4 API. */
bool transform_wants_v4(struct str document);
/* The JSON of x-request-meta or x-meta: bare, in single quotes, or as a JSON string. Absent gives {}. False
 * if it is no JSON object. */
bool transform_read_meta(struct str header, struct buf *ret);
