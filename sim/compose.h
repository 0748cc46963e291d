/*
 * JSON by template, so that an answer looks in the source as it does on the wire. Pure.
 *
 *     compose(out, "{'id':'%s','name':%q,'size':%d}", id, name, size);
 *
 * A single quote stands for a double one. The places are
 *     %s  const char *, spliced as it is: ids, numbers, JSON
 *     %q  const char *, as a JSON string; NULL gives null
 *     %S  struct str, as a JSON string; at == NULL gives null
 *     %U  three const char *, a service's address: "folder/name[version]", the last NULL if none is meant
 *     %j  struct str, JSON spliced as it is; nothing gives null
 *     %d  int        %u  unsigned        %l  long        %z  size_t
 *     %b  bool: true or false
 */
#pragma once

#include "base/buf.h"

#include <stdarg.h>

void compose(struct buf *out, const char *template, ...);
void compose_list(struct buf *out, const char *template, va_list args);
