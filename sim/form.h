/*
 * Fields of a form, multipart or urlencoded, as one and the same. Pure.
 */
#pragma once

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

struct request;

/* Whether the request's body is such a form, and a sound one. */
bool form_is_good(const struct request *request);
/* The text of a field, "" if it is absent, cut if it is longer. False if it is absent. */
bool form_text(const struct request *request, const char *name, char *ret, size_t max);
