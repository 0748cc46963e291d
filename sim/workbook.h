/*
 * The workbooks of services that were never uploaded: small, but real ones. Pure.
 */
#pragma once

#include "base/str.h"
#include "sim/blob.h"

struct model;

/* Given: names and values of the inputs and outputs, those of a call (JSON objects) or, where they are
 * absent, those of the model. */
struct blob *workbook_make(const struct model *model, struct str inputs, struct str outputs);
