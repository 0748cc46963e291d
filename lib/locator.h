/* What requests need of a locator beyond the public header. */
#pragma once

#include "base/str.h"
#include "lib/cspark.h"

#include <stdbool.h>

struct buf;

/*
 * Appends the v3 form, percent-encoded: "folders/F/services/S", "service/ID", "version/ID" or
 * "proxy/E". A version is not part of it: it travels in the body.
 */
void cspark_locator_put_v3(const struct cspark_locator *locator, struct buf *out);
/* Whether <text> can be a semantic version: it fits, and cannot be confused with its brackets. */
bool cspark_version_is_sane(struct str text);
