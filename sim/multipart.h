/*
 * multipart/form-data (RFC 7578), read strictly and in place. Pure.
 */
#pragma once

#include "base/str.h"

#include <stdbool.h>

/* All of it points into the body. */
struct part {
	struct str name;
	struct str file_name; /* at == NULL: no file */
	struct str type;      /* at == NULL: none given */
	struct str content;
};

struct multipart {
	char delimiter[80]; /* CR LF, two hyphens, the boundary */
	struct str rest;
	bool over; /* the closing delimiter was read */
	bool bad;
};

/* False if <content_type> is no multipart/form-data with a boundary, or the body does not begin with it. */
bool multipart_init(struct multipart *form, struct str content_type, struct str body);
/* False at the end, or (then form->bad) where the body is no longer understood. */
bool multipart_next(struct multipart *form, struct part *ret);
/* The first part called <name>; false if there is none or anything in the body is wrong. */
bool multipart_find(struct str content_type, struct str body, const char *name, struct part *ret);
