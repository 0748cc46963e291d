/* What the kernel knows of this process, under the names that Prometheus' own clients use. */
#pragma once

#include "base/buf.h"

/* Appends the exposition; what cannot be read is left out. Any thread. */
void metrics_process_text(struct buf *out);
