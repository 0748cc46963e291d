/* What docs/generate prints besides what the daemon's configuration makes of itself. */
#pragma once

#include "base/buf.h"

void generate_operations(struct buf *out);
