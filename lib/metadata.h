/* The metadata table, for those who write envelopes. */
#pragma once

#include "lib/cspark.h"

#include <stdbool.h>

enum cspark_meta_kind { CSPARK_KIND_TEXT, CSPARK_KIND_LIST, CSPARK_KIND_FLAG, CSPARK_KIND_COMPILER };

struct cspark_meta_row {
	const char *parameter;
	enum cspark_meta_kind kind;
	const char *field[2];    /* by enum cspark_api; NULL: that version has none */
	const char *fallback[2]; /* the default, as plain text; NULL: left out */
};

const struct cspark_meta_row *cspark_meta_row(enum cspark_meta_field field);
/* Whether the value is no field of its own but a part of v4's `service`. */
bool cspark_meta_in_service(const struct cspark_meta_row *row, enum cspark_api api);
