/* Why a request ended as it did, in a word for operators; the table is reason.def. Pure. */
#pragma once

#include "lib/cspark.h"

enum reason {
#define X(NAME, name, who, meaning) REASON_##NAME,
#include "daemon/reason.def"
#undef X
	REASONS
};

/* <spark_status>: Spark's last; 0: none. */
enum reason reason_of(enum cspark_code code, int spark_status);
const char *reason_name(enum reason reason);
