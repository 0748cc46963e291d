/*
 * The name of a file that is downloaded: what a Content-Disposition header says (RFC 6266), made harmless.
 * Pure.
 */
#pragma once

#include "base/str.h"

#include <stdbool.h>

#define FILE_NAME_MAX 200

/* A name in the current directory, without folders, control characters or a leading dot; false if the header
 * gives none. */
bool disposition_name(struct str header, char ret[FILE_NAME_MAX + 1]);
/* ".zip", by media type; ".bin" for one that is not known. */
const char *disposition_ending(struct str media_type);
/* Any text as a name of a file. */
bool disposition_clean(struct str text, char ret[FILE_NAME_MAX + 1]);
