/* Excel's error values, such as #VALUE!, among the outputs of a calculation. Pure. */
#pragma once

#include <stdbool.h>

#include "base/str.h"

/* Looks through valid JSON, however deep; member names do not count. <ret>: the first one found, without
 * quotes. */
bool excel_error_in(struct str json, struct str *ret);
