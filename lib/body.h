/* The body of an answer as it arrives, decoded: collected, and stopped where it grows beyond reason. Pure. */
#pragma once

#include "base/buf.h"
#include "lib/transport.h"

/* Adds <len> bytes. ANSWERED: go on. TOO_LARGE: it is, will be by its own word, or unpacks to far more
 * than was sent. FAULT: no memory. */
enum cspark_exchange_end cspark_body_put(struct buf *body, const struct cspark_head *head, size_t max_bytes,
	const char *data, size_t len);
