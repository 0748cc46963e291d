/* A row of the operations table asked for in one line of text, and the request it makes. */
#pragma once

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "lib/bytes.h"
#include "lib/cspark_operations.h"

enum { REQUEST_NOW_S = 1738404000 }; /* 2025-02-01T10:00:00Z */

struct asked {
	struct cspark_argument list[64];
	size_t count;
	struct buf text;
};

/* "folder=a%20b&_limit=3"; the slices point into <ret>, which outlives them. */
static inline void
asked_read(struct asked *ret, const char *query)
{
	struct str rest = str_of(query);

	ret->count = 0;
	buf_init(&ret->text, 1 << 20);
	cr_assert_not_null(buf_reserve(&ret->text, rest.len + 64));
	while (rest.len > 0) {
		struct str value, name = str_cut(str_cut(rest, '&', &rest), '=', &value);
		size_t at = ret->text.len;

		cr_assert(str_percent_decode(value, false, &ret->text));
		ret->list[ret->count++] = (struct cspark_argument){ bytes_of_str(name),
			{ ret->text.data + at, ret->text.len - at } };
	}
}

static inline struct cspark_ask
ask_for(enum cspark_operation operation, const struct asked *asked, const char *body)
{
	return (struct cspark_ask){
		.operation = operation,
		.arguments = asked->list,
		.argument_count = asked->count,
		.body = { body, body ? strlen(body) : 0 },
		.now_s = REQUEST_NOW_S,
	};
}
